//! Why a box cannot be used.

use std::borrow::Cow;

use drybox_spec::{HostPath, Kind, Report, ShellWords, Shown};
use drybox_tree::{Errno, TreeError};

/// A box that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BoxError {
    /// drybox's folder cannot be used.
    #[error("cannot keep boxes in {}", Shown(path.as_bytes()))]
    Store {
        /// The directory that is to blame.
        path: HostPath,
        /// Why.
        source: Why,
    },
    /// A run is alive in it, or another command works on it.
    #[error("the box {name} of {} is in use", Shown(workspace.as_bytes()))]
    InUse {
        /// The box.
        name: String,
        /// Its directory.
        workspace: HostPath,
        /// By whom.
        source: Why,
    },
    /// There is no such box.
    #[error("no box {name} of {}", Shown(workspace.as_bytes()))]
    Missing {
        /// The box.
        name: String,
        /// Its directory.
        workspace: HostPath,
    },
    /// `--new`, and the one before the last was kept too.
    #[error("cannot put the box {name} aside")]
    KeptAlready {
        /// The box.
        name: String,
        /// What the older one is called.
        previous: String,
    },
    /// The workspace holds drybox's own folder.
    #[error("cannot show {}", Shown(workspace.as_bytes()))]
    HoldsStore {
        /// The directory.
        workspace: HostPath,
        /// Where boxes are.
        store: HostPath,
    },
    /// An apply was killed in it: the host's directory may be changed by half.
    #[error("drybox apply was interrupted in the box {name}")]
    HalfApplied {
        /// The box.
        name: String,
    },
    /// What it says about itself is torn (a power failure), or of another drybox.
    #[error("the box in {} cannot be read", Shown(folder))]
    Broken {
        /// Its folder.
        folder: Vec<u8>,
        /// Its name, where that is known.
        name: Option<String>,
    },
    /// Its changes were made to another directory, which stood at the same path.
    #[error("the changes in the box {name} were not made to this {}", Shown(workspace.as_bytes()))]
    OfAnother {
        /// The box.
        name: String,
        /// The path of both.
        workspace: HostPath,
        /// Why.
        source: Why,
    },
    /// Something in it failed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What is wrong with the folder of boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The kernel's answer.
    #[error("{}", std::io::Error::from_raw_os_error(errno.raw_os_error()))]
    Kernel {
        /// The number.
        errno: Errno,
    },
    /// One at a time.
    #[error("a run is alive in it, or another drybox command is at work there")]
    Busy,
    /// Another user could swap what is in it.
    #[error("another user may change what is in it")]
    OthersWrite,
    /// Others are in the group that may write there, or its members are not known.
    #[error("its group may change what is in it")]
    GroupWrites,
    /// Its inode or its birth is another.
    #[error("another directory stands there by now")]
    Replaced,
    /// It is not ours alone.
    #[error("it is not yours alone (mode {mode:o})")]
    NotOurs {
        /// Permission bits.
        mode: u32,
    },
}

impl From<Errno> for Why {
    fn from(errno: Errno) -> Self {
        Self::Kernel { errno }
    }
}

impl Report for BoxError {
    fn kind(&self) -> Kind {
        match self {
            Self::Store { .. } | Self::Broken { .. } => Kind::Host,
            Self::Tree(error) => error.kind(),
            _ => Kind::User,
        }
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Store { path, source: Why::NotOurs { .. } } => {
                format!("chmod 700 {}", ShellWords(&[path.as_bytes()])).into()
            }
            Self::Store { path, source: Why::GroupWrites } => {
                format!("chmod g-w {}", ShellWords(&[path.as_bytes()])).into()
            }
            Self::Store { .. } => {
                "XDG_DATA_HOME=DIR, a directory that only you can write; or --workspace ro".into()
            }
            Self::InUse { .. } => {
                "wait for the other command, or use a box of its own: --box NAME, \
                or --rm for one that is thrown away"
                    .into()
            }
            Self::Missing { .. } => "see which there are: drybox boxes".into(),
            Self::KeptAlready { previous, .. } => format!(
                "look at it with drybox diff --box {previous}, then drybox discard --box {previous}"
            )
            .into(),
            Self::HalfApplied { name } => {
                format!("drybox apply --box {name} to finish it, with --rollback to take it back")
                    .into()
            }
            Self::HoldsStore { .. } => "XDG_DATA_HOME=DIR, outside of this directory".into(),
            Self::Broken { folder, name: None } => {
                let folder = ShellWords(&[folder]);
                format!("chmod -R u+rwX {folder}; rm -r {folder}; its changes are lost").into()
            }
            Self::Broken { name: Some(name), .. } => {
                format!("drybox discard --box {name}, in its directory; its changes are lost").into()
            }
            Self::OfAnother { name, .. } => format!(
                "drybox run --new --box {name} puts them aside; drybox diff --box {name} shows them, \
                 drybox discard --box {name} throws them away"
            )
            .into(),
            Self::Tree(error) => return error.fix().map(|fix| fix.into_owned().into()),
        })
    }
}
