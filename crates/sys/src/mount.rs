//! Mounts, all through the file-descriptor API (fsopen(2), open_tree(2), mount_setattr(2)), so that
//! a tree is never reachable before its attributes hold.

use core::ffi::CStr;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use crate::plan::{Bind, BindFrom, FileId, Overlay, Tmpfs};
use crate::raw::{RawMountAttr, mount_setattr};
use crate::wall;

type Result<T> = core::result::Result<T, Errno>;

bitflags::bitflags! {
    /// Attributes that every mount of a tree gets (mount_setattr(2)).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MountAttr: u64 {
        /// Nothing can be written.
        const RDONLY = 0x01;
        /// Set-user-id bits and file capabilities have no effect.
        const NOSUID = 0x02;
        /// Device nodes have no effect.
        const NODEV = 0x04;
        /// No program can be started.
        const NOEXEC = 0x08;
    }
}

const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// Clones the tree that `dir` stands for, detached. open_tree(2), since Linux 5.2.
///
/// # Errors
/// *Host*; `EINVAL` without `submounts` when locked mounts lie below.
pub fn clone_tree(dir: BorrowedFd<'_>, path: &CStr, submounts: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_NO_AUTOMOUNT;
    if submounts {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(dir, path, flags)
}

/// Sets attributes of a whole tree, and takes it out of every propagation: what the host mounts
/// there later does not appear inside.
///
/// # Errors
/// *Host*.
pub fn set_attributes(tree: BorrowedFd<'_>, attributes: MountAttr) -> Result<()> {
    let attr = RawMountAttr {
        set: attributes.bits(),
        propagation: wall!("propagation", libc::MS_PRIVATE),
        ..RawMountAttr::default()
    };
    mount_setattr(tree, c"", libc::AT_EMPTY_PATH | libc::AT_RECURSIVE, &attr)
}

/// Sets attributes of one mount, and of none below it.
pub(crate) fn set_attributes_of_one(tree: BorrowedFd<'_>, attributes: MountAttr) -> Result<()> {
    let attr = RawMountAttr { set: attributes.bits(), ..RawMountAttr::default() };
    mount_setattr(tree, c"", libc::AT_EMPTY_PATH, &attr)
}

/// Shows the owners of a detached tree through the id map of `user_namespace`.
///
/// # Errors
/// *Host*; `EINVAL` when the filesystem has no id-mapped mounts (mount_setattr(2), since 5.12).
pub fn set_id_map(tree: BorrowedFd<'_>, user_namespace: BorrowedFd<'_>) -> Result<()> {
    use rustix::fd::AsRawFd as _;
    let fd = u64::try_from(user_namespace.as_raw_fd()).map_err(|_| Errno::BADF)?;
    let attr = RawMountAttr { set: MOUNT_ATTR_IDMAP, userns_fd: fd, ..RawMountAttr::default() };
    mount_setattr(tree, c"", libc::AT_EMPTY_PATH | libc::AT_RECURSIVE, &attr)
}

/// A new filesystem, detached.
pub(crate) fn new_filesystem(
    kind: &CStr,
    options: &[(&CStr, &CStr)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        if value.is_empty() {
            fsconfig_set_flag(context.as_fd(), *key)?;
        } else {
            fsconfig_set_string(context.as_fd(), *key, *value)?;
        }
    }
    fsconfig_create(context.as_fd())?;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Attaches a detached tree at `path` below `dir`.
pub(crate) fn attach(tree: BorrowedFd<'_>, dir: BorrowedFd<'_>, path: &CStr) -> Result<()> {
    move_mount(tree, c"", dir, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

/// Attaches a detached tree over an open directory or file.
pub(crate) fn attach_over(tree: BorrowedFd<'_>, point: BorrowedFd<'_>) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tree, c"", point, c"", flags)
}

/// A bind mount, detached, its attributes set.
pub(crate) fn bind(bind: &Bind<'_>) -> Result<OwnedFd> {
    let tree = take(&bind.from, true)?;
    let mut attributes =
        wall!("share-nosuid", MountAttr::NOSUID) | wall!("share-nodev", MountAttr::NODEV);
    if !bind.writable {
        attributes |= MountAttr::RDONLY;
    }
    set_attributes(tree.as_fd(), attributes)?;
    Ok(tree)
}

/// A tmpfs, detached.
pub(crate) fn tmpfs(tmpfs: &Tmpfs<'_>) -> Result<OwnedFd> {
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    if tmpfs.noexec {
        attributes |= MountAttrFlags::MOUNT_ATTR_NOEXEC;
    }
    if tmpfs.read_only {
        attributes |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    new_filesystem(c"tmpfs", tmpfs.options, attributes)
}

/// An overlay without an upper layer, detached. `spare` is an empty directory for when the plan
/// names none.
///
/// In a user namespace since Linux 5.11 (`userxattr`). Layers by descriptor would need 6.13.
pub(crate) fn overlay(overlay: &Overlay<'_>, spare: BorrowedFd<'_>) -> Result<OwnedFd> {
    let lower = take(&overlay.from, false)?;
    let attributes =
        wall!("share-nosuid", MountAttr::NOSUID) | wall!("share-nodev", MountAttr::NODEV);
    set_attributes(lower.as_fd(), attributes)?;
    // Under a name that says nothing, which is what mountinfo shows. Closing a layer that was never
    // attached would wait for the kernel, too; the pivot lets go of all at once.
    attach(lower.as_fd(), CWD, overlay.stage)?;
    let empty = match overlay.empty {
        Some(path) => path,
        None => {
            attach(clone_tree(spare, c"", false)?.as_fd(), CWD, overlay.spare_stage)?;
            overlay.spare_stage
        }
    };
    let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_flag(context.as_fd(), c"userxattr")?;
    if overlay.empty.is_none() {
        // Two filesystems: without this, files and directories of one tree differ in st_dev.
        fsconfig_set_string(context.as_fd(), c"xino", c"on")?;
    }
    let mut space = [0; LAYERS];
    let layers = joined(&mut space, overlay.stage, empty).ok_or(Errno::NAMETOOLONG)?;
    fsconfig_set_string(context.as_fd(), c"lowerdir", layers)?;
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
        | wall!("share-nosuid", MountAttrFlags::MOUNT_ATTR_NOSUID)
        | wall!("share-nodev", MountAttrFlags::MOUNT_ATTR_NODEV);
    let whole = fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
    match overlay.only {
        None => Ok(whole),
        // Opened without following: the name was checked to be no link, and may not become one.
        // Only what is attached can be cloned before Linux 6.15.
        Some(name) => {
            attach(whole.as_fd(), CWD, overlay.stage)?;
            open_tree(
                whole.as_fd(),
                name,
                OpenTreeFlags::OPEN_TREE_CLONE
                    | OpenTreeFlags::OPEN_TREE_CLOEXEC
                    | OpenTreeFlags::AT_SYMLINK_NOFOLLOW,
            )
        }
    }
}

/// Room for two of the plan's constant paths, a colon and a NUL.
const LAYERS: usize = 64;

/// `first:second`, as overlayfs takes its layers.
fn joined<'s>(space: &'s mut [u8; LAYERS], first: &CStr, second: &CStr) -> Option<&'s CStr> {
    let mut slots = space.iter_mut();
    for byte in first.to_bytes().iter().chain(b":").chain(second.to_bytes_with_nul()) {
        *slots.next()? = *byte;
    }
    CStr::from_bytes_until_nul(space).ok()
}

/// Takes a tree of the host and makes sure that it is the one that the parent meant.
pub(crate) fn take(from: &BindFrom<'_>, submounts: bool) -> Result<OwnedFd> {
    match *from {
        BindFrom::Tree(tree) => rustix::io::fcntl_dupfd_cloexec(tree, 3),
        BindFrom::Path { path, expect } => {
            let tree = clone_tree(CWD, path, submounts)?;
            match expect {
                Some(id) if wall!("same-file", file_id(tree.as_fd())? != id) => Err(Errno::STALE),
                _ => Ok(tree),
            }
        }
    }
}

/// Which file a descriptor stands for.
pub(crate) fn file_id(file: BorrowedFd<'_>) -> Result<FileId> {
    let stat = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
    Ok(FileId {
        device: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
    })
}
