//! The user's terminal while the payload has one of its own: raw, pumped, and given back.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use drybox_jail::{Guard, guard};
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::termios::{
    OptionalActions, QueueSelector, Termios, isatty, tcdrain, tcflush, tcgetattr, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

use super::own_terminal;
use super::relay::nobody_reads;
use crate::error::RunError;
use crate::terminal::{FENCE, FENCE_ANSWER, Filter, RESET, Withheld};

/// The pump between the user's terminal and the payload's.
#[derive(Debug)]
pub(crate) struct Tty<'a> {
    input: BorrowedFd<'a>,
    output: BorrowedFd<'a>,
    /// The same terminal, opened again so that writing does not block.
    screen: Option<OwnedFd>,
    forward_input: bool,
    master: Option<OwnedFd>,
    saved: Option<Saved>,
    filter: Filter,
    /// Show everything: the filter only follows, to know what has to be undone.
    raw: bool,
    /// For the payload.
    typed: Vec<u8>,
    /// The user typed Ctrl-Z.
    suspend_typed: bool,
    /// For the user.
    printed: Vec<u8>,
    /// Why some of that was lost, other than because nobody wants it.
    lost: Option<Errno>,
    typing: Typing,
}

/// The terminal's settings from before, and who restores them if we cannot.
#[derive(Debug)]
struct Saved {
    settings: Termios,
    guard: Guard,
}

/// Ctrl-Z (termios(3), VSUSP).
const SUSPEND: u8 = 0x1a;
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// A terminal of another user's, where writing blocks, takes about this much when it is ready.
const FITS: usize = 4096;
/// How long the terminal may take to answer the fence, in milliseconds.
const FENCE_WAIT: i64 = 300;

/// How far the user has typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    /// Whole lines.
    Line,
    /// A line that has no end yet.
    Words,
    Over,
}

impl Typing {
    /// The keys that end it (termios(3), VEOF): one for what stands on the line, one for the end.
    const fn end(self) -> &'static [u8] {
        match self {
            Self::Line => b"\x04",
            Self::Words => b"\x04\x04",
            Self::Over => b"",
        }
    }
}

impl<'a> Tty<'a> {
    pub(crate) fn new(
        input: BorrowedFd<'a>,
        output: BorrowedFd<'a>,
        raw: bool,
        forward_input: bool,
    ) -> Self {
        Self {
            input,
            output,
            screen: isatty(output).then(|| own_terminal(output)).flatten(),
            forward_input,
            master: None,
            saved: None,
            filter: Filter::new(),
            raw,
            typed: Vec::new(),
            suspend_typed: false,
            printed: Vec::new(),
            lost: None,
            typing: Typing::Line,
        }
    }

    /// Takes the master of the payload's terminal, which init sends once.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> Result<(), Errno> {
        let mut byte = [0_u8; 1];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut byte)];
        recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut fds) = message {
                self.master = fds.next();
            }
        }
        let master = self.master.as_ref().ok_or(Errno::NOTTY)?;
        rustix::io::ioctl_fionbio(master, true)?;
        self.resize();
        self.take()
    }

    /// Makes the user's terminal raw, once drybox is in its foreground: until then the kernel stops
    /// us (SIGTTOU), or refuses where nobody would continue us.
    pub(crate) fn take(&mut self) -> Result<(), Errno> {
        if !isatty(self.input) {
            return Ok(());
        }
        // Does nothing but ask the kernel whether we are in the foreground: the settings that are
        // there before may be those of the shell's line editor.
        while tcdrain(self.input) == Err(Errno::INTR) {}
        let settings = tcgetattr(self.input)?;
        if self.saved.is_none() {
            let guard = guard(self.input, RESET)?;
            self.saved = Some(Saved { settings: settings.clone(), guard });
        }
        let mut raw = settings;
        raw.make_raw();
        tcsetattr(self.input, OptionalActions::Drain, &raw)
    }

    /// Gives the terminal back, as when the payload was stopped: the guard stays.
    pub(crate) fn lend(&mut self) {
        self.write_reset();
        if let Some(saved) = &self.saved {
            tcsetattr(self.input, OptionalActions::Drain, &saved.settings).ok();
        }
    }

    /// Gives the terminal back for good.
    pub(crate) fn give_back(&mut self) {
        self.write_reset();
        if self.filter.asked() {
            self.drain_answers();
        }
        if let Some(Saved { settings, guard }) = self.saved.take() {
            tcflush(self.input, QueueSelector::IFlush).ok();
            tcsetattr(self.input, OptionalActions::Drain, &settings).ok();
            guard.disarm().ok();
        }
    }

    /// Tells the payload's terminal how large the user's is.
    pub(crate) fn resize(&self) {
        let size = [self.output, self.input].into_iter().find_map(|fd| tcgetwinsize(fd).ok());
        if let (Some(size), Some(master)) = (size, &self.master) {
            tcsetwinsize(master, size).ok();
        }
    }

    /// The user's terminal: what is typed when there is room for it, and its end always. A payload
    /// that reads nothing, and has its questions answered, would else outlive it unnoticed.
    pub(crate) fn poll_user(&self) -> Option<PollFd<'_>> {
        let reads = self.forward_input && self.typed.is_empty();
        let watched = reads || self.saved.is_some();
        let events = if reads { PollFlags::IN } else { PollFlags::empty() };
        (self.typing != Typing::Over && watched && self.master.is_some())
            .then(|| PollFd::from_borrowed_fd(self.input, events))
    }

    /// The payload's terminal.
    pub(crate) fn poll_payload(&self) -> Option<PollFd<'_>> {
        let mut events = PollFlags::empty();
        if !self.typed.is_empty() {
            events |= PollFlags::OUT;
        }
        if self.printed.is_empty() {
            events |= PollFlags::IN;
        }
        let master = self.master.as_ref().filter(|_| !events.is_empty())?;
        Some(PollFd::from_borrowed_fd(master.as_fd(), events))
    }

    /// The user's terminal again, when something waits to be shown.
    pub(crate) fn poll_screen(&self) -> Option<PollFd<'_>> {
        (!self.printed.is_empty()).then(|| PollFd::from_borrowed_fd(self.screen(), PollFlags::OUT))
    }

    /// Moves what can be moved. False when the user's terminal is gone.
    pub(crate) fn pump(&mut self, user: bool, payload: PollFlags, screen: bool) -> bool {
        if user && !self.read_user() {
            return false;
        }
        if payload.contains(PollFlags::OUT) {
            self.write_payload();
        }
        if payload.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.read_payload();
        }
        if screen {
            return self.write_screen();
        }
        true
    }

    /// Says a line of drybox's own, behind what was printed. Not where it would stand in a program's
    /// picture: on an alternate screen, or when nothing is filtered.
    pub(crate) fn say(&mut self, line: &str) {
        if !self.raw && !self.filter.has_picture() {
            self.printed.extend_from_slice(format!("\r\n{line}\r\n").as_bytes());
        }
    }

    /// What did not pass the filter.
    pub(crate) fn withheld(&self) -> Option<Withheld> {
        (!self.raw).then(|| self.filter.withheld())
    }

    /// That not all of what was printed is there, when standard output is no terminal.
    pub(crate) fn lost(&self) -> Option<RunError> {
        self.lost.map(|errno| RunError::Lost { stream: "standard output", errno })
    }

    /// Hangs the payload's terminal up: reads there end, and writes fail with EIO (tty_ioctl(4)).
    pub(crate) fn hang_up(&mut self) {
        self.master = None;
        self.printed.clear();
    }

    fn screen(&self) -> BorrowedFd<'_> {
        self.screen.as_ref().map_or(self.output, AsFd::as_fd)
    }

    /// Whether the user typed Ctrl-Z since this was last asked.
    pub(crate) fn typed_suspend(&mut self) -> bool {
        std::mem::take(&mut self.suspend_typed)
    }

    /// False when the user's terminal is gone.
    fn read_user(&mut self) -> bool {
        let mut chunk = [0_u8; CHUNK];
        match rustix::io::read(self.input, &mut chunk) {
            Ok(length) if length > 0 => {
                let read = chunk.get(..length).unwrap_or_default();
                self.filter.heard(read);
                self.suspend_typed |= read.contains(&SUSPEND);
                self.typed.extend_from_slice(read);
                self.typing = if read.ends_with(b"\n") { Typing::Line } else { Typing::Words };
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A terminal that was made raw has no end of file (termios(3), MIN): it is gone.
            Ok(_) | Err(_) if self.saved.is_some() => {
                self.typing = Typing::Over;
                return false;
            }
            Ok(_) | Err(_) => {
                // A pipe has ended. The payload's terminal learns it as from a person.
                self.typed.extend_from_slice(self.typing.end());
                self.typing = Typing::Over;
            }
        }
        true
    }

    fn write_payload(&mut self) {
        let Some(master) = &self.master else { return };
        match rustix::io::write(master, &self.typed) {
            Ok(length) => {
                self.typed.drain(..length);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.typed.clear(),
        }
        self.take_answers();
    }

    /// Lets the filter's answers follow what is typed. Those of a payload that does not read them
    /// stay with the filter, which withholds more than a few.
    fn take_answers(&mut self) {
        if self.raw {
            self.filter.answers(&mut Vec::new());
        } else if self.typed.is_empty() {
            self.filter.answers(&mut self.typed);
        }
    }

    fn read_payload(&mut self) {
        let Some(master) = &self.master else { return };
        let mut chunk = [0_u8; CHUNK];
        match rustix::io::read(master, &mut chunk) {
            Ok(length) if length > 0 => {
                let read = chunk.get(..length).unwrap_or_default();
                if self.raw {
                    self.filter.feed(read, &mut Vec::new());
                    self.printed.extend_from_slice(read);
                } else {
                    self.filter.feed(read, &mut self.printed);
                }
                self.take_answers();
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: nobody has the other side open (pty(7)).
            Ok(_) | Err(_) => self.master = None,
        }
    }

    fn write_screen(&mut self) -> bool {
        let part = match &self.screen {
            Some(_) => &self.printed,
            None => self.printed.get(..FITS).unwrap_or(&self.printed),
        };
        match rustix::io::write(self.screen(), part) {
            Ok(length) => {
                self.printed.drain(..length);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(errno) => {
                self.lost = (!nobody_reads(self.screen(), errno)).then_some(errno);
                false
            }
        }
    }

    fn write_reset(&self) {
        let mut reset = Vec::new();
        if self.raw {
            // The terminal may stand inside a sequence: CAN and ST end every kind.
            reset.extend_from_slice(b"\x18\x1b\\");
        }
        self.filter.reset(&mut reset);
        rustix::io::write(self.screen(), &reset).ok();
    }

    /// Drops what the terminal still sends because the payload made it: it must not become the
    /// next command line (TT-09).
    fn drain_answers(&self) {
        if rustix::io::write(self.screen(), FENCE).is_err() {
            return;
        }
        let mut tail = Vec::new();
        let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: FENCE_WAIT * 1_000_000 };
        loop {
            let mut ready = [PollFd::from_borrowed_fd(self.input, PollFlags::IN)];
            if !matches!(rustix::event::poll(&mut ready, Some(&wait)), Ok(count) if count > 0) {
                return;
            }
            let mut chunk = [0_u8; 256];
            match rustix::io::read(self.input, &mut chunk) {
                Ok(length) if length > 0 => {
                    tail.extend_from_slice(chunk.get(..length).unwrap_or_default());
                }
                _ => return,
            }
            if tail.windows(FENCE_ANSWER.len()).any(|part| part == FENCE_ANSWER) {
                return;
            }
        }
    }
}
