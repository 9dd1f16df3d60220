//! Attempts on other processes, and on what a process may ask for itself.

use std::io::IoSlice;
use std::os::unix::net::UnixStream;

use rustix::fs::{Mode, OFlags, open};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, UCred, sendmsg};
use rustix::process::{Gid, Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

use super::identity::refused;
use super::one;
use crate::attempt::{judge, opened};
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{Scene, read_some};

/// A limit of 1 keeps the host's helper from starting, and 0 does not (core(5)); and it cannot be
/// lifted. Nothing of memory would be in a dump.
pub(crate) fn core_limit(_: &Child, _: &Scene, _: Held) -> Finding {
    let hard = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: hard, maximum: hard }).ok();
    let now = getrlimit(Resource::Core).current;
    let filter = read_some("/proc/self/coredump_filter".as_ref()).unwrap_or_default();
    let filter = String::from_utf8_lossy(&filter).trim().to_owned();
    let empty = filter.bytes().all(|byte| byte == b'0');
    match now {
        Some(0 | 1) if empty => Finding::held("a limit that cannot be lifted"),
        Some(limit) => Finding::open(format!("limit {limit}, filter {filter}")),
        None => Finding::open(format!("no limit, filter {filter}")),
    }
}

/// SCHED_FIFO and nice -20, of this process alone.
pub(crate) fn scheduler(child: &Child, _: &Scene, held: Held) -> Finding {
    let priority = [1_u8, 0, 0, 0, 0, 0, 0, 0];
    let Ok(address) = i64::try_from(priority.as_ptr().addr()) else { return Finding::skipped("") };
    let steps = [(
        "sched_setscheduler(SCHED_FIFO)".to_owned(),
        child.call(libc::SYS_sched_setscheduler, [0, 1, address, 0, 0, 0]).map(drop),
    )];
    judge(&steps, held)
}

/// The limit is set to what it is.
pub(crate) fn limits_of_init(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(pid) = init(scene) else { return Finding::skipped("no process to aim at") };
    let own = getrlimit(Resource::Nofile);
    one("prlimit", prlimit(Some(pid), Resource::Nofile, own).map(drop), held)
}

fn init(scene: &Scene) -> Option<Pid> {
    Pid::from_raw(i32::try_from(scene.number("INIT")?).ok()?)
}

/// F_SETOWN: SIGIO for a process of the host.
pub(crate) fn set_owner(child: &Child, scene: &Scene, held: Held) -> Finding {
    use std::os::fd::AsRawFd;
    let (Some(pid), Ok((ours, _theirs))) = (scene.number("PID"), UnixStream::pair()) else {
        return Finding::skipped("no process to aim at");
    };
    let got = child.call(libc::SYS_fcntl, [ours.as_raw_fd().into(), 8, pid, 0, 0, 0]);
    one("fcntl(F_SETOWN)", got.map(drop), held)
}

/// Sends the number of another process: whoever may, is told that there is none of that number.
pub(crate) fn credentials(_: &Child, _: &Scene, held: Held) -> Finding {
    let Ok((ours, _theirs)) = UnixStream::pair() else { return Finding::skipped("no socket pair") };
    let forged = UCred {
        pid: Pid::from_raw(ours_and_one()).unwrap_or(Pid::INIT),
        uid: rustix::process::getuid(),
        gid: Gid::from_raw(rustix::process::getgid().as_raw()),
    };
    let mut space = [std::mem::MaybeUninit::uninit(); 128];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmCredentials(forged)) {
        return Finding::skipped("no room for a message");
    }
    let got = sendmsg(&ours, &[IoSlice::new(b"x")], &mut control, SendFlags::NOSIGNAL);
    one("sendmsg(SCM_CREDENTIALS)", got.map(drop), held)
}

fn ours_and_one() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get().saturating_add(1)
}

pub(crate) fn exe_of_init(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(path) = scene.path("/proc/{INIT}/exe") else { return Finding::skipped("") };
    match open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(_) => one("open for writing", opened(&path, OFlags::WRONLY), held),
        Err(errno) => refused("open", errno, held),
    }
}
