//! Attempts on descriptors and variables that came with the process.

use std::os::fd::AsRawFd;

use rustix::fs::{
    FileType, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, fchmod, fstat, ftruncate,
    futimens,
};
use rustix::io::Errno;

use super::one;
use crate::attempt::{Step, judge, opened};
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{Scene, read_some};

/// Every descriptor but 0 to 2 and what this attempt itself opened.
pub(crate) fn others(_: &Child, _: &Scene, _: Held) -> Finding {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return Finding::skipped("/proc/self/fd cannot be read");
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let found: Vec<String> = numbers
        .filter(|number| *number > 2)
        .filter_map(|number| {
            let to = rustix::fs::readlink(format!("/proc/self/fd/{number}"), Vec::new()).ok()?;
            let to = String::from_utf8_lossy(to.as_bytes()).into_owned();
            // The pipe of the report, and the listing itself.
            (!to.starts_with("pipe:") && !to.ends_with("/fd")).then(|| format!("{number}: {to}"))
        })
        .collect();
    match found.is_empty() {
        true => Finding::held("0 to 2"),
        false => Finding::open(found.join(", ")),
    }
}

pub(crate) fn directory(child: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(number) = scene.number("FD") else { return Finding::skipped("nothing is open") };
    let name = c"secret";
    let Ok(address) = i64::try_from(name.as_ptr().addr()) else { return Finding::skipped("") };
    // O_CLOEXEC
    let got = child.call(libc::SYS_openat, [number, address, 0x8_0000, 0, 0, 0]);
    one("openat", got.map(drop), held)
}

/// Its length is set to what it is, and nothing is written at its beginning.
pub(crate) fn log(_: &Child, _: &Scene, held: Held) -> Finding {
    let log = std::io::stderr();
    let size = fstat(&log).map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0));
    let steps: [Step; 2] = [
        ("ftruncate".to_owned(), ftruncate(&log, size)),
        ("pwrite".to_owned(), rustix::io::pwrite(&log, b"", 0).map(drop)),
    ];
    judge(&steps, held)
}

/// By its link in /proc, with the rights of the user who owns it.
pub(crate) fn reopen(_: &Child, _: &Scene, held: Held) -> Finding {
    match kind_of_input() {
        Some(other) => Finding::held(other),
        None => one("open", opened("/proc/self/fd/0".as_ref(), OFlags::WRONLY), held),
    }
}

/// What stands there in place of the caller's file.
fn kind_of_input() -> Option<&'static str> {
    let stat = fstat(std::io::stdin()).ok()?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Fifo => Some("it is a pipe"),
        FileType::CharacterDevice => Some("it is a terminal or device of its own"),
        _ => Some("it is another kind of file"),
    }
}

/// Mode and times are set to what they are.
pub(crate) fn metadata(child: &Child, _: &Scene, held: Held) -> Finding {
    if let Some(other) = kind_of_input() {
        return Finding::held(other);
    }
    let file = std::io::stdin();
    let mode = fstat(&file).map_or(0o600, |stat| stat.st_mode & 0o7777);
    let omit = || Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let attribute = c"user.drybox-probe";
    let Ok(name) = i64::try_from(attribute.as_ptr().addr()) else { return Finding::skipped("") };
    let number = file.as_raw_fd().into();
    let set = child.call(libc::SYS_fsetxattr, [number, name, name, 1, 0, 0]).map(drop);
    child.call(libc::SYS_fremovexattr, [number, name, 0, 0, 0, 0]).ok();
    let steps: [Step; 3] = [
        ("fchmod".to_owned(), fchmod(&file, Mode::from_raw_mode(mode))),
        (
            "futimens".to_owned(),
            futimens(&file, &Timestamps { last_access: now, last_modification: omit() }),
        ),
        ("fsetxattr".to_owned(), set),
    ];
    judge(&steps, held)
}

/// Names alone: what they hold is nobody's business.
pub(crate) fn variables(_: &Child, _: &Scene, _: Held) -> Finding {
    let names = [
        "LD_PRELOAD=",
        "BASH_ENV=",
        "NODE_OPTIONS=",
        "PYTHONPATH=",
        "SSH_AUTH_SOCK=",
        "AWS_SECRET_ACCESS_KEY=",
        "GITHUB_TOKEN=",
        "NPM_TOKEN=",
        "DBUS_SESSION_BUS_ADDRESS=",
        "XDG_RUNTIME_DIR=",
    ];
    let text = match read_some("/proc/self/environ".as_ref()) {
        Ok(text) => text,
        Err(errno) => return gone(errno),
    };
    let found = text
        .split(|byte| *byte == 0)
        .find_map(|variable| names.iter().find(|name| variable.starts_with(name.as_bytes())));
    match found {
        Some(name) => Finding::open(name.trim_end_matches('=')),
        None => Finding::held("none of them"),
    }
}

fn gone(errno: Errno) -> Finding {
    Finding::skipped(crate::errno::name(errno))
}
