//! The root filesystem: one tmpfs, built beside the host's root and then pivoted into.

use core::ffi::CStr;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags, mkdirat, mknodat, openat,
    openat2, statx, symlinkat,
};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{chdir, fchdir, pivot_root};

use crate::enter::{At, Step};
use crate::mount::{
    MountAttr, attach, attach_over, bind, clone_tree, new_filesystem, overlay, set_attributes,
    set_attributes_of_one,
};
use crate::plan::{
    Build, Device, Mask, MaskKind, Mount, Overlay, Plan, Scratch, Source, SystemTree,
};
use crate::record::{Failed, Record, Told};
use crate::view::view;
use crate::wall;

type Result<T> = core::result::Result<T, Failed>;

/// Builds the whole tree on its stage; the current directory is its root afterwards.
pub(crate) fn build(plan: &Plan<'_>) -> Result<OwnedFd> {
    let root = scratch(&plan.scratch).at(Step::Scratch)?;
    for (index, entry) in plan.scratch.build.iter().enumerate() {
        make(root.as_fd(), entry).at_row(Step::Skeleton, index)?;
    }
    for (index, tree) in plan.system.iter().enumerate() {
        bind_system(root.as_fd(), tree).at_row(Step::System, index)?;
    }
    seal(root.as_fd(), plan)?;
    let spare = empty_directory(root.as_fd()).at(Step::Scratch)?;
    for (index, mount) in plan.mounts.iter().enumerate() {
        attach_mount(root.as_fd(), spare.as_fd(), mount, index, plan.channel.status)
            .at_row(Step::Mount, index)?;
    }
    proc(root.as_fd()).at(Step::Proc)?;
    fchdir(&root).at(Step::Pivot)?;
    for (index, mask) in plan.masks.iter().enumerate() {
        cover(mask).at_row(Step::Mask, index)?;
    }
    terminals(root.as_fd()).at(Step::Terminals)?;
    Ok(root)
}

/// Makes the tree the root, and lets go of the host's (pivot_root(2), NOTES).
pub(crate) fn pivot() -> core::result::Result<(), Errno> {
    pivot_root(c".", c".")?;
    wall!("host-root", unmount(c".", UnmountFlags::DETACH))?;
    chdir(c"/")
}

/// The directory of the root filesystem that nothing is ever put into.
pub(crate) fn empty_directory(root: BorrowedFd<'_>) -> core::result::Result<OwnedFd, Errno> {
    openat(root, EMPTY, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

const EMPTY: &CStr = c"dev/mqueue";

fn scratch(scratch: &Scratch<'_>) -> core::result::Result<OwnedFd, Errno> {
    let attributes = wall!("scratch-nosuid", MountAttrFlags::MOUNT_ATTR_NOSUID)
        | wall!("scratch-nodev", MountAttrFlags::MOUNT_ATTR_NODEV);
    let root = new_filesystem(c"tmpfs", scratch.options, attributes)?;
    attach(root.as_fd(), CWD, scratch.stage)?;
    Ok(root)
}

fn make(root: BorrowedFd<'_>, entry: &Build<'_>) -> core::result::Result<(), Errno> {
    match *entry {
        Build::Dir { path, mode } => mkdirat(root, path, Mode::from_raw_mode(mode)),
        Build::Link { path, target } => symlinkat(target, root, path),
        Build::File { path, mode, content } => {
            if content.is_empty() {
                let kind = FileType::RegularFile;
                return mknodat(root, path, kind, Mode::from_raw_mode(mode), 0);
            }
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = openat(root, path, flags, Mode::from_raw_mode(mode))?;
            let mut left = content;
            while !left.is_empty() {
                let written = rustix::io::write(&file, left)?;
                left = left.get(written..).unwrap_or_default();
            }
            Ok(())
        }
    }
}

fn bind_device(root: BorrowedFd<'_>, device: &Device<'_>) -> core::result::Result<(), Errno> {
    let node = clone_tree(CWD, device.source, false)?;
    let stat = statx(&node, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
    let kind = FileType::from_raw_mode(stat.stx_mode.into());
    if kind != FileType::CharacterDevice
        || (stat.stx_rdev_major, stat.stx_rdev_minor) != (device.major, device.minor)
    {
        return Err(Errno::NODEV);
    }
    attach(node.as_fd(), root, device.path)
}

/// A tree of the system at its own place. Its attributes come with the seal.
fn bind_system(root: BorrowedFd<'_>, tree: &SystemTree<'_>) -> core::result::Result<(), Errno> {
    attach(clone_tree(CWD, tree.source, true)?.as_fd(), root, tree.target)
}

/// Makes everything so far read-only, at once, but for the scratch directories. These are cloned
/// before, while they can still be written, and put back over themselves; device nodes follow,
/// because nothing else may be a device.
fn seal(root: BorrowedFd<'_>, plan: &Plan<'_>) -> Result<()> {
    const MOST: usize = 8;
    let mut clones: [Option<OwnedFd>; MOST] = [const { None }; MOST];
    let writable = plan.scratch.writable;
    if writable.len() > MOST {
        return Err(Failed { step: Step::Seal, index: 0, errno: Errno::TOOBIG });
    }
    for (index, (path, clone)) in writable.iter().zip(&mut clones).enumerate() {
        *clone = Some(clone_tree(root, path, false).at_row(Step::Seal, index)?);
    }
    let sealed =
        wall!("root-read-only", MountAttr::RDONLY) | wall!("root-nosuid", MountAttr::NOSUID);
    set_attributes(root, sealed | wall!("root-nodev", MountAttr::NODEV)).at(Step::Seal)?;
    for (index, device) in plan.devices.iter().enumerate() {
        bind_device(root, device).at_row(Step::Device, index)?;
    }
    set_attributes(root, sealed).at(Step::Seal)?;
    set_attributes_of_one(root, wall!("root-noexec", MountAttr::NOEXEC)).at(Step::Seal)?;
    for (index, (path, clone)) in writable.iter().zip(&clones).enumerate() {
        if let Some(clone) = clone {
            attach(clone.as_fd(), root, path).at_row(Step::Seal, index)?;
        }
    }
    Ok(())
}

fn attach_mount(
    root: BorrowedFd<'_>,
    spare: BorrowedFd<'_>,
    mount: &Mount<'_>,
    index: usize,
    status: BorrowedFd<'_>,
) -> core::result::Result<(), Errno> {
    let tree = match &mount.source {
        Source::Bind(source) => bind(source)?,
        Source::Tmpfs(source) => crate::mount::tmpfs(source)?,
        Source::View(source) => {
            let (tree, told) = view(source, index)?;
            if let Some(told) = told {
                Record::Told(told).send(status);
            }
            tree
        }
        Source::Overlay(source) => match shared(source, spare) {
            Ok(tree) => tree,
            // Mounts below the directory, an overlay below two others, a kernel without overlays
            // for users: a read-only bind, which the supervisor tells.
            Err(Errno::INVAL | Errno::NODEV | Errno::LOOP | Errno::OPNOTSUPP | Errno::PERM)
                if source.only.is_none() =>
            {
                let index = u16::try_from(index).unwrap_or(u16::MAX);
                Record::Told(Told::BindForOverlay(index)).send(status);
                bind(&crate::plan::Bind { from: source.from, writable: false })?
            }
            Err(errno) => return Err(errno),
        },
    };
    // The mount point may lie in a tree that the payload's authors wrote: no link is followed.
    let point = openat2(
        root,
        mount.target,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )?;
    attach_over(tree.as_fd(), point.as_fd())
}

/// The overlay of a share that may not be written.
fn shared(source: &Overlay<'_>, spare: BorrowedFd<'_>) -> core::result::Result<OwnedFd, Errno> {
    #[cfg(drybox_weaken)]
    if crate::is_gone("overlay") && source.only.is_none() {
        return bind(&crate::plan::Bind { from: source.from, writable: false });
    }
    overlay(source, spare)
}

/// `/proc` is read-only as a whole: nothing below it is an interface that a payload needs to write.
fn proc(root: BorrowedFd<'_>) -> core::result::Result<(), Errno> {
    let attributes = wall!("proc-read-only", MountAttrFlags::MOUNT_ATTR_RDONLY)
        | wall!("proc-nosuid", MountAttrFlags::MOUNT_ATTR_NOSUID)
        | wall!("proc-nodev", MountAttrFlags::MOUNT_ATTR_NODEV)
        | wall!("proc-noexec", MountAttrFlags::MOUNT_ATTR_NOEXEC);
    let proc = new_filesystem(c"proc", &[], attributes)?;
    attach(proc.as_fd(), root, c"proc")
}

/// Covers a path with our own `/dev/null`, whose number was verified, or with an empty directory.
/// A path that this kernel does not have needs no cover.
fn cover(mask: &Mask<'_>) -> core::result::Result<(), Errno> {
    let cover = match mask.kind {
        MaskKind::File => c"dev/null",
        MaskKind::Directory => EMPTY,
    };
    match mount(cover, mask.path, c"", MountFlags::BIND, None) {
        Err(Errno::NOENT) => Ok(()),
        done => done,
    }
}

fn terminals(root: BorrowedFd<'_>) -> core::result::Result<(), Errno> {
    let options = [(c"newinstance", c""), (c"ptmxmode", c"0666"), (c"mode", c"0620")];
    let attributes = wall!("terminals-nosuid", MountAttrFlags::MOUNT_ATTR_NOSUID)
        | wall!("terminals-noexec", MountAttrFlags::MOUNT_ATTR_NOEXEC);
    let devpts = new_filesystem(c"devpts", &options, attributes)?;
    attach(devpts.as_fd(), root, c"dev/pts")
}
