//! What came with the workspace and some program of the host would run by itself: looked for beside
//! the payload, never before it, by a thread that gives way to everything else.
//!
//! Nobody waits for it: a run that ends before does not tell it, and the next one tries again.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use drybox_spec::HostPath;
use drybox_workspace::hold::{Judge, Severity};
use drybox_workspace::scan::{Limits, scan};

/// A look through a directory.
#[derive(Debug)]
pub(crate) struct Standing {
    found: Arc<OnceLock<Found>>,
}

/// What it saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) findings: usize,
    /// It was not looked at everything.
    pub(crate) more: bool,
}

impl Standing {
    /// Begins; none: no thread could be had.
    pub(crate) fn begin(directory: HostPath) -> Option<Self> {
        let found = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&found);
        let look = move || {
            // Of this thread alone (setpriority(2), "C library/kernel differences").
            rustix::process::setpriority_process(None, 19).ok();
            let judge = Judge::new();
            let limits = Limits {
                entries: 50_000,
                bytes: 256 << 20,
                findings: 1000,
                until: Instant::now().checked_add(LONGEST),
                since: None,
            };
            // A directory that cannot be looked through has nothing to tell.
            let Ok(seen) = scan(directory.as_path(), &judge, limits) else { return };
            // What is only believed runs nothing.
            let runs = seen.held.iter().filter(|held| held.severity != Severity::Med);
            let findings = runs.count();
            theirs.set(Found { findings, more: seen.cut }).ok();
        };
        let thread = thread::Builder::new().name("drybox-scan".to_owned()).spawn(look);
        thread.is_ok().then_some(Self { found })
    }

    /// Whether it goes on: its thread holds the other end.
    pub(crate) fn goes_on(&self) -> bool {
        Arc::strong_count(&self.found) > 1
    }

    /// What it saw, when it is done.
    pub(crate) fn end(self) -> Option<Found> {
        self.found.get().copied()
    }
}

/// A large tree is not looked through to its end.
const LONGEST: Duration = Duration::from_secs(2);
