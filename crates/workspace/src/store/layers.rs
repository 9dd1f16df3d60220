//! The folders of one layer, and which directory of the host it is over.

use drybox_spec::HostPath;
use drybox_tree::{Errno, RelPath, TreeError, TreeOp};
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Statx, StatxFlags, XattrFlags, chownat, fchmod, fsetxattr, fstat,
    openat, statx,
};
use rustix::process::{Gid, Uid};

use super::boxes::OpenBox;
use super::meta::Stood;
use super::{Result, rel};

impl OpenBox {
    pub(super) fn prepare_layer(&mut self, owner: &Statx, folder: &RelPath) -> Result<bool> {
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
                let work = || -> std::result::Result<bool, Errno> {
                    let own = fstat(&layer)?;
                    if (own.st_uid, own.st_gid) != (owner.stx_uid, owner.stx_gid) && own.st_uid == 0
                    {
                        let (uid, gid) =
                            (Uid::from_raw(owner.stx_uid), Gid::from_raw(owner.stx_gid));
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
                    fchmod(&upper, Mode::from_raw_mode(u32::from(owner.stx_mode) & 0o7777))?;
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

    /// Whether the directory that its changes were made to still stands at its path; also when that
    /// cannot be told.
    #[must_use]
    pub fn is_of_what_stands(&self) -> bool {
        let stands = self.workspace().and_then(|workspace| look(workspace).ok());
        match (self.meta.stood, stands.as_ref().map(Stood::of)) {
            (Some(stood), Some(stands)) => stood == stands,
            _ => true,
        }
    }
}

/// What stands at a path, and since when.
pub(super) fn look(host: &HostPath) -> std::result::Result<Statx, Errno> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    statx(CWD, host.as_c_str(), AtFlags::SYMLINK_NOFOLLOW, wanted)
}

impl Stood {
    pub(super) fn of(stat: &Statx) -> Self {
        let has_birth = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
        let born = has_birth.then_some((stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec));
        Self { inode: stat.stx_ino, born }
    }
}
