//! Everything beneath a root, directory by directory, without recursion.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;

use crate::error::{TreeError, TreeOp};
use crate::path::{RelPath, component};
use crate::root::{Root, kind_of};
use crate::way::{Enter, Way};

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
/// A step costs the same at any depth; depth costs memory and no stack, and no more than
/// [`Way::OPEN`] descriptors. As an iterator it makes a whole path for each entry, which is as long
/// as the tree is deep: [`Walk::advance`] does not.
#[derive(Debug)]
pub struct Walk<'a> {
    root: &'a Root,
    way: Option<Way>,
    frames: Vec<Frame>,
    /// The path of the innermost frame.
    path: Vec<u8>,
    /// The last component of what was given last.
    name: Vec<u8>,
    /// The permission bits of a directory that was given and not yet gone into.
    pending: Option<u32>,
    unlocks: bool,
}

#[derive(Debug)]
struct Frame {
    /// Length of the parent's path.
    above: usize,
    names: Names,
}

impl<'a> Walk<'a> {
    /// All of `root`.
    #[must_use]
    pub const fn of(root: &'a Root) -> Self {
        Self {
            root,
            way: None,
            frames: Vec::new(),
            path: Vec::new(),
            name: Vec::new(),
            pending: None,
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

    /// Goes on to the next entry, and gives its lstat(2). [`Walk::name`], [`Walk::path`] and
    /// [`Walk::here`] are about this entry then.
    ///
    /// After an error inside a directory the walk goes on beside it.
    pub fn advance(&mut self) -> Option<Result<Stat, TreeError>> {
        self.step().transpose()
    }

    /// The name of the entry that was given last.
    #[must_use]
    pub fn name(&self) -> RelPath {
        RelPath::below(b"", &self.name)
    }

    /// Its whole path.
    #[must_use]
    pub fn path(&self) -> RelPath {
        RelPath::below(&self.path, &self.name)
    }

    /// The length of its path, in bytes.
    #[must_use]
    pub fn path_len(&self) -> usize {
        self.path.len().saturating_add(1).saturating_add(self.name.len())
    }

    /// How many directories lie above it, the root apart.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.frames.len().saturating_sub(1)
    }

    /// The directory that it is in.
    ///
    /// # Errors
    /// *Host*: nothing was given yet.
    pub fn here(&self) -> Result<&Root, TreeError> {
        let here = self.way.as_ref().ok_or(Errno::BADF).and_then(Way::here);
        here.map_err(self.fail())
    }

    /// Does not go into the directory that was given last.
    pub fn stay_out(&mut self) {
        self.pending = None;
    }

    fn step(&mut self) -> Result<Option<Stat>, TreeError> {
        if self.way.is_none() {
            let way = Way::at(self.root).map_err(self.fail())?;
            self.way = Some(way);
            self.list(0)?;
        }
        if let Some(mode) = self.pending.take() {
            self.descend(mode)?;
        }
        loop {
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            let Some(name) = frame.names.next() else {
                self.leave()?;
                continue;
            };
            self.name = name;
            let name = component(&self.name);
            let stat = match statat(self.here()?, name, AtFlags::SYMLINK_NOFOLLOW) {
                // Gone since it was listed.
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(self.fail_at())?,
            };
            if kind_of(&stat) == FileType::Directory {
                self.pending = Some(stat.st_mode & 0o7777);
            }
            return Ok(Some(stat));
        }
    }

    /// Goes into the directory that was given last.
    fn descend(&mut self, mode: u32) -> Result<(), TreeError> {
        let enter = if self.unlocks { Enter::Unlocking { mode } } else { Enter::Listing };
        let way = self.way.as_mut().ok_or(Errno::BADF);
        way.and_then(|way| way.down(&self.name, enter)).map_err(self.fail_at())?;
        let above = self.path.len();
        if above > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&self.name);
        self.list(above)
    }

    /// Lists where the walk stands now.
    fn list(&mut self, above: usize) -> Result<(), TreeError> {
        let names = Names::of(self.here()?);
        let failed = names.as_ref().err().copied();
        let none = || Names { bytes: Vec::new(), starts: Vec::new() };
        self.frames.push(Frame { above, names: names.unwrap_or_else(|_| none()) });
        failed.map_or(Ok(()), |errno| Err(self.fail()(errno)))
    }

    fn leave(&mut self) -> Result<(), TreeError> {
        let fail = self.fail();
        if let Some(frame) = self.frames.pop() {
            self.path.truncate(frame.above);
        }
        let up = self.way.as_mut().map_or(Ok(()), Way::up);
        if up.is_err() {
            // Where the way has ended nothing can be looked at any more.
            self.frames.clear();
        }
        up.map_err(fail)
    }

    fn fail(&self) -> impl FnOnce(Errno) -> TreeError + use<> {
        let path = self.path.clone();
        move |errno| TreeError { op: TreeOp::Read, path, errno }
    }

    fn fail_at(&self) -> impl FnOnce(Errno) -> TreeError + use<> {
        let path = self.path().as_bytes().to_vec();
        move |errno| TreeError { op: TreeOp::Read, path, errno }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stat = self.advance()?;
        Some(stat.map(|stat| Entry { path: self.path(), stat }))
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
    fn of(dir: impl AsFd) -> Result<Self, Errno> {
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
fn is_empty(dir: impl AsFd) -> Result<bool, Errno> {
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
