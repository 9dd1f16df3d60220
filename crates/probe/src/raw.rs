//! The only `unsafe` of this room: a process of its own for each attempt, and raw system calls in it.
//!
//! A raw call with numbers of a table could do anything to the memory of its caller. So it takes a
//! [`Child`], which exists only in a process that [`in_child`] made for one attempt: that process
//! reports over a pipe, is not trusted, and ends without running anything of the caller's.
#![expect(unsafe_code, reason = "an attack makes calls that no library offers")]

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Evidence that this process was made for one attempt and will end with it.
#[derive(Debug)]
pub(crate) struct Child(());

/// How such a process ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this report, at most [`LONGEST_REPORT`] bytes.
    Reported(Vec<u8>),
    /// By this signal, or without a report.
    Died(Option<i32>),
    /// Not in time: it was killed.
    TooLate,
    /// It could not be made.
    NotMade(Errno),
}

/// A pipe takes so much at once (pipe(7), `PIPE_BUF`).
const LONGEST_REPORT: usize = 4096;

/// Makes an attempt in a process of its own.
///
/// The calling process must have one thread, as the executable has in its hidden mode: a second
/// one's locks would stay locked in the child.
pub(crate) fn in_child(limit: Duration, attempt: impl FnOnce(&Child) -> Vec<u8>) -> Ended {
    let (read, write) = match pipe_with(PipeFlags::CLOEXEC) {
        Ok(ends) => ends,
        Err(errno) => return Ended::NotMade(errno),
    };
    // SAFETY: fork(2) has no precondition of memory; with one thread the child may go on as the
    // parent would. JUSTIFICATION: `std::process::Command` executes a file, and there may be none.
    let pid = unsafe { libc::fork() };
    match pid {
        0 => {
            let report = attempt(&Child(()));
            let report = report.get(..LONGEST_REPORT).unwrap_or(&report);
            rustix::io::write(&write, report).ok();
            // SAFETY: _exit(2) never fails and runs no code of this process.
            unsafe { libc::_exit(0) }
        }
        pid => match Pid::from_raw(pid) {
            Some(pid) if pid.as_raw_nonzero().get() > 0 => {
                drop(write);
                wait_for(pid, &read, limit)
            }
            _ => Ended::NotMade(
                Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO),
            ),
        },
    }
}

fn wait_for(pid: Pid, read: &OwnedFd, limit: Duration) -> Ended {
    let report = report_within(read, limit);
    if report.is_none() {
        kill_process(pid, Signal::KILL).ok();
    }
    let status = reaped(pid);
    match report {
        None => Ended::TooLate,
        Some(report) if report.is_empty() => Ended::Died(status),
        Some(report) => Ended::Reported(report),
    }
}

/// The signal that ended it. One in uninterruptible sleep is left to the sandbox's own end.
fn reaped(pid: Pid) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return status.terminating_signal(),
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return None,
        }
    }
    None
}

/// What the child writes before it ends; none when it does neither in time.
fn report_within(read: &OwnedFd, limit: Duration) -> Option<Vec<u8>> {
    let timeout =
        Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
    let mut ready = [PollFd::from_borrowed_fd(read.as_fd(), PollFlags::IN)];
    match poll(&mut ready, Some(&timeout)) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            // A descendant of the attempt may hold the pipe open: one read, no wait for the end.
            let mut bytes = vec![0; LONGEST_REPORT];
            let mut pipe = std::fs::File::from(read.try_clone().ok()?);
            let count = pipe.read(&mut bytes).ok()?;
            bytes.truncate(count);
            Some(bytes)
        }
    }
}

impl Child {
    /// Keeps a descriptor open until this process ends.
    pub(crate) fn keep(&self, fd: OwnedFd) {
        std::mem::forget(fd);
    }

    /// Makes a system call with raw arguments: its result, or the kernel's error.
    pub(crate) fn call(&self, number: i64, args: [i64; 6]) -> Result<i64, Errno> {
        let [a, b, c, d, e, f] = args;
        // SAFETY: the numbers are data of a table and mean what the kernel makes of them; pointers
        // among them are null, wrong on purpose, or into memory that the caller borrows for this
        // call. What the call does to this process stays in it (see `Child`). JUSTIFICATION: a
        // wrapper a call would be a library of all that a program should never do.
        let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
        if result == -1 {
            return Err(last_error());
        }
        Ok(result)
    }

    /// Makes a call by the old gate for 32-bit programs, with its numbers.
    ///
    /// # Errors
    /// ENOSYS on architectures that have no such gate.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn call32(&self, number: i32) -> Result<i64, Errno> {
        let result: i32;
        // SAFETY: the gate keeps every register but eax and r8 to r11, which are named; the call
        // gets no pointer. JUSTIFICATION: there is no other way to this gate.
        unsafe {
            core::arch::asm!(
                "int 0x80",
                inlateout("eax") number => result,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                options(nostack),
            );
        }
        match result {
            -4095..=-1 => Err(Errno::from_raw_os_error(result.wrapping_neg())),
            _ => Ok(result.into()),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn call32(&self, _: i32) -> Result<i64, Errno> {
        Err(Errno::NOSYS)
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_child_reports_and_is_gone() {
        assert_eq!(in_child(LIMIT, |_| b"seen".to_vec()), Ended::Reported(b"seen".to_vec()));
    }

    #[test]
    fn a_child_that_dies_is_told_by_its_signal() {
        let died = in_child(LIMIT, |child| {
            let pid = child.call(libc::SYS_getpid, [0; 6]).unwrap_or(0);
            drop(child.call(libc::SYS_kill, [pid, 31, 0, 0, 0, 0]));
            b"alive".to_vec()
        });
        assert_eq!(died, Ended::Died(Some(31)));
    }

    #[test]
    fn a_child_that_hangs_is_killed() {
        let late = in_child(Duration::from_millis(50), |_| {
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        assert_eq!(late, Ended::TooLate);
    }

    #[test]
    fn a_refused_call_is_its_errno() {
        let said = in_child(LIMIT, |child| {
            let refused = child.call(libc::SYS_close, [-1, 0, 0, 0, 0, 0]);
            vec![u8::from(refused == Err(Errno::BADF))]
        });
        assert_eq!(said, Ended::Reported(vec![1]));
    }
}
