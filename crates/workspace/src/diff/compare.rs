//! Upper layer against the host's directory.
//!
//! The upper layer is overlayfs' (`Documentation/filesystems/overlayfs.rst`): a character device 0:0
//! is a deletion, a directory with `user.overlay.opaque` hides what the host has in it. Names are
//! compared whole: what a payload writes as `user.overlay.x` inside, the kernel stores as
//! `user.overlay.overlay.x` (CVE-2023-0386's family), and that means nothing here. Redirects are
//! off in a user's overlay and mean nothing either.

use std::collections::BTreeSet;

use drybox_tree::{Entry, FileType, RelPath, Root, Stat, TreeError, TreeOp, Walk, kind_of};
use rustix::fs::{Mode, fchmod, fgetxattr};
use rustix::io::Errno;

use super::content::same_content;
use super::renames::infer;
use super::{Change, Kind, Node, NodeKind, readable};

/// Where a comparison stops.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// After so many things of the upper layer or below a deleted directory.
    pub entries: usize,
    /// After so many bytes read; two files of one size that were not read count as different.
    pub bytes: u64,
}

impl Limits {
    /// Everything.
    pub const NONE: Self = Self { entries: usize::MAX, bytes: u64::MAX };
}

/// What differs, sorted by path; renames are inferred.
///
/// Grows with what is in the upper layer, and with what is below directories that were removed.
///
/// # Errors
/// *Host*: something cannot be read. Nothing is left out in silence.
pub fn compare(upper: &Root, lower: &Root) -> Result<Vec<Change>, TreeError> {
    let (mut changes, _) = compare_some(upper, lower, Limits::NONE)?;
    infer(&mut changes, upper, lower)?;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// What differs, renames apart, and whether that is all.
pub(crate) fn compare_some(
    upper: &Root,
    lower: &Root,
    limits: Limits,
) -> Result<(Vec<Change>, bool), TreeError> {
    let mut comparison = Comparison { upper, lower, limits, changes: Vec::new(), seen: 0 };
    let complete = comparison.run()?;
    Ok((comparison.changes, complete))
}

struct Comparison<'a> {
    upper: &'a Root,
    lower: &'a Root,
    limits: Limits,
    changes: Vec<Change>,
    seen: usize,
}

impl Comparison<'_> {
    /// False when a limit ended it.
    fn run(&mut self) -> Result<bool, TreeError> {
        // The outermost directory that hides the host's; what is below was told with it.
        let mut hidden: Option<RelPath> = None;
        for entry in Walk::unlocking(self.upper) {
            let entry = entry?;
            if !self.count() {
                return Ok(false);
            }
            let below_hidden = hidden.as_ref().is_some_and(|hidden| entry.path.is_within(hidden));
            if !below_hidden {
                hidden = None;
            }
            let old = readable(self.lower.stat(&entry.path))?.flatten();
            if is_whiteout(&entry.stat) {
                if !below_hidden
                    && let Some(old) = old
                    && !self.deleted(&entry.path, &old)?
                {
                    return Ok(false);
                }
                continue;
            }
            let is_dir = entry.kind() == FileType::Directory;
            if is_dir && !below_hidden && self.hides(&entry)? {
                hidden = Some(entry.path.clone());
                if old.as_ref().is_some_and(is_directory) && !self.missing(&entry.path)? {
                    return Ok(false);
                }
            }
            if !self.entry(&entry, old.as_ref())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn count(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        self.seen <= self.limits.entries
    }

    /// One thing of the upper layer that is no deletion.
    fn entry(&mut self, entry: &Entry, old: Option<&Stat>) -> Result<bool, TreeError> {
        let new = Node::of(&entry.stat);
        let Some(old) = old else {
            // A directory is told by what is in it; an empty one by itself.
            if new.kind != NodeKind::Directory || self.upper_is_empty(&entry.path)? {
                self.push(&entry.path, Kind::Added, None, Some(new));
            }
            return Ok(true);
        };
        let was = Node::of(old);
        let same_type = match (was.kind, new.kind) {
            (NodeKind::Special, NodeKind::Special) => kind_of(old) == entry.kind(),
            (was, new) => was == new,
        };
        if !same_type {
            self.push(&entry.path, Kind::Type, Some(was), Some(new));
            return if was.kind == NodeKind::Directory {
                self.below(&entry.path)
            } else {
                Ok(true)
            };
        }
        let same = match new.kind {
            NodeKind::File => {
                was.size == new.size
                    && same_content(self.lower, self.upper, &entry.path, &mut self.limits.bytes)?
            }
            NodeKind::Link => {
                readable(self.lower.link(&entry.path))? == Some(self.upper.link(&entry.path)?)
            }
            NodeKind::Directory | NodeKind::Special => true,
        };
        let same_mode = was.mode == new.mode || new.kind == NodeKind::Link;
        match (same, same_mode) {
            (true, true) => {}
            (true, false) => self.push(&entry.path, Kind::Mode, Some(was), Some(new)),
            (false, _) => self.push(&entry.path, Kind::Modified, Some(was), Some(new)),
        }
        Ok(true)
    }

    fn push(&mut self, path: &RelPath, kind: Kind, old: Option<Node>, new: Option<Node>) {
        self.changes.push(Change { path: path.clone(), kind, old, new, from: None });
    }

    /// A path of the host that is gone, with what was below it.
    fn deleted(&mut self, path: &RelPath, old: &Stat) -> Result<bool, TreeError> {
        if is_directory(old) {
            let before = self.changes.len();
            let complete = self.below(path)?;
            if complete && self.changes.len() == before {
                self.push(path, Kind::Deleted, Some(Node::of(old)), None);
            }
            return Ok(complete);
        }
        self.push(path, Kind::Deleted, Some(Node::of(old)), None);
        Ok(true)
    }

    /// Everything below a directory of the host that is gone.
    fn below(&mut self, path: &RelPath) -> Result<bool, TreeError> {
        match readable(self.lower.dir(path))? {
            Some(dir) => self.lost(path, &dir, &|_| Ok(None)),
            None => Ok(true),
        }
    }

    /// What a hiding directory does not have any more.
    fn missing(&mut self, path: &RelPath) -> Result<bool, TreeError> {
        let Some(dir) = readable(self.lower.dir(path))? else { return Ok(true) };
        let upper = self.upper;
        self.lost(path, &dir, &|path| Ok(upper.stat(path)?.filter(|stat| !is_whiteout(stat))))
    }

    /// Tells the files below `dir` that `kept` does not have.
    fn lost(
        &mut self,
        path: &RelPath,
        dir: &Root,
        kept: &dyn Fn(&RelPath) -> Result<Option<Stat>, TreeError>,
    ) -> Result<bool, TreeError> {
        let mut empty = BTreeSet::new();
        let mut walk = Walk::of(dir);
        while let Some(entry) = walk.next() {
            let entry = entry?;
            if !self.count() {
                return Ok(false);
            }
            let whole = path.join(&entry.path);
            if let Some(parent) = whole.parent() {
                empty.remove(&parent);
            }
            let now = kept(&whole)?;
            let was_dir = entry.kind() == FileType::Directory;
            if let Some(now) = now {
                // The walk of the upper layer tells it, and a changed type tells what was below.
                if was_dir && !is_directory(&now) {
                    walk.stay_out();
                }
            } else if was_dir {
                empty.insert(whole);
            } else {
                self.push(&whole, Kind::Deleted, Some(Node::of(&entry.stat)), None);
            }
        }
        for path in empty {
            if let Some(stat) = readable(self.lower.stat(&path))?.flatten() {
                self.push(&path, Kind::Deleted, Some(Node::of(&stat)), None);
            }
        }
        Ok(true)
    }

    fn hides(&self, entry: &Entry) -> Result<bool, TreeError> {
        is_opaque(self.upper, &entry.path)
    }

    fn upper_is_empty(&self, path: &RelPath) -> Result<bool, TreeError> {
        unlocked(self.upper, path, Root::is_empty)
    }
}

/// Whether a directory of an upper layer hides what the host has there.
pub(crate) fn is_opaque(upper: &Root, path: &RelPath) -> Result<bool, TreeError> {
    // The kernel asks for the right to read at each reading of an attribute, not at the opening.
    unlocked(upper, path, |dir| {
        let mut value = [0_u8; 8];
        match fgetxattr(dir, OPAQUE, &mut value) {
            Ok(length) => Ok(value.get(..length) == Some(b"y")),
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(false),
            Err(errno) => Err(TreeError::of(TreeOp::Read, path.as_bytes())(errno)),
        }
    })
}

/// Asks a directory of an upper layer something, also one that its owner may not read.
fn unlocked<T>(
    upper: &Root,
    path: &RelPath,
    ask: impl FnOnce(&Root) -> Result<T, TreeError>,
) -> Result<T, TreeError> {
    let (dir, locked) = upper.locked_dir(path)?;
    let answer = ask(&dir);
    if let Some(mode) = locked {
        fchmod(&dir, Mode::from_raw_mode(mode))
            .map_err(TreeError::of(TreeOp::Write, path.as_bytes()))?;
    }
    answer
}

/// How the kernel marks a directory that hides the host's.
pub(crate) const OPAQUE: &str = "user.overlay.opaque";

/// A deletion: nobody but the kernel can make one in an upper layer (inside, mknod(2) of one fails).
pub(crate) fn is_whiteout(stat: &Stat) -> bool {
    kind_of(stat) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_directory(stat: &Stat) -> bool {
    kind_of(stat) == FileType::Directory
}
