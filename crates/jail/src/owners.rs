//! Real root only: how the owners of shared files look inside, through id-mapped mounts.

use std::fmt::Write as _;
use std::os::fd::{BorrowedFd, OwnedFd};

use drybox_sys as sys;
use rustix::fs::Stat;
use rustix::io::Errno;

use crate::identity::{Identity, RANGE};

/// The id maps made so far, one for each owner, and the trees that could not have one.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    made: Vec<((u32, u32), OwnedFd)>,
    /// How many trees show their files as nobody's.
    pub(crate) unmapped: usize,
}

impl Owners {
    /// Shows a tree's owner as the payload, and everybody else as somebody else.
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

/// `owner` becomes the payload, and the other ids of the range stay what they are.
///
/// Files of somebody else must have some owner: what has none cannot even be replaced or removed
/// in a directory of one's own (`EOVERFLOW`), as a source tree that root unpacked has it. Whoever
/// has the payload's number on the host gets the owner's.
fn lines(owner: u32, payload: u32, base: u32) -> String {
    let number = payload.saturating_sub(base);
    let mut lines = format!("{owner} {payload} 1\n");
    if owner != number && owner < RANGE {
        let _written = writeln!(lines, "{number} {} 1", base.saturating_add(owner));
    }
    let taken = [owner.min(number), owner.max(number), RANGE];
    let mut next = 0;
    for end in taken.map(|end| end.min(RANGE)) {
        if next < end {
            let (to, count) = (base.saturating_add(next), end.saturating_sub(next));
            let _written = writeln!(lines, "{next} {to} {count}");
        }
        next = end.saturating_add(1);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_id_is_mapped_once_and_the_owner_to_the_payload() {
        const BASE: u32 = 0x6000_0000;
        for owner in [0, 1, 999, 1000, 1001, RANGE - 1, RANGE, 1_000_000] {
            for number in [0, 1000, RANGE - 1] {
                let text = lines(owner, BASE + number, BASE);
                let mut from = BTreeMap::new();
                let mut to = BTreeSet::new();
                for line in text.lines() {
                    let words: Vec<u32> =
                        line.split(' ').map(|word| word.parse().unwrap()).collect();
                    for step in 0..words[2] {
                        assert_eq!(from.insert(words[0] + step, words[1] + step), None, "{text}");
                        assert!(to.insert(words[1] + step), "{text}");
                    }
                }
                assert_eq!(from[&owner], BASE + number, "{text}");
                assert!(to.iter().all(|id| (BASE..BASE + RANGE).contains(id)), "{text}");
                let lost = if owner < RANGE { 0 } else { 1 };
                let below = (0..RANGE).filter(|id| !from.contains_key(id)).count();
                assert_eq!(below, lost, "{text}");
                assert!(text.len() < 4096, "one write");
            }
        }
    }
}
