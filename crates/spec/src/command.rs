//! What runs inside, and its environment.

use std::ffi::{CStr, CString};

/// What the sandbox runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// A program and its arguments; `argv[0]` is looked up in the sandbox's `PATH`.
    Argv(Vec<CString>),
    /// The user's shell, interactive.
    Shell,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCommand {
    /// Nothing to run.
    #[error("no command was given")]
    Empty,
    /// An argument or environment variable holds a NUL byte.
    #[error("a command or environment variable holds a NUL byte")]
    Nul,
    /// The name of an environment variable is empty or holds `=`.
    #[error("an environment variable's name is empty or holds '='")]
    BadName,
}

impl Command {
    /// A program and its arguments, as bytes.
    ///
    /// # Errors
    /// *User*, when there is no program or an argument holds a NUL byte.
    pub fn argv<I, A>(args: I) -> Result<Self, BadCommand>
    where
        I: IntoIterator<Item = A>,
        A: Into<Vec<u8>>,
    {
        let argv: Vec<CString> = args
            .into_iter()
            .map(|arg| CString::new(arg).map_err(|_| BadCommand::Nul))
            .collect::<Result<_, _>>()?;
        if argv.first().is_none_or(|program| program.is_empty()) {
            return Err(BadCommand::Empty);
        }
        Ok(Self::Argv(argv))
    }
}

/// One environment variable of the payload: `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    entry: CString,
    name_len: usize,
}

impl EnvVar {
    /// A variable from its name and value.
    ///
    /// # Errors
    /// *User*, when the name is empty or holds `=`, or either holds a NUL byte.
    pub fn new(name: &[u8], value: &[u8]) -> Result<Self, BadCommand> {
        if name.is_empty() || name.contains(&b'=') {
            return Err(BadCommand::BadName);
        }
        let entry = [name, b"=", value].concat();
        CString::new(entry)
            .map(|entry| Self { entry, name_len: name.len() })
            .map_err(|_| BadCommand::Nul)
    }

    /// The variable's name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.entry.as_bytes().get(..self.name_len).unwrap_or_default()
    }

    /// The variable's value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.entry.as_bytes().get(self.name_len.saturating_add(1)..).unwrap_or_default()
    }

    /// `NAME=value`, as execve(2) takes it.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        &self.entry
    }
}
