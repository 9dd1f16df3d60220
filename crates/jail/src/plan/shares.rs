//! What the user shares, as mounts: overlays without an upper layer, so that nothing that the
//! payload does to them reaches the host's inodes; binds where the user asked for writes.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use drybox_spec::{Access, HostPath, Share};
use drybox_sys::{self as sys, FileId, MountAttr};
use rustix::fs::{
    CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2, stat,
};
use rustix::io::Errno;

use super::{MountSource, Text, Tree};
use crate::error::{JailError, Step};
use crate::identity::Identity;
use crate::owners::Owners;

/// Where a mount's tree comes from.
#[derive(Debug)]
pub(crate) enum Layer {
    /// The child takes it by path and makes sure that it is still the file that was seen.
    Path { path: Text, expect: Option<FileId> },
    /// The parent, real root, took it and mapped its owners.
    Tree(OwnedFd),
}

/// A directory of the host, or a file of it, for an overlay.
#[derive(Debug)]
pub(crate) struct OverlaySource {
    pub(crate) layer: Layer,
    pub(crate) only: Option<CString>,
    pub(crate) empty: Option<&'static CStr>,
}

pub(crate) fn add_shares(
    tree: &mut Tree,
    shares: &[Share],
    identity: &Identity,
    owners: &mut Owners,
) -> Result<(), JailError> {
    for share in shares {
        let fail = |errno| JailError::new(Step::Share, share.source.as_bytes(), errno);
        let (_, seen) = look(&share.source).map_err(fail)?;
        let is_dir = match FileType::from_raw_mode(seen.st_mode) {
            FileType::Directory => true,
            FileType::RegularFile => false,
            // A socket, FIFO or device is a way out, not a file to share.
            _ => return Err(fail(Errno::NOTSUP)),
        };
        let source = match share.access {
            Access::ReadWrite => MountSource::Bind {
                layer: layer(&share.source, &seen, identity, owners, true).map_err(fail)?,
                writable: true,
            },
            Access::ReadOnly => {
                let overlay = overlay_of(&share.source, &seen, identity, owners).map_err(fail)?;
                MountSource::Overlay {
                    layer: overlay.layer,
                    only: overlay.only,
                    empty: overlay.empty,
                }
            }
        };
        tree.mount(&share.target, source, is_dir);
    }
    Ok(())
}

/// The overlay that shows `source` and nothing beside it.
pub(crate) fn overlay_of(
    source: &HostPath,
    seen: &Stat,
    identity: &Identity,
    owners: &mut Owners,
) -> Result<OverlaySource, Errno> {
    let empty = empty_directory_beside(seen.st_dev);
    if FileType::from_raw_mode(seen.st_mode).is_dir() {
        let layer = layer(source, seen, identity, owners, false)?;
        return Ok(OverlaySource { layer, only: None, empty });
    }
    let (parent, name) = split(source).ok_or(Errno::INVAL)?;
    let (_, of_parent) = look(&parent)?;
    let layer = layer(&parent, &of_parent, identity, owners, false)?;
    Ok(OverlaySource { layer, only: Some(name), empty })
}

fn layer(
    source: &HostPath,
    seen: &Stat,
    identity: &Identity,
    owners: &mut Owners,
    submounts: bool,
) -> Result<Layer, Errno> {
    match identity {
        Identity::User { .. } => {
            Ok(Layer::Path { path: source.as_c_str().to_owned().into(), expect: Some(id_of(seen)) })
        }
        Identity::Root { .. } => {
            let (opened, found) = look(source)?;
            if id_of(&found) != id_of(seen) {
                return Err(Errno::STALE);
            }
            let tree = sys::clone_tree(opened.as_fd(), c"", submounts)?;
            sys::set_attributes(tree.as_fd(), MountAttr::NOSUID | MountAttr::NODEV)?;
            owners.map(tree.as_fd(), &found, identity)?;
            Ok(Layer::Tree(tree))
        }
    }
}

/// What stands at a path that was resolved before, when the guarded places were looked for: a link
/// in it now was put there meanwhile, and leads elsewhere (CVE-2021-30465). ELOOP then.
fn look(path: &HostPath) -> Result<(OwnedFd, Stat), Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let opened = openat2(CWD, path.as_c_str(), flags, Mode::empty(), resolve)?;
    let seen = fstat(&opened)?;
    Ok((opened, seen))
}

/// Which file it is.
pub(crate) const fn id_of(stat: &Stat) -> FileId {
    FileId { device: stat.st_dev, inode: stat.st_ino }
}

/// A file's directory and its name there.
fn split(path: &HostPath) -> Option<(HostPath, CString)> {
    let bytes = path.as_bytes();
    let slash = bytes.iter().rposition(|&byte| byte == b'/')?;
    let name = bytes.get(slash.checked_add(1)?..)?;
    let parent = if slash == 0 { b"/" } else { bytes.get(..slash)? };
    Some((HostPath::parse(parent).ok()?, CString::new(name).ok()?))
}

/// Directories that the FHS has and most hosts leave empty.
const OFTEN_EMPTY: [&CStr; 5] =
    [c"/srv", c"/media", c"/usr/local/games", c"/var/opt", c"/usr/local/src"];

/// An empty directory of root's on the filesystem `device`, as the second layer that an overlay
/// without an upper needs: on another filesystem, `st_dev` would differ within the tree.
pub(crate) fn empty_directory_beside(device: u64) -> Option<&'static CStr> {
    OFTEN_EMPTY.into_iter().find(|path| {
        stat(*path).is_ok_and(|found| found.st_dev == device && found.st_uid == 0) && is_empty(path)
    })
}

fn is_empty(path: &CStr) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).and_then(Dir::new).is_ok_and(|entries| {
        entries.flatten().all(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))
    })
}
