//! The least that a sandbox can cost: one clone with the namespaces that drybox makes, and `true` in
//! it. No mount, no map, no wall. `cargo xtask bench` measures it beside a whole run.
#![expect(unsafe_code, reason = "a clone with namespaces has no safe wrapper")]

use std::mem::size_of;
use std::process::ExitCode;
use std::ptr;

fn main() -> ExitCode {
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    // SAFETY: all-zero is a valid `clone_args` (no stack: the child goes on with its copy).
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(namespaces.cast_unsigned());
    args.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    // SAFETY: `args` is readable for the size given; the child only executes or exits.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone3, ptr::from_mut(&mut args), size_of::<libc::clone_args>())
    };
    if pid == 0 {
        let argv = [c"true".as_ptr(), ptr::null()];
        // SAFETY: the path and the list are NUL-terminated.
        unsafe { libc::execve(c"/bin/true".as_ptr(), argv.as_ptr(), [ptr::null()].as_ptr()) };
        // SAFETY: no preconditions.
        unsafe { libc::_exit(127) };
    }
    let mut status = 0;
    let pid = libc::pid_t::try_from(pid).unwrap_or(-1);
    // SAFETY: `status` is writable.
    let reaped = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    if pid > 0 && reaped == pid && status == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
