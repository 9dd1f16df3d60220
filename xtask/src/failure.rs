//! What can go wrong here, and how it is told.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("unknown argument '{given}'\n{usage}")]
    Usage { given: String, usage: String },
    #[error("cannot start {program}")]
    Start { program: String, source: io::Error },
    #[error("`{command}` failed ({status})")]
    Command { command: String, status: ExitStatus },
    #[error("cannot {op} {}", path.display())]
    Io { op: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot understand what `{command}` printed")]
    Json { command: String, source: serde_json::Error },
    #[error("`{command}` did not say where it put {what}")]
    NotBuilt { command: String, what: &'static str },
    /// A check found something; each line says what and where.
    #[error("{what}:\n  {}", lines.join("\n  "))]
    Found { what: &'static str, lines: Vec<String> },
    #[error("missing on this machine: {}", missing.join(", "))]
    Missing { missing: Vec<String>, fix: String },
    #[error("{failed} failed")]
    Tests { failed: usize },
    #[error("no test matches {filter}")]
    NoTest { filter: String },
    #[error("stage {stage} is red")]
    Stage { stage: &'static str, source: Box<Self> },
}

impl Failure {
    pub(crate) fn io(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { op, path, source }
    }

    /// Prints the failure, its causes and the fix.
    pub(crate) fn tell(&self) {
        if matches!(self, Self::Tests { .. }) {
            return; // the sum, which says it, stays the last line
        }
        eprintln!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            eprintln!("  cause: {error}");
            cause = error.source();
        }
        if let Some(fix) = self.fix() {
            eprintln!("  fix:   {fix}");
        }
    }

    fn fix(&self) -> Option<&str> {
        match self {
            Self::Missing { fix, .. } => Some(fix),
            Self::Command { command, .. } => {
                FIXES.iter().find(|(part, _)| command.contains(part)).map(|(_, fix)| *fix)
            }
            Self::Stage { source, .. } => source.fix(),
            _ => None,
        }
    }
}

/// Part of a command line, and what mends it most often.
const FIXES: &[(&str, &str)] = &[
    (" fmt ", "cargo fmt --all (if there is no such command: rustup component add rustfmt)"),
    (" clippy ", "see above (if there is no such command: rustup component add clippy)"),
    (" metadata ", "commit the Cargo.lock that a build without --locked writes"),
    ("apt-get ", "see what apt-get says above; a mirror must be reachable"),
];
