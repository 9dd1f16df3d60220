//! Calls in a child, with the filter or without.

use std::io::{Error, Result};
use std::ptr;

use drybox_jail::seccomp::{Call, FILTER, TABLE};

/// On which side of the filter a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    Outside,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Errno(i32),
    Signal(i32),
}

/// Makes one call in a child without a terminal.
pub(super) fn attempt(side: Side, name: &str, args: [u64; 6]) -> Outcome {
    let number = number(name);
    in_child(side, || raw(number, args))
}

/// Runs `act` in a child; it says 0 or an errno. It may only make system calls: the child is a
/// copy of one thread of a program with many.
pub(super) fn in_child(side: Side, act: impl FnOnce() -> i32) -> Outcome {
    // SAFETY: fork(2) has no precondition; the child below makes system calls alone and exits.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", Error::last_os_error());
    if child == 0 {
        // SAFETY: setsid(2) has no precondition.
        unsafe { libc::setsid() };
        let code = match side {
            Side::Inside if load().is_err() => 255,
            Side::Inside | Side::Outside => act(),
        };
        // SAFETY: _exit(2) has no precondition, and runs no handler of the parent's.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child, "waitpid: {}", Error::last_os_error());
    match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
        (true, 0) => Outcome::Done,
        (true, 255) => panic!("the kernel did not take the filter"),
        (true, errno) => Outcome::Errno(errno),
        (false, _) => Outcome::Signal(libc::WTERMSIG(status)),
    }
}

/// The raw call: 0 when it succeeded, else its errno.
pub(super) fn raw(number: i64, [a, b, c, d, e, f]: [u64; 6]) -> i32 {
    // SAFETY: every caller passes arguments that are valid, or that the kernel refuses unused.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result >= 0 { 0 } else { Error::last_os_error().raw_os_error().unwrap_or(254) }
}

/// Loads the filter as the jail does.
pub(super) fn load() -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(FILTER.len()).unwrap_or(0),
        filter: FILTER.as_ptr().cast_mut(),
    };
    // SAFETY: prctl(2) with PR_SET_NO_NEW_PRIVS takes numbers alone.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(Error::last_os_error());
    }
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel copies `len` instructions from `filter`, a static.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, ptr::from_ref(&program)) };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

/// The call's number on this machine.
pub(super) fn number(name: &str) -> i64 {
    let call = TABLE
        .iter()
        .flat_map(|families| families.iter())
        .flat_map(|family| family.calls)
        .find(|call| call.name == name)
        .unwrap_or_else(|| panic!("no row {name}"));
    here(call).unwrap_or_else(|| panic!("{name} is not of this architecture"))
}

pub(super) fn here(call: &Call) -> Option<i64> {
    let number = if cfg!(target_arch = "x86_64") { call.x86_64 } else { call.aarch64 };
    number.map(i64::from)
}
