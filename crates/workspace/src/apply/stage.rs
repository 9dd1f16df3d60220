//! Everything that can fail, before anything changes: what comes lies ready beside its place, and
//! what goes has a copy in the box.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;

use drybox_tree::{Errno, FileType, RelPath, Root, TreeError, TreeOp, kind_of};
use rustix::fs::{
    Gid, Mode, Uid, XattrFlags, fchmod, fchown, fgetxattr, flistxattr, fsetxattr, fstat, fsync,
};

use super::Refused;
use super::journal::{Journal, Op, Plan, Turn};
use super::owner::Owner;
use super::plan::granted;
use crate::drift::{Conflict, Evidence};
use crate::exact::{Exact, Stamp, copy};

/// What the steps work on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) upper: &'a Root,
    pub(super) lower: &'a Root,
    pub(super) owner: &'a Owner,
}

/// Everything is ready.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) turns: Vec<Turn>,
    /// Files as they were when they were copied, for a quick look: what comes, what goes.
    pub(super) stamps: Vec<(Option<Stamp>, Option<Stamp>)>,
}

/// Why one step cannot be done; the others can.
#[derive(Debug)]
pub(super) enum Unready {
    Refused(Refused),
    Conflict(Conflict),
    /// It is not what was shown.
    Other,
    /// The disk is full, the journal cannot be written: nothing can be done.
    Failed(TreeError),
}

impl From<TreeError> for Unready {
    fn from(error: TreeError) -> Self {
        match error.errno {
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::MFILE | Errno::IO => {
                Self::Failed(error)
            }
            _ => Self::Refused(Refused::Cannot(error)),
        }
    }
}

/// Gets everything ready; else which step cannot be, and why.
pub(super) fn stage(
    site: Site<'_>,
    journal: &Journal,
    plan: &Plan,
    evidence: &Evidence,
    shown: &BTreeMap<RelPath, Exact>,
) -> Result<Ready, (usize, Unready)> {
    let mut ready = Ready::default();
    let each = plan.ops.len() <= FEW;
    let stager = Stager { site, journal, plan, evidence, shown, each };
    for (index, op) in plan.ops.iter().enumerate() {
        let at = |why| (index, why);
        let (turn, stamps) = stager.op(index, op).map_err(at)?;
        ready.turns.push(turn);
        ready.stamps.push(stamps);
    }
    let synced = if each {
        sync_parents(site, plan).and_then(|()| {
            let old = RelPath::parse(b"old").map_err(|_| Errno::INVAL);
            let old = old.map_err(TreeError::of(TreeOp::Open, b"old"))?;
            journal.folder().sync_dir(Some(&old))
        })
    } else {
        site.lower.sync_all().and_then(|()| journal.folder().sync_all())
    };
    synced.map_err(|error| (0, Unready::Failed(error)))?;
    Ok(ready)
}

/// Waits for the names of every directory that a step touches.
pub(super) fn sync_parents(site: Site<'_>, plan: &Plan) -> Result<(), TreeError> {
    let mut dirs = std::collections::BTreeSet::new();
    for op in &plan.ops {
        dirs.insert(op.path().parent());
        if let Op::Place(_, at) | Op::Delete(_, at) = op {
            dirs.insert(at.clone());
        }
    }
    for dir in dirs {
        match site.owner.act(|| site.lower.sync_dir(dir.as_ref())) {
            // It is still to come, or gone already, or a link has come in its place.
            Err(error) if error.is_missing() || error.errno == Errno::LOOP => {}
            // Its names can be changed and not listed: what is above it does.
            Err(error) if error.errno == Errno::ACCESS => site.lower.sync_all()?,
            done => done?,
        }
    }
    Ok(())
}

struct Stager<'a> {
    site: Site<'a>,
    journal: &'a Journal,
    plan: &'a Plan,
    evidence: &'a Evidence,
    shown: &'a BTreeMap<RelPath, Exact>,
    /// Each file is waited for by itself, not all of the disk.
    each: bool,
}

type Stamps = (Option<Stamp>, Option<Stamp>);

impl Stager<'_> {
    fn op(&self, index: usize, op: &Op) -> Result<(Turn, Stamps), Unready> {
        let nothing = (None, None);
        Ok(match op {
            Op::Delete(path, _) => {
                // Or a directory, which a step of its own makes.
                if !matches!(self.shown.get(path), Some(Exact::Directory(_))) {
                    self.expect_shown(path, &Exact::Absent)?;
                }
                let (old, stamp, _) = self.keep(index, path)?;
                (Turn { old, new: Exact::Absent }, (None, stamp))
            }
            Op::RemoveDir(_, mode) => {
                (Turn { old: Exact::Directory(*mode), new: Exact::Absent }, nothing)
            }
            Op::MakeDir(_, mode) => {
                (Turn { old: Exact::Absent, new: Exact::Directory(*mode) }, nothing)
            }
            Op::Mode(path, old, new) => {
                // That it can be opened at all.
                self.site
                    .owner
                    .act(|| self.site.lower.dir(path).map(drop))
                    .or_else(|error| if error.is_missing() { Ok(()) } else { Err(error) })?;
                (Turn { old: Exact::Directory(*old), new: Exact::Directory(*new) }, nothing)
            }
            Op::Place(path, _) => {
                let goes_first = |op: &Op| matches!(op, Op::Delete(gone, _) | Op::RemoveDir(gone, _) if gone == path);
                let (old, old_stamp, like) = if self.plan.ops.iter().take(index).any(goes_first) {
                    (Exact::Absent, None, None)
                } else {
                    self.keep(index, path)?
                };
                let (new, stamp) = self.ready(index, path, &old, like.as_ref())?;
                (Turn { old, new }, (stamp, old_stamp))
            }
        })
    }

    /// Copies what the host has into the box, and compares it with what the box began with.
    fn keep(
        &self,
        index: usize,
        path: &RelPath,
    ) -> Result<(Exact, Option<Stamp>, Option<File>), Unready> {
        let Site { lower, owner, .. } = self.site;
        let stat = owner.act(|| lower.stat(path))?;
        let old = match stat.map(|stat| kind_of(&stat)) {
            None => (Exact::Absent, None, None),
            Some(FileType::Symlink) => (Exact::Link(owner.act(|| lower.link(path))?), None, None),
            Some(FileType::RegularFile) => {
                let fail = TreeError::of(TreeOp::Read, path.as_bytes());
                let file = owner.act(|| lower.file(path))?;
                let stat = fstat(&file).map_err(fail)?;
                if stat.st_uid != owner.uid() {
                    return Err(Unready::Refused(Refused::OtherOwner));
                }
                let kept = self.journal.folder().make_file(&Journal::old(index)?, 0o600);
                let kept = kept.map_err(Unready::Failed)?;
                let fail = TreeError::of(TreeOp::Read, path.as_bytes());
                let digest = copy(&file, Some(&kept)).map_err(fail)?;
                self.wait_for(&kept, path)?;
                let mode = stat.st_mode & 0o7777;
                (Exact::File { mode, digest }, Some(Stamp::of(&stat)), Some(file))
            }
            Some(_) => return Err(Unready::Conflict(Conflict::Changed)),
        };
        if !self.evidence.agrees(path, &old.0, old.1.as_ref()) {
            return Err(Unready::Conflict(match old.0 {
                Exact::Absent => Conflict::Gone,
                _ => Conflict::Changed,
            }));
        }
        Ok(old)
    }

    /// Puts what comes beside its place.
    fn ready(
        &self,
        index: usize,
        path: &RelPath,
        old: &Exact,
        like: Option<&File>,
    ) -> Result<(Exact, Option<Stamp>), Unready> {
        let Site { upper, lower, owner } = self.site;
        let spare = self.plan.spare(index).ok_or(Errno::INVAL);
        let spare = spare.map_err(TreeError::of(TreeOp::Make, path.as_bytes()))?;
        let stat = upper.stat(path)?;
        match stat.map(|stat| (kind_of(&stat), stat.st_mode & 0o7777)) {
            Some((FileType::Symlink, _)) => {
                let target = upper.link(path)?;
                self.expect_shown(path, &Exact::Link(target.clone()))?;
                let text = CString::new(target.clone()).map_err(|_| Errno::INVAL);
                let text = text.map_err(TreeError::of(TreeOp::Make, path.as_bytes()))?;
                owner.act(|| lower.make_link(&spare, &text))?;
                Ok((Exact::Link(target), None))
            }
            Some((FileType::RegularFile, mode)) => {
                let fail = || TreeError::of(TreeOp::Write, path.as_bytes());
                let from = upper.locked_file(path)?;
                let had = match old {
                    Exact::File { mode, .. } => Some(*mode),
                    _ => None,
                };
                let made = owner.act(|| lower.make_file(&spare, granted(had, mode)))?;
                let digest = copy(&from, Some(&made)).map_err(fail())?;
                self.expect_shown(path, &Exact::File { mode, digest })?;
                if let Some(like) = like {
                    make_like(like, &made).map_err(fail())?;
                    let mode = Mode::from_raw_mode(granted(had, mode));
                    fchmod(&made, mode).map_err(fail())?;
                }
                self.wait_for(&made, path)?;
                let stat = fstat(&made).map_err(fail())?;
                Ok((Exact::File { mode: stat.st_mode & 0o7777, digest }, Some(Stamp::of(&stat))))
            }
            // The box is locked: it cannot be another thing than what was compared.
            _ => Err(Unready::Other),
        }
    }

    fn expect_shown(&self, path: &RelPath, now: &Exact) -> Result<(), Unready> {
        match self.shown.get(path) {
            Some(shown) if shown != now => Err(Unready::Other),
            _ => Ok(()),
        }
    }

    fn wait_for(&self, file: &File, path: &RelPath) -> Result<(), TreeError> {
        match self.each {
            true => fsync(file).map_err(TreeError::of(TreeOp::Write, path.as_bytes())),
            false => Ok(()),
        }
    }
}

/// Gives a file the group and the attributes that the host's own has: an ACL, a label. None is ever
/// taken from a box.
pub(super) fn make_like(like: &File, file: &File) -> Result<(), Errno> {
    let (was, is) = (fstat(like)?, fstat(file)?);
    if was.st_gid != is.st_gid {
        let uid = None::<Uid>;
        fchown(file, uid, Some(Gid::from_raw(was.st_gid)))?;
    }
    let mut names = vec![0_u8; LONGEST_NAMES];
    let length = match flistxattr(like, &mut names) {
        Err(Errno::OPNOTSUPP) => return Ok(()),
        length => length?,
    };
    let names = names.get(..length).unwrap_or_default().split(|&byte| byte == 0);
    for name in names.filter(|name| !name.is_empty()) {
        // What says something about the content, and is not true of another.
        if OF_CONTENT.contains(&name) {
            continue;
        }
        let mut value = vec![0_u8; LONGEST_VALUE];
        let length = fgetxattr(like, name, &mut value)?;
        fsetxattr(file, name, value.get(..length).unwrap_or_default(), XattrFlags::empty())?;
    }
    Ok(())
}

const OF_CONTENT: &[&[u8]] = &[b"security.capability", b"security.ima", b"security.evm"];
/// More of them is no file that this can replace; `XATTR_SIZE_MAX` (limits.h).
const LONGEST_NAMES: usize = 4096;
const LONGEST_VALUE: usize = 65_536;

/// Up to so many steps each file is waited for by itself; beyond, all of the disk at once.
pub(super) const FEW: usize = 64;
