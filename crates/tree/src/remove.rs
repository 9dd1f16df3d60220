//! Removes a tree, whatever its modes, names and depth.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags, fstat, openat2, renameat_with,
    unlinkat,
};
use rustix::io::Errno;

use crate::error::{TreeError, TreeOp};
use crate::path::RelPath;
use crate::root::{Root, change_mode};

impl Root {
    /// Removes what is at `path`, with all that is in it; nothing there is no error.
    ///
    /// A directory within is moved to the top before it is emptied, so that depth costs neither
    /// stack nor descriptors nor long paths; killed in the middle, it goes on where it was.
    ///
    /// # Errors
    /// *Host*: `BUSY` for a mount, `PERM` for what is immutable or not ours.
    pub fn remove_all(&self, path: &RelPath) -> Result<(), TreeError> {
        self.with_parent(path, |dir, name| {
            match unlinkat(dir, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::ISDIR | Errno::PERM) => {}
                Err(errno) => return Err(errno),
            }
            match unlinkat(dir, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            let top = unlocked(dir, name)?;
            flatten(&top)?;
            unlinkat(dir, name, AtFlags::REMOVEDIR)
        })
        .or_else(|errno| if errno == Errno::NOENT { Ok(()) } else { Err(errno) })
        .map_err(TreeError::of(TreeOp::Remove, path.as_bytes()))
    }
}

/// Empties `top`, whose directories are emptied into it.
fn flatten(top: &OwnedFd) -> Result<(), Errno> {
    let mut number = 0_u64;
    loop {
        let names = list(top)?;
        if names.is_empty() {
            return Ok(());
        }
        for (name, kind) in names {
            if remove_one(top.as_fd(), &name, kind)? {
                continue;
            }
            let dir = unlocked(top.as_fd(), &name)?;
            loop {
                let below = list(&dir)?;
                if below.is_empty() {
                    break;
                }
                for (inner, kind) in below {
                    if !remove_one(dir.as_fd(), &inner, kind)? {
                        // Its own `..` changes with its place, which needs the right to write it.
                        drop(unlocked(dir.as_fd(), &inner)?);
                        lift(dir.as_fd(), &inner, top.as_fd(), &mut number)?;
                    }
                }
            }
            unlinkat(top, &name, AtFlags::REMOVEDIR)?;
        }
    }
}

/// Removes a name; false: a directory that is not empty, or may not be looked into.
fn remove_one(dir: BorrowedFd<'_>, name: &CString, kind: FileType) -> Result<bool, Errno> {
    if kind != FileType::Directory {
        match unlinkat(dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(true),
            // Filesystems that do not tell the kind (readdir(3), `DT_UNKNOWN`).
            Err(Errno::ISDIR | Errno::PERM) if kind == FileType::Unknown => {}
            Err(errno) => return Err(errno),
        }
    }
    match unlinkat(dir, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Moves a directory to the top under a name that is free there.
fn lift(
    dir: BorrowedFd<'_>,
    name: &CString,
    top: BorrowedFd<'_>,
    number: &mut u64,
) -> Result<(), Errno> {
    loop {
        *number = number.wrapping_add(1);
        let free = format!(".drybox-{}-{number}", std::process::id());
        match renameat_with(dir, name, top, free, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            done => return done,
        }
    }
}

fn list(dir: &OwnedFd) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(names)
}

/// Opens a directory, made readable and writable for its owner before.
fn unlocked(dir: BorrowedFd<'_>, name: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    let path = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let held = openat2(dir, name, path, Mode::empty(), resolve)?;
    let mode = fstat(&held)?.st_mode & 0o7777;
    if mode & 0o700 != 0o700 {
        change_mode(held.as_fd(), mode | 0o700)?;
    }
    let list = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat2(dir, name, list, Mode::empty(), resolve)
}
