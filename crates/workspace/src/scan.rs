//! A directory that nobody changed: what in it some program would run by itself.
//!
//! Reads only; runs nothing, opens nothing but directories and regular files, follows no link,
//! leaves no file system. The tree is hostile: every walk has an end, and what was not looked at
//! is said.

mod walk;
mod written;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Instant, SystemTime};

use serde::Serialize;

use crate::hold::{Held, Judge, Kind, Lookup};
use walk::{Tree, Visit};

pub use walk::ScanError;
pub use written::{Written, written};

/// How far a scan goes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries looked at.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Findings kept.
    pub findings: usize,
    /// When it ends in any case.
    pub until: Option<Instant>,
    /// Only what was written since: files and links whose ctime, which nobody can set, is not older.
    pub since: Option<SystemTime>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 4 << 30, findings: 10_000, until: None, since: None }
    }
}

/// What a scan found, and what it did not look at.
#[derive(Debug, Default)]
pub struct Found {
    /// Findings in the order of the walk.
    pub held: Vec<Held>,
    /// Files, links and directories looked at.
    pub entries: u64,
    /// What was not looked into.
    pub skipped: Vec<Skipped>,
    /// Directories of the skip table, of which only some are listed in `skipped`.
    pub more_skipped: u64,
    /// Whether a limit ended the walk.
    pub cut: bool,
}

/// A place that was not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where.
    pub path: Vec<u8>,
    /// Why.
    pub why: Why,
}

/// Why a place was not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Made by machines: `node_modules`, `target`, git's objects.
    MachineMade,
    /// Another file system begins there.
    OtherFilesystem,
    /// It could not be opened or read.
    Unreadable,
    /// Its path is longer than a path may be.
    TooDeep,
}

/// Looks through a directory by this table.
///
/// # Errors
/// The directory itself cannot be opened.
pub fn scan(directory: &Path, judge: &Judge, limits: Limits) -> Result<Found, ScanError> {
    let tree = Tree::open(directory)?;
    let beside = OnDisk { tree: &tree, known: RefCell::default() };
    let judging = judge.begin(&beside);
    let mut found = Found::default();
    tree.walk(limits, &mut |visit| match visit {
        Visit::Entry { path, state } => {
            found.entries += 1;
            let room = limits.findings.saturating_sub(found.held.len());
            found.held.extend(judging.standing(path, state).into_iter().take(room));
        }
        Visit::Skipped { path, why } if found.skipped.len() < MOST_SKIPPED => {
            found.skipped.push(Skipped { path: path.to_vec(), why });
        }
        Visit::Skipped { .. } => found.more_skipped += 1,
        Visit::Cut => found.cut = true,
    });
    found.cut |= found.held.len() >= limits.findings;
    Ok(found)
}

/// Skipped places that are named.
const MOST_SKIPPED: usize = 100;

/// The tree itself answers for what lies beside a file.
struct OnDisk<'a> {
    tree: &'a Tree,
    known: RefCell<HashMap<Vec<u8>, Option<Kind>>>,
}

impl Lookup for OnDisk<'_> {
    fn after(&self, path: &[u8]) -> Option<Kind> {
        let mut known = self.known.borrow_mut();
        *known.entry(path.to_vec()).or_insert_with(|| self.tree.kind(path))
    }

    fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        self.tree.names(directory)
    }

    fn host(&self, _: &[u8]) -> Option<Vec<u8>> {
        // Nothing changed, so nothing changed behind a trusted entry.
        None
    }
}
