//! Why a request is no sandbox.

use std::borrow::Cow;

use crate::grammar::BadValue;
use crate::request::Typed;
use crate::{
    BadCommand, BadPath, BoxPath, FileKind, HostPath, Kind, LookupError, Report, ShellWords, Shown,
};

/// Why a request was refused. Display says what was attempted, the source why it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A flag's value breaks its grammar.
    #[error("cannot use {flag} {}", ShellWords(&[value]))]
    Value {
        /// The flag as podman spells it.
        flag: &'static str,
        /// What was typed.
        value: Typed,
        /// Why.
        source: BadValue,
    },
    /// A flag, or a value of one, that drybox does not do.
    #[error("cannot use {}{}", flag, Assigned(value))]
    Refused {
        /// The flag, with its dashes.
        flag: String,
        /// What was typed after it.
        value: Option<Typed>,
        /// Why.
        source: Why,
        /// The narrower thing to use.
        instead: &'static str,
    },
    /// The words are no command.
    #[error("cannot run {}", ShellWords(words))]
    Command {
        /// The words as typed.
        words: Vec<Typed>,
        /// Why.
        source: BadCommand,
    },
    /// Two settings exclude each other.
    #[error("cannot use {first} with {second}")]
    Contradiction {
        /// One, as typed.
        first: Cow<'static, str>,
        /// The other.
        second: Cow<'static, str>,
        /// Why.
        source: Why,
        /// What to do.
        fix: &'static str,
    },
    /// The source of a share is a place that no box may see.
    #[error("cannot share {}", Shown(value))]
    Source {
        /// The source as typed.
        value: Typed,
        /// Why.
        source: RefusedSource,
    },
    /// The source of a share cannot be reached.
    #[error("cannot share {}", Shown(path.as_bytes()))]
    Unreachable {
        /// The source, absolute.
        path: HostPath,
        /// Why.
        source: LookupError,
    },
    /// The source of a share is neither a directory nor a regular file.
    #[error("cannot share {}", Shown(path.as_bytes()))]
    Kind {
        /// The source, absolute.
        path: HostPath,
        /// What it is.
        kind: FileKind,
        /// Why.
        source: Why,
    },
    /// A share or scratch space would cover a place that it may not.
    #[error("cannot place {flag} at {}", Shown(target.as_bytes()))]
    Target {
        /// The flag.
        flag: &'static str,
        /// The place inside.
        target: BoxPath,
        /// Why.
        source: Why,
        /// Where to put it instead.
        instead: &'static str,
    },
    /// A mount point would have to be made in the user's own files.
    #[error("cannot place {flag} at {}", Shown(target.as_bytes()))]
    NoMountPoint {
        /// The flag.
        flag: &'static str,
        /// The place inside.
        target: BoxPath,
        /// Where that is on the host.
        host: HostPath,
        /// Why.
        source: Why,
        /// Whether a directory belongs there.
        directory: bool,
    },
    /// An environment file cannot be read.
    #[error("cannot read the environment file {}", Shown(path.as_bytes()))]
    EnvFile {
        /// The file.
        path: HostPath,
        /// Why.
        source: LookupError,
    },
    /// An environment file breaks its grammar.
    #[error("cannot use the environment file {}", Shown(path.as_bytes()))]
    EnvLine {
        /// The file.
        path: HostPath,
        /// Why.
        source: BadValue,
    },
    /// An environment file of the workspace asks for a variable of the host (I5).
    #[error("cannot use the environment file {}", Shown(path.as_bytes()))]
    EnvCopy {
        /// The file.
        path: HostPath,
        /// The variable.
        name: Typed,
        /// Why.
        source: Why,
    },
    /// A command without `--` names an image, and there are none.
    #[error("no image named {}", Shown(words.first().map(Vec::as_slice).unwrap_or_default()))]
    NoImage {
        /// The words as typed.
        words: Vec<Typed>,
        /// Why.
        source: Why,
    },
}

/// A reason without parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Why(pub &'static str);

/// A share that touches a guarded place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}", Shown(real), Holding { real, place })]
pub struct RefusedSource {
    /// The rule's stable name.
    pub id: &'static str,
    /// Where the source leads.
    pub real: Vec<u8>,
    /// The guarded place.
    pub place: Vec<u8>,
    /// What it is.
    pub what: &'static str,
    /// The narrower thing to use.
    pub instead: &'static str,
}

impl Report for SpecError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Value {
                flag: "--workdir",
                value,
                source: BadValue::Path(BadPath::Relative { .. }),
            } => format!("--workdir {}", ShellWords(&[[b"/work/", value.as_slice()].concat()]))
                .into(),
            Self::Value {
                flag: "--volume" | "--mount" | "--tmpfs",
                source: BadValue::Path(BadPath::Relative { path }),
                ..
            } => {
                let below = path.strip_prefix(b"./").unwrap_or(path);
                let place = if below == b"." { b"work" } else { below };
                let place = [b"/", place].concat();
                format!("begin the place inside with a slash: {}", ShellWords(&[place])).into()
            }
            Self::Value { source, .. } | Self::EnvLine { source, .. } => source.instead()?.into(),
            Self::Refused { instead, .. } | Self::Target { instead, .. } => (*instead).into(),
            Self::Contradiction { fix, .. } => (*fix).into(),
            Self::Source { source, .. } => source.instead.into(),
            Self::Unreachable { path, source: LookupError::Errno { errno: 2 } } => {
                format!("mkdir -p {}", ShellWords(&[path.as_bytes()])).into()
            }
            Self::Kind { .. } => "share a directory or a regular file".into(),
            Self::NoMountPoint { host, directory: true, .. } => {
                format!("mkdir -p {}", ShellWords(&[host.as_bytes()])).into()
            }
            Self::NoMountPoint { host, directory: false, .. } => {
                format!("touch {}", ShellWords(&[host.as_bytes()])).into()
            }
            Self::EnvCopy { name, .. } => format!("-e {}", ShellWords(&[name])).into(),
            Self::NoImage { words, .. } => {
                format!("drybox run -- {}", ShellWords(without_image(words))).into()
            }
            Self::EnvFile { source: LookupError::Errno { errno: 2 }, .. } => {
                "name a file that is there, or -e NAME=VALUE for one variable".into()
            }
            Self::Unreachable { .. } | Self::EnvFile { .. } | Self::Command { .. } => return None,
        })
    }
}

/// The command in `python:3 python x.py`: a word with a colon is no program's name.
fn without_image(words: &[Typed]) -> &[Typed] {
    match words.split_first() {
        Some((image, command)) if image.contains(&b':') && !command.is_empty() => command,
        _ => words,
    }
}

/// A flag's value in a message, with what joins them.
struct Assigned<'a>(&'a Option<Typed>);

impl std::fmt::Display for Assigned<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(value) => write!(out, " {}", ShellWords(&[value])),
            None => Ok(()),
        }
    }
}

/// ` holds PLACE`, when the source lies above the place.
struct Holding<'a> {
    real: &'a [u8],
    place: &'a [u8],
}

impl std::fmt::Display for Holding<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if crate::path::is_within(self.real, self.place) {
            return Ok(());
        }
        write!(out, " holds {}", Shown(self.place))
    }
}
