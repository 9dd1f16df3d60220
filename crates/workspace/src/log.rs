//! The event log of a directory: what ran there, what it was refused, what came out of it.
//!
//! JSON lines in drybox's own folder, one file a directory, for us alone. Every line carries the
//! SHA-256 of the line before it, and a small file beside the log (its *head*) says where the log
//! ended: a line that was changed, moved or taken away is noticed by [`Log::read`], also at the end.
//! Whoever can write the folder can write both anew: the log tells accidents and other programs'
//! hands, it is no proof against the user's own account.
//!
//! Bounded: a log is at most two files of [`MOST_BYTES`], a run adds at most what a [`Batch`] takes,
//! and there are at most [`MOST_LOGS`] logs. Nothing is synced to the disk.

mod append;
mod batch;
mod error;
mod head;
mod line;
mod read;
mod sweep;
#[cfg(test)]
mod tests;
mod time;

use std::time::SystemTime;

use drybox_spec::HostPath;
use drybox_tree::{RelPath, Root};

use crate::store::{below, own};
pub use append::{Appended, Patience};
pub use batch::Batch;
pub use error::LogError;
pub use line::digest;
pub use read::{Entry, Fault, Reading, Tail};
pub use sweep::MOST_LOGS;
pub use time::{stamp, written};

/// A log's file is put aside, and the one that was aside removed, when it is longer than this.
pub const MOST_BYTES: u64 = 1 << 20;

/// The version of a line's form.
pub const VERSION: u32 = 1;

/// The log of one directory.
#[derive(Debug)]
pub struct Log {
    folder: Root,
    /// The file that is written.
    lines: RelPath,
    /// The one before.
    aside: RelPath,
    head: RelPath,
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// Now.
    pub time: SystemTime,
    /// The box; none: nothing was to be kept.
    pub name: Option<&'a str>,
    /// The run: the number of its first line; none: this line is the first.
    pub run: Option<u64>,
}

impl Log {
    /// Opens the log of a directory; its folder is made when it is not there.
    ///
    /// # Errors
    /// *Host*, when the folder cannot be made, or when another user could swap it.
    pub fn open(data: &HostPath, workspace: &HostPath) -> Result<Self, LogError> {
        let path = below(data, FOLDER)?;
        own::make(&path)?;
        Self::in_folder(path, workspace)
    }

    /// As [`Log::open`]; none when there is no folder of logs yet.
    ///
    /// # Errors
    /// *Host*.
    pub fn existing(data: &HostPath, workspace: &HostPath) -> Result<Option<Self>, LogError> {
        let path = below(data, FOLDER)?;
        if !own::is_there(&path) {
            return Ok(None);
        }
        Self::in_folder(path, workspace).map(Some)
    }

    fn in_folder(path: HostPath, workspace: &HostPath) -> Result<Self, LogError> {
        let (folder, path) = own::directory(path)?;
        // 128 bits: nobody finds a second directory with the same ones.
        let digest = digest(workspace.as_bytes());
        let key = digest.get(..32).unwrap_or(&digest);
        let name = |end: &str| {
            RelPath::parse(format!("{key}.{end}").as_bytes())
                .map_err(|_| LogError::Folder { path: path.clone(), source: own::no_name() })
        };
        let (lines, aside, head) = (name(LINES)?, name(ASIDE)?, name(HEAD)?);
        Ok(Self { folder, lines, aside, head })
    }
}

const FOLDER: &[u8] = b"logs";
const LINES: &str = "jsonl";
const ASIDE: &str = "1.jsonl";
const HEAD: &str = "head";
