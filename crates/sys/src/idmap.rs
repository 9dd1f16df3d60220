//! User namespaces that only carry an id map, for real root's id-mapped mounts.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

use crate::identity::write_file;
use crate::init::leave;
use crate::raw;
use crate::signals::{SignalSet, block_signals, send};

type Result<T> = core::result::Result<T, Errno>;

/// Room for `/proc/PID/uid_map` and a NUL.
const PATH: usize = 32;

/// A user namespace with these maps, held by its descriptor alone (user_namespaces(7)).
///
/// # Errors
/// *Host*, when the caller may not map these ids.
pub fn id_map_namespace(uid_map: &[u8], gid_map: &[u8]) -> Result<OwnedFd> {
    const STACK: usize = 4 * 1024;
    #[repr(align(16))]
    struct Stack(MaybeUninit<[u8; STACK]>);
    let mut stack = Stack(MaybeUninit::uninit());
    // SAFETY: one past the end of `stack`, where a stack that grows downwards begins.
    let top = unsafe { stack.0.as_mut_ptr().cast::<u8>().add(STACK) };
    let before = block_signals(&SignalSet::all())?;
    let flags = libc::CLONE_VM | libc::CLONE_NEWUSER | libc::SIGCHLD;
    let mut parent = getpid().as_raw_nonzero().get();
    // SAFETY: `top` is aligned and ours until the child was reaped below; `wait_for_kill` only
    // makes system calls and exits.
    let pid = unsafe { libc::clone(wait_for_kill, top.cast(), flags, (&raw mut parent).cast()) };
    let made = raw::check(pid.into()).and_then(|_| map(pid, uid_map, gid_map));
    if pid > 0 {
        send(pid, libc::SIGKILL);
        // SAFETY: a null status is allowed. `__WALL` is not needed: it ends with SIGCHLD.
        while unsafe { libc::waitpid(pid, ptr::null_mut(), 0) } < 0
            && raw::check(-1) == Err(Errno::INTR)
        {}
    }
    block_signals(&before)?;
    made
}

/// The parent kills this process at once. One that is killed itself before cannot: then the kernel
/// does, or this process sees that it has another parent already. It is never left behind.
extern "C" fn wait_for_kill(parent: *mut c_void) -> c_int {
    const MILLISECONDS: c_int = 5000;
    // SAFETY: `parent` is the caller's number, and this process has the caller's memory.
    let parent = unsafe { parent.cast::<c_int>().read() };
    let told = set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    if told && getppid().is_some_and(|now| now.as_raw_nonzero().get() == parent) {
        // SAFETY: poll without descriptors waits; every signal is blocked.
        unsafe { libc::poll(ptr::null_mut(), 0, MILLISECONDS) };
    }
    leave(1)
}

fn map(pid: c_int, uid_map: &[u8], gid_map: &[u8]) -> Result<OwnedFd> {
    write_map(pid, b"/uid_map", uid_map)?;
    write_map(pid, b"/gid_map", gid_map)?;
    let mut path = [0; PATH];
    open(proc_path(&mut path, pid, b"/ns/user")?, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

/// Writes a file of a process below `/proc`, as the maps of its user namespace.
///
/// # Errors
/// *Host*, when the caller may not: for a map, when these ids are not its own.
pub(crate) fn write_map(pid: c_int, file: &[u8], map: &[u8]) -> Result<()> {
    let mut path = [0; PATH];
    write_file(proc_path(&mut path, pid, file)?, map)
}

/// `/proc/PID` and `rest`.
fn proc_path<'a>(
    space: &'a mut [u8; PATH],
    pid: c_int,
    rest: &[u8],
) -> Result<&'a core::ffi::CStr> {
    let pid = rustix::path::DecInt::new(pid);
    let parts = b"/proc/".iter().chain(pid.as_bytes()).chain(rest);
    let mut length = 0_usize;
    for (to, from) in space.iter_mut().zip(parts) {
        *to = *from;
        length = length.saturating_add(1);
    }
    if length >= PATH {
        return Err(Errno::NAMETOOLONG);
    }
    core::ffi::CStr::from_bytes_until_nul(space).map_err(|_| Errno::INVAL)
}
