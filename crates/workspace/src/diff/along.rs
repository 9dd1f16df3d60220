//! One layer, looked at beside a walk through the other one.

use drybox_tree::{Enter, Errno, FileType, Root, Stat, TreeError, TreeOp, Walk, Way, kind_of};

use super::readable;

/// Stands in the directory of the other layer that has the same path as where a walk is, so that a
/// look costs the same at any depth.
pub(super) struct Along {
    way: Way,
    unlocks: bool,
    /// A directory that the walk may go into next: how deep it lies, its name and mode.
    next: Option<(usize, Vec<u8>, u32)>,
}

impl Along {
    /// In the host's directory, of which nothing is changed.
    pub(super) fn passing(root: &Root) -> Result<Self, TreeError> {
        let way = Way::at(root).map_err(TreeError::of(TreeOp::Read, b"."))?;
        Ok(Self { way, unlocks: false, next: None })
    }

    /// In an upper layer, also where its owner may not look.
    pub(super) fn unlocking(root: &Root) -> Result<Self, TreeError> {
        let mut along = Self::passing(root)?;
        along.unlocks = true;
        Ok(along)
    }

    /// lstat(2) of what has the path that the walk gave last; to be asked for each. None: nothing is
    /// there, or nothing that the user may see.
    pub(super) fn stat(&mut self, walk: &Walk<'_>) -> Result<Option<Stat>, TreeError> {
        let depth = walk.depth();
        let fail =
            |errno| TreeError { op: TreeOp::Read, path: walk.path().as_bytes().to_vec(), errno };
        while self.way.depth() > depth {
            self.way.up().map_err(fail)?;
        }
        if let Some((above, name, mode)) = self.next.take()
            && above.saturating_add(1) == depth
        {
            let enter = if self.unlocks { Enter::Unlocking { mode } } else { Enter::Passing };
            match self.way.down(&name, enter) {
                Ok(()) => {}
                // Gone since then, or another filesystem.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::ACCESS) => {}
                Err(errno) => return Err(fail(errno)),
            }
        }
        let Some(here) = self.here(walk) else { return Ok(None) };
        let found = readable(here.stat(&walk.name()))?.flatten();
        if let Some(found) = &found
            && kind_of(found) == FileType::Directory
        {
            self.next = Some((depth, walk.name().as_bytes().to_vec(), found.st_mode & 0o7777));
        }
        Ok(found)
    }

    /// The directory beside the one that the walk is in; none: there is none.
    pub(super) fn here(&self, walk: &Walk<'_>) -> Option<&Root> {
        (self.way.depth() == walk.depth()).then(|| self.way.here().ok()).flatten()
    }
}

impl Drop for Along {
    /// Locks again what was unlocked.
    fn drop(&mut self) {
        while self.way.depth() > 0 && self.way.up().is_ok() {}
    }
}
