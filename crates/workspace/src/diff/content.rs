//! What is in two files: read in pieces, never whole.

use std::fs::File;
use std::io::Read;

use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};

use super::{Change, Node, NodeKind};

/// The two sides of a change.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The host's directory.
    pub lower: &'a Root,
    /// What was written.
    pub upper: &'a Root,
}

impl Pair<'_> {
    /// At most `limit` bytes of what was at the path before, a link's target included.
    ///
    /// # Errors
    /// *Host*.
    pub fn before(&self, change: &Change, limit: u64) -> Result<Vec<u8>, TreeError> {
        let path = change.from.as_ref().unwrap_or(&change.path);
        // As it is: no mode of the host's is changed to read what its user may not.
        side(change.old.as_ref(), self.lower, path, limit, Root::file)
    }

    /// At most `limit` bytes of what is there now.
    ///
    /// # Errors
    /// *Host*.
    pub fn after(&self, change: &Change, limit: u64) -> Result<Vec<u8>, TreeError> {
        side(change.new.as_ref(), self.upper, &change.path, limit, Root::locked_file)
    }
}

fn side(
    node: Option<&Node>,
    root: &Root,
    path: &RelPath,
    limit: u64,
    open: impl FnOnce(&Root, &RelPath) -> Result<File, TreeError>,
) -> Result<Vec<u8>, TreeError> {
    match node.map(|node| node.kind) {
        Some(NodeKind::File) => {
            let mut bytes = Vec::new();
            let read = open(root, path)?.take(limit).read_to_end(&mut bytes);
            read.map_err(failed(path))?;
            Ok(bytes)
        }
        Some(NodeKind::Link) => root.link(path),
        Some(NodeKind::Directory | NodeKind::Deep | NodeKind::Special) | None => Ok(Vec::new()),
    }
}

/// Whether two files of one size have the same bytes; once `budget` is used up, no two have.
pub(super) fn same_content(
    lower: &Root,
    upper: &Root,
    path: &RelPath,
    budget: &mut u64,
) -> Result<bool, TreeError> {
    let old = match lower.file(path) {
        // The host's user may not read it, so the payload could not have copied it.
        Err(error) if error.errno == Errno::ACCESS => return Ok(false),
        old => old?,
    };
    let new = upper.locked_file(path)?;
    same_bytes(old, new, budget).map_err(failed(path))
}

/// Whether two open files have the same bytes.
pub(super) fn same_bytes(mut old: File, mut new: File, budget: &mut u64) -> std::io::Result<bool> {
    const PIECE: usize = 1 << 16;
    let (mut a, mut b) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let n = fill(&mut old, &mut a)?;
        let m = fill(&mut new, &mut b)?;
        if n != m || a.get(..n) != b.get(..m) {
            return Ok(false);
        }
        if n == 0 {
            return Ok(true);
        }
        let read = u64::try_from(n).unwrap_or(u64::MAX);
        match budget.checked_sub(read) {
            Some(left) => *budget = left,
            None => return Ok(false),
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read(rest)? {
            0 => break,
            n => filled = filled.saturating_add(n),
        }
    }
    Ok(filled)
}

pub(super) fn failed(path: &RelPath) -> impl FnOnce(std::io::Error) -> TreeError {
    let path = path.as_bytes().to_vec();
    move |error| TreeError {
        op: TreeOp::Read,
        path,
        errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    }
}
