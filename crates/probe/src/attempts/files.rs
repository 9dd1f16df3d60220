//! Attempts on files.

use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, StatVfsMountFlags, XattrFlags, chmodat,
    flock, inotify, linkat, mknodat, open, openat, setxattr, stat, statvfs, unlinkat,
};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};

use super::{not_there, one};
use crate::attempt::{judge, opened};
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{SYSTEM, Scene};

/// Directories of the host's own are read-only; a box may have others.
pub(crate) fn write_system(_: &Child, scene: &Scene, held: Held) -> Finding {
    let mut steps = Vec::new();
    for dir in SYSTEM {
        let Ok(here) = stat(*dir) else { continue };
        let host = scene.get(&format!("INODE:{dir}"));
        if host != Some(format!("{}:{}", here.st_dev, here.st_ino).as_bytes()) {
            continue;
        }
        // Nothing of that name is there: what may be written says ENOENT, what may not, EROFS.
        let path = format!("{dir}/drybox-probe-{}", std::process::id());
        let got = match unlinkat(CWD, path, AtFlags::REMOVEDIR) {
            Err(Errno::NOENT) => Ok(()),
            got => got,
        };
        steps.push((format!("write into {dir}"), got));
    }
    match steps.is_empty() {
        true => Finding::held("none of them is the host's"),
        false => judge(&steps, held),
    }
}

pub(crate) fn link(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(from) = scene.path("{WORK}/file") else { return Finding::skipped("no workspace") };
    in_scratch(scene, held, "linkat", |to| linkat(CWD, &from, CWD, to, AtFlags::empty()))
}

pub(crate) fn link_open(_: &Child, scene: &Scene, held: Held) -> Finding {
    use std::os::fd::AsRawFd;
    let Some(from) = scene.path("{WORK}/file") else { return Finding::skipped("no workspace") };
    let file = match open(from, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(errno) => return not_there("the file of the workspace", errno),
    };
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    in_scratch(scene, held, "linkat", |to| linkat(CWD, &from, CWD, to, AtFlags::SYMLINK_FOLLOW))
}

pub(crate) fn block_node(_: &Child, scene: &Scene, held: Held) -> Finding {
    node(scene, held, FileType::BlockDevice, rustix::fs::makedev(7, 200))
}

pub(crate) fn char_node(_: &Child, scene: &Scene, held: Held) -> Finding {
    node(scene, held, FileType::CharacterDevice, rustix::fs::makedev(1, 1))
}

fn node(scene: &Scene, held: Held, kind: FileType, device: u64) -> Finding {
    in_scratch(scene, held, "mknod", |path| mknodat(CWD, path, kind, Mode::RUSR, device))
}

pub(crate) fn capability(_: &Child, scene: &Scene, held: Held) -> Finding {
    // struct vfs_cap_data, revision 2: cap_net_raw=ep.
    let value = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    in_scratch(scene, held, "setxattr(security.capability)", |path| {
        open(path, OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY, Mode::RUSR).ok();
        setxattr(path, "security.capability", &value, XattrFlags::empty())
    })
}

/// Makes something in the first place that can be written, and removes it again.
fn in_scratch(
    scene: &Scene,
    held: Held,
    name: &str,
    make: impl Fn(&PathBuf) -> Result<(), Errno>,
) -> Finding {
    let Some(dir) = scratch(scene).into_iter().next() else {
        return Finding::held("there is no place to write to");
    };
    let path = dir.join(format!("drybox-probe-{}", std::process::id()));
    let got = make(&path);
    unlinkat(CWD, &path, AtFlags::empty()).ok();
    one(name, got, held)
}

/// Places that can be written: outside the one that was made for it.
fn scratch(scene: &Scene) -> Vec<PathBuf> {
    let places = ["{SCRATCH}", "/tmp", "/dev/shm", "/run", "/home/agent"];
    let known = places.iter().filter_map(|text| scene.path(text));
    known.filter(|dir| can_write(dir)).collect()
}

fn can_write(dir: &std::path::Path) -> bool {
    use rustix::fs::{Access, access};
    access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

pub(crate) fn nosuid(_: &Child, scene: &Scene, _: Held) -> Finding {
    let mut places = scratch(scene);
    places.extend(scene.path("{WORK}").filter(|dir| can_write(dir)));
    for dir in &places {
        let kept = statvfs(dir).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::NOSUID));
        if !kept {
            return Finding::open(format!("{} lets it count", dir.display()));
        }
    }
    Finding::held(format!("nosuid on {} of {}", places.len(), places.len()))
}

/// Opening what a mapping shows needs a right over the whole host.
pub(crate) fn map_files(_: &Child, _: &Scene, held: Held) -> Finding {
    let first = std::fs::read_dir("/proc/self/map_files").ok().and_then(|mut all| all.next());
    let Some(Ok(first)) = first else { return Finding::held("none is listed") };
    one("open in map_files", opened(&first.path(), OFlags::RDONLY), held)
}

pub(crate) fn socket_in(path: &std::path::Path) -> Result<(), Errno> {
    // From its directory: a socket's address is at most 108 bytes long.
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Errno::INVAL);
    };
    let dir = openat(CWD, dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::process::fchdir(&dir)?;
    let client = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    connect(&client, &SocketAddrUnix::new(name)?)
}

pub(crate) fn socket_of_work(_: &Child, scene: &Scene, held: Held) -> Finding {
    match scene.path("{WORK}/socket") {
        Some(path) => one("connect", socket_in(&path), held),
        None => Finding::skipped("no workspace"),
    }
}

/// The host writes there all the time.
pub(crate) fn watch(_: &Child, scene: &Scene, held: Held) -> Finding {
    use inotify::{CreateFlags, WatchFlags, add_watch, init};
    let Some(path) = scene.path("{WORK}") else { return Finding::skipped("no workspace") };
    let watched = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
        .and_then(|fd| add_watch(&fd, path, WatchFlags::ALL_EVENTS).map(|_| fd));
    let fd = match watched {
        Ok(fd) => fd,
        Err(errno) => return one("inotify", Err(errno), held),
    };
    let wait = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&wait)) {
        Ok(0) => Finding::held("nothing is seen"),
        _ => Finding::open("the host's work is seen"),
    }
}

/// The host holds this lock: whoever gets it too has a file of its own.
pub(crate) fn lock(_: &Child, scene: &Scene, _: Held) -> Finding {
    let Some(path) = scene.path("{WORK}/locked") else { return Finding::skipped("no workspace") };
    let file = match open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(errno) => return Finding::held(format!("no file: {}", crate::errno::name(errno))),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Finding::held("a lock of its own"),
        Err(Errno::AGAIN) => Finding::open("the host's lock is met"),
        Err(errno) => Finding::held(crate::errno::name(errno)),
    }
}

/// Only the host can tell whether it is met: it opens the file all the time.
pub(crate) fn lease(child: &Child, scene: &Scene, _: Held) -> Finding {
    use std::os::fd::AsRawFd;
    let Some(path) = scene.path("{WORK}/leased") else { return Finding::skipped("no workspace") };
    let file = match open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(errno) => return Finding::held(format!("no file: {}", crate::errno::name(errno))),
    };
    // F_SETSIG: who breaks a lease sends a signal, and SIGURG is one that ends nobody.
    child.call(libc::SYS_fcntl, [file.as_raw_fd().into(), 10, 23, 0, 0, 0]).ok();
    // F_SETLEASE, F_RDLCK.
    let got = child.call(libc::SYS_fcntl, [file.as_raw_fd().into(), 1024, 0, 0, 0, 0]);
    let said = got.map_or_else(crate::errno::name, |_| "a lease of its own".to_owned());
    std::thread::sleep(Duration::from_millis(200));
    Finding::held(said)
}

/// Only the host can tell whether it is its own file: a box may have a copy.
pub(crate) fn write_work(_: &Child, scene: &Scene, _: Held) -> Finding {
    let Some(path) = scene.path("{WORK}/canary") else { return Finding::skipped("no workspace") };
    let got = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
        .and_then(|file| rustix::io::write(&file, b"probe"));
    Finding::held(got.map_or_else(crate::errno::name, |_| "a copy was written".to_owned()))
}

/// Its mode is set to what it is.
pub(crate) fn touch_null(_: &Child, _: &Scene, held: Held) -> Finding {
    let mode = match stat("/dev/null") {
        Ok(stat) => Mode::from_raw_mode(stat.st_mode & 0o7777),
        Err(errno) => return not_there("/dev/null", errno),
    };
    one("chmod", chmodat(CWD, "/dev/null", mode, AtFlags::empty()), held)
}
