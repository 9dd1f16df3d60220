//! What the user shares, as mounts: overlays without an upper layer, so that nothing that the
//! payload does to them reaches the host's inodes; binds where the user asked for writes.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use drybox_spec::{Access, HostPath, Share};
use drybox_sys::{self as sys, FileId, MountAttr, wall};
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
    /// The child takes it by path and makes sure that it is still the file that was seen; holding
    /// that one keeps its inode number from being used again.
    Path { path: Text, expect: Option<FileId>, held: OwnedFd },
    /// The parent, real root, took it and mapped its owners.
    Tree(OwnedFd),
}

/// What shares have in common: the payload's identity, and what was found for earlier ones.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) identity: Identity,
    pub(crate) owners: Owners,
    empties: Vec<(u64, Option<&'static CStr>)>,
}

impl Sources {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, owners: Owners::default(), empties: Vec::new() }
    }

    /// An empty directory of root's on the filesystem `device`, as the second layer that an overlay
    /// without an upper needs: on another filesystem, `st_dev` would differ within the tree.
    fn empty_beside(&mut self, device: u64) -> Option<&'static CStr> {
        if let Some((_, known)) = self.empties.iter().find(|(of, _)| *of == device) {
            return *known;
        }
        let found = empty_directory_beside(device);
        self.empties.push((device, found));
        found
    }
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
    sources: &mut Sources,
) -> Result<(), JailError> {
    for share in shares {
        let fail = |errno| JailError::new(Step::Share, share.source.as_bytes(), errno);
        let opened = Opened::new(&share.source).map_err(fail)?;
        let kind = opened.kind();
        if !kind.is_dir() && !kind.is_file() {
            // A socket, FIFO or device is a way out, not a file to share.
            return Err(fail(Errno::NOTSUP));
        }
        let source = match share.access {
            Access::ReadWrite => MountSource::Bind {
                layer: opened.layer(sources, true).map_err(fail)?,
                writable: true,
            },
            Access::ReadOnly => {
                let overlay = overlay_of(opened, sources).map_err(fail)?;
                MountSource::Overlay {
                    layer: overlay.layer,
                    only: overlay.only,
                    empty: overlay.empty,
                }
            }
        };
        tree.mount(&share.target, source, kind.is_dir());
    }
    Ok(())
}

/// The overlay that shows what was opened, and nothing beside it.
pub(crate) fn overlay_of(opened: Opened, sources: &mut Sources) -> Result<OverlaySource, Errno> {
    let empty = sources.empty_beside(opened.stat.st_dev);
    if opened.kind().is_dir() {
        return Ok(OverlaySource { layer: opened.layer(sources, false)?, only: None, empty });
    }
    let (parent, name) = split(&opened.path).ok_or(Errno::INVAL)?;
    let layer = Opened::new(&parent)?.layer(sources, false)?;
    Ok(OverlaySource { layer, only: Some(name), empty })
}

/// A file of the host, looked at once and held: whatever is swapped at its path later is another.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) path: HostPath,
    pub(super) stat: Stat,
    held: OwnedFd,
}

impl Opened {
    /// Opens a path without following any link: who resolved it saw none.
    pub(crate) fn new(path: &HostPath) -> Result<Self, Errno> {
        let held = openat2(
            CWD,
            path.as_c_str(),
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )?;
        let stat = fstat(&held)?;
        Ok(Self { path: path.clone(), stat, held })
    }

    /// Which file it is.
    pub(crate) const fn id(&self) -> FileId {
        FileId { device: self.stat.st_dev, inode: self.stat.st_ino }
    }

    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// An ordinary user's child takes it by path in its own mount namespace, and compares; real
    /// root takes it from the descriptor and maps its owners.
    pub(super) fn layer(self, sources: &mut Sources, submounts: bool) -> Result<Layer, Errno> {
        let owner = self.stat;
        self.layer_of(&owner, sources, submounts)
    }

    /// The same, for a tree where the payload has what belongs to the owner of another file.
    pub(super) fn layer_of(
        self,
        owner: &Stat,
        sources: &mut Sources,
        submounts: bool,
    ) -> Result<Layer, Errno> {
        match sources.identity {
            Identity::User { .. } => {
                let (expect, path) = (Some(self.id()), self.path.as_c_str().to_owned().into());
                Ok(Layer::Path { path, expect, held: self.held })
            }
            Identity::Root { .. } => {
                let tree = sys::clone_tree(self.held.as_fd(), c"", submounts)?;
                let attributes = wall!("share-nosuid", MountAttr::NOSUID)
                    | wall!("share-nodev", MountAttr::NODEV);
                sys::set_attributes(tree.as_fd(), attributes)?;
                sources.owners.map(tree.as_fd(), owner, &sources.identity)?;
                Ok(Layer::Tree(tree))
            }
        }
    }
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

fn empty_directory_beside(device: u64) -> Option<&'static CStr> {
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
