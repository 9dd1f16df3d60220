//! One file a command: calls the rooms, hands what they say to `render`.

mod apply;
mod boxes;
pub(crate) mod can;
mod completions;
mod diff;
mod discard;
mod doctor;
mod log;
pub(crate) mod prove;
pub(crate) mod run;
mod scan;
mod undo;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use drybox_spec::{Kind, Report};

/// The commands beside `run`, in the order of the help. A new one is a file here and a row.
pub(crate) const COMMANDS: &[Entry] = &[
    diff::ENTRY,
    apply::ENTRY,
    undo::ENTRY,
    discard::ENTRY,
    boxes::ENTRY,
    log::ENTRY,
    scan::ENTRY,
    doctor::ENTRY,
    prove::ENTRY,
    completions::ENTRY,
];

/// One command: its words and what it does.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The word.
    pub(crate) name: &'static str,
    /// One line for the list of commands.
    pub(crate) about: &'static str,
    /// What an error about its words points to.
    pub(crate) help: &'static str,
    /// Adds its arguments to what every command has.
    pub(crate) command: fn(Command) -> Command,
    /// Does it.
    pub(crate) run: fn(&ArgMatches) -> Done,
}

/// How a command ends: with an exit code, or with something to tell.
pub(crate) type Done = Result<ExitCode, Failure>;

/// Any room's error, for the renderer alone.
pub(crate) type Failure = Box<dyn Report>;

fn boxed(error: impl Report + 'static) -> Failure {
    Box::new(error)
}

/// Prints what was asked for on stdout.
pub(crate) fn show(text: &str) -> Done {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // `drybox --help | head` is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(source) => Err(Box::new(CannotWrite { source })),
    }
}

/// Standard output takes nothing.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct CannotWrite {
    source: io::Error,
}

impl Report for CannotWrite {
    fn kind(&self) -> Kind {
        Kind::Host
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        None
    }
}
