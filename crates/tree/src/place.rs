//! Puts things in their places, takes them out and swaps them: one name at a time, each step whole
//! or not done at all.

use std::fs::File;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, fchmod, fsync, mkdirat, openat2, renameat_with,
    unlinkat,
};
use rustix::io::Errno;

use crate::error::{TreeError, TreeOp};
use crate::path::RelPath;
use crate::root::{BENEATH, Root, kind_of};

type Result<T> = std::result::Result<T, TreeError>;

impl Root {
    /// Makes a file that was not there, open for writing. The umask, and what the directory hands
    /// down (a group, an ACL), hold as for any new file.
    ///
    /// # Errors
    /// *Host*; `EXIST`.
    pub fn make_file(&self, path: &RelPath, mode: u32) -> Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        self.with_parent(path, |dir, name| {
            openat2(dir, name, flags, Mode::from_raw_mode(mode), BENEATH).map(File::from)
        })
        .map_err(TreeError::of(TreeOp::Make, path.as_bytes()))
    }

    /// Swaps two things that are both there, in one step. A link is swapped, not followed.
    ///
    /// # Errors
    /// *Host*; `NOENT`, `INVAL` where the filesystem cannot do that.
    pub fn exchange(&self, a: &RelPath, b: &RelPath) -> Result<()> {
        self.with_parent(a, |a_dir, a| {
            self.with_parent(b, |b_dir, b| renameat_with(a_dir, a, b_dir, b, RenameFlags::EXCHANGE))
        })
        .map_err(TreeError::of(TreeOp::Write, b.as_bytes()))
    }

    /// Takes a name away that is no directory's; that it is not there is no error.
    ///
    /// # Errors
    /// *Host*; `ISDIR`.
    pub fn unlink(&self, path: &RelPath) -> Result<()> {
        match self.with_parent(path, |dir, name| unlinkat(dir, name, AtFlags::empty())) {
            Err(Errno::NOENT) => Ok(()),
            done => done.map_err(TreeError::of(TreeOp::Remove, path.as_bytes())),
        }
    }

    /// Takes an empty directory away; false: it is not empty, or not there.
    ///
    /// # Errors
    /// *Host*.
    pub fn remove_dir(&self, path: &RelPath) -> Result<bool> {
        match self.with_parent(path, |dir, name| unlinkat(dir, name, AtFlags::REMOVEDIR)) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(TreeError::of(TreeOp::Remove, path.as_bytes())(errno)),
        }
    }

    /// Makes a directory with exactly this mode, unless one is there; false: one is.
    ///
    /// # Errors
    /// *Host*; `EXIST` when something else is there.
    pub fn ensure_dir(&self, path: &RelPath, mode: u32) -> Result<bool> {
        let made = self.with_parent(path, |dir, name| {
            match mkdirat(dir, name, Mode::from_raw_mode(mode)) {
                Err(Errno::EXIST) => Ok(false),
                done => done.map(|()| true),
            }
        });
        let made = made.map_err(TreeError::of(TreeOp::Make, path.as_bytes()))?;
        match self.stat(path)? {
            Some(stat) if kind_of(&stat) == FileType::Directory => Ok(made),
            _ => Err(TreeError::of(TreeOp::Make, path.as_bytes())(Errno::EXIST)),
        }
    }

    /// Changes the mode of a directory, by a descriptor of it: a link that takes its place meanwhile
    /// is not followed.
    ///
    /// # Errors
    /// *Host*; `NOTDIR`, `ACCESS` when it cannot be read.
    pub fn set_dir_mode(&self, path: &RelPath, mode: u32) -> Result<()> {
        let dir = self.dir(path)?;
        fchmod(&dir, Mode::from_raw_mode(mode & 0o7777))
            .map_err(TreeError::of(TreeOp::Write, path.as_bytes()))
    }

    /// Waits until the names in a directory are on the disk; none: the root's own.
    ///
    /// # Errors
    /// *Host*.
    pub fn sync_dir(&self, path: Option<&RelPath>) -> Result<()> {
        let name = path.map_or(&b"."[..], RelPath::as_bytes);
        let synced = match path {
            None => fsync(self),
            Some(path) => fsync(self.dir(path)?),
        };
        synced.map_err(TreeError::of(TreeOp::Write, name))
    }

    /// Waits until everything of this filesystem is on the disk (syncfs(2)).
    ///
    /// # Errors
    /// *Host*.
    pub fn sync_all(&self) -> Result<()> {
        rustix::fs::syncfs(self).map_err(TreeError::of(TreeOp::Write, b"."))
    }
}
