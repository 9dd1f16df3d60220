//! With whose rights the host's directory is changed.

use drybox_tree::{Errno, Root, TreeError, TreeOp};
use rustix::process::{Gid, Uid, getegid, geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The owner of the directory. Real root becomes that user for each step that takes a path: what is
/// made belongs to them, and no trick with a path gets more than they have anyway.
#[derive(Debug)]
pub(super) struct Owner {
    uid: u32,
    /// Of real root alone.
    becomes: Option<Gid>,
    own: (Uid, Gid),
    groups: Vec<Gid>,
}

impl Owner {
    /// That of `top`.
    pub(super) fn of(top: &Root) -> Result<Self, TreeError> {
        let stat = top.stat_self()?;
        let own = (geteuid(), getegid());
        let becomes = (own.0.is_root() && stat.st_uid != 0).then(|| Gid::from_raw(stat.st_gid));
        let groups = match becomes {
            Some(_) => getgroups().map_err(TreeError::of(TreeOp::Read, b"."))?,
            None => Vec::new(),
        };
        let uid = if becomes.is_some() { stat.st_uid } else { own.0.as_raw() };
        Ok(Self { uid, becomes, own, groups })
    }

    /// Whose files may be replaced.
    pub(super) const fn uid(&self) -> u32 {
        self.uid
    }

    /// Does something with a path of the host's, as the owner.
    pub(super) fn act<T>(
        &self,
        work: impl FnOnce() -> Result<T, TreeError>,
    ) -> Result<T, TreeError> {
        let Some(gid) = self.becomes else { return work() };
        let failed = |errno| TreeError { op: TreeOp::Write, path: b".".to_vec(), errno };
        // The calling thread alone changes. Groups and the group first: it takes root's rights.
        let become_owner = || -> Result<(), Errno> {
            set_thread_groups(&[])?;
            set_thread_res_gid(None, gid, None)?;
            set_thread_res_uid(None, Uid::from_raw(self.uid), None)
        };
        let become_self = || -> Result<(), Errno> {
            set_thread_res_uid(None, self.own.0, None)?;
            set_thread_res_gid(None, self.own.1, None)?;
            set_thread_groups(&self.groups)
        };
        let done = match become_owner() {
            Ok(()) => work(),
            Err(errno) => Err(failed(errno)),
        };
        become_self().map_err(failed)?;
        done
    }
}
