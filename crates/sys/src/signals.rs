//! Signals: sets, descriptors, and what a payload starts with.

use core::ffi::c_int;
use core::mem::{MaybeUninit, size_of};
use core::ptr;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;

use crate::plan::LAST_SIGNAL;
use crate::raw;

type Result<T> = core::result::Result<T, Errno>;

/// A set of signals.
#[derive(Clone, Copy)]
pub struct SignalSet(libc::sigset_t);

impl core::fmt::Debug for SignalSet {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("SignalSet")
    }
}

impl SignalSet {
    /// No signal.
    #[must_use]
    pub fn empty() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: `set` is writable; sigemptyset cannot fail.
        unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        // SAFETY: sigemptyset initialised it.
        Self(unsafe { set.assume_init() })
    }

    /// Every signal.
    #[must_use]
    pub fn all() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: `set` is writable; sigfillset cannot fail.
        unsafe { libc::sigfillset(set.as_mut_ptr()) };
        // SAFETY: sigfillset initialised it.
        Self(unsafe { set.assume_init() })
    }

    /// These signals.
    #[must_use]
    pub fn of(signals: &[c_int]) -> Self {
        let mut set = Self::empty();
        for &signal in signals {
            // SAFETY: the set is initialised; a number that is no signal is answered by an error.
            unsafe { libc::sigaddset(&raw mut set.0, signal) };
        }
        set
    }
}

/// Blocks `signals` for the calling thread, exactly these, and gives what was blocked before.
///
/// # Errors
/// None in practice: the argument is valid.
pub fn block_signals(signals: &SignalSet) -> Result<SignalSet> {
    let mut old = SignalSet::empty();
    // SAFETY: both sets are initialised.
    let result = unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(&signals.0), &raw mut old.0)
    };
    if result == 0 { Ok(old) } else { Err(Errno::from_raw_os_error(result)) }
}

/// A descriptor that gives signals instead of a handler. signalfd(2).
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

impl SignalFd {
    /// Gives those of `signals` that the thread has blocked.
    ///
    /// # Errors
    /// *Host*, when there are no descriptors left.
    pub fn new(signals: &SignalSet) -> Result<Self> {
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: the set is initialised.
        let fd = unsafe { libc::signalfd(-1, ptr::from_ref(&signals.0), flags) };
        raw::own(raw::check(fd.into())?).map(Self)
    }

    /// The next pending signal.
    ///
    /// # Errors
    /// None in practice.
    pub fn take(&self) -> Result<Option<c_int>> {
        const SIZE: usize = size_of::<libc::signalfd_siginfo>();
        const _: () = assert!(SIZE == 128, "signalfd(2)");
        let mut info = [0_u8; SIZE];
        match rustix::io::read(&self.0, &mut info) {
            // The number is the first field (signalfd(2), `ssi_signo`).
            Ok(SIZE) => {
                let [a, b, c, d, ..] = info;
                Ok(Some(c_int::from_ne_bytes([a, b, c, d])))
            }
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Stops the calling process as the terminal would, until it is continued.
///
/// The signal must not be blocked: SIGSTOP cannot be.
pub fn stop_self() {
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: only integers are passed.
    unsafe { libc::kill(pid, libc::SIGSTOP) };
}

/// Stops the calling process's group as the terminal's suspend character would, until it is
/// continued. A group that nobody would continue is not stopped (setpgid(2), "orphaned").
pub fn stop_group() {
    let suspend = SignalSet::of(&[libc::SIGTSTP]);
    let mut before = SignalSet::empty();
    // SAFETY: both sets are initialised.
    let unblocked = unsafe {
        libc::pthread_sigmask(libc::SIG_UNBLOCK, ptr::from_ref(&suspend.0), &raw mut before.0)
    };
    if unblocked == 0 {
        // SAFETY: only integers are passed.
        unsafe { libc::kill(0, libc::SIGTSTP) };
        block_signals(&before).ok();
    }
}

/// True when the calling process ignores `signal`.
#[must_use]
pub fn is_ignored(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed, and `action` is writable.
    unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all-zero is a valid action, and sigaction fills in a whole one.
    unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// Gives every signal its default action and blocks none: what the caller ignored or blocked is
/// not the payload's.
pub(crate) fn reset() -> Result<()> {
    for signal in 1..=LAST_SIGNAL {
        // The kernel lets nobody ignore these two.
        if !matches!(signal, libc::SIGKILL | libc::SIGSTOP) {
            use_default(signal)?;
        }
    }
    block_signals(&SignalSet::empty()).map(drop)
}

/// Gives a signal its default action. rt_sigaction(2) without the C library, whose own refuses the
/// two that it keeps for itself (32 and 33): a caller can have ignored those, too.
pub(crate) fn use_default(signal: c_int) -> Result<()> {
    // The kernel's `struct sigaction`: action, flags, restorer, mask. Zero is `SIG_DFL`.
    let default = [0_u64; 4];
    const MASK: usize = size_of::<u64>();
    // SAFETY: `default` is as long as the kernel's structure, and readable.
    let result = unsafe {
        libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), ptr::null::<u64>(), MASK)
    };
    raw::check(result).map(drop)
}

/// Sends a signal. `kill(2)`; a process that is gone is no error.
pub(crate) fn send(pid: c_int, signal: c_int) {
    // SAFETY: only integers are passed.
    unsafe { libc::kill(pid, signal) };
}
