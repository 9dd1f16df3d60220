//! Directories that the payload may write and that do not change: copy-on-write views.

use rustix::io::Errno;

use drybox_sys::Otherwise;

use super::shares::Opened;
use super::{MountSource, Sources, Tree};
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
        let source = MountSource::View {
            layer,
            changes,
            two_filesystems,
            perhaps_in_use: view.perhaps_in_use,
            otherwise: view.otherwise,
        };
        tree.mount(&view.target, source, true);
    }
    Ok(in_memory)
}
