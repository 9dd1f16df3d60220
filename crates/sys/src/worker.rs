//! A process beside the supervisor, that has what it needs and nothing else.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Resource, WaitId, WaitIdOptions, geteuid, getrlimit,
    pidfd_open, set_dumpable_behavior, setrlimit, waitid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::thread::{set_name, set_no_new_privs};

use crate::init::leave;
use crate::signals::{SignalSet, block_signals};
use crate::{privileges, raw, wall};

type Result<T> = core::result::Result<T, Errno>;

/// A process that was forked from the caller's.
#[derive(Debug)]
#[must_use]
pub struct Worker {
    /// For poll(2) and pidfd_send_signal(2).
    pub pidfd: OwnedFd,
}

/// Forks a process that does `work` and ends. It has a copy of the caller's memory, the null device
/// on 0 to 2, and of the caller's descriptors those of `keep` alone. Every signal is blocked in it:
/// what the terminal sends is for others.
///
/// JUSTIFICATION of fork without exec: the executable may be somebody's who uses this library, so
/// there is nothing to execute; and it saves a start. The C library's fork keeps its allocator
/// usable in the child of a program with threads; other locks that they held are not.
///
/// # Errors
/// *Host*, when no process can be made.
pub fn worker(keep: &[BorrowedFd<'_>], work: impl FnOnce()) -> Result<Worker> {
    let before = block_signals(&SignalSet::all())?;
    // SAFETY: no preconditions; the child goes on with a copy of everything.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        if prepare(keep).is_ok() {
            work();
        }
        leave(0);
    }
    // Before signals are unblocked: errno is the fork's.
    let forked = raw::check(pid.into());
    block_signals(&before)?;
    let pid = i32::try_from(forked?).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    Ok(Worker { pidfd: pidfd_open(pid, PidfdFlags::empty())? })
}

impl Worker {
    /// Waits for its end.
    pub fn wait(self) {
        let worker = WaitId::PidFd(self.pidfd.as_fd());
        while matches!(waitid(worker.clone(), WaitIdOptions::EXITED), Err(Errno::INTR)) {}
    }
}

fn prepare(keep: &[BorrowedFd<'_>]) -> Result<()> {
    set_name(c"drybox-relay")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let null = open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    // Not closed: the next socket would be standard error, and hear of a panic.
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    drop(null);
    wall!("relay-descriptors", close_all_but(keep))?;
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: files.maximum, ..files })
}

fn close_all_but(keep: &[BorrowedFd<'_>]) -> Result<()> {
    let numbers = || keep.iter().filter_map(|fd| u32::try_from(fd.as_raw_fd()).ok());
    let mut first = 3;
    while let Some(kept) = numbers().filter(|&fd| fd >= first).min() {
        if let Some(last) = kept.checked_sub(1).filter(|&last| first <= last) {
            // SAFETY: this process uses only the descriptors between the gaps.
            unsafe { raw::close_range(first, last) }?;
        }
        first = kept.saturating_add(1);
    }
    // SAFETY: as above.
    unsafe { raw::close_range(first, u32::MAX) }
}

/// Gives up what a worker does not need: privileges, files, and the system calls that `filter` does
/// not let through. After it no file is opened any more.
///
/// # Errors
/// *Host*: the filter could not be loaded.
pub fn confine(filter: &[libc::sock_filter]) -> Result<()> {
    if geteuid().is_root() {
        wall!("relay-capabilities", privileges::drop_capabilities())?;
    }
    set_no_new_privs(true)?;
    // A second wall where the kernel has it: the filter refuses the same calls.
    raw::landlock_no_files().ok();
    wall!("relay-filter", raw::seccomp_load(filter))
}
