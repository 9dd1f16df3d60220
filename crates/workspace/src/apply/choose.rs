//! Which changes come out.

use std::collections::BTreeSet;

use drybox_tree::{RelPath, TreeError};

use super::{Outcome, Refused, excluded};
use crate::diff::{Change, Kind, Pair, compare};
use crate::drift::{Conflict, Evidence};
use crate::held::held_for;
use crate::hold::{Held, Users};

/// One change, and what speaks against it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What.
    pub change: Change,
    /// Why the hold rules keep it back.
    pub held: Vec<Held>,
    /// What somebody else did at the same path.
    pub conflict: Option<Conflict>,
}

/// What the user asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Only what changed at these paths and below; none: everything.
    pub paths: &'a [RelPath],
    /// What is let out although a rule holds it.
    pub release: &'a [Release],
    /// Many deletions, too.
    pub all: bool,
}

/// What is let out although a rule holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// Every change that this rule holds, and no other.
    Rule(String),
    /// The change at this path alone.
    Path(RelPath),
}

/// What will come out, and what is left and why.
#[derive(Debug)]
pub struct Choice {
    /// What will come out, if nothing comes between.
    pub chosen: Vec<Judged>,
    /// What is left.
    pub outcome: Outcome,
}

/// Every change of a directory, judged.
///
/// # Errors
/// *Host*: something cannot be read. Nothing is left out in silence.
pub(crate) fn judged(
    pair: Pair<'_>,
    evidence: &Evidence,
    users: &Users,
) -> Result<Vec<Judged>, TreeError> {
    let changes = compare(pair.upper, pair.lower)?;
    let held = held_for(pair, &changes, users)?;
    let judge = |(change, held): (Change, Vec<Held>)| {
        let conflict = evidence.quick(pair.lower, &change)?;
        Ok(Judged { change, held, conflict })
    };
    changes.into_iter().zip(held).map(judge).collect()
}

impl Choice {
    /// Chooses; a release that lets nothing out is given back as wrong.
    ///
    /// # Errors
    /// The first release that no held change answers to.
    pub fn of(judged: Vec<Judged>, wish: Wish<'_>) -> Result<Self, Release> {
        let mut unused: BTreeSet<usize> = (0..wish.release.len()).collect();
        let mut choice = Self { chosen: Vec::new(), outcome: Outcome::default() };
        let mut deletions = Vec::new();
        let mut turned = Vec::new();
        for one in judged {
            let path = one.change.path.clone();
            let places = [Some(&path), one.change.from.as_ref()];
            if one.change.kind == Kind::Type {
                turned.push(path.clone());
            }
            if let Some(why) = places.iter().flatten().find_map(|path| excluded(path)) {
                choice.outcome.excluded.push((path, why));
                continue;
            }
            let is_named =
                |wanted: &RelPath| places.iter().flatten().any(|path| path.is_within(wanted));
            let is_released = |held: &Held, unused: &mut BTreeSet<usize>| {
                let mut any = false;
                for (index, release) in wish.release.iter().enumerate() {
                    if release.is_of(&path, held) {
                        unused.remove(&index);
                        any = true;
                    }
                }
                any
            };
            let mut kept = one.held.clone();
            kept.retain(|held| !is_released(held, &mut unused));
            let was_released = !one.held.is_empty() && kept.is_empty();
            let by_path =
                wish.release.iter().any(|release| *release == Release::Path(path.clone()));
            if !wish.paths.is_empty() && !wish.paths.iter().any(is_named) && !by_path {
                choice.outcome.left.push(path);
            } else if let Some(conflict) = one.conflict {
                choice.outcome.conflicts.push((path, conflict));
            } else if !one.held.is_empty() && !was_released {
                choice.outcome.held.push((path, kept));
            } else if one.change.kind == Kind::Deleted && wish.paths.is_empty() && !wish.all {
                deletions.push(one);
            } else {
                choice.chosen.push(one);
            }
        }
        if let Some(release) = unused.first().and_then(|index| wish.release.get(*index)) {
            return Err(release.clone());
        }
        if deletions.len() > MANY {
            let refused =
                deletions.into_iter().map(|one| (one.change.path, Refused::ManyDeletions));
            choice.outcome.refused.extend(refused);
        } else {
            choice.chosen.extend(deletions);
        }
        choice.keep_together(&turned);
        Ok(choice)
    }
}

impl Choice {
    /// What is below a path that became something else comes with it, or not at all.
    fn keep_together(&mut self, turned: &[RelPath]) {
        let is_chosen = |path: &RelPath| self.chosen.iter().any(|one| one.change.path == *path);
        let stay: Vec<&RelPath> = turned.iter().filter(|path| !is_chosen(path)).collect();
        if stay.is_empty() {
            return;
        }
        let (chosen, refused) = (&mut self.chosen, &mut self.outcome.refused);
        chosen.retain(|one| {
            let path = &one.change.path;
            let with = stay.iter().find(|above| path.is_within(above));
            refused.extend(with.map(|above| (path.clone(), Refused::OnlyWith((*above).clone()))));
            with.is_none()
        });
    }
}

impl Release {
    fn is_of(&self, path: &RelPath, held: &Held) -> bool {
        match self {
            Self::Rule(id) => held.rule.eq_ignore_ascii_case(id),
            Self::Path(released) => released == path,
        }
    }
}

/// With more deletions than this, each has to be named, or all of them asked for.
const MANY: usize = 100;
