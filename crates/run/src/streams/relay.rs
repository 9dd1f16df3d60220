//! Copies between a descriptor of the caller and a pipe of the box, by reading and writing: splice(2)
//! would put the host's page-cache pages into the payload's pipe (FS-39).

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::termios::isatty;

use super::{in_foreground, own_terminal};
use crate::error::RunError;
use crate::terminal::{Filter, Withheld};

/// Bytes that a relay holds at most; the size of a pipe (pipe(7)).
const HELD: usize = 64 * 1024;

/// One direction of one stream.
#[derive(Debug)]
pub(crate) struct Relay<'a> {
    caller: BorrowedFd<'a>,
    /// Why bytes were lost, other than because nobody wants them.
    lost: Option<Errno>,
    from: Option<End<'a>>,
    to: Option<End<'a>>,
    /// Read and not yet written: `held[start..]`.
    held: Vec<u8>,
    start: usize,
    spare: Vec<u8>,
    /// What goes to a terminal is filtered.
    filter: Option<Filter>,
    terminal: Option<BorrowedFd<'a>>,
}

#[derive(Debug)]
enum End<'a> {
    Box(OwnedFd),
    /// The caller's, by a description of our own, which does not block.
    Own(OwnedFd),
    Caller(BorrowedFd<'a>, Kind),
}

/// How a caller's descriptor is written without blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Waits for a disk at most.
    File,
    /// Takes a flag for each call.
    Socket,
    /// Terminals, FIFOs: ready means that this much fits.
    Stream,
}

/// What a relay waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Read,
    Write,
    Nothing,
}

/// A write to a pipe that is ready takes this much without blocking (`PIPE_BUF`, pipe(7)).
const FITS: usize = 4096;

impl<'a> Relay<'a> {
    /// From the caller to the payload.
    pub(crate) fn into_box(from: BorrowedFd<'a>, to: OwnedFd) -> Result<Self, Errno> {
        rustix::io::ioctl_fionbio(&to, true)?;
        Ok(Self::new(from, End::Caller(from, Kind::of(from)), End::Box(to)))
    }

    /// From the payload to the caller.
    pub(crate) fn out_of_box(
        from: OwnedFd,
        to: BorrowedFd<'a>,
        filtered: bool,
    ) -> Result<Self, Errno> {
        rustix::io::ioctl_fionbio(&from, true)?;
        // A terminal whose user has stopped it must not stop us.
        let own = isatty(to).then(|| own_terminal(to)).flatten();
        let end = own.map_or_else(|| End::Caller(to, Kind::of(to)), End::Own);
        let mut relay = Self::new(to, End::Box(from), end);
        if filtered {
            relay.filter = Some(Filter::new());
            relay.terminal = Some(to);
        }
        Ok(relay)
    }

    fn new(caller: BorrowedFd<'a>, from: End<'a>, to: End<'a>) -> Self {
        Self {
            caller,
            lost: None,
            from: Some(from),
            to: Some(to),
            held: Vec::new(),
            start: 0,
            spare: Vec::new(),
            filter: None,
            terminal: None,
        }
    }

    /// What it waits for.
    fn wish(&self) -> Wish {
        match (&self.from, &self.to) {
            (_, None) => Wish::Nothing,
            (_, Some(_)) if self.start < self.held.len() => Wish::Write,
            (Some(_), Some(_)) => Wish::Read,
            (None, Some(_)) => Wish::Nothing,
        }
    }

    /// The descriptor and event that it waits for.
    pub(crate) fn poll(&self) -> Option<PollFd<'_>> {
        match self.wish() {
            Wish::Read => {
                self.from.as_ref().map(|end| PollFd::from_borrowed_fd(end.fd(), PollFlags::IN))
            }
            Wish::Write => {
                self.to.as_ref().map(|end| PollFd::from_borrowed_fd(end.fd(), PollFlags::OUT))
            }
            Wish::Nothing => None,
        }
    }

    /// Something was read that the other side has not taken.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.wish() == Wish::Write
    }

    /// Whether reading would be reading from a terminal that is another process group's.
    pub(crate) fn reads_from_background(&self) -> bool {
        self.wish() == Wish::Read
            && self.from.as_ref().is_some_and(|from| !in_foreground(from.fd()))
    }

    /// Reads or writes once, when the wish is fulfilled. True when it is over.
    pub(crate) fn step(&mut self) -> bool {
        match self.wish() {
            Wish::Read => self.read(),
            Wish::Write => self.write(),
            Wish::Nothing => {}
        }
        if self.from.is_none() && self.start >= self.held.len() {
            // The payload, or the caller's pipe, sees the end of file.
            self.to = None;
        }
        self.to.is_none()
    }

    /// The caller's descriptor, which is needed no more once the relay is over.
    pub(crate) fn caller(&self) -> BorrowedFd<'a> {
        self.caller
    }

    /// The stream that is not all there, and why.
    pub(crate) fn lost(&self) -> Option<RunError> {
        let stream =
            if self.caller.as_raw_fd() == 2 { "standard error" } else { "standard output" };
        self.lost.map(|errno| RunError::Lost { stream, errno })
    }

    /// What did not pass the filter.
    pub(crate) fn withheld(&self) -> Option<Withheld> {
        self.filter.as_ref().map(Filter::withheld)
    }

    /// Gives a terminal back after what was written there.
    pub(crate) fn reset_terminal(&self) {
        let mut reset = Vec::new();
        if let (Some(filter), Some(terminal)) = (&self.filter, &self.terminal) {
            filter.reset(&mut reset);
            rustix::io::write(terminal, &reset).ok();
        }
    }

    fn read(&mut self) {
        let Some(from) = &self.from else { return };
        self.spare.resize(HELD, 0);
        match rustix::io::read(from.fd(), self.spare.as_mut_slice()) {
            Ok(0) => self.from = None,
            Ok(length) => {
                self.held.clear();
                self.start = 0;
                let read = self.spare.get(..length).unwrap_or_default();
                match &mut self.filter {
                    Some(filter) => filter.feed(read, &mut self.held),
                    None => self.held.extend_from_slice(read),
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: the terminal is gone, or we are in its background.
            Err(errno) => {
                if matches!(from, End::Box(_)) {
                    self.lost = Some(errno);
                }
                self.from = None;
            }
        }
    }

    fn write(&mut self) {
        let Some(to) = &self.to else { return };
        let left = self.held.get(self.start..).unwrap_or_default();
        match to.write(left) {
            Ok(length) => self.start = self.start.saturating_add(length),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // The payload learns it by SIGPIPE at its next write.
            Err(errno) => {
                self.lost = (!nobody_reads(to.fd(), errno)).then_some(errno);
                self.to = None;
                self.from = None;
            }
        }
    }
}

/// Whether a write failed because its reader is gone: then nothing is lost that anybody wants.
pub(super) fn nobody_reads(to: BorrowedFd<'_>, errno: Errno) -> bool {
    matches!(errno, Errno::PIPE | Errno::CONNRESET) || (errno == Errno::IO && isatty(to))
}

impl End<'_> {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Box(fd) | Self::Own(fd) => fd.as_fd(),
            Self::Caller(fd, _) => *fd,
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        match self {
            Self::Box(fd) | Self::Own(fd) => rustix::io::write(fd, bytes),
            Self::Caller(file, Kind::File) => rustix::io::write(file, bytes),
            Self::Caller(socket, Kind::Socket) => {
                rustix::net::send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            }
            Self::Caller(stream, Kind::Stream) => {
                rustix::io::write(stream, bytes.get(..FITS).unwrap_or(bytes))
            }
        }
    }
}

impl Kind {
    fn of(fd: BorrowedFd<'_>) -> Self {
        match fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::RegularFile) => Self::File,
            Ok(FileType::Socket) => Self::Socket,
            _ => Self::Stream,
        }
    }
}
