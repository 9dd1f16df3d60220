//! The names beside a change, each directory read once: a directory of 100,000 names must not be
//! compared with itself.

use std::cell::RefCell;
use std::collections::HashMap;

use super::change::{Kind, Lookup};
use super::name;

/// The directories of one workspace.
pub(super) struct Siblings<'a> {
    lookup: &'a dyn Lookup,
    known: RefCell<HashMap<Vec<u8>, Names>>,
}

/// In what two names can be one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Alike {
    /// Where case and Unicode form do not count.
    OnOtherHosts,
    /// They look the same.
    ToTheEye,
}

/// Names by what they have in common, at most two each: one's own, and another.
#[derive(Debug, Default)]
struct Names {
    collation: HashMap<String, Vec<Vec<u8>>>,
    skeleton: HashMap<String, Vec<Vec<u8>>>,
}

impl<'a> Siblings<'a> {
    pub(super) fn new(lookup: &'a dyn Lookup) -> Self {
        Self { lookup, known: RefCell::default() }
    }

    /// What is at this path once every change is made.
    pub(super) fn after(&self, path: &[u8]) -> Option<Kind> {
        self.lookup.after(path)
    }

    /// Another name of this directory that is like this one.
    pub(super) fn other(&self, directory: &[u8], own: &[u8], alike: Alike) -> Option<Vec<u8>> {
        let mut known = self.known.borrow_mut();
        let names = known
            .entry(directory.to_vec())
            .or_insert_with(|| Names::new(self.lookup.names(directory)));
        let same = match alike {
            Alike::OnOtherHosts => names.collation.get(&name::collation(own)),
            Alike::ToTheEye => names.skeleton.get(&name::skeleton(own)),
        };
        same?.iter().find(|other| *other != own).cloned()
    }
}

impl Names {
    fn new(list: Vec<Vec<u8>>) -> Self {
        let mut names = Self::default();
        for one in list {
            let maps = [
                (&mut names.collation, name::collation(&one)),
                (&mut names.skeleton, name::skeleton(&one)),
            ];
            for (map, key) in maps {
                let same = map.entry(key).or_default();
                if same.len() < 2 {
                    same.push(one.clone());
                }
            }
        }
        names
    }
}

impl std::fmt::Debug for Siblings<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Siblings").finish_non_exhaustive()
    }
}
