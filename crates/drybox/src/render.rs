//! Everything that drybox itself writes: errors, notes, explanations, as text or as JSON.

mod answer;
mod applied;
mod boxes;
mod changes;
mod doors;
mod error;
mod explain;
mod findings;
mod log;
mod network;
mod scan;
mod summary;

use std::ffi::OsString;
use std::io::{self, Write};

pub(crate) use answer::answer;
pub(crate) use applied::{Told, applied, recovered, undone, unseen};
pub(crate) use boxes::{Listed, boxes};
pub(crate) use changes::{Item, NoPatch, escaped, json, names, patch, stat, text};
pub(crate) use doors::doors;
pub(crate) use error::error;
pub(crate) use explain::{explain, settings};
pub(crate) use findings::{findings, profile};
pub(crate) use log::{log, verdict};
pub(crate) use scan::scan;
pub(crate) use summary::{summary, tell};

/// For people, or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Sentences.
    Text,
    /// One JSON value.
    Json,
}

impl Format {
    /// What a command line asks for that may be too broken to be read.
    pub(crate) fn asked_for(args: &[OsString]) -> Self {
        let flags = args.iter().take_while(|word| *word != "--");
        if flags.into_iter().any(|word| word == "--json" || word == "--json=true") {
            Self::Json
        } else {
            Self::Text
        }
    }

    pub(crate) const fn from_json(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// One line that is no error, on stderr.
pub(crate) fn note(line: &str) {
    say(&format!("note: {line}\n"));
}

/// A question, on stderr.
pub(crate) fn ask(question: &str) {
    say(question);
}

/// Writes to stderr, where drybox's own words go; when nobody can hear it, nobody can be told.
fn say(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}
