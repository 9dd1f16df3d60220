//! What a run needs of its box before it begins.

use drybox_spec::HostPath;
use drybox_tree::{TreeError, TreeOp};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use super::boxes::broken;
use super::layers::look;
use super::meta::Stood;
use super::{BoxError, Meta, OpenBox, Result, Why, below, rel};
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
        let mut looks = Vec::new();
        for host in hosts {
            // A look, for it may be a directory that cannot be listed.
            looks.push(look(host).map_err(TreeError::of(TreeOp::Read, host.as_bytes()))?);
        }
        let stands = looks.first().map(Stood::of);
        if self.is_new {
            self.meta.stood = stands;
        } else if let (Some(stood), Some(stands), Some(name)) =
            (self.meta.stood, stands, &self.meta.name)
            && stood != stands
            && let Some(workspace) = self.meta.layers.first()
        {
            let (name, workspace) = (name.as_str().to_owned(), workspace.clone());
            return Err(BoxError::OfAnother { name, workspace, source: Why::Replaced });
        }
        let last = if self.is_new { None } else { self.last_change()? };
        let before = self.meta.layers.len();
        for host in hosts {
            if !self.meta.layers.contains(host) {
                self.meta.layers.push(host.clone());
            }
        }
        let mut folders = Vec::new();
        for (host, owner) in hosts.iter().zip(&looks) {
            let number = self.meta.layers.iter().position(|layer| layer == host);
            let folder = number.and_then(Meta::folder);
            let folder = folder.ok_or_else(|| broken(host.as_bytes()))?;
            if !self.prepare_layer(owner, &folder)? {
                return Ok(None);
            }
            folders.push(below(&self.path, folder.as_bytes())?);
        }
        // Last: until then the layers are made, or adopted, once more.
        if self.is_new || self.meta.layers.len() != before {
            self.dir.replace(&rel(Meta::FILE.as_bytes())?, &self.meta.encode(), 0o600)?;
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
}
