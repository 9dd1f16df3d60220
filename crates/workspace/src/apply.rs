//! Lets changes of a box out: what the hold rules do not keep back, what nobody changed on the host
//! meanwhile, what the user has seen.
//!
//! Upholds I2 (nothing changes on the host but by this) and I8: what is in the upper layer is
//! hostile. Paths are resolved beneath the workspace, no link is followed, every file comes whole
//! or not at all, and a journal in the box knows how to go on or back from everywhere.

mod choose;
mod exclude;
mod journal;
mod owner;
mod plan;
mod stage;
mod steps;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use drybox_tree::{RelPath, Root, TreeError};

pub(crate) use choose::judged;
pub use choose::{Choice, Judged, Release, Wish};
pub use exclude::{Excluded, excluded};
pub(crate) use journal::{DONE, NOW};
use journal::{Journal, Plan};
use owner::Owner;
use stage::{Ready, Site, Unready, stage};
use steps::{Strangers, Work};

use crate::diff::{Change, Kind, Pair};
use crate::drift::{Conflict, Evidence};
use crate::exact::Exact;
use crate::hold::Held;

/// What an apply did, and what it left and why: everything that a person, a program or a log has to
/// know of it.
#[derive(Debug, Default)]
#[must_use]
pub struct Outcome {
    /// What is on the host now.
    pub applied: Vec<Applied>,
    /// What the hold rules keep back.
    pub held: Vec<(RelPath, Vec<Held>)>,
    /// What somebody changed on the host, too.
    pub conflicts: Vec<(RelPath, Conflict)>,
    /// What cannot be done, and why.
    pub refused: Vec<(RelPath, Refused)>,
    /// What is not as it was shown: then nothing was done.
    pub other: Vec<RelPath>,
    /// What was not asked for.
    pub left: Vec<RelPath>,
    /// What never comes out.
    pub excluded: Vec<(RelPath, Excluded)>,
}

/// One change that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Where.
    pub path: RelPath,
    /// What.
    pub kind: Kind,
    /// Of a rename.
    pub from: Option<RelPath>,
    /// The hold rules that the user released it from.
    pub released: Vec<&'static str>,
}

/// Why a change cannot be made on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A FIFO, socket or device.
    Special,
    /// A directory too deep to look into.
    Deep,
    /// What stands at this directory above is none, or no directory that comes with it.
    Above(RelPath),
    /// This path above became something else, and stays as it is.
    OnlyWith(RelPath),
    /// A directory that would have to go has something in it that stays.
    NotEmpty,
    /// The host's file is not its directory's owner's.
    OtherOwner,
    /// More files would go than anybody removes by accident.
    ManyDeletions,
    /// The kernel's answer.
    Cannot(TreeError),
}

/// What an apply that was interrupted became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// It had not changed anything: what it had got ready is gone.
    Nothing,
    /// It is done; these paths were changed by somebody else meanwhile, and left.
    Finished(Vec<RelPath>),
    /// Everything is as it was, but for these paths, which somebody else has changed.
    Back(Vec<RelPath>),
}

/// Which way an interrupted apply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On.
    Forward,
    /// Back.
    Back,
}

/// What is worked on: the box's own folder, and one directory's two sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) own: &'a Root,
    pub(crate) pair: Pair<'a>,
    pub(crate) evidence: &'a Evidence,
    /// What was shown at each path; a path that is not there may be anything.
    pub(crate) shown: &'a BTreeMap<RelPath, Exact>,
}

/// Makes the chosen changes, all of them or, after an error, none. What turns out to be in conflict
/// or impossible on the way is left out and told.
///
/// # Errors
/// *Host*: everything is as it was, or the journal says so ([`recover`]).
pub(crate) fn apply(
    place: Place<'_>,
    choice: Choice,
) -> Result<(Outcome, Vec<RelPath>), TreeError> {
    let Choice { chosen, mut outcome } = choice;
    let Pair { lower, upper } = place.pair;
    let owner = Owner::of(lower)?;
    let site = Site { upper, lower, owner: &owner };
    let mut chosen: BTreeMap<RelPath, Judged> =
        chosen.into_iter().map(|judged| (judged.change.path.clone(), judged)).collect();
    loop {
        let changes = chosen.values().map(|judged| &judged.change);
        let steps = plan::steps(upper, lower, changes)?;
        if !steps.refused.is_empty() {
            for (path, why) in steps.refused {
                drop_change(&mut chosen, &path);
                outcome.refused.push((path, why));
            }
            continue;
        }
        if steps.ops.is_empty() {
            return Ok((outcome, Vec::new()));
        }
        let plan = Plan::new(steps.ops)?;
        let journal = Journal::begin(place.own, &plan)?;
        match stage(site, &journal, &plan, place.evidence, place.shown) {
            Ok(ready) => {
                let strangers = commit(place.own, site, &journal, &plan, &ready)?;
                told(&mut outcome, chosen, &strangers);
                show_what_is_there(place.pair, &plan)?;
                let mut done: Vec<RelPath> = plan.ops.iter().map(|op| op.path().clone()).collect();
                done.retain(|path| !strangers.contains(path));
                return Ok((outcome, done));
            }
            Err((index, why)) => {
                let ready = Ready::default();
                Work::new(site, &journal, &plan, &ready).sweep_all()?;
                Journal::forget(place.own, NOW)?;
                let path = plan.ops.get(index).map(|op| op.path().clone());
                let Some(path) = path else { return Ok((outcome, Vec::new())) };
                match why {
                    Unready::Failed(error) => return Err(error),
                    Unready::Other => {
                        outcome.other.push(path);
                        return Ok((outcome, Vec::new()));
                    }
                    Unready::Conflict(why) => outcome.conflicts.push((path.clone(), why)),
                    Unready::Refused(why) => outcome.refused.push((path.clone(), why)),
                }
                if !drop_change(&mut chosen, &path) {
                    // A directory that only comes or goes with others: what is in it cannot.
                    chosen.retain(|other, _| !other.is_within(&path));
                }
            }
        }
    }
}

/// From here on the host changes.
fn commit(
    own: &Root,
    site: Site<'_>,
    journal: &Journal,
    plan: &Plan,
    ready: &Ready,
) -> Result<Strangers, TreeError> {
    let work = Work::new(site, journal, plan, ready);
    if let Err(error) = journal.staged(&ready.turns) {
        // No name has changed yet.
        work.sweep_all()?;
        Journal::forget(own, NOW)?;
        return Err(error);
    }
    match work.forward() {
        Ok(strangers) => {
            Journal::done(own)?;
            Ok(strangers)
        }
        Err(error) => {
            // Back, whatever it was; what cannot be taken back stays in the journal.
            if work.back()?.is_empty() {
                Journal::forget(own, NOW)?;
            }
            Err(error)
        }
    }
}

/// Finishes, or takes back, what was interrupted; none: nothing was.
///
/// # Errors
/// *Host*.
pub(crate) fn recover(
    own: &Root,
    pair: Pair<'_>,
    way: Way,
) -> Result<Option<Recovered>, TreeError> {
    let Some(journal) = Journal::find(own, NOW)? else { return Ok(None) };
    let owner = Owner::of(pair.lower)?;
    let site = Site { upper: pair.upper, lower: pair.lower, owner: &owner };
    let turns = journal.turns()?;
    let plan = match (journal.plan()?, &turns) {
        (Some(plan), _) => plan,
        (None, None) => Plan { nonce: String::new(), ops: Vec::new() },
        (None, Some(_)) => {
            let errno = drybox_tree::Errno::ILSEQ;
            return Err(TreeError { op: drybox_tree::TreeOp::Read, path: b"plan".to_vec(), errno });
        }
    };
    let was_staged = turns.is_some();
    let ready = Ready { turns: turns.unwrap_or_default(), stamps: Vec::new() };
    let work = Work::new(site, &journal, &plan, &ready);
    Ok(Some(match (was_staged, way) {
        (false, _) => {
            work.sweep_all()?;
            Journal::forget(own, NOW)?;
            Recovered::Nothing
        }
        (true, Way::Forward) => {
            let strangers = work.forward()?;
            Journal::done(own)?;
            show_what_is_there(pair, &plan)?;
            Recovered::Finished(strangers)
        }
        (true, Way::Back) => {
            let strangers = work.back()?;
            Journal::forget(own, NOW)?;
            Recovered::Back(strangers)
        }
    }))
}

/// Takes the last apply back; none: there is none. What somebody has changed since stays, and so
/// does what was kept of it.
///
/// # Errors
/// *Host*.
pub(crate) fn undo(own: &Root, lower: &Root) -> Result<Option<Undone>, TreeError> {
    let Some(journal) = Journal::find(own, DONE)? else { return Ok(None) };
    let owner = Owner::of(lower)?;
    let site = Site { upper: lower, lower, owner: &owner };
    let (Some(plan), Some(turns)) = (journal.plan()?, journal.turns()?) else { return Ok(None) };
    let ready = Ready { turns, stamps: Vec::new() };
    let work = Work::new(site, &journal, &plan, &ready);
    // An undo that was killed may have left some.
    let left = work.back()?;
    if left.is_empty() {
        Journal::forget(own, DONE)?;
    }
    let back = plan.ops.iter().map(|op| op.path().clone()).filter(|path| !left.contains(path));
    Ok(Some(Undone { back: back.collect(), left }))
}

/// The paths of the last apply's steps.
pub(crate) fn last_steps(own: &Root) -> Result<Vec<RelPath>, TreeError> {
    let plan = Journal::find(own, DONE)?.map(|journal| journal.plan()).transpose()?.flatten();
    Ok(plan.map_or_else(Vec::new, |plan| plan.ops.iter().map(|op| op.path().clone()).collect()))
}

/// What an undo did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// As before the apply.
    pub back: Vec<RelPath>,
    /// Changed since by somebody else, and left.
    pub left: Vec<RelPath>,
}

/// Takes a change out whose step has this path; false: no change has.
fn drop_change(chosen: &mut BTreeMap<RelPath, Judged>, path: &RelPath) -> bool {
    if let Entry::Occupied(entry) = chosen.entry(path.clone()) {
        entry.remove();
        return true;
    }
    let before = chosen.len();
    chosen.retain(|_, judged| judged.change.from.as_ref() != Some(path));
    chosen.len() < before
}

fn told(outcome: &mut Outcome, chosen: BTreeMap<RelPath, Judged>, strangers: &Strangers) {
    for (path, judged) in chosen {
        let Change { kind, from, .. } = judged.change;
        let is_stranger = |path: &RelPath| strangers.contains(path);
        if is_stranger(&path) || from.as_ref().is_some_and(is_stranger) {
            outcome.conflicts.push((path, Conflict::Changed));
        } else {
            let released = judged.held.iter().map(|held| held.rule).collect();
            outcome.applied.push(Applied { path, kind, from, released });
        }
    }
}

/// Bits of a mode that did not come out are none of the box's changes any more.
fn show_what_is_there(pair: Pair<'_>, plan: &Plan) -> Result<(), TreeError> {
    use drybox_tree::{FileType, TreeOp, kind_of};
    use rustix::fs::{Mode, fchmod};
    for op in &plan.ops {
        let path = op.path();
        let (Some(new), Some(there)) = (pair.upper.stat(path)?, pair.lower.stat(path)?) else {
            continue;
        };
        let mode = there.st_mode & 0o7777;
        if kind_of(&new) != kind_of(&there) || new.st_mode & 0o7777 == mode {
            continue;
        }
        match kind_of(&new) {
            FileType::RegularFile => {
                fchmod(pair.upper.locked_file(path)?, Mode::from_raw_mode(mode))
                    .map_err(TreeError::of(TreeOp::Write, path.as_bytes()))?;
            }
            FileType::Directory => pair.upper.set_dir_mode(path, mode)?,
            _ => {}
        }
    }
    Ok(())
}
