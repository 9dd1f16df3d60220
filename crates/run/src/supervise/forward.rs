//! The signals that are sent on.

use std::ffi::c_int;

/// What a supervisor is sent, and whom it is for: the terminal's signals go to the payload's
/// process group, as the terminal itself would send them.
pub(super) const FORWARDED: &[(c_int, To)] = &[
    (libc::SIGINT, To::Group),
    (libc::SIGQUIT, To::Group),
    (libc::SIGTSTP, To::Group),
    (libc::SIGTERM, To::Payload),
    (libc::SIGHUP, To::Payload),
    (libc::SIGUSR1, To::Payload),
    (libc::SIGUSR2, To::Payload),
    (libc::SIGCONT, To::Group),
    (libc::SIGWINCH, To::Terminal),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Payload,
    Group,
    /// Changes the size of the payload's terminal; the kernel tells the payload.
    Terminal,
}

/// Signals that end a process that does nothing about them.
pub(super) const fn ends(signal: c_int) -> bool {
    matches!(signal, libc::SIGINT | libc::SIGTERM | libc::SIGHUP | libc::SIGQUIT)
}

/// A signal's number fits a byte: the last is 64.
pub(super) fn number(signal: c_int) -> u8 {
    u8::try_from(signal).unwrap_or_default()
}
