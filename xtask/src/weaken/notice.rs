//! Who notices that a wall is gone: the probes of `drybox prove`, or a test.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::walls::{Wall, Without};
use crate::failure::Failure;
use crate::test;
use crate::test::{Outcome, Ran, limited};
use crate::who::{self, User};

/// Looks at weakened executables as one user.
pub(super) struct Judge {
    user: Option<User>,
    tests: PathBuf,
    source: PathBuf,
    /// This drybox has the command `prove`.
    proves: bool,
}

/// What was seen of a wall that was left out.
pub(super) enum Seen {
    /// Probes got out.
    Probes(Vec<String>),
    /// Tests failed.
    Tests(Vec<String>),
    /// The box does not start; the first line of what is told.
    NothingStarts(String),
    /// This kernel has nothing that the wall would cover.
    Absent(&'static str),
    /// The wall is not tested.
    Nobody(String),
}

impl Seen {
    pub(super) const fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody(_))
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probes(ids) => write!(out, "probes {}", ids.join(" ")),
            Self::Tests(names) => out.write_str(&names.join(" ")),
            Self::NothingStarts(told) => write!(out, "nothing starts: {told}"),
            Self::Absent(path) => write!(out, "- nothing that others may read in {path} here"),
            Self::Nobody(why) => write!(out, "NOBODY: {why}"),
        }
    }
}

impl Judge {
    /// Makes sure that with every wall (`whole`) no probe gets out and no test fails: else what
    /// follows would prove nothing.
    pub(super) fn new(
        user: Option<User>,
        tests: PathBuf,
        source: PathBuf,
        whole: &Path,
        walls: &[&Wall],
    ) -> Result<Self, Failure> {
        let mut judge = Self { user, tests, source, proves: false };
        judge.proves = judge.run(whole, &["prove", "--help"])?.status.success();
        if !judge.proves {
            println!("note: this drybox has no command prove: only tests can notice");
        }
        let mut names: Vec<&str> = walls
            .iter()
            .filter(|wall| wall.users.has(user.is_none() && who::is_root()))
            .flat_map(|wall| wall.tests.iter().copied())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut red = judge.failing(whole, &names)?;
        if judge.proves {
            red.extend(judge.open(whole)?);
        }
        if red.is_empty() {
            return Ok(judge);
        }
        Err(Failure::Found { what: "red with every wall in place", lines: red })
    }

    /// Who notices that `drybox` lacks the wall.
    pub(super) fn look(&self, drybox: &Path, wall: &Wall) -> Result<Seen, Failure> {
        if let Some(path) = wall.covers.filter(|path| !tells_others(Path::new(path))) {
            return Ok(Seen::Absent(path));
        }
        let start = self.run(drybox, &["run", "--", "true"])?;
        let told = || start.output.lines().next().unwrap_or_default().to_owned();
        match (wall.without, start.status.code()) {
            (Without::NothingStarts, Some(125)) => return Ok(Seen::NothingStarts(told())),
            (Without::NothingStarts, _) => {
                return Ok(Seen::Nobody("the box starts without it".into()));
            }
            (Without::AWayOut, Some(0)) => {}
            // A box that does not start keeps everybody in: that would prove nothing.
            (Without::AWayOut, _) => return Ok(Seen::Nobody(format!("no box starts: {}", told()))),
        }
        // Of two walls at once a probe may miss only the first: the tests take either's answer.
        if self.proves && !wall.names.contains('+') {
            let open = self.open(drybox)?;
            if !open.is_empty() {
                return Ok(Seen::Probes(open));
            }
        }
        let failed = self.failing(drybox, wall.tests)?;
        if failed.is_empty() {
            return Ok(Seen::Nobody("no probe gets out, no test fails".into()));
        }
        Ok(Seen::Tests(failed))
    }

    /// The ids of the probes that get out.
    fn open(&self, drybox: &Path) -> Result<Vec<String>, Failure> {
        let ran = self.run(drybox, &["prove", "--json"])?;
        let json = ran.output.lines().find(|line| line.starts_with('{')).unwrap_or_default();
        let report: Report = serde_json::from_str(json)
            .map_err(|source| Failure::Json { command: "drybox prove --json".into(), source })?;
        let open = report.probes.into_iter().filter(|probe| probe.result == "open");
        Ok(open.map(|probe| probe.id).collect())
    }

    /// Which of these tests fail.
    fn failing(&self, drybox: &Path, names: &[&str]) -> Result<Vec<String>, Failure> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let package = self.source.join("crates/drybox");
        let mut command =
            self.start(&self.tests, &test::environment(drybox, &self.source, &package));
        command.current_dir(&package).arg("--exact").args(names);
        let ran = limited(command)?;
        let outcome = Outcome::read(&ran.output, ran.status.success());
        if outcome.passed + outcome.failed.len() < names.len() {
            let lines = names.iter().map(|name| (*name).to_owned()).collect();
            return Err(Failure::Found { what: "not all of these tests are there", lines });
        }
        Ok(outcome.failed)
    }

    fn run(&self, drybox: &Path, args: &[&str]) -> Result<Ran, Failure> {
        let mut command = self.start(drybox, &[]);
        command.args(args).current_dir(self.source.join("docs")).stdin(Stdio::null());
        limited(command)
    }

    fn start(&self, program: &Path, environment: &[(&'static str, PathBuf)]) -> Command {
        match &self.user {
            Some(user) => {
                let environment: Vec<(&str, &Path)> =
                    environment.iter().map(|(name, value)| (*name, value.as_path())).collect();
                who::as_user(user, &environment, program)
            }
            None => {
                let mut command = who::as_self(program);
                command.envs(environment.iter().map(|(name, value)| (name, value)));
                command
            }
        }
    }
}

/// Whether others may read it (what `crates/jail/src/plan/proc.rs` asks), and it holds something.
fn tells_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_open = |path: &Path| {
        path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
    };
    let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_open(path) && !is_empty
}

/// What `drybox prove --json` prints.
#[derive(Deserialize)]
struct Report {
    probes: Vec<Probe>,
}

#[derive(Deserialize)]
struct Probe {
    id: String,
    result: String,
}
