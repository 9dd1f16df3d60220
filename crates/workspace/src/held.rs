//! Which changes of a box the hold rules keep back.

use std::collections::BTreeMap;
use std::io::Read as _;

use drybox_tree::{RelPath, Root, TreeError, kind_of};
use rustix::fs::FileType;

use crate::diff::{Change, Kind, Node, NodeKind, Pair, readable};
use crate::hold::{self, Held, Judge, READ_LIMIT, State, Users};

/// For each change of one layer, in their order: what of it would run by itself, or be believed, once
/// it came out.
///
/// # Errors
/// *Host*, when a side of a change cannot be read: what was not judged is not called harmless.
pub fn held(pair: Pair<'_>, changes: &[Change]) -> Result<Vec<Vec<Held>>, TreeError> {
    held_for(pair, changes, &Users::default())
}

/// The same, with what the user's own settings name in the workspace.
///
/// # Errors
/// As [`held`].
pub fn held_for(
    pair: Pair<'_>,
    changes: &[Change],
    users: &Users,
) -> Result<Vec<Vec<Held>>, TreeError> {
    let beside = Beside::new(pair.lower, changes, users);
    let judge = Judge::new();
    let judging = judge.begin(&beside);
    let of = |change: &Change| {
        let judged = judged(pair, change)?;
        let mut held: Vec<Held> = judged.iter().flat_map(|change| judging.change(change)).collect();
        if let Some(from) = &change.from {
            held.extend(judging.moved(from.as_bytes(), change.path.as_bytes()));
        }
        Ok(held)
    };
    changes.iter().map(of).collect()
}

/// The change as the rules take it; a rename is something new, and something gone.
fn judged(pair: Pair<'_>, change: &Change) -> Result<Vec<hold::Change>, TreeError> {
    let path = change.path.as_bytes().to_vec();
    let before = match &change.old {
        Some(node) => Some(State {
            bytes: readable(pair.before(change, READ))?.unwrap_or_default(),
            ..state(node, pair.lower, change.from.as_ref().unwrap_or(&change.path))?
        }),
        None => None,
    };
    let after = match &change.new {
        Some(node) => Some(State {
            bytes: pair.after(change, READ)?,
            ..state(node, pair.upper, &change.path)?
        }),
        None => None,
    };
    Ok(match (&change.from, change.kind) {
        (Some(from), Kind::Renamed) => vec![
            hold::Change { path, before: None, after },
            hold::Change { path: from.as_bytes().to_vec(), before, after: None },
        ],
        _ => vec![hold::Change { path, before, after }],
    })
}

/// All but the content.
fn state(node: &Node, root: &Root, path: &RelPath) -> Result<State, TreeError> {
    let links = readable(root.stat(path))?.flatten().map_or(1, |stat| stat.st_nlink);
    Ok(State {
        kind: kind(node.kind),
        mode: node.mode,
        size: node.size,
        bytes: Vec::new(),
        links: if matches!(node.kind, NodeKind::Directory | NodeKind::Deep) { 1 } else { links },
        // Nothing of them comes out.
        attributes: false,
    })
}

const fn kind(kind: NodeKind) -> hold::Kind {
    match kind {
        NodeKind::File => hold::Kind::File,
        NodeKind::Link => hold::Kind::Link,
        NodeKind::Directory | NodeKind::Deep => hold::Kind::Directory,
        NodeKind::Special => hold::Kind::Special,
    }
}

/// What stands beside a change: the host's files with every change made.
struct Beside<'a> {
    lower: &'a Root,
    users: &'a Users,
    /// What is at each changed path; none: nothing any more.
    changed: BTreeMap<Vec<u8>, Option<hold::Kind>>,
}

impl<'a> Beside<'a> {
    fn new(lower: &'a Root, changes: &[Change], users: &'a Users) -> Self {
        let gone = changes.iter().filter_map(|change| change.from.as_ref());
        let gone = gone.map(|path| (path.as_bytes().to_vec(), None));
        let there = changes.iter().map(|change| {
            (change.path.as_bytes().to_vec(), change.new.as_ref().map(|node| kind(node.kind)))
        });
        Self { lower, users, changed: gone.chain(there).collect() }
    }

    fn on_host(&self, path: &[u8]) -> Option<FileType> {
        let stat = self.lower.stat(&RelPath::parse(path).ok()?).ok()??;
        Some(kind_of(&stat))
    }
}

impl hold::Lookup for Beside<'_> {
    fn after(&self, path: &[u8]) -> Option<hold::Kind> {
        if let Some(changed) = self.changed.get(path) {
            return *changed;
        }
        Some(match self.on_host(path)? {
            FileType::RegularFile => hold::Kind::File,
            FileType::Symlink => hold::Kind::Link,
            FileType::Directory => hold::Kind::Directory,
            _ => hold::Kind::Special,
        })
    }

    fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let opened = match directory {
            b"" => self.lower.names(),
            path => RelPath::parse(path)
                .map_or_else(|_| Ok(Vec::new()), |path| self.lower.dir(&path)?.names()),
        };
        let prefix = if directory.is_empty() { Vec::new() } else { [directory, b"/"].concat() };
        // A directory that is new has no names on the host.
        let mut names: Vec<Vec<u8>> = opened.unwrap_or_default();
        names.retain(|name| {
            !matches!(self.changed.get(&[prefix.as_slice(), name].concat()), Some(None))
        });
        let added = self.changed.range(prefix.clone()..);
        let below = added.take_while(|(path, _)| path.starts_with(&prefix));
        names.extend(below.filter(|(_, kind)| kind.is_some()).filter_map(|(path, _)| {
            let name = path.get(prefix.len()..)?;
            (!name.is_empty() && !name.contains(&b'/')).then(|| name.to_vec())
        }));
        names.sort_unstable();
        names.dedup();
        names
    }

    fn users(&self) -> Option<&Users> {
        Some(self.users)
    }

    fn host(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.lower.file(&RelPath::parse(path).ok()?).ok()?;
        file.take(READ).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

impl std::fmt::Debug for Beside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beside").field("changed", &self.changed.len()).finish_non_exhaustive()
    }
}

const READ: u64 = READ_LIMIT as u64;
