//! Namespaces: entering them, and making them for a control.

use std::fs;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use super::not_there;
use crate::attempt::judge;
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::Scene;

/// By clone(2), whose first two arguments change places on some architectures.
pub(crate) fn clone(child: &Child, _: &Scene, held: Held) -> Finding {
    // A child that lives: it is this process's copy, and ends at once.
    let got = child.call(libc::SYS_clone, [NEW_USER | i64::from(libc::SIGCHLD), 0, 0, 0, 0, 0]);
    if got == Ok(0) {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .ok();
    }
    judge(&[("clone(CLONE_NEWUSER)".to_owned(), got.map(drop))], held)
}

/// Its own: whoever may not enter that may enter none.
pub(crate) fn enter(child: &Child, _: &Scene, held: Held) -> Finding {
    use std::os::fd::AsRawFd;
    let mut steps = Vec::new();
    for name in ["user", "mnt", "net", "pid"] {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        match open(format!("/proc/self/ns/{name}"), flags, Mode::empty()) {
            Ok(file) => {
                let got = child.call(libc::SYS_setns, [file.as_raw_fd().into(), 0, 0, 0, 0, 0]);
                steps.push((format!("setns({name})"), got.map(drop)));
            }
            Err(errno) => return not_there("a namespace's file", errno),
        }
    }
    judge(&steps, held)
}

/// Makes namespaces of every kind in which this process is root and alone, for a control.
///
/// The pid namespace begins with its next child.
pub(crate) fn enter_all(child: &Child) -> Result<(), Errno> {
    let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid());
    child.call(libc::SYS_unshare, [NEW_USER, 0, 0, 0, 0, 0])?;
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("0 {} 1", uid.as_raw()))?;
    write("gid_map", format!("0 {} 1", gid.as_raw()))?;
    // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID, NEWNET.
    child.call(libc::SYS_unshare, [0x6e02_0000, 0, 0, 0, 0, 0]).map(drop)
}

const NEW_USER: i64 = 0x1000_0000;
