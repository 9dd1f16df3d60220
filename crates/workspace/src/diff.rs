//! What changed in a box: from its upper layer alone, so that it costs what changed and not what
//! is there.

mod along;
mod area;
mod compare;
mod content;
mod renames;
#[cfg(test)]
mod tests;
mod unified;

use drybox_tree::{FileType, RelPath, Stat, kind_of};

pub use area::{Area, area};
pub use compare::{Limits, compare};
pub(crate) use compare::{OPAQUE, compare_some, is_opaque, is_whiteout};
pub use content::Pair;
pub(crate) use unified::readable;
pub use unified::{Diffed, Hunk, Line, Unified, unified};

/// One path that is not as it is on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, in its layer.
    pub path: RelPath,
    /// How.
    pub kind: Kind,
    /// What is there on the host; none: nothing.
    pub old: Option<Node>,
    /// What is there in the box; none: nothing.
    pub new: Option<Node>,
    /// For [`Kind::Renamed`]: where it was.
    pub from: Option<RelPath>,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// Its content, or where it points, is another; its mode may be, too.
    Modified,
    /// It is gone.
    Deleted,
    /// It was elsewhere with the same content: inferred.
    Renamed,
    /// Its permission bits alone differ.
    Mode,
    /// It is something else than before: a file where a directory was.
    Type,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits, set-id bits included.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
}

/// What a path can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
    /// A directory that lies too deep to be looked into: whatever is in it is part of the change.
    Deep,
    /// A FIFO, socket or device: never opened.
    Special,
}

impl NodeKind {
    /// The word for people and for `--json`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Link => "symlink",
            Self::Directory => "directory",
            Self::Deep => "directory, too deep to look into",
            Self::Special => "special file",
        }
    }
}

impl Node {
    pub(crate) fn of(stat: &Stat) -> Self {
        let kind = match kind_of(stat) {
            FileType::RegularFile => NodeKind::File,
            FileType::Symlink => NodeKind::Link,
            FileType::Directory => NodeKind::Directory,
            _ => NodeKind::Special,
        };
        Self { kind, mode: stat.st_mode & 0o7777, size: u64::try_from(stat.st_size).unwrap_or(0) }
    }
}

impl Kind {
    /// The word of `--json`, which knows no change of type: that is a modification.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified | Self::Type => "modified",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
            Self::Mode => "mode",
        }
    }
}
