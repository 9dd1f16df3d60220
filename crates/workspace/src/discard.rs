//! Takes changes back, path by path.

use drybox_tree::{FileType, RelPath, Root, TreeError, kind_of};

use crate::diff::is_opaque;

/// What became of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discarded {
    /// It is as on the host again.
    Done,
    /// Nothing had changed there.
    Unchanged,
    /// This directory above was replaced as a whole, and can only be taken back so.
    Within(RelPath),
}

/// Takes back what changed at `path` and below in an upper layer.
///
/// # Errors
/// *Host*.
pub fn discard(upper: &Root, path: &RelPath) -> Result<Discarded, TreeError> {
    for above in path.ancestors() {
        match upper.stat(&above)? {
            None => return Ok(Discarded::Unchanged),
            Some(stat) if kind_of(&stat) == FileType::Directory => {
                if is_opaque(upper, &above)? {
                    return Ok(Discarded::Within(above));
                }
            }
            // A whiteout, or a file where a directory was.
            Some(_) => return Ok(Discarded::Within(above)),
        }
    }
    if upper.stat(path)?.is_none() {
        return Ok(Discarded::Unchanged);
    }
    upper.remove_all(path)?;
    Ok(Discarded::Done)
}
