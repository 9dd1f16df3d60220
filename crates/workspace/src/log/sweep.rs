//! How many logs there are: directories come and go, and nobody says when.

use drybox_tree::{Errno, RelPath, TreeOp};
use rustix::fs::{AtFlags, unlinkat};

use super::{ASIDE, HEAD, LINES, Log, LogError};

/// Directories whose logs are kept; when there are more, those that were not written for the longest
/// time go, a quarter at once.
pub const MOST_LOGS: usize = 1000;

impl Log {
    /// Makes room for one more log.
    pub(super) fn sweep(&self) -> Result<(), LogError> {
        let names = self.folder.names()?;
        let mut heads: Vec<Vec<u8>> = names;
        heads.retain(|name| name.ends_with(&[b".", HEAD.as_bytes()].concat()));
        if heads.len() <= MOST_LOGS {
            return Ok(());
        }
        let mut dated = Vec::new();
        for name in heads {
            let Ok(path) = RelPath::parse(&name) else { continue };
            if path != self.head
                && let Some(stat) = self.folder.stat(&path)?
            {
                dated.push((stat.st_mtime, stat.st_mtime_nsec, name));
            }
        }
        dated.sort_unstable();
        for (_, _, head) in dated.into_iter().take(MOST_LOGS / 4) {
            let key = head.strip_suffix(HEAD.as_bytes()).unwrap_or(&head);
            // The head last: what a killed process leaves is found again by it.
            for end in [LINES, ASIDE, HEAD] {
                self.remove(&[key, end.as_bytes()].concat())?;
            }
        }
        Ok(())
    }

    fn remove(&self, name: &[u8]) -> Result<(), LogError> {
        match unlinkat(&self.folder, name, AtFlags::empty()) {
            Err(Errno::NOENT) | Ok(()) => Ok(()),
            Err(errno) => {
                let failed =
                    drybox_tree::TreeError { op: TreeOp::Write, path: name.to_vec(), errno };
                Err(LogError::Tree(failed))
            }
        }
    }
}
