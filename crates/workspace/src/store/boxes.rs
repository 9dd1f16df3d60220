//! One box: its folder, its lock, its layers.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use drybox_spec::{BoxName, HostPath};
use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};
use rustix::fs::{
    AtFlags, FlockOperation, Mode, Timespec, Timestamps, UTIME_NOW, fchmod, flock, utimensat,
};

use super::ready::{GONE, is_gone, is_spare, sweep, take_ready};
use super::{BoxError, Meta, Result, Store, Why, below, rel};
use crate::count::{Counted, LIMITS, count};
use crate::diff::Limits;
use crate::exact::Instant;

/// Which box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxId<'a> {
    /// The one of this name.
    Named(&'a BoxName),
    /// One that is thrown away.
    Spare,
}

/// How a run begins in a named box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what is pending in it.
    Continue,
    /// With nothing; what is pending is put aside under another name.
    Afresh,
}

/// A box that this process alone uses: the lock goes with the process, however that ends.
#[derive(Debug)]
#[must_use]
pub struct OpenBox {
    pub(super) boxes: Root,
    pub(super) folder: RelPath,
    pub(super) dir: Root,
    pub(super) path: HostPath,
    pub(super) meta: Meta,
    pub(super) is_new: bool,
    pub(super) was_killed: bool,
    /// A run began that may add changes.
    pub(super) ran: bool,
    pub(super) conflicts: usize,
}

/// The changes to one directory of the host.
#[derive(Debug)]
pub struct Layer {
    /// The host's directory.
    pub host: HostPath,
    /// What was written, as overlayfs has it.
    pub upper: Root,
    /// The mode of its top that is put back: the payload may have locked it.
    locked: Option<u32>,
}

impl Drop for Layer {
    fn drop(&mut self) {
        if let Some(mode) = self.locked {
            fchmod(&self.upper, Mode::from_raw_mode(mode)).ok();
        }
    }
}

/// What is left of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Nothing had changed, or the box was to be thrown away: it is gone, unless it is needed to take
    /// back what came out of it.
    Gone,
    /// This much is pending.
    Kept(Counted),
}

impl Store {
    /// Opens, or makes, a box of `workspace` for a run.
    ///
    /// # Errors
    /// *User*, when a run is alive in it. *Host*.
    pub fn open_box(&self, workspace: &HostPath, id: BoxId<'_>, start: Start) -> Result<OpenBox> {
        if self.path.as_bytes().starts_with(workspace.as_bytes())
            && matches!(self.path.as_bytes().get(workspace.as_bytes().len()), None | Some(b'/'))
        {
            let store = self.path.clone();
            return Err(BoxError::HoldsStore { workspace: workspace.clone(), store });
        }
        match id {
            BoxId::Named(name) => {
                let folder = named(workspace, name)?;
                let opened = self.enter(workspace, &folder, Some(name), Make::IfMissing)?;
                if start == Start::Continue || opened.is_new {
                    return Ok(opened);
                }
                self.put_aside(workspace, opened, name)?;
                self.enter(workspace, &folder, Some(name), Make::IfMissing)
            }
            BoxId::Spare => {
                let mut last = None;
                for number in 0..TRIES {
                    let folder = spare(workspace, number)?;
                    match self.enter(workspace, &folder, None, Make::New) {
                        Err(in_use @ BoxError::InUse { .. }) => last = Some(in_use),
                        done => return done,
                    }
                }
                Err(last.unwrap_or(broken(b"")))
            }
        }
    }

    /// Opens a box that is there, to look at it or to empty it.
    ///
    /// # Errors
    /// *User*, when there is none, or a run is alive in it. *Host*.
    pub fn find(&self, workspace: &HostPath, name: &BoxName) -> Result<OpenBox> {
        self.enter(workspace, &named(workspace, name)?, Some(name), Make::Never)
    }

    /// Opens a box whose own file is torn, to throw it away.
    ///
    /// # Errors
    /// *User*, when there is none, or a run is alive in it. *Host*.
    pub fn find_torn(&self, workspace: &HostPath, name: &BoxName) -> Result<OpenBox> {
        self.enter(workspace, &named(workspace, name)?, Some(name), Make::NeverNorRead)
    }

    /// Every box, with what it says about itself; one in use is not opened.
    ///
    /// # Errors
    /// *Host*.
    pub fn all(&self) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for name in self.root.names()? {
            let folder = rel(&name)?;
            if is_gone(&name) {
                sweep(&self.root, &folder)?;
                continue;
            }
            // Of a run that was killed, whatever it says about itself.
            if is_spare(&name) && sweep(&self.root, &folder)? {
                continue;
            }
            let Ok(dir) = self.root.dir(&folder) else { continue };
            let meta = match self.read_meta(&dir, &folder, None) {
                Ok(Some(meta)) => meta,
                // Without its file it is about to be made, or to be removed.
                Ok(None) => continue,
                Err(torn) => {
                    found.push(Found { meta: None, opened: Err(torn) });
                    continue;
                }
            };
            let Some(workspace) = meta.layers.first() else { continue };
            let opened = self.enter(workspace, &folder, meta.name.as_ref(), Make::Never);
            found.push(Found { meta: Some(meta), opened });
        }
        Ok(found)
    }

    fn put_aside(&self, workspace: &HostPath, old: OpenBox, name: &BoxName) -> Result<()> {
        old.expect_whole()?;
        let previous = format!("{}.previous", name.as_str());
        let previous =
            BoxName::parse(previous.as_bytes()).map_err(|_| broken(previous.as_bytes()))?;
        let aside = named(workspace, &previous)?;
        let meta = Meta { name: Some(previous.clone()), ..old.meta.clone() };
        match self.root.rename(&old.folder, &aside) {
            Err(error) if error.errno == Errno::EXIST => {
                let (name, previous) = (name.as_str().to_owned(), previous.as_str().to_owned());
                return Err(BoxError::KeptAlready { name, previous });
            }
            done => done?,
        }
        old.dir.replace(&rel(Meta::FILE.as_bytes())?, &meta.encode(), 0o600)?;
        Ok(())
    }

    fn enter(
        &self,
        workspace: &HostPath,
        folder: &RelPath,
        name: Option<&BoxName>,
        make: Make,
    ) -> Result<OpenBox> {
        let told = || name.map_or_else(|| "(spare)".to_owned(), |name| name.as_str().to_owned());
        let mut made = false;
        for _ in 0..TRIES {
            let dir = match self.root.dir(folder) {
                Ok(_) if make == Make::New && !made => return Err(in_use(told(), workspace)),
                Err(error) if error.is_missing() && make == Make::Never => {
                    return Err(BoxError::Missing { name: told(), workspace: workspace.clone() });
                }
                Err(error) if error.is_missing() => {
                    made = take_ready(&self.root, folder)?
                        || match self.root.make_dir(folder, 0o700) {
                            Err(error) if error.errno == Errno::EXIST => false,
                            done => done.map(|()| true)?,
                        };
                    continue;
                }
                dir => dir?,
            };
            match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {
                    return Err(in_use(told(), workspace));
                }
                done => done.map_err(|errno| self.broken(errno))?,
            }
            // Who held it before may have removed it: then what we have locked has no name.
            let own = dir.stat_self()?;
            let there = self.root.stat(folder)?;
            if there.is_none_or(|there| (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino)) {
                continue;
            }
            let fresh = Meta { name: name.cloned(), layers: vec![workspace.clone()], stood: None };
            let meta = match self.read_meta(&dir, folder, name) {
                // What is to be thrown away needs no file.
                Err(BoxError::Broken { .. }) if name.is_none() || make == Make::NeverNorRead => {
                    Some(fresh.clone())
                }
                meta => meta?,
            };
            let is_new = meta.is_none();
            if is_new && matches!(make, Make::Never | Make::NeverNorRead) {
                return Err(BoxError::Missing { name: told(), workspace: workspace.clone() });
            }
            let meta = meta.unwrap_or(fresh);
            if meta.layers.first() != Some(workspace) {
                return Err(self.torn(folder, name));
            }
            return Ok(OpenBox {
                boxes: self.root.share()?,
                folder: folder.clone(),
                dir,
                path: below(&self.path, folder.as_bytes())?,
                meta,
                is_new,
                was_killed: false,
                ran: false,
                conflicts: 0,
            });
        }
        Err(in_use(told(), workspace))
    }

    fn torn(&self, folder: &RelPath, name: Option<&BoxName>) -> BoxError {
        let folder = [self.path.as_bytes(), b"/", folder.as_bytes()].concat();
        BoxError::Broken { folder, name: name.map(|name| name.as_str().to_owned()) }
    }

    /// What a box says about itself; none: nothing yet.
    fn read_meta(
        &self,
        dir: &Root,
        folder: &RelPath,
        name: Option<&BoxName>,
    ) -> Result<Option<Meta>> {
        let file = match dir.file(&rel(Meta::FILE.as_bytes())?) {
            Err(error) if error.is_missing() => return Ok(None),
            file => file?,
        };
        let mut text = Vec::new();
        let read = file.take(LONGEST_META).read_to_end(&mut text);
        let meta = read.ok().and_then(|_| Meta::decode(&text));
        meta.map(Some).ok_or_else(|| self.torn(folder, name))
    }

    fn broken(&self, errno: Errno) -> BoxError {
        BoxError::Store { path: self.path.clone(), source: errno.into() }
    }
}

impl OpenBox {
    /// Its name; none: it will be thrown away.
    #[must_use]
    pub const fn name(&self) -> Option<&BoxName> {
        self.meta.name.as_ref()
    }

    /// The directory whose changes it has.
    #[must_use]
    pub fn workspace(&self) -> Option<&HostPath> {
        self.meta.layers.first()
    }

    /// Whether it was made just now.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether its last run was killed, so that it may not have ended yet.
    #[must_use]
    pub const fn was_killed(&self) -> bool {
        self.was_killed
    }

    /// Every directory that it has changes to.
    ///
    /// # Errors
    /// *Host*.
    pub fn layers(&self) -> Result<Vec<Layer>> {
        let mut layers = Vec::new();
        for (number, host) in self.meta.layers.iter().enumerate() {
            let folder = Meta::folder(number);
            let folder = folder.ok_or_else(|| broken(host.as_bytes()))?;
            match self.dir.locked_dir(&folder.join(&rel(b"upper")?)) {
                Ok((upper, locked)) => layers.push(Layer { host: host.clone(), upper, locked }),
                // Never used: the run ended before.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(layers)
    }

    /// What it takes on the disk, in bytes.
    ///
    /// # Errors
    /// *Host*.
    pub fn size(&self) -> Result<u64> {
        const BLOCK: u64 = 512;
        let mut size = 0_u64;
        for layer in self.layers()? {
            let mut walk = drybox_tree::Walk::unlocking(&layer.upper);
            while let Some(stat) = walk.advance() {
                let blocks = u64::try_from(stat?.st_blocks).unwrap_or(0);
                size = size.saturating_add(blocks.saturating_mul(BLOCK));
            }
        }
        Ok(size)
    }

    /// When its last run ended.
    #[must_use]
    pub fn last_run(&self) -> Option<SystemTime> {
        let meta = self.dir.stat(&rel(Meta::FILE.as_bytes()).ok()?).ok()??;
        let seconds = u64::try_from(meta.st_mtime).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    /// The end of a run: a box to which nothing changed, or that is to be thrown away, is removed.
    ///
    /// # Errors
    /// *Host*: something of it could not be read or removed.
    pub fn end(self) -> Result<Ended> {
        let layers = self.layers()?;
        let mut is_empty = true;
        for layer in &layers {
            is_empty &= layer.upper.is_empty()?;
        }
        if is_empty && (self.is_new || !self.has_undo()?) {
            self.leave()?;
            return Ok(Ended::Gone);
        }
        if self.meta.name.is_none() {
            drop(layers);
            self.remove()?;
            return Ok(Ended::Gone);
        }
        let mut counted = count(&layers, LIMITS)?;
        // What came out is there still, and no change: it would pass for one that was not looked at.
        if counted.more && !self.is_new && self.has_undo()? {
            counted = count(&layers, Limits::NONE)?;
        }
        drop(layers);
        if counted.is_nothing() {
            if self.is_new || !self.has_undo()? {
                self.remove()?;
            }
            return Ok(Ended::Gone);
        }
        let since = if self.ran { Some(self.began()?) } else { self.last_change()? };
        self.write_evidence(since)?;
        for number in 0..self.meta.layers.len() {
            if let Some(folder) = Meta::folder(number) {
                match self.renew_work(&folder) {
                    Err(BoxError::Tree(error)) if error.is_missing() => {}
                    done => done?,
                }
            }
        }
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        utimensat(&self.dir, Meta::FILE, &times, AtFlags::empty())
            .map_err(TreeError::of(TreeOp::Write, Meta::FILE.as_bytes()))?;
        Ok(Ended::Kept(counted))
    }

    /// Throws it away with all that is pending in it.
    ///
    /// # Errors
    /// *Host*: something of it could not be removed.
    pub fn remove(self) -> Result<()> {
        let gone = self.leave()?;
        Ok(self.boxes.remove_all(&gone)?)
    }

    /// Takes its name away, so that it is no box any more: at once, for half of a box is none.
    /// Whoever tidies up, or looks for boxes, sweeps it away.
    fn leave(&self) -> Result<RelPath> {
        let mut number = 0_u32;
        loop {
            let gone = rel(format!("{GONE}{}.{number}", std::process::id()).as_bytes())?;
            match self.boxes.rename(&self.folder, &gone) {
                Err(error) if error.errno == Errno::EXIST => number = number.saturating_add(1),
                done => break Ok(done.map(|()| gone)?),
            }
        }
    }
}

fn in_use(name: String, workspace: &HostPath) -> BoxError {
    BoxError::InUse { name, workspace: workspace.clone(), source: Why::Busy }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    IfMissing,
    /// One of that name is another run's.
    New,
    Never,
    /// Nor does it matter what it says about itself.
    NeverNorRead,
}

/// A box of the list.
#[derive(Debug)]
pub struct Found {
    /// What it says about itself; none: that is torn.
    pub meta: Option<Meta>,
    /// The box, or why it cannot be looked at.
    pub opened: Result<OpenBox>,
}

pub(super) fn broken(folder: &[u8]) -> BoxError {
    BoxError::Broken { folder: folder.to_vec(), name: None }
}

/// The kernel's clock for times of files.
pub(super) fn now() -> Instant {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    (now.tv_sec, now.tv_nsec)
}

/// How often a box may be removed under our hands, or its name be another's.
const TRIES: u32 = 16;
/// The longest file that a box has about itself.
const LONGEST_META: u64 = 1 << 16;

fn named(workspace: &HostPath, name: &BoxName) -> Result<RelPath> {
    rel(format!("{:032x}.{}", digest(workspace.as_bytes()), name.as_str()).as_bytes())
}

/// No name has a tilde. A process begins one run at a time; in another pid namespace there may be
/// one of the same number.
fn spare(workspace: &HostPath, number: u32) -> Result<RelPath> {
    let (digest, pid) = (digest(workspace.as_bytes()), std::process::id());
    rel(format!("{digest:032x}~{pid}.{number}").as_bytes())
}

/// FNV-1a of 128 bits: spreads names. Two directories with the same one are told apart by what the
/// box says about itself.
fn digest(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}
