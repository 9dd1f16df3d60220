//! The handle: a directory, and everything beneath it.

use std::ffi::CStr;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use drybox_spec::HostPath;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat, chmod, fstat, mkdirat,
    openat, openat2, readlinkat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::error::{TreeError, TreeOp};
use crate::path::{RelPath, component};

type Result<T> = std::result::Result<T, TreeError>;

/// A directory and what is beneath it. Paths never leave it, follow no link and cross no mount
/// (openat2(2), since Linux 5.6; there is no second way: a kernel without it is refused).
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
}

/// What a path beneath a root may lead through.
pub(crate) const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

impl Root {
    /// Opens a directory of the host; no component may be a link.
    ///
    /// # Errors
    /// *Host*; `LOOP` for a link on the way, `NOTDIR`.
    pub fn open(path: &HostPath) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        openat2(CWD, path.as_c_str(), flags, Mode::empty(), resolve)
            .map(|dir| Self { dir })
            .map_err(TreeError::of(TreeOp::Open, path.as_bytes()))
    }

    /// The directory that a descriptor stands for.
    #[must_use]
    pub const fn from_fd(dir: OwnedFd) -> Self {
        Self { dir }
    }

    /// The same directory once more.
    ///
    /// # Errors
    /// *Host*; `MFILE`.
    pub fn share(&self) -> Result<Self> {
        rustix::io::fcntl_dupfd_cloexec(&self.dir, 3)
            .map(|dir| Self { dir })
            .map_err(TreeError::of(TreeOp::Open, b"."))
    }

    /// A directory beneath.
    ///
    /// # Errors
    /// *Host*; `LOOP`, `XDEV`, `NOTDIR`, `NOENT`.
    pub fn dir(&self, path: &RelPath) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        self.open_beneath(path, flags)
            .map(|dir| Self { dir })
            .map_err(TreeError::of(TreeOp::Open, path.as_bytes()))
    }

    /// lstat(2) of the directory itself.
    ///
    /// # Errors
    /// *Host*.
    pub fn stat_self(&self) -> Result<Stat> {
        fstat(&self.dir).map_err(TreeError::of(TreeOp::Read, b"."))
    }

    /// lstat(2) beneath; none: nothing is there. What lies on another filesystem or behind a link
    /// is not there either.
    ///
    /// # Errors
    /// *Host*.
    pub fn stat(&self, path: &RelPath) -> Result<Option<Stat>> {
        let stat = self.with_parent(path, |dir, name| statat(dir, name, AtFlags::SYMLINK_NOFOLLOW));
        match stat {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => Ok(None),
            Err(errno) => {
                Err(TreeError { op: TreeOp::Read, path: path.as_bytes().to_vec(), errno })
            }
        }
    }

    /// A regular file, for reading. Nothing else is ever opened: a FIFO would block, a device act.
    ///
    /// # Errors
    /// *Host*; `NOTSUP` when it is no regular file.
    pub fn file(&self, path: &RelPath) -> Result<File> {
        let fail = |errno| TreeError { op: TreeOp::Open, path: path.as_bytes().to_vec(), errno };
        self.with_parent(path, |dir, name| {
            if kind_of(&statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?) != FileType::RegularFile {
                return Err(Errno::NOTSUP);
            }
            // What was swapped since then does not block, and is looked at again.
            let flags = OFlags::RDONLY
                | OFlags::NOFOLLOW
                | OFlags::NONBLOCK
                | OFlags::NOCTTY
                | OFlags::CLOEXEC;
            let file = openat2(dir, name, flags, Mode::empty(), BENEATH)?;
            match kind_of(&fstat(&file)?) {
                FileType::RegularFile => Ok(File::from(file)),
                _ => Err(Errno::NOTSUP),
            }
        })
        .map_err(fail)
    }

    /// As [`Root::file`], also when the owner may not read it: its mode is changed for the time of
    /// the opening. For trees whose files are ours and that nobody else changes.
    ///
    /// # Errors
    /// *Host*.
    pub fn locked_file(&self, path: &RelPath) -> Result<File> {
        match self.file(path) {
            Err(TreeError { errno: Errno::ACCESS, .. }) => {}
            done => return done,
        }
        let fail = |errno| TreeError { op: TreeOp::Open, path: path.as_bytes().to_vec(), errno };
        // The directories above first, each reached through those that were unlocked before it.
        let mut unlocked = Vec::new();
        let mut unlock = |path: &RelPath, right: u32| {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let held = self.open_beneath(path, flags)?;
            let mode = fstat(&held)?.st_mode & 0o7777;
            if mode & right != right {
                change_mode(held.as_fd(), mode | right)?;
                unlocked.push((held, mode));
            }
            Ok(())
        };
        let mut done = path.ancestors().try_for_each(|above| unlock(&above, 0o700));
        done = done.and_then(|()| unlock(path, 0o400));
        let file = done.map_err(fail).and_then(|()| self.file(path));
        let relocked =
            unlocked.iter().rev().try_for_each(|(held, mode)| change_mode(held.as_fd(), *mode));
        relocked.map_err(fail)?;
        file
    }

    /// As [`Root::dir`], also when the owner may not read or enter it: then its mode is changed, and
    /// the one that has to be put back is given.
    ///
    /// # Errors
    /// *Host*.
    pub fn locked_dir(&self, path: &RelPath) -> Result<(Self, Option<u32>)> {
        let fail = |errno| TreeError { op: TreeOp::Open, path: path.as_bytes().to_vec(), errno };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = self.open_beneath(path, flags).map_err(fail)?;
        let mode = fstat(&held).map_err(fail)?.st_mode & 0o7777;
        let locked = mode & 0o700 != 0o700;
        if locked {
            change_mode(held.as_fd(), mode | 0o700).map_err(fail)?;
        }
        let opened = self.dir(path);
        if locked && opened.is_err() {
            change_mode(held.as_fd(), mode).map_err(fail)?;
        }
        opened.map(|dir| (dir, locked.then_some(mode)))
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// *Host*; `INVAL` when it is none.
    pub fn link(&self, path: &RelPath) -> Result<Vec<u8>> {
        self.with_parent(path, |dir, name| readlinkat(dir, name, Vec::new()))
            .map(std::ffi::CString::into_bytes)
            .map_err(TreeError::of(TreeOp::Read, path.as_bytes()))
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// *Host*; `EXIST`.
    pub fn make_dir(&self, path: &RelPath, mode: u32) -> Result<()> {
        self.with_parent(path, |dir, name| mkdirat(dir, name, Mode::from_raw_mode(mode)))
            .map_err(TreeError::of(TreeOp::Make, path.as_bytes()))
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// *Host*; `EXIST`.
    pub fn make_link(&self, path: &RelPath, target: &CStr) -> Result<()> {
        self.with_parent(path, |dir, name| symlinkat(target, dir, name))
            .map_err(TreeError::of(TreeOp::Make, path.as_bytes()))
    }

    /// Puts a file in place of whatever is at `path`, a directory aside: written under another name
    /// in the same directory, then renamed. Half of it is never seen; a link there is replaced, not
    /// followed. It is not synced: that is for callers that need it.
    ///
    /// # Errors
    /// *Host*.
    pub fn replace(&self, path: &RelPath, content: &[u8], mode: u32) -> Result<()> {
        let fail = |errno| TreeError { op: TreeOp::Write, path: path.as_bytes().to_vec(), errno };
        self.with_parent(path, |dir, name| {
            let mut spare = b".".to_vec();
            spare.extend_from_slice(name.to_bytes().get(..200).unwrap_or(name.to_bytes()));
            spare.extend_from_slice(format!(".{}.new", std::process::id()).as_bytes());
            let spare = component(&spare);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let made = openat(dir, &spare, flags, Mode::from_raw_mode(mode));
            let made = match made {
                // Of a process with our number that was killed.
                Err(Errno::EXIST) => {
                    unlinkat(dir, &spare, AtFlags::empty())?;
                    openat(dir, &spare, flags, Mode::from_raw_mode(mode))?
                }
                made => made?,
            };
            let done = File::from(made)
                .write_all(content)
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
                .and_then(|()| renameat_with(dir, &spare, dir, name, RenameFlags::empty()));
            if done.is_err() {
                unlinkat(dir, &spare, AtFlags::empty()).ok();
            }
            done
        })
        .map_err(fail)
    }

    /// Gives a thing another name beneath the same root; fails when the new one is taken.
    ///
    /// # Errors
    /// *Host*; `EXIST`.
    pub fn rename(&self, from: &RelPath, to: &RelPath) -> Result<()> {
        self.with_parent(from, |from_dir, from| {
            self.with_parent(to, |to_dir, to| {
                renameat_with(from_dir, from, to_dir, to, RenameFlags::NOREPLACE)
            })
        })
        .map_err(TreeError::of(TreeOp::Write, from.as_bytes()))
    }

    /// Calls `work` with the directory of `path` and its last component.
    ///
    /// # Errors
    /// *Host*: those of the way there, and of `work`.
    pub fn with_parent<T>(
        &self,
        path: &RelPath,
        work: impl FnOnce(BorrowedFd<'_>, &CStr) -> std::result::Result<T, Errno>,
    ) -> std::result::Result<T, Errno> {
        let name = component(path.name());
        match path.parent() {
            None => work(self.dir.as_fd(), &name),
            Some(parent) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                work(self.open_beneath(&parent, flags)?.as_fd(), &name)
            }
        }
    }

    /// Opens a path of any length, in pieces.
    fn open_beneath(&self, path: &RelPath, last: OFlags) -> std::result::Result<OwnedFd, Errno> {
        let way = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut pieces = path.pieces().peekable();
        let mut at: Option<OwnedFd> = None;
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_some() { way } else { last };
            let from = at.as_ref().map_or(self.dir.as_fd(), OwnedFd::as_fd);
            at = Some(openat2(from, piece, flags, Mode::empty(), BENEATH)?);
        }
        at.ok_or(Errno::INVAL)
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

/// What a stat is of.
#[must_use]
pub fn kind_of(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Changes the mode of what an `O_PATH` descriptor stands for: fchmodat2(2) came with Linux 6.6
/// only, and the descriptor is no link.
pub(crate) fn change_mode(file: BorrowedFd<'_>, mode: u32) -> std::result::Result<(), Errno> {
    chmod(format!("/proc/self/fd/{}", file.as_raw_fd()), Mode::from_raw_mode(mode))
}
