//! What could not be done, to which path.

use std::borrow::Cow;
use std::fmt;

use drybox_spec::{Kind, Report, Shown};
use rustix::io::Errno;

/// An operation on a tree that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {op} {}", Shown(path))]
pub struct TreeError {
    /// What was attempted.
    pub op: TreeOp,
    /// On which path; relative to the root of its tree, or the root itself.
    pub path: Vec<u8>,
    /// The kernel's answer; `NOTSUP` for a file that is no regular file.
    #[source]
    pub errno: Errno,
}

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeOp {
    /// Open a directory or file.
    Open,
    /// List a directory, look at a file, read a link or a file.
    Read,
    /// Make a directory or file.
    Make,
    /// Write a file, change its name or mode.
    Write,
    /// Remove.
    Remove,
}

impl fmt::Display for TreeOp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Make => "make",
            Self::Write => "write",
            Self::Remove => "remove",
        })
    }
}

impl TreeError {
    /// An error, ready for `map_err`.
    pub fn of(op: TreeOp, path: &[u8]) -> impl FnOnce(Errno) -> Self {
        move |errno| Self { op, path: path.to_vec(), errno }
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.errno, Errno::NOENT | Errno::NOTDIR)
    }
}

impl Report for TreeError {
    fn kind(&self) -> Kind {
        Kind::Host
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        match self.errno {
            Errno::NOSPC | Errno::DQUOT => Some("make room on that disk, and do it again".into()),
            Errno::NOSYS => Some(
                "use Linux 6.1 or newer, or the container with --security-opt seccomp=unconfined"
                    .into(),
            ),
            Errno::FBIG => Some("ulimit -f unlimited".into()),
            Errno::MFILE => Some("ulimit -n 256, or whatever is more".into()),
            Errno::LOOP => Some("a symbolic link stands there: put the directory itself".into()),
            _ => None,
        }
    }
}
