//! Copy-on-write views of the host's directories (overlayfs in a user namespace, since Linux 5.11).

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, StatxFlags, XattrFlags, fsetxattr, mkdirat, openat, statx,
};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};

use crate::mount::{MountAttr, attach, bind, set_attributes, take, tmpfs};
use crate::plan::{Bind, BindFrom, Otherwise, Tmpfs, View};
use crate::record::Told;
use crate::wall;

type Result<T> = core::result::Result<T, Errno>;

/// The view, detached, and what is to be told of it.
pub(crate) fn view(view: &View<'_>, index: usize) -> Result<(OwnedFd, Option<Told>)> {
    let index = u16::try_from(index).unwrap_or(u16::MAX);
    let memory = |told| match overlay(view, None) {
        Ok(tree) => Ok((tree, told)),
        Err(errno) if view.otherwise == Otherwise::ReadOnly && is_unfit(errno) => {
            let tree = bind(&Bind { from: view.from, writable: false })?;
            Ok((tree, Some(Told::BindForOverlay(index))))
        }
        Err(errno) => Err(errno),
    };
    match &view.changes {
        None => memory(None),
        Some(changes) => match overlay(view, Some(changes)) {
            Ok(tree) => Ok((tree, None)),
            Err(errno) if view.otherwise != Otherwise::Fail && is_unfit(errno) => {
                memory(Some(Told::ChangesInMemory(index)))
            }
            Err(errno) => Err(errno),
        },
    }
}

/// What the kernel says of layers that it cannot take: another overlay, a filesystem without
/// extended attributes or with names of two cases, mounts below, a kernel without overlays for users.
const fn is_unfit(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NODEV | Errno::LOOP | Errno::OPNOTSUPP | Errno::PERM)
}

fn overlay(view: &View<'_>, changes: Option<&BindFrom<'_>>) -> Result<OwnedFd> {
    let lower = take(&view.from, false)?;
    set_attributes(lower.as_fd(), MountAttr::NOSUID | MountAttr::NODEV)?;
    // Under a name that says nothing, which is what mountinfo shows; the pivot lets go of it.
    attach(lower.as_fd(), CWD, view.stage)?;
    let upper = match changes {
        Some(changes) => {
            let tree = take(changes, false)?;
            set_attributes(tree.as_fd(), MountAttr::NOSUID | MountAttr::NODEV)?;
            tree
        }
        None => memory_like(&lower)?,
    };
    attach(upper.as_fd(), CWD, view.spare_stage)?;

    let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    // Without the first, whiteouts of directories fail; without the second, the end of every run
    // syncs the whole filesystem of the upper layer (`ovl_sync_fs`).
    fsconfig_set_flag(context.as_fd(), c"userxattr")?;
    fsconfig_set_flag(context.as_fd(), c"volatile")?;
    if view.two_filesystems || changes.is_none() {
        // Without this, files and directories of one tree differ in st_dev.
        fsconfig_set_string(context.as_fd(), c"xino", c"on")?;
    }
    if view.perhaps_in_use {
        // The kernel refuses an upper layer that another overlay has, only with this; that it
        // cannot have an index here it finds out later, and goes on without.
        fsconfig_set_string(context.as_fd(), c"index", c"on")?;
    }
    // Plain names, for kernels before 6.13.
    fsconfig_set_string(context.as_fd(), c"lowerdir", view.stage)?;
    fsconfig_set_string(context.as_fd(), c"upperdir", c"/proc/upper")?;
    fsconfig_set_string(context.as_fd(), c"workdir", c"/proc/work")?;
    fsconfig_create(context.as_fd())?;
    let attributes = wall!("view-nosuid", MountAttrFlags::MOUNT_ATTR_NOSUID)
        | wall!("view-nodev", MountAttrFlags::MOUNT_ATTR_NODEV);
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// A tmpfs with the two directories, the upper one with the mode of `lower`: it is what the root of
/// the view shows.
fn memory_like(lower: &OwnedFd) -> Result<OwnedFd> {
    let stat = statx(lower, c"", AtFlags::EMPTY_PATH, StatxFlags::MODE)?;
    let options = [(c"mode", c"0700"), (c"size", c"50%"), (c"nr_inodes", c"1m")];
    let tree = tmpfs(&Tmpfs { options: &options, noexec: false, read_only: false })?;
    mkdirat(&tree, c"upper", Mode::from_raw_mode(u32::from(stat.stx_mode) & 0o7777))?;
    mkdirat(&tree, c"work", Mode::RWXU)?;
    // Without extended attributes a directory could not take another's place (tmpfs has those of
    // users since Linux 6.6): an error now, not in the middle.
    let upper = openat(
        &tree,
        c"upper",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    fsetxattr(&upper, c"user.drybox", b"", XattrFlags::empty())?;
    Ok(tree)
}
