//! What stands at one place of the plan.

use std::os::fd::OwnedFd;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::Part;

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Node {
    /// A symbolic link, with its target.
    Link(Vec<u8>),
    /// Anything else.
    There(Place),
    /// Nothing, or nothing that can be reached.
    Missing(Part, Errno),
}

/// A file or directory.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) part: Part,
    pub(super) kind: FileType,
    /// The host's file; none: the box's own, with `mode`.
    pub(super) file: Option<OwnedFd>,
    /// Permission bits of what is the payload's own.
    pub(super) mode: u32,
    pub(super) read_only: bool,
    pub(super) no_exec: bool,
}

impl Node {
    pub(super) fn part(&self) -> Part {
        match self {
            Self::There(place) => place.part.clone(),
            Self::Missing(part, _) => part.clone(),
            Self::Link(_) => Part::Own,
        }
    }
}

impl Place {
    /// Something that drybox makes, as the payload's own.
    pub(super) const fn own(part: Part, kind: FileType, mode: u32, read_only: bool) -> Self {
        // The root filesystem is noexec; scratch space below it is not, and says so.
        Self { part, kind, file: None, mode, read_only, no_exec: read_only }
    }

    pub(super) fn is_dir(&self) -> bool {
        self.kind.is_dir()
    }
}
