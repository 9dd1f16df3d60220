//! The command line that `/proc/1/cmdline` would show: init keeps a copy of the supervisor's
//! memory, with host paths and `-e` values in it, and that file is readable for the payload.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static FIRST: AtomicPtr<c_char> = AtomicPtr::new(core::ptr::null_mut());
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// glibc calls the functions of this section with the arguments of `main`; std learns them the
/// same way.
#[used]
#[unsafe(link_section = ".init_array.00099")]
static REMEMBER: extern "C" fn(c_int, *const *mut c_char, *const *mut c_char) = remember;

extern "C" fn remember(argc: c_int, argv: *const *mut c_char, _envp: *const *mut c_char) {
    let Some(last) = usize::try_from(argc).ok().and_then(|argc| argc.checked_sub(1)) else {
        return;
    };
    if argv.is_null() {
        return;
    }
    // SAFETY: `argv` has `argc` entries, at least one.
    let first = unsafe { *argv };
    // SAFETY: `last` is below `argc`.
    let last = unsafe { argv.add(last) };
    // SAFETY: as above.
    let last = unsafe { *last };
    if first.is_null() || last.is_null() {
        return;
    }
    // SAFETY: each argument is a NUL-terminated string on the initial stack.
    let tail = unsafe { CStr::from_ptr(last) }.count_bytes();
    // The kernel lays the arguments out one after the other (execve(2), `arg_start`).
    let length = (last as usize).wrapping_sub(first as usize).saturating_add(tail);
    FIRST.store(first, Ordering::Relaxed);
    LENGTH.store(length, Ordering::Relaxed);
}

/// Overwrites the command line in this process. Called in the child, whose memory is a copy.
pub(crate) fn wipe() {
    let first = FIRST.load(Ordering::Relaxed);
    let length = LENGTH.load(Ordering::Relaxed);
    if first.is_null() {
        return;
    }
    // SAFETY: `first` is the start of `length` writable bytes of the initial stack (environ(7)),
    // and the child's stage reads no argument from there.
    unsafe { core::ptr::write_bytes(first, 0, length) };
    for (index, byte) in b"drybox-init".iter().enumerate().take(length) {
        // SAFETY: `index` is below `length`.
        let to = unsafe { first.add(index) };
        // SAFETY: as above.
        unsafe { to.write(c_char::from_ne_bytes([*byte])) };
    }
}
