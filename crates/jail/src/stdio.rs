//! What the payload's descriptors 0 to 2 are made of.

use std::os::fd::{BorrowedFd, OwnedFd};

use drybox_spec::HostPath;
use drybox_sys::FileId;

/// What the payload has on 0 to 2.
#[derive(Debug)]
pub enum Streams {
    /// A terminal of its own; the master comes back as [`crate::Sandbox::terminal`].
    Terminal {
        /// Standard error, when it is not the terminal.
        error: Option<Stream>,
    },
    /// One by one.
    Each {
        /// Standard input.
        input: Stream,
        /// Standard output.
        output: Stream,
        /// Standard error; may be the same pipe as standard output.
        error: Stream,
    },
}

/// One standard descriptor.
#[derive(Debug)]
pub enum Stream {
    /// The sandbox's `/dev/null`.
    Null,
    /// This end of a pipe: an open file description that nobody else uses.
    Pipe(OwnedFd),
    /// A regular file of the host, opened again for reading, or the relay's pipe if that fails.
    File(FileInput, OwnedFd),
}

/// A regular file of the host on standard input.
#[derive(Debug)]
pub struct FileInput {
    /// Where it lies, as `/proc/self/fd/0` says.
    pub path: HostPath,
    /// Which file it is.
    pub id: FileId,
    /// Where its descriptor stands, in bytes.
    pub offset: u64,
}

impl Stream {
    pub(crate) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        use std::os::fd::AsFd as _;
        match self {
            Self::Null => None,
            Self::Pipe(pipe) | Self::File(_, pipe) => Some(pipe.as_fd()),
        }
    }
}
