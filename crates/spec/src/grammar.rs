//! The small languages of the flags, one file each. Bytes in, a value or a reason out; none panics.

mod allow;
mod csv;
mod entrypoint;
mod env;
mod limits;
mod mount;
mod options;
mod publish;
mod size;
mod tmpfs;
mod ulimit;
mod user;
mod volume;

#[cfg(test)]
mod properties;

pub use allow::AllowArg;
pub use entrypoint::Entrypoint;
pub use env::{EnvEntry, env_file};
pub use limits::storage;
pub use mount::MountArg;
pub(crate) use publish::port;
pub use ulimit::UlimitArg;
pub use volume::VolumeArg;
pub(crate) use volume::absolute;

use std::time::Duration;

use crate::{BadCommand, BadDnsName, BadName, BadPath, Shown};

/// Why a value breaks the grammar of its flag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadValue {
    /// It has another shape.
    #[error("{rule}")]
    Shape {
        /// What would be valid.
        rule: &'static str,
    },
    /// It is well formed, and drybox does not do it.
    #[error("{why}")]
    Refused {
        /// The reason.
        why: &'static str,
        /// The narrower thing to use.
        instead: &'static str,
    },
    /// It holds a word that nobody knows.
    #[error("'{}' is unknown; known are {known}", Shown(option))]
    UnknownOption {
        /// The option as given.
        option: Vec<u8>,
        /// Those that are.
        known: &'static str,
    },
    /// Two options speak about the same thing.
    #[error("it says twice what its {what} is")]
    Twice {
        /// What.
        what: &'static str,
    },
    /// An option that drybox does not do.
    #[error("option '{}': {why}", Shown(option))]
    RefusedOption {
        /// The option as given.
        option: Vec<u8>,
        /// The reason.
        why: &'static str,
        /// The narrower thing to use.
        instead: &'static str,
    },
    /// A line of a file breaks the grammar.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why; part of this text, for it means nothing without the line.
        why: Box<Self>,
    },
    /// It holds a path that is none.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// It holds a name that is none.
    #[error(transparent)]
    Name(#[from] BadName),
    /// It holds a host name that is none.
    #[error(transparent)]
    Host(#[from] BadDnsName),
    /// It holds a command or variable that is none.
    #[error(transparent)]
    Command(#[from] BadCommand),
}

impl BadValue {
    /// What to use instead, when that is known.
    #[must_use]
    pub fn instead(&self) -> Option<&'static str> {
        match self {
            Self::Refused { instead, .. } | Self::RefusedOption { instead, .. } => Some(instead),
            Self::Line { why, .. } => why.instead(),
            _ => None,
        }
    }

    const fn shape(rule: &'static str) -> Self {
        Self::Shape { rule }
    }
}

/// A switch's value, as podman takes it (Go's `strconv.ParseBool`).
///
/// # Errors
/// *User*, when it is no truth value.
pub fn switch(value: &[u8]) -> Result<bool, BadValue> {
    match value {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Ok(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Ok(false),
        _ => Err(BadValue::shape("a switch is 'true' or 'false'")),
    }
}

/// `--timeout SECONDS`; 0 is none, as podman has it.
///
/// # Errors
/// *User*, when it is no whole number of seconds.
pub fn timeout(value: &[u8]) -> Result<Option<Duration>, BadValue> {
    let seconds: u32 = decimal(value)
        .ok_or(BadValue::shape("a whole number of seconds, at most 4294967295, without a unit"))?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}

/// A decimal number of digits alone: no sign, no space, and no needless zero in front, so that it
/// is no octal number to anybody (CVE-2024-40635 was such a misreading).
fn decimal<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let canonical = text == b"0" || !text.starts_with(b"0");
    (digits && canonical).then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// Splits at the first `separator`.
fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&b| b == separator)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}
