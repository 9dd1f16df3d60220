//! The user's terminal while the payload has one of its own: raw, pumped, and given back.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use drybox_jail::{Guard, guard};
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::termios::{
    OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

use crate::terminal::{FENCE, FENCE_ANSWER, Filter, RESET, Withheld};

/// The pump between the user's terminal and the payload's.
#[derive(Debug)]
pub(crate) struct Tty<'a> {
    input: BorrowedFd<'a>,
    output: BorrowedFd<'a>,
    forward_input: bool,
    master: Option<OwnedFd>,
    saved: Option<Saved>,
    filter: Filter,
    /// Show everything: the filter only follows, to know what has to be undone.
    raw: bool,
    /// For the payload.
    typed: Vec<u8>,
    /// For the user.
    printed: Vec<u8>,
    input_open: bool,
}

/// The terminal's settings from before, and who restores them if we cannot.
#[derive(Debug)]
struct Saved {
    settings: Termios,
    guard: Guard,
}

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// A terminal that is ready takes about this much.
const FITS: usize = 4096;
/// How long the terminal may take to answer the fence, in milliseconds.
const FENCE_WAIT: i64 = 300;

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
            forward_input,
            master: None,
            saved: None,
            filter: Filter::new(),
            raw,
            typed: Vec::new(),
            printed: Vec::new(),
            input_open: true,
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

    /// Makes the user's terminal raw, once drybox is in its foreground.
    pub(crate) fn take(&mut self) -> Result<(), Errno> {
        if !isatty(self.input) {
            return Ok(());
        }
        while !self.in_foreground() {
            drybox_jail::stop_self();
        }
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
        self.flush();
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

    /// The user's terminal, when there is room for what is typed.
    pub(crate) fn poll_user(&self) -> Option<PollFd<'_>> {
        (self.input_open && self.forward_input && self.typed.is_empty() && self.master.is_some())
            .then(|| PollFd::from_borrowed_fd(self.input, PollFlags::IN))
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
        (!self.printed.is_empty()).then(|| PollFd::from_borrowed_fd(self.output, PollFlags::OUT))
    }

    /// Moves what can be moved. False when the user's terminal is gone.
    pub(crate) fn pump(&mut self, user: bool, payload: PollFlags, screen: bool) -> bool {
        if user {
            self.read_user();
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

    /// What did not pass the filter.
    pub(crate) fn withheld(&self) -> Option<Withheld> {
        (!self.raw).then(|| self.filter.withheld())
    }

    /// Hangs the payload's terminal up: its foreground group gets SIGHUP.
    pub(crate) fn hang_up(&mut self) {
        self.master = None;
        self.printed.clear();
    }

    /// Shows what the payload printed before it ended.
    pub(crate) fn drain(&mut self) {
        while self.master.is_some() {
            self.read_payload();
            if self.printed.is_empty() {
                break;
            }
            self.flush();
        }
    }

    fn in_foreground(&self) -> bool {
        // A terminal that is not our controlling one has no foreground that could be ours.
        tcgetpgrp(self.input).is_ok_and(|group| group == rustix::process::getpgrp())
            || tcgetpgrp(self.input).is_err()
    }

    fn read_user(&mut self) {
        let mut chunk = [0_u8; CHUNK];
        match rustix::io::read(self.input, &mut chunk) {
            Ok(0) => self.input_open = false,
            Ok(length) => {
                let read = chunk.get(..length).unwrap_or_default();
                self.filter.heard(read);
                self.typed.extend_from_slice(read);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.input_open = false,
        }
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
    }

    fn read_payload(&mut self) {
        let Some(master) = &self.master else { return };
        let mut chunk = [0_u8; CHUNK];
        match rustix::io::read(master, &mut chunk) {
            Ok(length) if length > 0 => {
                let read = chunk.get(..length).unwrap_or_default();
                if self.raw {
                    self.filter.feed(read, &mut Vec::new());
                    self.filter.answers(&mut Vec::new());
                    self.printed.extend_from_slice(read);
                } else {
                    self.filter.feed(read, &mut self.printed);
                    self.filter.answers(&mut self.typed);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: nobody has the other side open (pty(7)).
            Ok(_) | Err(_) => self.master = None,
        }
    }

    fn write_screen(&mut self) -> bool {
        let part = self.printed.get(..FITS).unwrap_or(&self.printed);
        match rustix::io::write(self.output, part) {
            Ok(length) => {
                self.printed.drain(..length);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => false,
        }
    }

    fn flush(&mut self) {
        while !self.printed.is_empty() {
            if !self.write_screen() {
                self.printed.clear();
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
        rustix::io::write(self.output, &reset).ok();
    }

    /// Drops what the terminal still sends because the payload made it: it must not become the
    /// next command line (TT-09).
    fn drain_answers(&self) {
        if rustix::io::write(self.output, FENCE).is_err() {
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
