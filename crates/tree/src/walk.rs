//! Everything beneath a root, directory by directory, without recursion.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fchmod, openat2, statat,
};
use rustix::io::Errno;

use crate::error::{TreeError, TreeOp};
use crate::path::{RelPath, component};
use crate::root::{Root, change_mode, kind_of};

/// One thing beneath the root.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where.
    pub path: RelPath,
    /// lstat(2).
    pub stat: Stat,
}

impl Entry {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> FileType {
        kind_of(&self.stat)
    }
}

/// Goes through a tree, a directory before what is in it, names in the order of their bytes.
///
/// Depth costs memory and no stack, and no more than [`Walk::OPEN`] descriptors.
#[derive(Debug)]
pub struct Walk<'a> {
    root: &'a Root,
    frames: Vec<Frame>,
    /// The path of the innermost frame.
    path: Vec<u8>,
    /// A directory that was given out and not yet gone into.
    pending: Option<(Vec<u8>, Stat)>,
    begun: bool,
    unlocks: bool,
}

#[derive(Debug)]
struct Frame {
    dir: Option<OwnedFd>,
    /// Length of the parent's path.
    above: usize,
    names: Names,
    /// The mode that is put back.
    locked: Option<u32>,
}

impl<'a> Walk<'a> {
    /// Descriptors that are held at most.
    pub const OPEN: usize = 64;

    /// All of `root`.
    #[must_use]
    pub const fn of(root: &'a Root) -> Self {
        Self {
            root,
            frames: Vec::new(),
            path: Vec::new(),
            pending: None,
            begun: false,
            unlocks: false,
        }
    }

    /// The same, through directories that their owner may not read, too: their mode is changed while
    /// they are gone through. For trees that are ours and that nobody else changes.
    #[must_use]
    pub const fn unlocking(root: &'a Root) -> Self {
        let mut walk = Self::of(root);
        walk.unlocks = true;
        walk
    }

    /// Does not go into the directory that was given last.
    pub fn stay_out(&mut self) {
        self.pending = None;
    }

    fn step(&mut self) -> Result<Option<Entry>, TreeError> {
        if !self.begun {
            self.begun = true;
            let dir = rustix::io::fcntl_dupfd_cloexec(self.root, 3).map_err(self.fail())?;
            self.enter(dir, 0, None)?;
        }
        if let Some((name, stat)) = self.pending.take() {
            self.descend(&name, &stat)?;
        }
        loop {
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            let Some(name) = frame.names.next() else {
                self.leave()?;
                continue;
            };
            self.reopen()?;
            let dir = self.frames.last().and_then(|frame| frame.dir.as_ref());
            let dir = dir.ok_or(Errno::BADF).map_err(self.fail())?;
            let stat = match statat(dir, component(&name), AtFlags::SYMLINK_NOFOLLOW) {
                // Gone since it was listed.
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(self.fail_at(&name))?,
            };
            let entry = Entry { path: RelPath::below(&self.path, &name), stat };
            if entry.kind() == FileType::Directory {
                self.pending = Some((name, stat));
            }
            return Ok(Some(entry));
        }
    }

    fn descend(&mut self, name: &[u8], stat: &Stat) -> Result<(), TreeError> {
        self.reopen()?;
        let parent = self.frames.last().and_then(|frame| frame.dir.as_ref());
        let parent = parent.ok_or(Errno::BADF).map_err(self.fail())?;
        let name_c = component(name);
        let mode = stat.st_mode & 0o7777;
        let locked = self.unlocks && mode & 0o700 != 0o700;
        if locked {
            let held =
                openat2(parent, &name_c, PATH, Mode::empty(), ONE).map_err(self.fail_at(name))?;
            change_mode(held.as_fd(), mode | 0o700).map_err(self.fail_at(name))?;
        }
        let dir = openat2(parent, &name_c, LIST, Mode::empty(), ONE).map_err(self.fail_at(name))?;
        let above = self.path.len();
        self.path = RelPath::below(&self.path, name).as_bytes().to_vec();
        self.enter(dir, above, locked.then_some(mode))
    }

    fn enter(&mut self, dir: OwnedFd, above: usize, locked: Option<u32>) -> Result<(), TreeError> {
        let names = Names::of(&dir).map_err(self.fail())?;
        self.frames.push(Frame { dir: Some(dir), above, names, locked });
        if let Some(far) = self.frames.len().checked_sub(Self::OPEN.saturating_add(1))
            // The root's own stays: every other is reached from there.
            && let Some(frame) = self.frames.get_mut(far.max(1))
        {
            frame.dir = None;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), TreeError> {
        let locked = self.frames.last().and_then(|frame| frame.locked);
        if let Some(mode) = locked {
            self.reopen()?;
            let dir = self.frames.last().and_then(|frame| frame.dir.as_ref());
            let dir = dir.ok_or(Errno::BADF).map_err(self.fail())?;
            fchmod(dir, Mode::from_raw_mode(mode)).map_err(self.fail())?;
        }
        if let Some(frame) = self.frames.pop() {
            self.path.truncate(frame.above);
        }
        Ok(())
    }

    /// Opens the innermost directory again, if it was closed to spare descriptors.
    fn reopen(&mut self) -> Result<(), TreeError> {
        if self.frames.last().is_some_and(|frame| frame.dir.is_some()) {
            return Ok(());
        }
        let path = RelPath::parse(&self.path).map_err(|_| Errno::INVAL).map_err(self.fail())?;
        let dir = self.root.dir(&path)?;
        let dir = rustix::io::fcntl_dupfd_cloexec(&dir, 3).map_err(self.fail())?;
        if let Some(frame) = self.frames.last_mut() {
            frame.dir = Some(dir);
        }
        Ok(())
    }

    fn fail(&self) -> impl FnOnce(Errno) -> TreeError + use<> {
        let path = self.path.clone();
        move |errno| TreeError { op: TreeOp::Read, path, errno }
    }

    fn fail_at(&self, name: &[u8]) -> impl FnOnce(Errno) -> TreeError + use<> {
        let path = RelPath::below(&self.path, name).as_bytes().to_vec();
        move |errno| TreeError { op: TreeOp::Read, path, errno }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, TreeError>;

    /// After an error inside a directory the walk goes on beside it.
    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

impl Drop for Walk<'_> {
    /// Locks again what was unlocked, when the walk ends early.
    fn drop(&mut self) {
        while !self.frames.is_empty() && self.leave().is_ok() {}
    }
}

/// The names of a directory, sorted; one allocation for all of them.
#[derive(Debug)]
struct Names {
    bytes: Vec<u8>,
    /// Where each name begins, the first one last.
    starts: Vec<u32>,
}

impl Names {
    fn of(dir: &OwnedFd) -> Result<Self, Errno> {
        let mut names = Self { bytes: Vec::new(), starts: Vec::new() };
        for entry in Dir::read_from(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") {
                let start = u32::try_from(names.bytes.len()).map_err(|_| Errno::OVERFLOW)?;
                names.starts.push(start);
                names.bytes.extend_from_slice(name.to_bytes_with_nul());
            }
        }
        let bytes = &names.bytes;
        names.starts.sort_unstable_by(|a, b| at(bytes, *b).cmp(at(bytes, *a)));
        Ok(names)
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let start = self.starts.pop()?;
        Some(at(&self.bytes, start).to_vec())
    }
}

fn at(bytes: &[u8], start: u32) -> &[u8] {
    let rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..));
    rest.and_then(|rest| rest.split(|&byte| byte == 0).next()).unwrap_or_default()
}

/// Whether a directory has nothing in it.
pub(crate) fn is_empty(dir: &OwnedFd) -> Result<bool, Errno> {
    for entry in Dir::read_from(dir)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Root {
    /// Whether nothing is in it.
    ///
    /// # Errors
    /// *Host*.
    pub fn is_empty(&self) -> Result<bool, TreeError> {
        let dir = rustix::io::fcntl_dupfd_cloexec(self, 3);
        dir.and_then(|dir| is_empty(&dir)).map_err(TreeError::of(TreeOp::Read, b"."))
    }

    /// Its names, sorted.
    ///
    /// # Errors
    /// *Host*.
    pub fn names(&self) -> Result<Vec<Vec<u8>>, TreeError> {
        let dir = rustix::io::fcntl_dupfd_cloexec(self, 3);
        let names = dir.and_then(|dir| Names::of(&dir));
        let mut names = names.map_err(TreeError::of(TreeOp::Read, b"."))?;
        Ok(std::iter::from_fn(|| names.next()).collect())
    }
}

/// One component: a directory that is on the same filesystem and no link.
const ONE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);
const LIST: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const PATH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
