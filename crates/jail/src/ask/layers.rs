//! Which part of the plan a place belongs to: the innermost mount decides, as in the kernel.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use drybox_sys::MaskKind;
use rustix::fs::{
    CWD, FileType, Mode, OFlags, ResolveFlags, StatVfsMountFlags, fstat, fstatvfs, open, openat2,
    readlinkat,
};
use rustix::io::Errno;

use super::Part;
use super::node::{Node, Place};
use crate::plan::{DEVICES, Entry, Layer, MountEntry, MountSource, Tree};
use crate::spawn::Jail;

/// A mount that holds a place.
enum Holder<'a> {
    Root,
    System(&'a [u8], &'a std::ffi::CStr),
    Mount(&'a MountEntry),
    Proc,
    Terminals,
}

impl Jail {
    /// What stands at a path below the root filesystem, its directories free of links.
    pub(super) fn node(&self, path: &[u8]) -> Node {
        let masks = self.masks().iter();
        if let Some(mask) = masks.into_iter().find(|mask| is_within(path, mask.path.to_bytes())) {
            return match (path == mask.path.to_bytes(), mask.kind) {
                (false, _) => Node::Missing(Part::Covered, Errno::NOENT),
                // It is the box's /dev/null.
                (true, MaskKind::File) => {
                    Node::There(Place::own(Part::Covered, FileType::CharacterDevice, 0o666, false))
                }
                (true, MaskKind::Directory) => {
                    Node::There(Place::own(Part::Covered, FileType::Directory, 0o555, true))
                }
            };
        }
        match holder(self.tree(), path) {
            (Holder::Root, _) => self.own(path),
            (Holder::System(place, source), rest) => {
                let part = Part::System(absolute(place));
                match open(source, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
                    Ok(base) => in_tree(base.as_fd(), rest, part, true),
                    Err(errno) => Node::Missing(part, errno),
                }
            }
            (Holder::Mount(mount), rest) => in_mount(mount, rest),
            (Holder::Proc, rest) => in_proc(rest),
            (Holder::Terminals, b"") => {
                // devpts makes its files itself.
                Node::There(Place::own(Part::Device, FileType::Directory, 0o555, false))
            }
            (Holder::Terminals, b"ptmx") => {
                Node::There(Place::own(Part::Device, FileType::CharacterDevice, 0o666, false))
            }
            (Holder::Terminals, _) => Node::Missing(Part::Device, Errno::NOENT),
        }
    }

    /// In the root filesystem itself: the tables of the plan.
    fn own(&self, path: &[u8]) -> Node {
        let scratch = self.writable().iter().any(|place| is_within(path, place.as_bytes()));
        let part = if scratch { Part::Scratch } else { Part::Own };
        if path.is_empty() {
            return Node::There(Place::own(part, FileType::Directory, 0o755, true));
        }
        if DEVICES.iter().any(|device| device.path.to_bytes() == path) {
            let device = Place::own(Part::Device, FileType::CharacterDevice, 0o666, false);
            return Node::There(device);
        }
        let tree = self.tree();
        if let Some((_, target)) = tree.links.iter().find(|(place, _)| place.to_bytes() == path) {
            return Node::Link(target.to_bytes().to_vec());
        }
        match tree.entries.iter().find(|entry| entry.name() == path) {
            Some(Entry::Dir(_, mode)) => {
                Node::There(Place::own(part, FileType::Directory, *mode, !scratch))
            }
            Some(Entry::File(_, mode, _)) => {
                Node::There(Place::own(part, FileType::RegularFile, *mode, !scratch))
            }
            None => Node::Missing(part, Errno::NOENT),
        }
    }
}

/// The innermost mount, and the rest of the path below it.
fn holder<'a>(tree: &'a Tree, path: &'a [u8]) -> (Holder<'a>, &'a [u8]) {
    let system = tree.system.iter().map(|(place, source)| {
        (place.to_bytes(), Holder::System(place.to_bytes(), source.as_ref()))
    });
    let mounts = tree.mounts.iter().map(|mount| (mount.target.to_bytes(), Holder::Mount(mount)));
    let kernel = [(b"proc".as_slice(), Holder::Proc), (b"dev/pts", Holder::Terminals)];
    let holders = system.chain(mounts).chain(kernel).filter(|(place, _)| is_within(path, place));
    match holders.max_by_key(|(place, _)| place.len()) {
        Some((place, holder)) => (holder, below(path, place)),
        None => (Holder::Root, path),
    }
}

fn in_mount(mount: &MountEntry, rest: &[u8]) -> Node {
    let place = absolute(mount.target.to_bytes());
    match &mount.source {
        MountSource::Bind { layer, writable } => {
            in_tree(base(layer), rest, Part::Share(place), !writable)
        }
        MountSource::Overlay { layer, only: Some(name), .. } => match rest {
            b"" => in_tree(base(layer), name.to_bytes(), Part::Share(place), true),
            _ => Node::Missing(Part::Share(place), Errno::NOTDIR),
        },
        MountSource::Overlay { layer, .. } => in_tree(base(layer), rest, Part::Share(place), true),
        // What earlier runs changed in the box is not looked at.
        MountSource::View { layer, .. } => in_tree(base(layer), rest, Part::Share(place), false),
        MountSource::Tmpfs { options, noexec, read_only } => {
            let mode = options.iter().find(|(key, _)| *key == c"mode");
            let mode = mode.and_then(|(_, mode)| u32::from_str_radix(mode.to_str().ok()?, 8).ok());
            let place = match mount.target.to_bytes() {
                b"dev/shm" => Part::Scratch,
                _ => Part::Tmpfs(place),
            };
            if !rest.is_empty() {
                return Node::Missing(place, Errno::NOENT);
            }
            let mode = mode.unwrap_or(0o1777);
            let root = Place::own(place, FileType::Directory, mode, *read_only);
            Node::There(Place { no_exec: *noexec, ..root })
        }
    }
}

/// The host's own `/proc` says what the kernel has there; whose processes are in it does not matter.
fn in_proc(rest: &[u8]) -> Node {
    let first = rest.split(|&byte| byte == b'/').next().unwrap_or_default();
    let own = matches!(first, b"self" | b"thread-self");
    if first.iter().all(u8::is_ascii_digit) && !first.is_empty() {
        return Node::Missing(Part::Proc, Errno::NOENT);
    }
    if own {
        // Links of the process itself: each leads where that process says.
        let kind = FileType::RegularFile;
        let kind = if rest == first { FileType::Directory } else { kind };
        let there = open_below(CWD, &[b"/proc/", rest].concat(), ResolveFlags::empty());
        return match there {
            Ok(file) => Node::There(Place {
                kind: fstat(&file).map_or(kind, |stat| {
                    match FileType::from_raw_mode(stat.st_mode) {
                        FileType::Symlink => kind,
                        kind => kind,
                    }
                }),
                ..Place::own(Part::Proc, kind, 0o555, true)
            }),
            // Our own descriptors, once we look with another's eyes: the payload sees its own.
            Err(Errno::ACCESS) => Node::There(Place::own(Part::Proc, kind, 0o555, true)),
            Err(errno) => Node::Missing(Part::Proc, errno),
        };
    }
    match open(c"/proc", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(base) => in_tree(base.as_fd(), rest, Part::Proc, true),
        Err(errno) => Node::Missing(Part::Proc, errno),
    }
}

/// In a tree of the host, `base`, by the kernel's own look-up.
fn in_tree(base: BorrowedFd<'_>, rest: &[u8], part: Part, read_only: bool) -> Node {
    let look = || -> Result<Node, Errno> {
        let file = match rest {
            b"" => rustix::io::fcntl_dupfd_cloexec(base, 3)?,
            rest => open_below(base, rest, ResolveFlags::BENEATH)?,
        };
        let kind = FileType::from_raw_mode(fstat(&file)?.st_mode);
        if kind == FileType::Symlink {
            return Ok(Node::Link(readlinkat(&file, c"", Vec::new())?.into_bytes()));
        }
        let flags = fstatvfs(&file)?.f_flag;
        Ok(Node::There(Place {
            part: part.clone(),
            kind,
            read_only: read_only || flags.contains(StatVfsMountFlags::RDONLY),
            no_exec: flags.contains(StatVfsMountFlags::NOEXEC),
            file: Some(file),
            mode: 0,
        }))
    };
    look().unwrap_or_else(|errno| Node::Missing(part, errno))
}

/// The last component may be a link; none before it is followed.
fn open_below(base: BorrowedFd<'_>, rest: &[u8], resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
    let rest = CString::new(rest).map_err(|_| Errno::INVAL)?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = match resolve.is_empty() {
        true => resolve,
        false => resolve | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    };
    openat2(base, rest, flags, Mode::empty(), resolve)
}

fn base(layer: &Layer) -> BorrowedFd<'_> {
    match layer {
        Layer::Path { held, .. } => held.as_fd(),
        Layer::Tree(tree) => tree.as_fd(),
    }
}

fn is_within(path: &[u8], place: &[u8]) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn below<'a>(path: &'a [u8], place: &[u8]) -> &'a [u8] {
    let rest = path.strip_prefix(place).unwrap_or_default();
    rest.strip_prefix(b"/").unwrap_or(rest)
}

fn absolute(place: &[u8]) -> Vec<u8> {
    [b"/", place].concat()
}
