//! What can be wrong with the words themselves.

use std::borrow::Cow;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use drybox_spec::{BadValue, FOREIGN_FLAGS, Kind, Report, ShellWords, Shown, Typed};

/// Words that are no command line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Nobody knows this flag.
    #[error("no flag {}", Shown(flag))]
    UnknownFlag { flag: String, similar: Option<String>, help: &'static str },
    /// A flag without the value that it needs.
    #[error("{} needs a value", Shown(flag))]
    NoValue { flag: String, help: &'static str },
    /// A value that clap itself refuses.
    #[error("cannot use {} for {}", Shown(value), Shown(argument))]
    Value { argument: String, value: String, help: &'static str },
    /// A switch of drybox's own that is neither true nor false.
    #[error("cannot use --{flag}")]
    Switch { flag: &'static str, source: BadValue },
    /// What `can connect` asks about is no host with a port.
    #[error("cannot tell where {} leads", Shown(value))]
    Destination { value: Typed },
    /// The first word is no command of drybox: a program's name, or `run` misspelt.
    #[error("no command named {}", Shown(words.first().map(Vec::as_slice).unwrap_or_default()))]
    UnknownCommand { words: Vec<Typed>, misspelt: bool },
    /// `drybox -- CMD`, without `run`.
    #[error("no command before --")]
    NoCommand { words: Vec<Typed> },
    /// Anything else.
    #[error("this command line cannot be read")]
    Usage { help: &'static str },
}

impl CliError {
    /// Takes what clap knows; `help` is where the flags are listed.
    pub(super) fn from_clap(error: &clap::Error, help: &'static str) -> Self {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(texts)) => texts.first().cloned(),
            _ => None,
        };
        // clap shows `--name <name>`; the value's place says nothing here.
        let argument = text(ContextKind::InvalidArg).unwrap_or_default();
        let argument = argument.split(" <").next().unwrap_or_default().to_owned();
        let value = text(ContextKind::InvalidValue).unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument => {
                let similar = text(ContextKind::SuggestedArg).filter(|flag| is_ours(flag));
                Self::UnknownFlag { flag: argument, similar, help }
            }
            ErrorKind::InvalidValue if value.is_empty() => Self::NoValue { flag: argument, help },
            ErrorKind::MissingRequiredArgument => Self::NoValue { flag: argument, help },
            ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::TooManyValues => {
                Self::Value { argument, value, help }
            }
            _ => Self::Usage { help },
        }
    }
}

/// A flag that is refused is no good advice.
fn is_ours(flag: &str) -> bool {
    let name = flag.trim_start_matches('-');
    FOREIGN_FLAGS.iter().all(|foreign| foreign.name != name)
}

impl Report for CliError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownFlag { similar: Some(similar), .. } => {
                format!("did you mean {}?", Shown(similar)).into()
            }
            Self::UnknownFlag { help, .. }
            | Self::NoValue { help, .. }
            | Self::Value { help, .. }
            | Self::Usage { help } => (*help).into(),
            Self::Destination { .. } => "name a host and a port: example.org:443, [::1]:80".into(),
            Self::Switch { flag, .. } => format!("--{flag}").into(),
            Self::UnknownCommand { words, misspelt: true } => {
                format!("drybox run {}", ShellWords(words.get(1..).unwrap_or_default())).into()
            }
            Self::UnknownCommand { words, .. } | Self::NoCommand { words } => {
                format!("drybox run -- {}", ShellWords(words)).into()
            }
        })
    }
}
