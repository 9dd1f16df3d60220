//! What was written to a directory while something ran, and what of it some program would run.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use super::walk::{Tree, Visit};
use super::{Limits, OnDisk, ScanError};
use crate::hold::{Change, Held, Judge, Kind};

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// Files, links and the like.
    pub files: usize,
    /// Why some of them are to be looked at, as if all of them were new: what they were before is
    /// gone.
    pub held: Vec<Held>,
    /// Whether a limit ended the walk.
    pub cut: bool,
}

/// Looks for what was written since [`Limits::since`]. The table is made ready only when something
/// was.
///
/// # Errors
/// The directory itself cannot be opened.
pub fn written(directory: &Path, limits: Limits) -> Result<Written, ScanError> {
    let tree = Tree::open(directory)?;
    let beside = OnDisk { tree: &tree, known: RefCell::<HashMap<_, _>>::default() };
    let (judge, judging) = (OnceCell::new(), OnceCell::new());
    let mut found = Written::default();
    tree.walk(limits, &mut |visit| match visit {
        Visit::Entry { path, state } if state.kind != Kind::Directory => {
            found.files += 1;
            let judging = judging.get_or_init(|| judge.get_or_init(Judge::new).begin(&beside));
            let room = limits.findings.saturating_sub(found.held.len());
            let change = Change { path: path.to_vec(), before: None, after: Some(state) };
            found.held.extend(judging.change(&change).into_iter().take(room));
        }
        Visit::Entry { .. } | Visit::Skipped { .. } => {}
        Visit::Cut => found.cut = true,
    });
    found.cut |= found.held.len() >= limits.findings;
    Ok(found)
}
