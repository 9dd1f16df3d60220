//! Real root only: how the owners of shared files look inside, through id-mapped mounts.

use std::os::fd::{BorrowedFd, OwnedFd};

use drybox_sys as sys;
use rustix::fs::Stat;
use rustix::io::Errno;

use crate::identity::Identity;

/// The id maps made so far, one for each owner, and the trees that could not have one.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    made: Vec<((u32, u32), OwnedFd)>,
    /// How many trees show their files as nobody's.
    pub(crate) unmapped: usize,
}

impl Owners {
    /// Shows a tree's owner as the payload, and root as root.
    pub(crate) fn map(
        &mut self,
        tree: BorrowedFd<'_>,
        owner: &Stat,
        identity: &Identity,
    ) -> Result<(), Errno> {
        let namespace = self.namespace((owner.st_uid, owner.st_gid), identity)?;
        match sys::set_id_map(tree, namespace) {
            // The filesystem has no id-mapped mounts: its files show as nobody's, and can be read
            // where others may read them.
            Err(Errno::INVAL) => {
                self.unmapped = self.unmapped.saturating_add(1);
                Ok(())
            }
            done => done,
        }
    }

    fn namespace(
        &mut self,
        owner: (u32, u32),
        identity: &Identity,
    ) -> Result<BorrowedFd<'_>, Errno> {
        use std::os::fd::AsFd as _;
        let Identity::Root { base, .. } = *identity else {
            return Err(Errno::INVAL);
        };
        let position = self.made.iter().position(|(made, _)| *made == owner);
        let position = match position {
            Some(position) => position,
            None => {
                let payload = identity.outside();
                let made = sys::id_map_namespace(
                    lines(owner.0, payload.0, base).as_bytes(),
                    lines(owner.1, payload.1, base).as_bytes(),
                )?;
                self.made.push((owner, made));
                self.made.len().saturating_sub(1)
            }
        };
        self.made.get(position).map(|(_, fd)| fd.as_fd()).ok_or(Errno::BADF)
    }
}

/// `owner` becomes the payload and 0 becomes 0, where these are different ids on both sides.
fn lines(owner: u32, payload: u32, base: u32) -> String {
    if owner == 0 || payload == base {
        format!("{owner} {payload} 1\n")
    } else {
        format!("{owner} {payload} 1\n0 {base} 1\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_mapped_twice() {
        assert_eq!(lines(1001, 525_288, 524_288), "1001 525288 1\n0 524288 1\n");
        assert_eq!(lines(0, 525_288, 524_288), "0 525288 1\n");
        assert_eq!(lines(1001, 524_288, 524_288), "1001 524288 1\n");
    }
}
