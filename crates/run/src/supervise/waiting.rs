//! What the loop waits for.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Who is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Status,
    Signals,
    /// The relay tells something.
    Relay,
    /// The terminal's master is about to arrive.
    Master,
    User,
    Payload,
    Screen,
    Input,
    Output(usize),
}

/// Descriptors to wait for, each with its meaning.
#[derive(Default)]
pub(super) struct Waiting<'a> {
    sources: Vec<Source>,
    fds: Vec<PollFd<'a>>,
}

impl<'a> Waiting<'a> {
    pub(super) fn add(&mut self, source: Source, fd: Option<PollFd<'a>>) {
        if let Some(fd) = fd {
            self.sources.push(source);
            self.fds.push(fd);
        }
    }

    /// Those that are ready; none when the time is over.
    pub(super) fn poll(
        mut self,
        timeout: Option<&Timespec>,
    ) -> Result<Vec<(Source, PollFlags)>, Errno> {
        match poll(&mut self.fds, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let events = self.fds.iter().map(PollFd::revents);
        let ready = self.sources.into_iter().zip(events);
        Ok(ready.filter(|(_, events)| !events.is_empty()).collect())
    }
}

pub(super) fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}
