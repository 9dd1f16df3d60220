//! One box: its folder, its lock, its layers.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use drybox_spec::{BoxName, HostPath};
use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};
use rustix::fs::{AtFlags, FlockOperation, Mode, fchmod, flock, utimensat};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
                for number in 0..SPARES {
                    let folder = spare(workspace, number)?;
                    match self.enter(workspace, &folder, None, Make::IfMissing) {
                        Err(in_use @ BoxError::InUse { .. }) => last = Some(in_use),
                        Ok(opened) if !opened.is_new => {
                            // Of a run that was killed.
                            opened.remove()?;
                            return self.enter(workspace, &folder, None, Make::IfMissing);
                        }
                        done => return done,
                    }
                }
                Err(last.unwrap_or(BoxError::Broken { name: Vec::new() }))
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

    /// Every box, with what it says about itself; one in use is not opened.
    ///
    /// # Errors
    /// *Host*.
    pub fn all(&self) -> Result<Vec<(Meta, Result<OpenBox>)>> {
        let mut found = Vec::new();
        for name in self.root.names()? {
            let folder = rel(&name)?;
            if name.starts_with(GONE.as_bytes()) {
                self.root.remove_all(&folder)?;
                continue;
            }
            let Ok(dir) = self.root.dir(&folder) else { continue };
            // Without its file it is about to be made, or to be removed.
            let Some(meta) = read_meta(&dir)? else { continue };
            let Some(workspace) = meta.layers.first() else { continue };
            let opened = self.enter(workspace, &folder, meta.name.as_ref(), Make::Never);
            if meta.name.is_none()
                && let Ok(opened) = opened
            {
                opened.remove()?;
                continue;
            }
            found.push((meta, opened));
        }
        Ok(found)
    }

    fn put_aside(&self, workspace: &HostPath, old: OpenBox, name: &BoxName) -> Result<()> {
        old.expect_whole()?;
        let previous = format!("{}.previous", name.as_str());
        let previous = BoxName::parse(previous.as_bytes())
            .map_err(|_| BoxError::Broken { name: previous.into_bytes() })?;
        let aside = named(workspace, &previous)?;
        let meta = Meta { name: Some(previous.clone()), layers: old.meta.layers.clone() };
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
        for _ in 0..TRIES {
            if make == Make::IfMissing {
                match self.root.make_dir(folder, 0o700) {
                    Err(error) if error.errno != Errno::EXIST => return Err(error.into()),
                    _ => {}
                }
            }
            let dir = match self.root.dir(folder) {
                Err(error) if error.is_missing() && make == Make::IfMissing => continue,
                Err(error) if error.is_missing() => {
                    return Err(BoxError::Missing { name: told(), workspace: workspace.clone() });
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
            let meta = read_meta(&dir)?;
            let is_new = meta.is_none();
            if is_new && make == Make::Never {
                return Err(BoxError::Missing { name: told(), workspace: workspace.clone() });
            }
            let fresh = Meta { name: name.cloned(), layers: vec![workspace.clone()] };
            let meta = meta.unwrap_or(fresh);
            if meta.layers.first() != Some(workspace) {
                return Err(BoxError::Broken { name: folder.as_bytes().to_vec() });
            }
            let boxes = rustix::io::fcntl_dupfd_cloexec(&self.root, 3);
            return Ok(OpenBox {
                boxes: Root::from_fd(boxes.map_err(|errno| self.broken(errno))?),
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
            let folder = folder.ok_or(BoxError::Broken { name: host.as_bytes().to_vec() })?;
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
            for entry in drybox_tree::Walk::unlocking(&layer.upper) {
                let blocks = u64::try_from(entry?.stat.st_blocks).unwrap_or(0);
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
        if self.meta.name.is_none() {
            self.remove()?;
            return Ok(Ended::Gone);
        }
        let mut counted = count(&self.layers()?, LIMITS)?;
        // What came out is there still, and no change: it would pass for one that was not looked at.
        if counted.more && !self.is_new && self.has_undo()? {
            counted = count(&self.layers()?, Limits::NONE)?;
        }
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
        // At once, by its name: half of a box is none. Nobody takes that name again while it is
        // there, and whoever looks for boxes sweeps it away.
        let mut number = 0_u32;
        let gone = loop {
            let gone = rel(format!("{GONE}{}.{number}", std::process::id()).as_bytes())?;
            match self.boxes.rename(&self.folder, &gone) {
                Err(error) if error.errno == Errno::EXIST => number = number.saturating_add(1),
                done => break done.map(|()| gone)?,
            }
        };
        Ok(self.boxes.remove_all(&gone)?)
    }
}

fn in_use(name: String, workspace: &HostPath) -> BoxError {
    BoxError::InUse { name, workspace: workspace.clone(), source: Why::Busy }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    IfMissing,
    Never,
}

/// The kernel's clock for times of files.
pub(super) fn now() -> Instant {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    (now.tv_sec, now.tv_nsec)
}

/// How the folder of a box begins that is about to be removed: no digest does.
const GONE: &str = "~";
/// How many throw-away boxes of one directory can be alive at a time.
const SPARES: u32 = 64;
/// How often a box may be removed under our hands.
const TRIES: u32 = 16;
/// The longest file that a box has about itself.
const LONGEST_META: u64 = 1 << 16;

fn read_meta(dir: &Root) -> Result<Option<Meta>> {
    let path = rel(Meta::FILE.as_bytes())?;
    let file = match dir.file(&path) {
        Err(error) if error.is_missing() => return Ok(None),
        file => file?,
    };
    let mut text = Vec::new();
    let read = file.take(LONGEST_META).read_to_end(&mut text);
    let meta = read.ok().and_then(|_| Meta::decode(&text));
    meta.map(Some).ok_or(BoxError::Broken { name: Meta::FILE.as_bytes().to_vec() })
}

fn named(workspace: &HostPath, name: &BoxName) -> Result<RelPath> {
    rel(format!("{:032x}.{}", digest(workspace.as_bytes()), name.as_str()).as_bytes())
}

/// No name has a tilde.
fn spare(workspace: &HostPath, number: u32) -> Result<RelPath> {
    rel(format!("{:032x}~{number}", digest(workspace.as_bytes())).as_bytes())
}

/// FNV-1a of 128 bits: spreads names. Two directories with the same one are told apart by what the
/// box says about itself.
fn digest(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}
