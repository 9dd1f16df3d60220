//! Where boxes live on the host: a folder of drybox's own, in which each box is a folder.

mod boxes;
mod error;
mod meta;
mod pending;
mod prepare;
#[cfg(test)]
mod tests;

use drybox_spec::HostPath;
use drybox_tree::{Errno, RelPath, Root, Stat, kind_of};
use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, open, readlinkat, stat};

pub use boxes::{BoxId, Ended, Layer, OpenBox, Start};
pub use error::{BoxError, Why};
pub use meta::Meta;
pub use pending::Pending;

type Result<T> = std::result::Result<T, BoxError>;

/// drybox's folder of boxes. Every directory above it belongs to us or to root, and no other user
/// can write one; itself it is for us alone.
#[derive(Debug)]
pub struct Store {
    root: Root,
    path: HostPath,
}

impl Store {
    /// Opens `boxes` in drybox's data folder, made when it is not there.
    ///
    /// # Errors
    /// *Host*, when it cannot be made, or when another user could swap it.
    pub fn open(data: &HostPath) -> Result<Self> {
        let path = below(data, b"boxes")?;
        if let Err(errno) = open(path.as_c_str(), DIRECTORY, Mode::empty()) {
            if errno != Errno::NOENT {
                return Err(BoxError::Store { path, source: errno.into() });
            }
            make_all(&path)?;
        }
        Self::look(path)
    }

    /// As [`Store::open`]; none when there is none yet.
    ///
    /// # Errors
    /// *Host*.
    pub fn existing(data: &HostPath) -> Result<Option<Self>> {
        let path = below(data, b"boxes")?;
        match open(path.as_c_str(), DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            _ => Self::look(path).map(Some),
        }
    }

    /// Where it is; free of symlinks.
    #[must_use]
    pub const fn path(&self) -> &HostPath {
        &self.path
    }

    fn look(named: HostPath) -> Result<Self> {
        let fail = |errno: Errno| BoxError::Store { path: named.clone(), source: errno.into() };
        // A link on the way is the user's own, as long as nobody else can change it: what counts
        // is where it leads.
        let held = open(named.as_c_str(), DIRECTORY, Mode::empty()).map_err(fail)?;
        let real = {
            use std::os::fd::AsRawFd as _;
            let link = format!("/proc/self/fd/{}", held.as_raw_fd());
            readlinkat(CWD, link, Vec::new()).map_err(fail)?
        };
        let path = HostPath::parse(real.as_bytes()).map_err(|_| fail(Errno::NOENT))?;
        let uid = rustix::process::geteuid().as_raw();
        check_above(&path, uid)?;
        let root = Root::open(&path)?;
        let own = root.stat_self()?;
        if own.st_uid != uid || own.st_mode & 0o077 != 0 {
            return Err(BoxError::Store {
                path,
                source: Why::NotOurs { mode: own.st_mode & 0o7777 },
            });
        }
        Ok(Self { root, path })
    }
}

/// Whether nobody else can put another directory in the place of one on the way.
fn check_above(path: &HostPath, uid: u32) -> Result<()> {
    let fail = |path: &HostPath, source| BoxError::Store { path: path.clone(), source };
    // In a user namespace the host's root may have no number of its own: it owns `/`.
    let root = stat(c"/").map_err(|errno| fail(path, errno.into()))?.st_uid;
    let gid = rustix::process::getegid().as_raw();
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    for end in ends {
        let above = bytes.get(..end.max(1)).unwrap_or_default();
        let above = HostPath::parse(above).map_err(|_| fail(path, Errno::INVAL.into()))?;
        let found = stat(above.as_c_str()).map_err(|errno| fail(&above, errno.into()))?;
        if !is_safe(&found, [0, uid, root], gid) {
            return Err(fail(&above, Why::OthersWrite));
        }
    }
    Ok(())
}

fn is_safe(dir: &Stat, owners: [u32; 3], gid: u32) -> bool {
    const STICKY: u32 = 0o1000;
    let mode = dir.st_mode;
    let by_group = mode & 0o020 != 0 && dir.st_gid != gid && dir.st_gid != 0;
    kind_of(dir) == FileType::Directory
        && owners.contains(&dir.st_uid)
        && (mode & STICKY != 0 || (mode & 0o002 == 0 && !by_group))
}

/// Makes what is missing of a path, for us alone.
fn make_all(path: &HostPath) -> Result<()> {
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

/// A path one component longer.
fn below(dir: &HostPath, name: &[u8]) -> Result<HostPath> {
    let path = [dir.as_bytes(), b"/", name].concat();
    HostPath::parse(&path)
        .map_err(|_| BoxError::Store { path: dir.clone(), source: Errno::INVAL.into() })
}

/// A name that is one.
fn rel(name: &[u8]) -> Result<RelPath> {
    RelPath::parse(name).map_err(|_| BoxError::Broken { name: name.to_vec() })
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
