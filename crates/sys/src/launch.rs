//! The parent's side of the launch: one clone with the namespaces.

use core::ffi::c_int;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;

use crate::enter::enter;
use crate::idmap::write_map;
use crate::plan::Plan;
use crate::raw;
use crate::signals::{SignalSet, block_signals};
use crate::wall;

/// A sandbox whose child has been cloned. It tells how it goes on over its status pipe.
#[derive(Debug)]
pub struct Launched {
    /// The init, for poll(2) and pidfd_send_signal(2).
    pub pidfd: OwnedFd,
    /// The init's pid in the caller's namespace.
    pub pid: c_int,
}

fn namespaces() -> c_int {
    wall!("user-namespace", libc::CLONE_NEWUSER)
        | wall!("mount-namespace", libc::CLONE_NEWNS)
        | wall!("pid-namespace", libc::CLONE_NEWPID)
        | wall!("network-namespace", libc::CLONE_NEWNET)
        | wall!("ipc-namespace", libc::CLONE_NEWIPC)
        | wall!("uts-namespace", libc::CLONE_NEWUTS)
        | wall!("cgroup-namespace", libc::CLONE_NEWCGROUP)
}

/// Clones a child into its own user, mount, pid, net, ipc, uts and cgroup namespaces, where it
/// builds the sandbox that `plan` describes.
///
/// # Errors
/// *Host*: what clone3(2) answers. Later failures arrive on the status pipe.
pub fn launch(plan: &Plan<'_>) -> Result<Launched, Errno> {
    // The child must not run a handler of the caller; init keeps everything blocked.
    let before = block_signals(&SignalSet::all())?;
    let mut pidfd = -1;
    // SAFETY: the child's stage is `no_std`, takes no lock and allocates nothing.
    let pid = match unsafe { raw::clone3(namespaces() | libc::CLONE_PIDFD, &mut pidfd) } {
        Ok(0) => enter(plan),
        done => done,
    };
    block_signals(&before)?;
    let pid = pid?;
    let pidfd = raw::own(usize::try_from(pidfd).map_err(|_| Errno::BADF)?)?;
    Ok(Launched { pidfd, pid: c_int::try_from(pid).map_err(|_| Errno::SRCH)? })
}

/// Lets a child of real root go on: writes its maps, then the byte that it waits for.
///
/// # Errors
/// *Host*, when the caller may not map these ids.
pub fn release(
    launched: &Launched,
    uid_map: &[u8],
    gid_map: &[u8],
    lifeline: BorrowedFd<'_>,
) -> Result<(), Errno> {
    write_map(launched.pid, b"/uid_map", uid_map)?;
    write_map(launched.pid, b"/gid_map", gid_map)?;
    rustix::io::write(lifeline, b"g").map(drop)
}
