//! What `resolve` must know about the host. The caller gathers it; the rules are here.

use std::fmt;
use std::io;

use crate::HostPath;

/// The surroundings of one run.
///
/// Cheap facts are plain data. What costs system calls and is seldom needed is asked through
/// [`Lookup`], so that a run without shares asks nothing.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The current directory, free of symlinks (getcwd(2)).
    pub cwd: &'a HostPath,
    /// The user's home directory, as `HOME` or the user database has it.
    pub home: Option<&'a HostPath>,
    /// The caller's effective user id.
    pub uid: u32,
    /// The caller's effective group id.
    pub gid: u32,
    /// Which of the descriptors 0, 1 and 2 are terminals.
    pub terminals: [bool; 3],
    /// Answers about paths, files and variables.
    pub host: &'a dyn Lookup,
}

/// Questions about the host. Pure for the length of one `resolve`: the same question, the same answer.
pub trait Lookup: fmt::Debug {
    /// Where a path leads once every symlink is followed, and what is there.
    ///
    /// # Errors
    /// When there is nothing, or it cannot be reached.
    fn real(&self, path: &HostPath) -> Result<Real, LookupError>;

    /// The bytes of a small file.
    ///
    /// # Errors
    /// When it cannot be read or is longer than [`LONGEST_FILE`].
    fn read(&self, path: &HostPath) -> Result<Vec<u8>, LookupError>;

    /// The caller's environment variable of this name.
    fn variable(&self, name: &[u8]) -> Option<Vec<u8>>;

    /// The caller's environment variables whose names begin so, sorted by name.
    fn variables(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Where one of drybox's own files is; none: it has none.
    fn own(&self, which: Own) -> Option<HostPath>;
}

/// The longest file that [`Lookup::read`] returns, in bytes.
pub const LONGEST_FILE: usize = 1 << 20;

/// drybox's own files on the host; a box must not be able to change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The running executable.
    Executable,
    /// Where images, volumes and boxes live.
    Store,
    /// The user's settings and approvals.
    Config,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    /// The path without symlinks.
    pub path: HostPath,
    /// What is there.
    pub kind: FileKind,
}

/// The kind of a file (inode(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A unix socket.
    Socket,
    /// A FIFO.
    Fifo,
    /// A block or character device.
    Device,
}

/// Why the host gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The kernel refused; an errno.
    #[error("{}", io::Error::from_raw_os_error(*errno))]
    Errno {
        /// The kernel's number.
        errno: i32,
    },
    /// Longer than [`LONGEST_FILE`].
    #[error("it is longer than {} KiB", LONGEST_FILE >> 10)]
    TooLong,
    /// It leads to a path that is none (a memory file, another mount namespace).
    #[error("it has no path on the host")]
    NoPath,
}

impl LookupError {
    /// True when there is nothing at the path (ENOENT, ENOTDIR).
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Errno { errno: 2 | 20 })
    }
}
