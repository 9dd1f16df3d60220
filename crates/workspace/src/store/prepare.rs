//! What a run needs of its box before it begins.

use drybox_spec::HostPath;
use drybox_tree::{Errno, RelPath, TreeError, TreeOp};
use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, XattrFlags, chownat, fchmod, fsetxattr,
    fstat, futimens, lstat, openat,
};
use rustix::process::{Gid, Uid};

use super::{BoxError, Meta, OpenBox, Result, below, rel};
use crate::exact::{Instant, Stamp};

impl OpenBox {
    /// Makes the folders that an overlay over each of `hosts` needs, and says where they are; none:
    /// this filesystem has no extended attributes, so no overlay can write here.
    ///
    /// What is written belongs to the owner of the host's directory in the end.
    ///
    /// # Errors
    /// *Host*.
    pub fn prepare(&mut self, hosts: &[HostPath]) -> Result<Option<Vec<HostPath>>> {
        let last = if self.is_new { None } else { self.last_change()? };
        let before = self.meta.layers.len();
        for host in hosts {
            if !self.meta.layers.contains(host) {
                self.meta.layers.push(host.clone());
            }
        }
        if self.is_new || self.meta.layers.len() != before {
            self.dir.replace(&rel(Meta::FILE.as_bytes())?, &self.meta.encode(), 0o600)?;
        }
        let mut folders = Vec::new();
        for host in hosts {
            let number = self.meta.layers.iter().position(|layer| layer == host);
            let folder = number.and_then(Meta::folder);
            let folder = folder.ok_or(BoxError::Broken { name: host.as_bytes().to_vec() })?;
            if !self.prepare_layer(host, &folder)? {
                return Ok(None);
            }
            folders.push(below(&self.path, folder.as_bytes())?);
        }
        match (self.is_new, self.was_killed) {
            (true, _) => {}
            // Its view may still be there, and not one name may be taken away below it.
            (false, true) => self.write_evidence(last)?,
            (false, false) => self.settle()?,
        }
        if !self.is_new {
            // Twice, with a look between: only what was looked at gets a time of its own in one tick.
            self.touch()?;
            self.began()?;
            self.touch()?;
        }
        self.ran = true;
        Ok(Some(folders))
    }

    /// When its run began: the time of its folder, in which something was made or that was touched
    /// just before anything could be copied up.
    ///
    /// A clock would be finer, or coarser, than the times of files. This is one of them: what was
    /// changed on the host later is not older (since Linux 6.13, to the nanosecond, because the
    /// folder's time was looked at before it was changed; earlier, to the tick).
    pub(super) fn began(&self) -> Result<Instant> {
        Ok(Stamp::of(&self.dir.stat_self()?).changed())
    }

    fn touch(&self) -> Result<()> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        futimens(&self.dir, &times)
            .map_err(|errno| TreeError::of(TreeOp::Write, b".")(errno).into())
    }

    fn prepare_layer(&mut self, host: &HostPath, folder: &RelPath) -> Result<bool> {
        let failed = TreeError::of(TreeOp::Make, folder.as_bytes());
        match self.dir.dir(folder) {
            Err(error) if error.is_missing() => {
                // Whole or not at all: a run that is killed here leaves none.
                let begun = rel(b"begun")?;
                match self.dir.make_dir(&begun, 0o700) {
                    Err(error) if error.errno == Errno::EXIST => {
                        self.dir.remove_all(&begun)?;
                        self.dir.make_dir(&begun, 0o700)?;
                    }
                    done => done?,
                }
                let layer = self.dir.dir(&begun)?;
                let upper = rel(b"upper")?;
                layer.make_dir(&upper, 0o700)?;
                layer.make_dir(&rel(b"work")?, 0o700)?;
                // A look, for it may be a directory that cannot be listed.
                let owner =
                    lstat(host.as_c_str()).map_err(TreeError::of(TreeOp::Read, host.as_bytes()))?;
                let work = || -> std::result::Result<bool, Errno> {
                    let own = fstat(&layer)?;
                    if (own.st_uid, own.st_gid) != (owner.st_uid, owner.st_gid) && own.st_uid == 0 {
                        let (uid, gid) = (Uid::from_raw(owner.st_uid), Gid::from_raw(owner.st_gid));
                        for name in ["upper", "work"] {
                            let flags = AtFlags::SYMLINK_NOFOLLOW;
                            chownat(&layer, name, Some(uid), Some(gid), flags)?;
                        }
                    }
                    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                    let upper = openat(&layer, "upper", flags, Mode::empty())?;
                    // A name of overlayfs' own: nobody inside sees it.
                    match fsetxattr(&upper, "user.overlay.drybox", b"1", XattrFlags::empty()) {
                        Ok(()) => {}
                        Err(Errno::OPNOTSUPP | Errno::PERM) => return Ok(false),
                        Err(errno) => return Err(errno),
                    }
                    // The root of the view shows what its upper layer has.
                    fchmod(&upper, Mode::from_raw_mode(owner.st_mode & 0o7777))?;
                    Ok(true)
                };
                let usable = work().map_err(failed)?;
                if usable {
                    self.dir.rename(&begun, folder)?;
                } else {
                    self.dir.remove_all(&begun)?;
                }
                Ok(usable)
            }
            Ok(layer) => {
                // Emptied at the end of every run that came to its end.
                if layer.stat(&rel(b"work/work")?)?.is_some() {
                    self.was_killed = true;
                    self.renew_work(folder)?;
                }
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An empty `work` in the place of what a mount left there: `volatile` allows no second one.
    pub(super) fn renew_work(&self, folder: &RelPath) -> Result<()> {
        let layer = self.dir.dir(folder)?;
        let work = rel(b"work/work")?;
        layer.remove_all(&work)?;
        // Left by kernels with an index, or by a mount that failed half-way.
        for name in [&b"work/index"[..], b"work/incompat"] {
            layer.remove_all(&rel(name)?)?;
        }
        Ok(())
    }
}
