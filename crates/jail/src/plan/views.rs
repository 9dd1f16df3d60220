//! Directories that the payload may write and that do not change: copy-on-write views.

use std::borrow::Cow;

use rustix::io::Errno;

use drybox_sys::Otherwise;

use super::shares::Opened;
use super::{Entry, MountSource, Sources, Tree};
use crate::View;
use crate::error::{JailError, Step};

/// Adds the views; how many of them keep their changes in memory because real root can map no
/// owners where they were to be kept.
pub(crate) fn add_views(
    tree: &mut Tree,
    views: &[View],
    sources: &mut Sources,
) -> Result<usize, JailError> {
    let mut in_memory = 0_usize;
    let mut other_inodes = false;
    for view in views {
        let fail = |errno| JailError::new(Step::Share, view.source.as_bytes(), errno);
        let opened = Opened::new(&view.source).map_err(fail)?;
        if !opened.kind().is_dir() {
            return Err(fail(Errno::NOTDIR));
        }
        let (owner, device) = (opened.stat, opened.stat.st_dev);
        let layer = opened.layer(sources, false).map_err(fail)?;
        let mut two_filesystems = false;
        let mut changes = None;
        if let Some(path) = &view.changes {
            let fail = |errno| JailError::new(Step::Changes, path.as_bytes(), errno);
            let folder = Opened::new(path).map_err(fail)?;
            two_filesystems = folder.stat.st_dev != device;
            let before = sources.owners.unmapped;
            let layer = folder.layer_of(&owner, sources, false).map_err(fail)?;
            if sources.owners.unmapped == before {
                changes = Some(layer);
            } else if view.otherwise != Otherwise::Fail {
                sources.owners.unmapped = before;
                in_memory = in_memory.saturating_add(1);
            } else {
                return Err(fail(Errno::INVAL));
            }
        }
        // Over two filesystems, and over memory, an overlay gives files numbers of its own (`xino`).
        other_inodes |= two_filesystems || changes.is_none();
        let source = MountSource::View {
            layer,
            changes,
            two_filesystems,
            perhaps_in_use: view.perhaps_in_use,
            otherwise: view.otherwise,
        };
        tree.mount(&view.target, source, true);
    }
    if !views.is_empty() && (other_inodes || sources.identity.renumbers()) {
        tree.row(Entry::File(Cow::Borrowed(c"etc/gitconfig"), 0o644, Cow::Borrowed(BY_TIME)));
    }
    Ok(in_memory)
}

/// git's index has the owner and the inode of each file, as they are outside. Where a view shows
/// other ones, git would read the whole workspace again: here it compares size and time alone
/// (git-config(1), `core.checkStat`), as with an index that JGit shares.
const BY_TIME: &[u8] = b"[core]\n\tcheckStat = minimal\n";
