//! Why a run did not happen.

use std::borrow::Cow;

use drybox_jail::{Failed, Jail, JailError};
use drybox_spec::{Kind, Publish, Report};
use drybox_workspace::BoxError;
use rustix::io::Errno;

use crate::host::CwdError;

/// Why a run did not happen. Display says what was attempted, the source chain why it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The current directory cannot be told.
    #[error(transparent)]
    Cwd(#[from] CwdError),
    /// The jail could not be set up, or the program not started.
    #[error("{0}")]
    Jail(JailError, #[source] Why),
    /// A standard descriptor is something that no payload may have.
    #[error("cannot give {stream} to the payload")]
    Stream {
        /// `standard input`, `standard output` or `standard error`.
        stream: &'static str,
        /// Why.
        source: Why,
        /// What to use instead.
        fix: &'static str,
    },
    /// The supervisor itself failed.
    #[error("cannot supervise the sandbox: {what}")]
    Supervise {
        /// What was attempted.
        what: &'static str,
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
    /// The payload ran, and what it wrote is not all there: a full disk, for instance.
    #[error("cannot write all of the payload's {stream}")]
    Lost {
        /// `standard output` or `standard error`.
        stream: &'static str,
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
    /// A limit was asked for that only a cgroup keeps, and there is none.
    #[error("cannot keep {flag}")]
    NoCgroup {
        /// The limit's flag.
        flag: &'static str,
        /// Why.
        source: Why,
    },
    /// Nobody would know the addresses of the hosts that were named.
    #[error("cannot find the host's name servers in /etc/resolv.conf")]
    NameServers {
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
    /// A published port of the host cannot be had.
    #[error("cannot publish {publish}: the host's port cannot be listened at")]
    Publish {
        /// Which.
        publish: Publish,
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
    /// The box that is to keep the changes to the workspace cannot be used.
    #[error(transparent)]
    Box(BoxError),
    /// The changes were to be kept, and there is no place for them.
    #[error("cannot keep the changes to this directory")]
    NothingKept(#[source] Why),
    /// The child ended without a word: killed from outside.
    #[error("the sandbox was killed before it started")]
    Killed,
}

/// A cause in words.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub struct Why {
    text: Cow<'static, str>,
    fix: Option<Cow<'static, str>>,
}

impl Why {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), fix: None }
    }

    pub(crate) const fn with_fix(text: String, fix: String) -> Self {
        Self { text: Cow::Owned(text), fix: Some(Cow::Owned(fix)) }
    }
}

impl RunError {
    /// What a failure of the child means. Once the command runs, nothing of it can be to blame:
    /// it is init that failed.
    pub(crate) fn of_child(jail: &Jail, failed: Failed, started: bool) -> Self {
        if started {
            let what = "the box's first process failed while the command ran";
            return Self::Supervise { what, errno: failed.errno };
        }
        jail.explain(failed).into()
    }
}

impl From<JailError> for RunError {
    fn from(error: JailError) -> Self {
        let cause = error.cause();
        Self::Jail(error, Why { text: cause.why, fix: cause.fix })
    }
}

impl Report for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::Cwd(_) | Self::Stream { .. } | Self::Publish { .. } => Kind::User,
            Self::Box(error) => error.kind(),
            Self::Jail(error, _) if error.is_users() => Kind::User,
            Self::Jail(..)
            | Self::NothingKept(_)
            | Self::Supervise { .. }
            | Self::Lost { .. }
            | Self::NoCgroup { .. }
            | Self::NameServers { .. }
            | Self::Killed => Kind::Host,
        }
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Cwd(_) => Some("cd to a directory that is there".into()),
            Self::Jail(_, why) | Self::NoCgroup { source: why, .. } => why.fix.clone(),
            Self::Box(error) => error.fix(),
            Self::NothingKept(_) => {
                Some("XDG_DATA_HOME=DIR on an ordinary disk, or --rm for changes in memory".into())
            }
            Self::Stream { fix, .. } => Some((*fix).into()),
            Self::Lost { errno: Errno::NOSPC | Errno::DQUOT, .. } => {
                Some("make room where its output goes, and run again".into())
            }
            Self::Publish { errno: Errno::ADDRINUSE, publish } => {
                Some(format!("another port of the host: -p OTHER:{}", publish.inside).into())
            }
            Self::Publish { errno: Errno::ACCESS, publish } => Some(
                format!(
                    "a port from 1024 on, that needs no privilege: -p OTHER:{}",
                    publish.inside
                )
                .into(),
            ),
            Self::Publish { .. } => Some("an address that this machine has".into()),
            Self::NameServers { .. } => {
                Some("name one: DRYBOX_NAME_SERVER=ADDRESS drybox run …".into())
            }
            Self::Supervise { .. } | Self::Lost { .. } | Self::Killed => None,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Jail(error, _) => error.exit_code(),
            _ => 125,
        }
    }
}
