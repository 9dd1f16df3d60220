//! What a run need not wait for (docs/decisions/0031): a box is made while the run before goes on,
//! and taken away while the next one does.

use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};
use rustix::fs::{FlockOperation, Mode, OFlags, XattrFlags, flock, fsetxattr, openat};

use super::boxes::broken;
use super::{Meta, OpenBox, Result, rel};

/// How the folder of a box begins that is about to be removed: no digest does.
pub(super) const GONE: &str = "~";
/// How many boxes stand ready: as many runs as begin at once find one.
const READY: usize = 4;
/// How many folders one run looks at to take them away.
const LOOKS: usize = 8;

/// The name of a box that stands ready.
fn ready(number: usize) -> Result<RelPath> {
    rel(format!("~ready.{number}").as_bytes())
}

/// Whether a folder is one that is to be taken away.
pub(super) fn is_gone(name: &[u8]) -> bool {
    name.starts_with(GONE.as_bytes()) && !name.starts_with(b"~ready.")
}

/// Whether a folder is that of a throw-away box.
pub(super) fn is_spare(name: &[u8]) -> bool {
    !name.starts_with(GONE.as_bytes()) && name.contains(&b'~')
}

/// Gives a box that stands ready the name `folder`; false: none does, or there is one of that name.
pub(super) fn take_ready(boxes: &Root, folder: &RelPath) -> Result<bool> {
    for number in 0..READY {
        match boxes.rename(&ready(number)?, folder) {
            Ok(()) => return Ok(true),
            Err(error) if error.is_missing() => {}
            Err(error) if error.errno == Errno::EXIST => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// Makes the two directories of a layer that an overlay needs; false: this filesystem has no
/// extended attributes, so no overlay can write here.
pub(super) fn make_layer(layer: &Root) -> Result<bool> {
    layer.make_dir(&rel(b"upper")?, 0o700)?;
    layer.make_dir(&rel(b"work")?, 0o700)?;
    let mark = || {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let upper = openat(layer, "upper", flags, Mode::empty())?;
        // A name of overlayfs' own: nobody inside sees it.
        fsetxattr(&upper, "user.overlay.drybox", b"1", XattrFlags::empty())
    };
    match mark() {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::PERM) => Ok(false),
        Err(errno) => Err(TreeError::of(TreeOp::Make, b"upper")(errno).into()),
    }
}

/// A box that nobody uses and somebody wrote to: to be removed, which may take long.
#[derive(Debug)]
#[must_use]
pub struct Leftover {
    boxes: Root,
    folder: RelPath,
    /// Locked: one process at a time is enough.
    _dir: Root,
}

impl Leftover {
    /// Removes it; cut off in the middle, the next one goes on.
    ///
    /// # Errors
    /// *Host*.
    pub fn remove(self) -> Result<()> {
        Ok(self.boxes.remove_all(&self.folder)?)
    }
}

impl OpenBox {
    /// Makes a box ready for a later run, and takes away what earlier ones left: for the time in
    /// which this one's payload runs. What fails is left for the next.
    ///
    /// What it gives back takes longer: it is of a run that was killed.
    pub fn tidy(&self) -> Option<Leftover> {
        self.make_ready().ok();
        self.sweep().ok().flatten()
    }

    fn make_ready(&self) -> Result<()> {
        let boxes = &self.boxes;
        for number in 0..READY {
            let place = ready(number)?;
            if boxes.stat(&place)?.is_some() {
                continue;
            }
            let begun = rel(format!("~begun.{}", std::process::id()).as_bytes())?;
            boxes.make_dir(&begun, 0o700)?;
            let dir = boxes.dir(&begun)?;
            // Or another run takes it for something left.
            lock(&dir)?;
            let layer = Meta::folder(0).ok_or_else(|| broken(begun.as_bytes()))?;
            dir.make_dir(&layer, 0o700)?;
            if make_layer(&dir.dir(&layer)?)? && boxes.rename(&begun, &place).is_ok() {
                return Ok(());
            }
            return Ok(boxes.remove_all(&begun)?);
        }
        Ok(())
    }

    fn sweep(&self) -> Result<Option<Leftover>> {
        let boxes = &self.boxes;
        let names = boxes.names()?;
        let old: Vec<_> = names.iter().filter(|name| is_gone(name) || is_spare(name)).collect();
        // Not always the same ones: those of runs that go on stay.
        let first = usize::try_from(std::process::id()).unwrap_or(0) % old.len().max(1);
        for name in old.iter().cycle().skip(first).take(LOOKS.min(old.len())) {
            let folder = rel(name)?;
            let Ok(dir) = boxes.dir(&folder) else { continue };
            if lock(&dir).is_err() {
                continue;
            }
            if !is_small(&dir)? {
                let boxes = boxes.share()?;
                return Ok(Some(Leftover { boxes, folder, _dir: dir }));
            }
            boxes.remove_all(&folder)?;
        }
        Ok(None)
    }
}

/// Removes a folder that is to be taken away; false: somebody is at it.
pub(super) fn sweep(boxes: &Root, folder: &RelPath) -> Result<bool> {
    let dir = match boxes.dir(folder) {
        Err(error) if error.is_missing() => return Ok(true),
        dir => dir?,
    };
    if lock(&dir).is_err() {
        return Ok(false);
    }
    boxes.remove_all(folder)?;
    Ok(true)
}

/// Takes the lock of a box that no run holds.
fn lock(dir: &Root) -> Result<()> {
    flock(dir, FlockOperation::NonBlockingLockExclusive)
        .map_err(|errno| TreeError::of(TreeOp::Read, b".")(errno).into())
}

/// Whether nobody wrote to a box.
fn is_small(dir: &Root) -> Result<bool> {
    for name in dir.names()? {
        let upper = rel(&name)?.join(&rel(b"upper")?);
        match dir.dir(&upper) {
            Ok(upper) if !upper.is_empty()? => return Ok(false),
            Err(error) if error.errno == Errno::ACCESS => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}
