//! Names that the user gives: one grammar each, so that none is a path, an option or a line break.

use crate::Shown;

/// A box's name: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 128 bytes (podman's grammar, with a limit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxName(String);

/// The host name inside: letters, digits, `-` and `.`, at most 63 bytes (hostname(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostname(String);

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no valid {what}: {rule}", Shown(name))]
pub struct BadName {
    /// What it was to be.
    pub what: &'static str,
    /// The name as given.
    pub name: Vec<u8>,
    /// What would be valid.
    pub rule: &'static str,
}

impl BoxName {
    /// Takes a name.
    ///
    /// # Errors
    /// *User*, when it breaks the grammar.
    pub fn parse(name: &[u8]) -> Result<Self, BadName> {
        let valid = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
        parse(name, 128, valid).map(Self).ok_or(BadName {
            what: "box name",
            name: name.to_vec(),
            rule: "letters, digits, '_', '.' and '-', a letter or digit first, at most 128",
        })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hostname {
    /// Takes a host name.
    ///
    /// # Errors
    /// *User*, when it breaks the grammar.
    pub fn parse(name: &[u8]) -> Result<Self, BadName> {
        let valid = |b: &u8| b.is_ascii_alphanumeric() || b"-.".contains(b);
        parse(name, 63, valid).map(Self).ok_or(BadName {
            what: "host name",
            name: name.to_vec(),
            rule: "letters, digits, '-' and '.', a letter or digit first, at most 63",
        })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for BoxName {
    /// The box that a workspace has when none is named.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl Default for Hostname {
    fn default() -> Self {
        Self("drybox".to_owned())
    }
}

fn parse(name: &[u8], longest: usize, valid: impl Fn(&u8) -> bool) -> Option<String> {
    let text = std::str::from_utf8(name).ok()?;
    let first = name.first()?;
    (first.is_ascii_alphanumeric() && name.len() <= longest && name.iter().all(valid))
        .then(|| text.to_owned())
}
