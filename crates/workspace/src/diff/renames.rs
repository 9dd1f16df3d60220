//! Renames: a deleted and an added file with the same bytes.

use std::collections::BTreeMap;

use drybox_tree::{Root, TreeError};

use super::content::{failed, same_bytes};
use super::{Change, Kind, NodeKind};

/// How many pairs are compared at most, and how many bytes: a payload chooses both.
const PAIRS: usize = 1000;
const BYTES: u64 = 256 << 20;
/// With more candidates of one size no rename is looked for among them.
const OF_ONE_SIZE: usize = 16;

/// Joins what was deleted and added with the same content. Each is used once, and one with the same
/// name is taken first.
pub(super) fn infer(
    changes: &mut Vec<Change>,
    upper: &Root,
    lower: &Root,
) -> Result<(), TreeError> {
    let mut by_size: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        let (node, added) = match change.kind {
            Kind::Deleted => (change.old, false),
            Kind::Added => (change.new, true),
            Kind::Modified | Kind::Renamed | Kind::Mode | Kind::Type => continue,
        };
        if let Some(node) = node.filter(|node| node.kind == NodeKind::File && node.size > 0) {
            let (deleted, new) = by_size.entry(node.size).or_default();
            if added { new.push(index) } else { deleted.push(index) }
        }
    }
    let (mut pairs, mut budget) = (PAIRS, BYTES);
    let mut gone = Vec::new();
    for (mut deleted, added) in by_size.into_values() {
        if deleted.is_empty() || deleted.len() > OF_ONE_SIZE || added.len() > OF_ONE_SIZE {
            same_names_only(&mut deleted, &added, changes);
        }
        for new in added {
            let Some(to) = changes.get(new).map(|change| change.path.clone()) else { continue };
            deleted.sort_by_key(|&old| {
                changes.get(old).is_none_or(|change| change.path.name() != to.name())
            });
            for at in 0..deleted.len() {
                let Some(&old) = deleted.get(at) else { break };
                let Some(from) = changes.get(old).cloned() else { break };
                if pairs == 0 || budget == 0 {
                    break;
                }
                pairs = pairs.saturating_sub(1);
                // What the host's user cannot read was not copied by a payload.
                let Ok(before) = lower.file(&from.path) else { continue };
                let now = upper.locked_file(&to)?;
                if same_bytes(before, now, &mut budget).map_err(failed(&to))? {
                    if let Some(change) = changes.get_mut(new) {
                        change.kind = Kind::Renamed;
                        change.old = from.old;
                        change.from = Some(from.path);
                    }
                    gone.push(old);
                    deleted.remove(at);
                    break;
                }
            }
        }
    }
    gone.sort_unstable();
    for index in gone.into_iter().rev() {
        changes.remove(index);
    }
    Ok(())
}

/// Of many of one size only those that kept their name are looked at.
fn same_names_only(deleted: &mut Vec<usize>, added: &[usize], changes: &[Change]) {
    let name = |index: usize| changes.get(index).map(|change| change.path.name());
    let names: std::collections::BTreeSet<_> = added.iter().map(|&index| name(index)).collect();
    deleted.retain(|&index| names.contains(&name(index)));
    deleted.truncate(OF_ONE_SIZE);
}
