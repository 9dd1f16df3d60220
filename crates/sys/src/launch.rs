//! The parent's side of the launch: one clone with the namespaces.

use core::ffi::c_int;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::enter::enter;
use crate::idmap::write_map;
use crate::init::leave;
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
    // A child that joins a cgroup makes that namespace there, or it would show the way.
    let later = if plan.join.is_empty() { 0 } else { libc::CLONE_NEWCGROUP };
    let flags = (namespaces() & !later) | libc::CLONE_PIDFD;
    // SAFETY: the child's stage is `no_std`, takes no lock and allocates nothing.
    let pid = match unsafe { raw::clone3(flags, &mut pidfd) } {
        Ok(0) => enter(plan),
        done => done,
    };
    block_signals(&before)?;
    let pid = pid?;
    let pidfd = raw::own(usize::try_from(pidfd).map_err(|_| Errno::BADF)?)?;
    Ok(Launched { pidfd, pid: c_int::try_from(pid).map_err(|_| Errno::SRCH)? })
}

/// The highest: when memory runs out, the kernel ends what is untrusted first
/// (proc_pid_oom_score_adj(5)).
pub const FIRST_TO_DIE: &[u8] = b"1000";

/// Lets a child of real root go on: writes its maps and what ends it first when memory runs out,
/// then the byte that it waits for.
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
    // The child is not dumpable, so this file of its own is not its own.
    wall!("limit-oom", write_map(launched.pid, b"/oom_score_adj", FIRST_TO_DIE))?;
    rustix::io::write(lifeline, b"g").map(drop)
}

/// One of the namespaces of a sandbox, to find out which of them is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of namespaces(7)")]
pub enum Namespace {
    User,
    Mount,
    Pid,
    Network,
    Ipc,
    Uts,
    Cgroup,
}

impl Namespace {
    const fn flag(self) -> c_int {
        match self {
            Self::User => libc::CLONE_NEWUSER,
            Self::Mount => libc::CLONE_NEWNS,
            Self::Pid => libc::CLONE_NEWPID,
            Self::Network => libc::CLONE_NEWNET,
            Self::Ipc => libc::CLONE_NEWIPC,
            Self::Uts => libc::CLONE_NEWUTS,
            Self::Cgroup => libc::CLONE_NEWCGROUP,
        }
    }
}

/// Clones a child into a user namespace and this one, which does nothing and ends, and reaps it.
///
/// # Errors
/// *Host*: what clone3(2) answers.
pub fn try_namespace(namespace: Namespace) -> Result<(), Errno> {
    let before = block_signals(&SignalSet::all())?;
    let flags = libc::CLONE_NEWUSER | libc::CLONE_PIDFD | namespace.flag();
    let mut pidfd = -1;
    // SAFETY: the child makes one system call, which ends it.
    let pid = match unsafe { raw::clone3(flags, &mut pidfd) } {
        Ok(0) => leave(0),
        done => done,
    };
    block_signals(&before)?;
    pid?;
    let pidfd = raw::own(usize::try_from(pidfd).map_err(|_| Errno::BADF)?)?;
    loop {
        match waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED) {
            Err(Errno::INTR) => {}
            done => return done.map(drop),
        }
    }
}
