//! The steps that make the chosen changes, in an order in which each is possible.

use std::collections::{BTreeMap, BTreeSet};

use drybox_tree::{FileType, RelPath, Root, Stat, TreeError, kind_of};

use super::Refused;
use super::journal::Op;
use crate::diff::{Change, Kind, Node, NodeKind, is_opaque, is_whiteout, readable};

/// The steps, and what cannot be done.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) ops: Vec<Op>,
    pub(super) refused: Vec<(RelPath, Refused)>,
}

/// Plans the chosen changes of one layer.
pub(super) fn steps<'a>(
    upper: &Root,
    lower: &Root,
    chosen: impl Iterator<Item = &'a Change>,
) -> Result<Steps, TreeError> {
    let mut planner = Planner { upper, lower, sets: Sets::default(), refused: Vec::new() };
    for change in chosen {
        planner.change(change);
    }
    planner.directories_that_go()?;
    planner.directories_that_come()?;
    planner.ordered()
}

struct Planner<'a> {
    upper: &'a Root,
    lower: &'a Root,
    sets: Sets,
    refused: Vec<(RelPath, Refused)>,
}

#[derive(Default)]
struct Sets {
    deletes: BTreeSet<RelPath>,
    /// Directories that go, with their modes; `true`: a change of its own, not only a consequence.
    removes: BTreeMap<RelPath, (u32, bool)>,
    makes: BTreeMap<RelPath, u32>,
    places: BTreeSet<RelPath>,
    modes: BTreeMap<RelPath, (u32, u32)>,
}

impl Planner<'_> {
    fn change(&mut self, change: &Change) {
        let Change { path, kind, old, new, from } = change;
        let sides = (old.map(|node| node.kind), new.map(|node| node.kind));
        if matches!(sides, (Some(NodeKind::Special), _) | (_, Some(NodeKind::Special))) {
            self.refuse(path, Refused::Special);
            return;
        }
        if matches!(sides, (Some(NodeKind::Deep), _) | (_, Some(NodeKind::Deep))) {
            self.refuse(path, Refused::Deep);
            return;
        }
        let mode = |node: &Option<Node>| node.map_or(0, |node| node.mode & 0o7777);
        match (kind, sides) {
            (Kind::Deleted, (Some(NodeKind::Directory), _)) => {
                self.sets.removes.insert(path.clone(), (mode(old), true));
            }
            (Kind::Deleted, _) => drop(self.sets.deletes.insert(path.clone())),
            (Kind::Added, (_, Some(NodeKind::Directory))) => {
                self.sets.makes.insert(path.clone(), granted(None, mode(new)));
            }
            (Kind::Renamed, _) => {
                self.sets.places.insert(path.clone());
                self.sets.deletes.extend(from.clone());
            }
            (Kind::Mode, (_, Some(NodeKind::Directory))) => {
                let new = granted(Some(mode(old)), mode(new));
                self.sets.modes.insert(path.clone(), (mode(old) & 0o777, new));
            }
            (Kind::Type, (Some(NodeKind::Directory), _)) => {
                self.sets.removes.insert(path.clone(), (mode(old), true));
                self.sets.places.insert(path.clone());
            }
            (Kind::Type, (_, Some(NodeKind::Directory))) => {
                self.sets.deletes.insert(path.clone());
                self.sets.makes.insert(path.clone(), granted(None, mode(new)));
            }
            (Kind::Added | Kind::Modified | Kind::Mode | Kind::Type, _) => {
                self.sets.places.insert(path.clone());
            }
        }
    }

    fn refuse(&mut self, path: &RelPath, why: Refused) {
        self.refused.push((path.clone(), why));
    }

    /// A directory goes when it was told to, or when the box has none there and nothing is left.
    fn directories_that_go(&mut self) -> Result<(), TreeError> {
        let mut looked = BTreeSet::new();
        for path in &self.sets.deletes {
            for above in path.ancestors() {
                if !looked.insert(above.clone()) || self.sets.removes.contains_key(&above) {
                    continue;
                }
                if !is_shown(self.upper, self.lower, &above)?
                    && let Some(stat) = self.lower.stat(&above)?
                {
                    self.sets.removes.insert(above, (stat.st_mode & 0o7777, false));
                }
            }
        }
        // What is below comes first.
        let removes: Vec<_> = self.sets.removes.clone().into_iter().rev().collect();
        for (path, (_, told)) in removes {
            let names = readable(self.lower.dir(&path).and_then(|dir| dir.names()))?;
            let goes = |name: &Vec<u8>| {
                RelPath::parse(name).is_ok_and(|name| {
                    let below = path.join(&name);
                    self.sets.deletes.contains(&below) || self.sets.removes.contains_key(&below)
                })
            };
            if names.is_some_and(|names| names.iter().all(goes)) {
                continue;
            }
            self.sets.removes.remove(&path);
            if told {
                self.sets.places.remove(&path);
                self.refuse(&path, Refused::NotEmpty);
            }
        }
        Ok(())
    }

    /// Directories above what comes.
    fn directories_that_come(&mut self) -> Result<(), TreeError> {
        let coming: Vec<RelPath> =
            self.sets.places.iter().chain(self.sets.makes.keys()).cloned().collect();
        for path in coming {
            for above in path.ancestors() {
                if self.sets.makes.contains_key(&above) {
                    continue;
                }
                let there = self.lower.stat(&above)?;
                let new = self.upper.stat(&above)?.filter(is_directory);
                match (there, new) {
                    (Some(there), _) if is_directory(&there) => {}
                    (None, Some(new)) => {
                        self.sets.makes.insert(above, granted(None, new.st_mode & 0o7777));
                    }
                    // A link or a file of the host's, or nothing that the box has either.
                    _ => {
                        self.sets.places.remove(&path);
                        self.sets.makes.remove(&path);
                        self.refuse(&path, Refused::Above(above));
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn ordered(self) -> Result<Steps, TreeError> {
        let Self { lower, sets, refused, .. } = self;
        // What is not in its place lies in the nearest directory that is there and stays.
        let lies = |path: &RelPath| -> Result<Option<RelPath>, TreeError> {
            let mut at = path.parent();
            while let Some(dir) = &at {
                let stays = !sets.removes.contains_key(dir);
                if stays && lower.stat(dir)?.as_ref().is_some_and(is_directory) {
                    break;
                }
                at = dir.parent();
            }
            Ok(at)
        };
        let mut ops = Vec::new();
        for path in &sets.deletes {
            ops.push(Op::Delete(path.clone(), lies(path)?));
        }
        let mut places = Vec::new();
        for path in &sets.places {
            places.push(Op::Place(path.clone(), lies(path)?));
        }
        ops.extend(
            sets.removes.into_iter().rev().map(|(path, (mode, _))| Op::RemoveDir(path, mode)),
        );
        let mut modes = sets.modes;
        for (path, mode) in sets.makes {
            // Its owner has to put things into it first.
            let first = mode | 0o700;
            if first != mode {
                modes.insert(path.clone(), (first, mode));
            }
            ops.push(Op::MakeDir(path, first));
        }
        ops.extend(places);
        let modes = modes.into_iter().rev();
        ops.extend(modes.map(|(path, (old, new))| Op::Mode(path, old, new)));
        Ok(Steps { ops, refused })
    }
}

/// The permission bits that come out: never set-id or sticky ones, and no right to write for others
/// that was not there before.
pub(super) const fn granted(old: Option<u32>, new: u32) -> u32 {
    let had = match old {
        Some(old) => old,
        None => 0,
    };
    new & 0o777 & (had | !0o022)
}

/// Whether the box shows a directory at a path where the host has one.
fn is_shown(upper: &Root, lower: &Root, path: &RelPath) -> Result<bool, TreeError> {
    let mut hidden = false;
    for above in path.ancestors().chain([path.clone()]) {
        match upper.stat(&above)? {
            None if hidden => return Ok(false),
            // As on the host, all the way down.
            None => return Ok(lower.stat(path)?.as_ref().is_some_and(is_directory)),
            Some(stat) if is_whiteout(&stat) || !is_directory(&stat) => return Ok(false),
            Some(_) => hidden |= is_opaque(upper, &above)?,
        }
    }
    Ok(true)
}

fn is_directory(stat: &Stat) -> bool {
    kind_of(stat) == FileType::Directory
}
