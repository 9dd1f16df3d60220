//! What the payload's descriptors 0 to 2 are made of.

use std::os::fd::{BorrowedFd, OwnedFd};

use drybox_spec::HostPath;
use drybox_sys::FileId;
use rustix::fs::{Mode, fchmod, fstat, fstatfs};
use rustix::io::Errno;

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

impl Streams {
    /// Lets a payload that is another user than the caller open its own pipes again, each in its
    /// own direction: `/dev/stdin`, `/dev/stdout` and `/dev/stderr` are such opens.
    pub(crate) fn open_to_others(&self) -> Result<(), Errno> {
        match self {
            Self::Terminal { error } => error.iter().try_for_each(|e| e.open_to_others(Mode::WOTH)),
            Self::Each { input, output, error } => {
                input.open_to_others(Mode::ROTH)?;
                output.open_to_others(Mode::WOTH)?;
                error.open_to_others(Mode::WOTH)
            }
        }
    }
}

impl Stream {
    fn open_to_others(&self, permission: Mode) -> Result<(), Errno> {
        match self.pipe() {
            // A pipe without a name can be reached by those only who have it or may look into
            // such a process (proc_pid_fd(5)); a FIFO keeps what its owner gave it.
            Some(pipe) if fstatfs(pipe)?.f_type == PIPEFS_MAGIC => {
                fchmod(pipe, Mode::from_raw_mode(fstat(pipe)?.st_mode) | permission)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        use std::os::fd::AsFd as _;
        match self {
            Self::Null => None,
            Self::Pipe(pipe) | Self::File(_, pipe) => Some(pipe.as_fd()),
        }
    }
}

/// Linux `include/uapi/linux/magic.h`.
const PIPEFS_MAGIC: rustix::fs::FsWord = 0x5049_5045;
