//! `drybox doctor`: which walls and limits a box has here, found out by starting one.
//!
//! A box is launched by the code that [`crate::run`] uses; what it could not set up is an error
//! with a step, and what it did set up is looked at from inside, where the kernel shows what is
//! really in force. A version, a distribution's name or a sysctl decides nothing: sysctls choose
//! between causes when the launch has failed, and are shown.

pub mod apparmor;
mod inside;
mod limits;
mod mounts;
mod surroundings;
mod walls;

use std::path::Path;

use drybox_jail::{JailError, Step, try_namespace};
use drybox_spec::{
    CommandForm, Facts, Notice, RunRequest, SandboxSpec, SpecError, Workspace, resolve,
};

use crate::error::RunError;
use crate::host::Host;
use inside::Inside;
pub use walls::{WALLS, Wall};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// A box starts here with every wall, some of them perhaps weaker.
    pub ready: bool,
    /// One for each row of [`WALLS`].
    pub walls: Vec<Finding>,
    /// What bounds a box.
    pub limits: Vec<Limit>,
    /// Beside the box: drybox's own file, the home, the host's settings.
    pub surroundings: Vec<Finding>,
    /// Facts of the host, shown and deciding nothing: name and value.
    pub host: Vec<(&'static str, String)>,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable name.
    pub id: &'static str,
    /// What it is, as a noun.
    pub what: &'static str,
    /// How it stands.
    pub state: State,
    /// Why it is not in force, or weaker.
    pub why: Option<String>,
    /// The command that changes that.
    pub fix: Option<String>,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited, and whether it is.
    pub finding: Finding,
    /// Who keeps it: the kernel's mechanism, or drybox; empty: nobody.
    pub kept_by: &'static str,
}

/// How a wall or limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    InForce,
    /// In force, and less than on another host; the box starts.
    Weaker,
    /// Not in force.
    NotInForce,
    /// It could not be tried, because no box started.
    Untried,
}

impl Finding {
    fn new(id: &'static str, what: &'static str, state: State) -> Self {
        Self { id, what, state, why: None, fix: None }
    }

    fn why(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// Starts a box, looks into it, and looks around. `root` is where the host's settings are read:
/// `/`, or a test's own directory; what is tried is tried on the real host.
///
/// # Errors
/// *User*, when not even a default box can be described here.
pub fn examine(
    facts: &Facts<'_>,
    host: &Host<'_>,
    root: &Path,
) -> Result<Findings, Box<SpecError>> {
    let is_project = Workspace::why_hidden(facts.cwd, facts.home).is_none();
    let spec = resolve(&request(is_project), facts)?;
    let launch = launch(&spec, host);
    let walls = match &launch {
        Ok(inside) => walls::look(inside, host, root),
        Err(error) => failed(error, root),
    };
    let inside = launch.as_ref().ok();
    let bad = |finding: &Finding| matches!(finding.state, State::NotInForce | State::Untried);
    Ok(Findings {
        ready: !walls.iter().any(bad),
        walls,
        limits: limits::look(inside, host),
        surroundings: surroundings::look(facts, host, root),
        host: surroundings::facts(host, root),
    })
}

/// A default box in the current directory, with a look around as its command.
fn request(is_project: bool) -> RunRequest {
    RunRequest {
        words: ["/bin/sh", "-c", inside::LOOK].map(|word| word.as_bytes().to_vec()).to_vec(),
        form: CommandForm::AfterDashes,
        // A look leaves no box behind, and sees the overlay that shares have. Where no project is,
        // nothing is shown, and nothing can be asked for.
        workspace: is_project.then(|| b"ro".to_vec()),
        timeout: Some(b"20".to_vec()),
        ..RunRequest::default()
    }
}

fn launch(spec: &SandboxSpec, host: &Host<'_>) -> Result<Inside, RunError> {
    use std::io::Read as _;

    use crate::child::{Stdio, spawn};
    /// The look prints a few KiB; what prints more is not the look.
    const MOST: u64 = 1 << 20;

    let mut child = spawn(spec, host, [Stdio::Null, Stdio::Piped, Stdio::Null])?;
    let mut text = Vec::new();
    if let Some(out) = child.stdout.take() {
        // A look that was cut short has no end mark, which is told.
        drop(out.take(MOST).read_to_end(&mut text));
    }
    child.wait()?;
    let notices: Vec<Notice> = child.notices().to_vec();
    Ok(Inside::new(&String::from_utf8_lossy(&text), notices))
}

/// The walls when no box starts: the one that could not be set up, with its cause; of the
/// namespaces, each that is refused alone; and the rest, which nobody could try.
fn failed(error: &RunError, root: &Path) -> Vec<Finding> {
    let (step, why, fix) = match error {
        RunError::Jail(error, _) => {
            let cause = error.cause_on(root);
            let told = match cause.fix.is_some() {
                true => cause.why.into_owned(),
                false => format!("{error}: {}", cause.why),
            };
            (Some(error.step), told, cause.fix.map(std::borrow::Cow::into_owned))
        }
        error => (None, error.to_string(), None),
    };
    let culprit = WALLS.iter().find(|wall| step.is_some_and(|step| wall.steps.contains(&step)));
    let culprit = culprit.or(WALLS.first()).map(|wall| wall.id);
    let rows = WALLS.iter().map(|wall| {
        let untried = Finding::new(wall.id, wall.what, State::Untried);
        if culprit == Some(wall.id) {
            return Finding {
                state: State::NotInForce,
                why: Some(why.clone()),
                fix: fix.clone(),
                ..untried
            };
        }
        match step == Some(Step::Clone) {
            true => alone(wall, untried, root),
            false => untried,
        }
    });
    let mut rows: Vec<Finding> = rows.collect();
    if let Some(first) = rows.first_mut().filter(|first| first.state == State::Untried) {
        first.state = State::NotInForce;
        first.why = culprit.map(|id| format!("no box starts: see {id}"));
    }
    rows
}

/// clone3 refused them all: whether it refuses this one, too.
fn alone(wall: &Wall, untried: Finding, root: &Path) -> Finding {
    let Some(namespace) = wall.namespace() else { return untried };
    match try_namespace(namespace) {
        Ok(()) => untried.why("this one could be made"),
        Err(errno) => {
            let cause = JailError::new(Step::Clone, b"", errno).cause_on(root);
            let finding = Finding { state: State::NotInForce, ..untried };
            Finding { fix: cause.fix.map(std::borrow::Cow::into_owned), ..finding.why(cause.why) }
        }
    }
}
