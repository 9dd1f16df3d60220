//! How much is pending in a box, for a line at the end of a run.

use drybox_spec::Named;
use drybox_tree::{RelPath, Root, TreeError};

use crate::diff::{Area, Limits, area, compare_some};
use crate::store::Layer;

/// How much is pending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Files of the user's that differ.
    pub files: usize,
    /// Files of git's own bookkeeping that do; its index apart.
    pub git: usize,
    /// Nothing but git's index.
    pub index: usize,
    /// There may be more: it was not looked at all of it.
    pub more: bool,
    /// Some of the user's files that differ, for the event log.
    pub names: Vec<RelPath>,
}

impl Counted {
    /// Nothing differs, and all was looked at.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.files == 0 && self.git == 0 && self.index == 0 && !self.more
    }
}

/// What a run may spend on counting: a box with a hundred thousand changes costs no more.
pub(crate) const LIMITS: Limits = Limits { entries: 500, bytes: 4 << 20 };

pub(crate) fn count(layers: &[Layer], limits: Limits) -> Result<Counted, TreeError> {
    let mut counted = Counted::default();
    for (number, layer) in layers.iter().enumerate() {
        if layer.upper.is_empty()? {
            continue;
        }
        let lower = match Root::open(&layer.host) {
            // The directory is gone meanwhile; its changes are still there.
            Err(error) if error.is_missing() => {
                counted.more = true;
                continue;
            }
            lower => lower?,
        };
        let (changes, complete) = compare_some(&layer.upper, &lower, limits)?;
        counted.more |= !complete;
        for change in changes {
            let sum = match area(&change.path, number > 0) {
                Area::Tree => &mut counted.files,
                Area::Git => &mut counted.git,
                Area::GitIndex => &mut counted.index,
            };
            *sum = sum.saturating_add(1);
            if counted.names.len() < Named::MOST && area(&change.path, number > 0) == Area::Tree {
                counted.names.push(change.path);
            }
        }
    }
    Ok(counted)
}
