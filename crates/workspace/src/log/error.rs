//! Why the log cannot be written or read.

use std::borrow::Cow;

use drybox_spec::{HostPath, Kind, Report, Shown};
use drybox_tree::{Errno, TreeError, TreeOp};

use crate::store::{BoxError, Why};

/// The log cannot be written or read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Its folder cannot be used.
    #[error("cannot keep the event log in {}", Shown(path.as_bytes()))]
    Folder {
        /// The directory that is to blame.
        path: HostPath,
        /// Why.
        source: Why,
    },
    /// Another process writes it, and does not come to an end.
    #[error("the event log is in use")]
    InUse,
    /// One of its files failed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl LogError {
    pub(super) fn of(op: TreeOp, path: &drybox_tree::RelPath) -> impl FnOnce(Errno) -> Self {
        let failed = TreeError::of(op, path.as_bytes());
        move |errno| Self::Tree(failed(errno))
    }
}

impl From<BoxError> for LogError {
    fn from(error: BoxError) -> Self {
        match error {
            BoxError::Store { path, source } => Self::Folder { path, source },
            BoxError::Tree(error) => Self::Tree(error),
            // The folder's own functions say nothing else.
            _ => Self::InUse,
        }
    }
}

impl Report for LogError {
    fn kind(&self) -> Kind {
        Kind::Host
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Folder { .. } => {
                Some("XDG_DATA_HOME=DIR, a directory that only you can write".into())
            }
            Self::InUse => Some("end the drybox that holds it, and try again".into()),
            Self::Tree(error) => error.fix().map(|fix| fix.into_owned().into()),
        }
    }
}
