//! Folders of drybox's own on the host: every directory above belongs to us or to root, and no other
//! user can write one; they themselves are for us alone.

use drybox_spec::HostPath;
use drybox_tree::{Errno, Root};
use rustix::fs::{CWD, Mode, mkdirat, open, readlinkat};

use super::{BoxError, DIRECTORY, Result, Why, way};

/// Makes a folder when it is not there.
///
/// # Errors
/// *Host*.
pub(crate) fn make(path: &HostPath) -> Result<()> {
    match open(path.as_c_str(), DIRECTORY, Mode::empty()) {
        Ok(_) => Ok(()),
        Err(Errno::NOENT) => make_all(path),
        Err(errno) => Err(BoxError::Store { path: path.clone(), source: errno.into() }),
    }
}

/// Whether there is such a folder.
pub(crate) fn is_there(path: &HostPath) -> bool {
    let open = open(path.as_c_str(), DIRECTORY, Mode::empty());
    !matches!(open, Err(Errno::NOENT | Errno::NOTDIR))
}

/// What cannot happen to names that drybox makes itself.
pub(crate) const fn no_name() -> Why {
    Why::Kernel { errno: Errno::INVAL }
}

/// Opens a folder of ours, and says where it is, free of symlinks.
///
/// # Errors
/// *Host*, when another user could swap it, or may look into it.
pub(crate) fn directory(named: HostPath) -> Result<(Root, HostPath)> {
    let fail = |errno: Errno| BoxError::Store { path: named.clone(), source: errno.into() };
    let held = open(named.as_c_str(), DIRECTORY, Mode::empty()).map_err(fail)?;
    let real = {
        use std::os::fd::AsRawFd as _;
        let link = format!("/proc/self/fd/{}", held.as_raw_fd());
        readlinkat(CWD, link, Vec::new()).map_err(fail)?
    };
    let path = HostPath::parse(real.as_bytes()).map_err(|_| fail(Errno::NOENT))?;
    let uid = rustix::process::geteuid().as_raw();
    way::check_above(&path, uid)?;
    if path != named {
        way::check_links(&named, uid)?;
    }
    let root = Root::open(&path)?;
    let own = root.stat_self()?;
    if own.st_uid != uid || own.st_mode & 0o077 != 0 {
        return Err(BoxError::Store { path, source: Why::NotOurs { mode: own.st_mode & 0o7777 } });
    }
    Ok((root, path))
}

/// Makes what is missing of a path, for us alone; nothing below a directory that another user could
/// swap for a link: root would make directories wherever that leads.
fn make_all(path: &HostPath) -> Result<()> {
    way::check_links(path, rustix::process::geteuid().as_raw())?;
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
    for end in ends.map(|(end, _)| end).chain([bytes.len()]) {
        let dir = bytes.get(..end).unwrap_or_default();
        match mkdirat(CWD, dir, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            // A home may be read-only above its last directories, or not ours to write.
            Err(Errno::ROFS | Errno::ACCESS) if end < bytes.len() => {}
            Err(errno) => {
                return Err(BoxError::Store { path: path.clone(), source: errno.into() });
            }
        }
    }
    Ok(())
}
