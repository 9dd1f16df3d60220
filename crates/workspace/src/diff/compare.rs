//! Upper layer against the host's directory.
//!
//! The upper layer is overlayfs' (`Documentation/filesystems/overlayfs.rst`): a character device 0:0
//! is a deletion, a directory with `user.overlay.opaque` hides what the host has in it. Names are
//! compared whole: what a payload writes as `user.overlay.x` inside, the kernel stores as
//! `user.overlay.overlay.x` (CVE-2023-0386's family), and that means nothing here. Redirects are
//! off in a user's overlay and mean nothing either.

use drybox_tree::{FileType, RelPath, Root, Stat, TreeError, TreeOp, Walk, kind_of};
use rustix::fs::{Mode, fchmod, fgetxattr};
use rustix::io::Errno;

use super::along::Along;
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

/// One thing of the upper layer, and where it is in both.
struct Seen<'a> {
    walk: &'a Walk<'a>,
    name: RelPath,
    stat: Stat,
    /// The host's directory of the same path.
    beside: Option<&'a Root>,
    /// What that has under this name.
    old: Option<Stat>,
}

impl Seen<'_> {
    fn is_dir(&self) -> bool {
        is_directory(&self.stat)
    }

    fn was_dir(&self) -> bool {
        self.old.as_ref().is_some_and(is_directory)
    }
}

impl Comparison<'_> {
    /// False when a limit ended it.
    fn run(&mut self) -> Result<bool, TreeError> {
        // How deep the outermost directory lies that hides the host's; what is below was told with it.
        let mut hidden: Option<usize> = None;
        let (upper, lower) = (self.upper, self.lower);
        let mut walk = Walk::unlocking(upper);
        let mut along = Along::passing(lower)?;
        while let Some(stat) = walk.advance() {
            let stat = stat?;
            if !self.count() {
                return Ok(false);
            }
            let depth = walk.depth();
            hidden = hidden.filter(|&above| above < depth);
            let old = along.stat(&walk)?;
            if is_directory(&stat) && is_too_deep(&walk, b"") {
                walk.stay_out();
                self.deep(&walk, &stat, old.as_ref());
                continue;
            }
            let name = walk.name();
            let seen = Seen { walk: &walk, name, stat, beside: along.here(&walk), old };
            if is_whiteout(&seen.stat) {
                if hidden.is_none() && !self.deleted(&seen)? {
                    return Ok(false);
                }
                continue;
            }
            if seen.is_dir() && hidden.is_none() && is_opaque(walk.here()?, &seen.name)? {
                hidden = Some(depth);
                if seen.was_dir() && !self.missing(&seen)? {
                    return Ok(false);
                }
            }
            if !self.entry(&seen)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn count(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        self.seen <= self.limits.entries
    }

    /// A directory that is told and not looked into.
    fn deep(&mut self, walk: &Walk<'_>, stat: &Stat, old: Option<&Stat>) {
        let new = Node { kind: NodeKind::Deep, ..Node::of(stat) };
        let kind = match old {
            None => Kind::Added,
            Some(old) if is_directory(old) => Kind::Modified,
            Some(_) => Kind::Type,
        };
        self.push(walk.path(), kind, old.map(Node::of), Some(new));
    }

    /// One thing of the upper layer that is no deletion.
    fn entry(&mut self, seen: &Seen<'_>) -> Result<bool, TreeError> {
        let new = Node::of(&seen.stat);
        let here = seen.walk.here()?;
        let (Some(old), Some(beside)) = (&seen.old, seen.beside) else {
            // A directory is told by what is in it; an empty one by itself.
            if new.kind != NodeKind::Directory || unlocked(here, &seen.name, Root::is_empty)? {
                self.push(seen.walk.path(), Kind::Added, None, Some(new));
            }
            return Ok(true);
        };
        let was = Node::of(old);
        let same_type = match (was.kind, new.kind) {
            (NodeKind::Special, NodeKind::Special) => kind_of(old) == kind_of(&seen.stat),
            (was, new) => was == new,
        };
        if !same_type {
            self.push(seen.walk.path(), Kind::Type, Some(was), Some(new));
            return if was.kind == NodeKind::Directory { self.below(seen) } else { Ok(true) };
        }
        let same = match new.kind {
            NodeKind::File => {
                was.size == new.size
                    && same_content(beside, here, &seen.name, &mut self.limits.bytes)?
            }
            NodeKind::Link => readable(beside.link(&seen.name))? == Some(here.link(&seen.name)?),
            NodeKind::Directory | NodeKind::Deep | NodeKind::Special => true,
        };
        let same_mode = was.mode == new.mode || new.kind == NodeKind::Link;
        match (same, same_mode) {
            (true, true) => {}
            (true, false) => self.push(seen.walk.path(), Kind::Mode, Some(was), Some(new)),
            (false, _) => self.push(seen.walk.path(), Kind::Modified, Some(was), Some(new)),
        }
        Ok(true)
    }

    fn push(&mut self, path: RelPath, kind: Kind, old: Option<Node>, new: Option<Node>) {
        self.changes.push(Change { path, kind, old, new, from: None });
    }

    /// A path of the host that is gone, with what was below it.
    fn deleted(&mut self, seen: &Seen<'_>) -> Result<bool, TreeError> {
        let Some(old) = &seen.old else { return Ok(true) };
        if seen.was_dir() {
            let before = self.changes.len();
            let complete = self.below(seen)?;
            if complete && self.changes.len() == before {
                self.push(seen.walk.path(), Kind::Deleted, Some(Node::of(old)), None);
            }
            return Ok(complete);
        }
        self.push(seen.walk.path(), Kind::Deleted, Some(Node::of(old)), None);
        Ok(true)
    }

    /// Everything below a directory of the host that is gone.
    fn below(&mut self, seen: &Seen<'_>) -> Result<bool, TreeError> {
        match seen.lower_dir()? {
            Some(dir) => self.lost(&seen.walk.path(), &dir, None),
            None => Ok(true),
        }
    }

    /// What a hiding directory does not have any more.
    fn missing(&mut self, seen: &Seen<'_>) -> Result<bool, TreeError> {
        let Some(dir) = seen.lower_dir()? else { return Ok(true) };
        let path = seen.walk.path();
        let here = seen.walk.here()?;
        unlocked(here, &seen.name, |kept| self.lost(&path, &dir, Some(Along::unlocking(kept)?)))
    }

    /// Tells the files below `dir` that `kept` does not have.
    fn lost(
        &mut self,
        path: &RelPath,
        dir: &Root,
        mut kept: Option<Along>,
    ) -> Result<bool, TreeError> {
        // The last directory that is gone, as long as nothing was found in it.
        let mut empty: Option<(usize, Change)> = None;
        let mut walk = Walk::of(dir);
        while let Some(stat) = walk.advance() {
            let stat = stat?;
            if !self.count() {
                return Ok(false);
            }
            let depth = walk.depth();
            if let Some((above, change)) = empty.take()
                && depth <= above
            {
                self.changes.push(change);
            }
            let now = kept.as_mut().map(|kept| kept.stat(&walk)).transpose()?.flatten();
            let now = now.filter(|stat| !is_whiteout(stat));
            let was_dir = is_directory(&stat);
            if let Some(now) = now {
                // The walk of the upper layer tells it, and a changed type tells what was below.
                if was_dir && (!is_directory(&now) || is_too_deep(&walk, path.as_bytes())) {
                    walk.stay_out();
                }
                continue;
            }
            let mut old = Node::of(&stat);
            if was_dir && is_too_deep(&walk, path.as_bytes()) {
                walk.stay_out();
                old.kind = NodeKind::Deep;
            }
            let whole = path.join(&walk.path());
            let change =
                Change { path: whole, kind: Kind::Deleted, old: Some(old), new: None, from: None };
            match old.kind {
                NodeKind::Directory => empty = Some((depth, change)),
                _ => self.changes.push(change),
            }
        }
        self.changes.extend(empty.map(|(_, change)| change));
        Ok(true)
    }
}

impl Seen<'_> {
    /// The host's directory of this name, if its user may read it.
    fn lower_dir(&self) -> Result<Option<Root>, TreeError> {
        let Some(beside) = self.beside else { return Ok(None) };
        readable(beside.dir(&self.name))
    }
}

/// Deeper than any path that a program of the host could use, and than any tree that people make:
/// a directory there is told as one change. Otherwise the paths of a tree, which a payload makes by
/// going down step by step, took as much room as the square of its depth.
///
/// `above`: where the walk began.
fn is_too_deep(walk: &Walk<'_>, above: &[u8]) -> bool {
    let depth = above.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).count();
    walk.depth().saturating_add(depth) >= DEEPEST
        || walk.path_len().saturating_add(above.len()) > LONGEST
}

/// Directories above one another.
const DEEPEST: usize = 256;
/// Bytes of a path to which one more name can be added (`PATH_MAX` less `NAME_MAX`).
const LONGEST: usize = 4096 - 256;

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
