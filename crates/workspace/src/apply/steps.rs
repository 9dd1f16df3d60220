//! Forward and back: each step looks what is there and does what is missing, so that it does not
//! matter where the one before was killed.

use drybox_tree::{Errno, FileType, RelPath, Root, TreeError, TreeOp, kind_of};
use rustix::fs::{Mode, fchmod, fsync};

use super::journal::{Journal, Op, Plan, Turn};
use super::owner::Owner;
use super::stage::{Ready, Site, make_like, sync_parents};
use crate::exact::{Exact, Stamp, copy};

/// The paths at which the host was changed by somebody else, and that were left as they are.
pub(super) type Strangers = Vec<RelPath>;

/// What is to be done, and what was and will be.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) lower: &'a Root,
    pub(super) owner: &'a Owner,
    pub(super) journal: &'a Journal,
    pub(super) plan: &'a Plan,
    pub(super) turns: &'a [Turn],
    /// Of the process that got everything ready; empty: it is gone, and files are read again.
    pub(super) stamps: &'a [(Option<Stamp>, Option<Stamp>)],
}

impl<'a> Work<'a> {
    pub(super) fn new(
        site: Site<'a>,
        journal: &'a Journal,
        plan: &'a Plan,
        ready: &'a Ready,
    ) -> Self {
        let Ready { turns, stamps } = ready;
        let Site { lower, owner, .. } = site;
        Self { lower, owner, journal, plan, turns, stamps }
    }

    /// Does every step, waits for the disk, and takes away what went.
    pub(super) fn forward(&self) -> Result<Strangers, TreeError> {
        let mut strangers = Vec::new();
        for index in 0..self.plan.ops.len() {
            if !self.step(index)? {
                strangers.extend(self.plan.ops.get(index).map(|op| op.path().clone()));
            }
        }
        self.sync()?;
        for index in 0..self.plan.ops.len() {
            self.sweep(index)?;
        }
        Ok(strangers)
    }

    /// Takes every step back, the last one first.
    pub(super) fn back(&self) -> Result<Strangers, TreeError> {
        let mut strangers = Vec::new();
        for index in (0..self.plan.ops.len()).rev() {
            if !self.step_back(index)? {
                strangers.extend(self.plan.ops.get(index).map(|op| op.path().clone()));
            }
        }
        self.sync()?;
        Ok(strangers)
    }

    /// Takes away what lies ready; nothing of the host has changed yet.
    pub(super) fn sweep_all(&self) -> Result<(), TreeError> {
        for index in 0..self.plan.ops.len() {
            self.sweep(index)?;
        }
        Ok(())
    }

    /// One step; false: somebody else has changed that path.
    fn step(&self, index: usize) -> Result<bool, TreeError> {
        let Some((op, turn)) = self.plan.ops.get(index).zip(self.turns.get(index)) else {
            return Ok(true);
        };
        let (comes, goes) = self.stamps.get(index).copied().unwrap_or((None, None));
        match op {
            Op::Delete(path, _) => {
                let spare = self.spare(index)?;
                if self.exists(&spare)? || !self.exists(path)? {
                    return Ok(true);
                }
                if !self.is(path, &turn.old, goes)? {
                    // Done before, and followed by the directory that comes in its place.
                    return Ok(self.comes_as_dir(path) && self.is_dir(path)?);
                }
                self.owner.act(|| self.lower.rename(path, &spare))?;
                // What was moved away is looked at once more: nobody's edit is lost between.
                if !self.is(&spare, &turn.old, goes)? {
                    self.owner.act(|| self.lower.rename(&spare, path))?;
                    return Ok(false);
                }
            }
            // One that something was put into meanwhile stays.
            Op::RemoveDir(path, _) => drop(self.owner.act(|| self.lower.remove_dir(path))?),
            Op::MakeDir(path, mode) => drop(self.owner.act(|| self.lower.ensure_dir(path, *mode))?),
            Op::Mode(path, _, new) => {
                if !self.set_mode(path, *new)? {
                    return Ok(false);
                }
            }
            Op::Place(path, _) => {
                return self.place(path, &self.spare(index)?, turn, comes, goes);
            }
        }
        Ok(true)
    }

    fn place(
        &self,
        path: &RelPath,
        spare: &RelPath,
        turn: &Turn,
        comes: Option<Stamp>,
        goes: Option<Stamp>,
    ) -> Result<bool, TreeError> {
        // Done, and swept; or swapped, and not swept.
        if !self.is(spare, &turn.new, comes)? {
            return Ok(true);
        }
        if turn.old == Exact::Absent {
            return match self.owner.act(|| self.lower.rename(spare, path)) {
                Err(error) if error.errno == Errno::EXIST => Ok(false),
                done => done.map(|()| true),
            };
        }
        if !self.is(path, &turn.old, goes)? {
            return Ok(false);
        }
        self.owner.act(|| self.lower.exchange(spare, path))?;
        if !self.is(spare, &turn.old, goes)? {
            self.owner.act(|| self.lower.exchange(spare, path))?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Takes one step back; false: somebody else has changed that path since.
    fn step_back(&self, index: usize) -> Result<bool, TreeError> {
        let Some((op, turn)) = self.plan.ops.get(index).zip(self.turns.get(index)) else {
            return Ok(true);
        };
        match op {
            Op::Delete(path, _) | Op::Place(path, _) => {
                self.restore(index, path, &self.spare(index)?, turn)
            }
            Op::RemoveDir(path, mode) => {
                let made = self.owner.act(|| {
                    self.lower.ensure_dir(path, 0o700)?;
                    // Made just now, or by one that was killed before it got further.
                    match self.lower.stat(path)? {
                        Some(stat) if stat.st_mode & 0o777 == 0o700 => {
                            self.lower.set_dir_mode(path, *mode)
                        }
                        _ => Ok(()),
                    }
                });
                match made {
                    Err(error) if error.errno == Errno::EXIST => Ok(false),
                    done => done.map(|()| true),
                }
            }
            // What somebody has put into it stays, and it with that.
            Op::MakeDir(path, _) => {
                self.owner.act(|| self.lower.remove_dir(path))?;
                Ok(!self.is_dir(path)?)
            }
            Op::Mode(path, old, _) => self.set_mode(path, *old),
        }
    }

    /// The permission bits of a directory; what its owner set beside them (a group that is handed
    /// down, sticky) stays. False: there is none.
    fn set_mode(&self, path: &RelPath, mode: u32) -> Result<bool, TreeError> {
        self.owner.act(|| match self.lower.stat(path)? {
            Some(stat) if kind_of(&stat) == FileType::Directory => {
                let kept = stat.st_mode & 0o7000;
                self.lower.set_dir_mode(path, kept | mode).map(|()| true)
            }
            _ => Ok(false),
        })
    }

    fn restore(
        &self,
        index: usize,
        path: &RelPath,
        spare: &RelPath,
        turn: &Turn,
    ) -> Result<bool, TreeError> {
        let (in_place, aside) = (self.now(path)?, self.now(spare)?);
        // Not done, or taken back already.
        if in_place == turn.old && (aside == turn.new || aside == Exact::Absent) {
            self.sweep(index)?;
            return Ok(true);
        }
        // What comes lies aside still, whatever is in its place.
        if aside == turn.new && aside != Exact::Absent && turn.old != turn.new {
            self.sweep(index)?;
            return Ok(true);
        }
        // Taken back already, and followed by the directory that was there.
        if matches!(in_place, Exact::Directory(_)) && self.went_as_dir(path) {
            return Ok(true);
        }
        if in_place != turn.new {
            return Ok(false);
        }
        if turn.old != Exact::Absent && aside != turn.old {
            // What lies there, whole or half, is of one that was killed.
            self.sweep(index)?;
            self.write_old(index, path, spare, &turn.old)?;
        }
        match (&turn.old, &turn.new) {
            (Exact::Absent, _) => self.owner.act(|| self.lower.rename(path, spare))?,
            (_, Exact::Absent) => self.owner.act(|| self.lower.rename(spare, path))?,
            _ => self.owner.act(|| self.lower.exchange(spare, path))?,
        }
        if turn.new != Exact::Absent && self.now(spare)? != turn.new {
            // Somebody wrote to it just now.
            match turn.old {
                Exact::Absent => self.owner.act(|| self.lower.rename(spare, path))?,
                _ => self.owner.act(|| self.lower.exchange(spare, path))?,
            }
            return Ok(false);
        }
        self.sweep(index)?;
        Ok(true)
    }

    /// What was at a path, from the box, beside its place.
    fn write_old(
        &self,
        index: usize,
        path: &RelPath,
        spare: &RelPath,
        old: &Exact,
    ) -> Result<(), TreeError> {
        match old {
            Exact::Link(target) => {
                let target = std::ffi::CString::new(target.clone()).map_err(|_| Errno::INVAL);
                let target = target.map_err(TreeError::of(TreeOp::Make, path.as_bytes()))?;
                self.owner.act(|| self.lower.make_link(spare, &target))
            }
            Exact::File { mode, .. } => {
                let fail = || TreeError::of(TreeOp::Write, path.as_bytes());
                let kept = self.journal.folder().file(&Journal::old(index)?)?;
                // Whole when it has the name: half of it could pass for what came.
                let half = Plan::half(spare).ok_or(Errno::INVAL).map_err(fail())?;
                let made = self.owner.act(|| self.lower.make_file(&half, 0o600))?;
                copy(&kept, Some(&made)).map_err(fail())?;
                if let Ok(like) = self.owner.act(|| self.lower.file(path)) {
                    make_like(&like, &made).map_err(fail())?;
                }
                fchmod(&made, Mode::from_raw_mode(*mode)).map_err(fail())?;
                fsync(&made).map_err(fail())?;
                self.owner.act(|| self.lower.rename(&half, spare))
            }
            Exact::Absent | Exact::Directory(_) | Exact::Special => Ok(()),
        }
    }

    /// Takes away what lies beside a path: it went, or did not come.
    fn sweep(&self, index: usize) -> Result<(), TreeError> {
        match self.plan.ops.get(index) {
            Some(Op::Delete(..) | Op::Place(..)) => {
                let spare = self.spare(index)?;
                let half = Plan::half(&spare);
                let unlink = || half.iter().chain([&spare]).try_for_each(|n| self.lower.unlink(n));
                match self.owner.act(unlink) {
                    // Its directory never came, or went with all that was in it.
                    Err(error) if error.is_missing() => Ok(()),
                    done => done,
                }
            }
            _ => Ok(()),
        }
    }

    fn sync(&self) -> Result<(), TreeError> {
        let site = Site { upper: self.lower, lower: self.lower, owner: self.owner };
        match self.plan.ops.len() <= super::stage::FEW {
            true => sync_parents(site, self.plan),
            false => self.lower.sync_all(),
        }
    }

    fn spare(&self, index: usize) -> Result<RelPath, TreeError> {
        self.plan.spare(index).ok_or_else(|| TreeError::of(TreeOp::Open, b"plan")(Errno::INVAL))
    }

    fn comes_as_dir(&self, path: &RelPath) -> bool {
        self.plan.ops.iter().any(|op| matches!(op, Op::MakeDir(made, _) if made == path))
    }

    fn went_as_dir(&self, path: &RelPath) -> bool {
        self.plan.ops.iter().any(|op| matches!(op, Op::RemoveDir(gone, _) if gone == path))
    }

    fn is_dir(&self, path: &RelPath) -> Result<bool, TreeError> {
        let stat = self.owner.act(|| self.lower.stat(path))?;
        Ok(stat.is_some_and(|stat| kind_of(&stat) == FileType::Directory))
    }

    fn exists(&self, path: &RelPath) -> Result<bool, TreeError> {
        self.owner.act(|| Ok(self.lower.stat(path)?.is_some()))
    }

    /// What is there; read with our own rights, also what its mode forbids us.
    fn now(&self, path: &RelPath) -> Result<Exact, TreeError> {
        Exact::at(self.lower, path, Root::locked_file)
    }

    /// Whether that is there; a file with the stamp that it had is.
    fn is(&self, path: &RelPath, what: &Exact, stamp: Option<Stamp>) -> Result<bool, TreeError> {
        if let (Some(stamp), Exact::File { .. }) = (stamp, what) {
            let stat = self.owner.act(|| self.lower.stat(path))?;
            return Ok(stat.is_some_and(|stat| stamp.is_unwritten(&Stamp::of(&stat))));
        }
        Ok(self.now(path)? == *what)
    }
}
