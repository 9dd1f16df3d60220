//! The folders of one layer, and which directory of the host it is over.

use drybox_spec::HostPath;
use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};
use rustix::fs::{AtFlags, CWD, Mode, Statx, StatxFlags, chmodat, chownat, fstat, statx};
use rustix::process::{Gid, Uid};

use super::boxes::OpenBox;
use super::meta::Stood;
use super::ready::make_layer;
use super::{BoxError, Result, Why, rel};

impl OpenBox {
    pub(super) fn prepare_layer(&mut self, owner: &Statx, folder: &RelPath) -> Result<bool> {
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
                let usable = make_layer(&layer)?;
                if usable {
                    adopt(&layer, owner)?;
                    self.dir.rename(&begun, folder)?;
                } else {
                    self.dir.remove_all(&begun)?;
                }
                Ok(usable)
            }
            Ok(layer) => {
                if self.is_new {
                    // It stood ready, for any directory; whole, unless the machine went down.
                    match adopt(&layer, owner) {
                        Err(BoxError::Tree(error)) if error.is_missing() => {
                            self.dir.remove_all(folder)?;
                            return self.prepare_layer(owner, folder);
                        }
                        done => done?,
                    }
                }
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

    /// Fails when another directory stands at its path by now.
    ///
    /// # Errors
    /// *User*, with the ways out.
    pub fn expect_of_what_stands(&self) -> Result<()> {
        match (self.is_of_what_stands(), self.name(), self.workspace()) {
            (false, Some(name), Some(workspace)) => {
                let (name, workspace) = (name.as_str().to_owned(), workspace.clone());
                Err(BoxError::OfAnother { name, workspace, source: Why::Replaced })
            }
            _ => Ok(()),
        }
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

/// Gives a layer to the owner of the host's directory, and its mode: the root of the view shows what
/// its upper layer has.
fn adopt(layer: &Root, owner: &Statx) -> Result<()> {
    let work = || -> std::result::Result<(), Errno> {
        let own = fstat(layer)?;
        if (own.st_uid, own.st_gid) != (owner.stx_uid, owner.stx_gid) && own.st_uid == 0 {
            let (uid, gid) = (Uid::from_raw(owner.stx_uid), Gid::from_raw(owner.stx_gid));
            for name in ["upper", "work"] {
                chownat(layer, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
            }
        }
        let mode = Mode::from_raw_mode(u32::from(owner.stx_mode) & 0o7777);
        chmodat(layer, "upper", mode, AtFlags::empty())
    };
    Ok(work().map_err(TreeError::of(TreeOp::Make, b"upper"))?)
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
