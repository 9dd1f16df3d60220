//! Provenance: every setting remembers who made it.

use std::fmt;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// drybox's own default.
    Default,
    /// A command-line flag, as the user spells it (`--hostname`).
    Flag(&'static str),
    /// A set of hosts, by its name without the `@`.
    HostSet(&'static str),
    /// Implied by another setting or by the surroundings; says by what.
    Implied(&'static str),
    /// A program that uses this library.
    Api,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::Flag(flag) => out.write_str(flag),
            Self::HostSet(name) => write!(out, "--allow @{name}"),
            Self::Implied(by) => write!(out, "implied by {by}"),
            Self::Api => out.write_str("library"),
        }
    }
}

/// A value and the place it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The setting.
    pub value: T,
    /// Who made it.
    pub from: Source,
}

impl<T> Sourced<T> {
    /// drybox's default.
    pub const fn default_of(value: T) -> Self {
        Self { value, from: Source::Default }
    }

    /// A value with its source.
    pub const fn new(value: T, from: Source) -> Self {
        Self { value, from }
    }
}
