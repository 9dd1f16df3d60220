//! What every error of drybox can tell beside its text: whose fault it is, and what mends it.

use std::borrow::Cow;

use serde::Serialize;

/// Whose fault an error is; decides tone and exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The input: the user mends it.
    User,
    /// The kernel or the host's configuration: a fix is known or asked for.
    Host,
    /// The untrusted side misbehaved.
    Payload,
    /// drybox itself: asks for a report.
    Bug,
}

/// An error that can be rendered: `Display` says what was attempted, the source chain why it failed,
/// and this trait the rest.
pub trait Report: std::error::Error {
    /// Whose fault it is.
    fn kind(&self) -> Kind;

    /// What mends it, as a sentence or a command; none: no fix is known.
    fn fix(&self) -> Option<Cow<'_, str>>;

    /// The exit code of `drybox`: 125, unless the program was missing (127) or no program (126).
    fn exit_code(&self) -> u8 {
        125
    }
}
