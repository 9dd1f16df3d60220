//! The process that gives the user's terminal back when the supervisor is killed.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustix::thread::set_name;

use crate::init::leave;
use crate::raw;
use crate::signals::{SignalSet, block_signals};

type Result<T> = core::result::Result<T, Errno>;

/// Restores a terminal when this process ends without saying so.
#[derive(Debug)]
#[must_use]
pub struct Guard {
    channel: OwnedFd,
    process: Pid,
}

const DISARM: u8 = b'd';

/// Forks a guard that knows the terminal's settings as they are now. `reset` is written to the
/// terminal after these were restored.
///
/// # Errors
/// *Host*, when it is no terminal, or no process can be made.
pub fn guard(terminal: BorrowedFd<'_>, reset: &[u8]) -> Result<Guard> {
    let saved = tcgetattr(terminal)?;
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let before = block_signals(&SignalSet::all())?;
    let mut unused = -1;
    // SAFETY: the child takes no lock and allocates nothing.
    let pid = match unsafe { raw::clone3(0, &mut unused) } {
        Ok(0) => watch(terminal, read.as_fd(), &saved, reset),
        done => done,
    };
    block_signals(&before)?;
    let process = i32::try_from(pid?).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    Ok(Guard { channel: write, process })
}

impl Guard {
    /// Ends the guard: the terminal has been restored.
    ///
    /// # Errors
    /// *Host*, when the guard is gone already.
    pub fn disarm(self) -> Result<()> {
        rustix::io::write(&self.channel, &[DISARM])?;
        drop(self.channel);
        waitpid(Some(self.process), WaitOptions::empty()).map(drop)
    }
}

/// Waits for the supervisor's end. Every signal is blocked: neither a hang-up nor the change of a
/// terminal that is another group's stops us.
fn watch(terminal: BorrowedFd<'_>, channel: BorrowedFd<'_>, saved: &Termios, reset: &[u8]) -> ! {
    set_name(c"drybox-guard").ok();
    close_all_but(terminal, channel);
    let mut said = [0_u8; 1];
    let end = loop {
        match rustix::io::read(channel, &mut said) {
            Err(Errno::INTR) => {}
            end => break end,
        }
    };
    if end != Ok(1) {
        rustix::io::write(terminal, reset).ok();
        tcsetattr(terminal, OptionalActions::Now, saved).ok();
    }
    leave(0)
}

fn close_all_but(a: BorrowedFd<'_>, b: BorrowedFd<'_>) {
    let number = |fd: BorrowedFd<'_>| u32::try_from(fd.as_raw_fd()).unwrap_or(0);
    let (low, high) = (number(a).min(number(b)), number(a).max(number(b)));
    let gaps = [
        (0, low.checked_sub(1)),
        (low.saturating_add(1), high.checked_sub(1)),
        (high.saturating_add(1), Some(u32::MAX)),
    ];
    for (first, last) in gaps {
        if let Some(last) = last.filter(|&last| first <= last) {
            // SAFETY: the guard uses only the two descriptors between the gaps.
            unsafe { raw::close_range(first, last) }.ok();
        }
    }
}
