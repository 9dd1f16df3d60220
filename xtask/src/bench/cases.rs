//! What is measured, and the measuring.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::shell;

/// A command to time, from start to the end of the whole process.
pub(super) struct Case {
    pub(super) name: &'static str,
    argv: &'static [&'static str],
    /// What it runs inside, if it runs something.
    payload: &'static [&'static str],
}

/// Stands for the executable under test.
const DRYBOX: &str = "drybox";

pub(super) const OURS: Case =
    Case { name: "drybox run", argv: &[DRYBOX, "run", "--"], payload: &["true"] };

/// The nearest peer, with every namespace and a comparable mount tree.
pub(super) const PEER: Case = Case {
    name: "bwrap",
    argv: &[
        "/usr/bin/bwrap",
        "--unshare-all",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
    ],
    payload: &["true"],
};

/// The floor of our start-up, and of any.
const FLOORS: [Case; 2] = [
    Case { name: "drybox --version", argv: &[DRYBOX, "--version"], payload: &[] },
    Case { name: "true", argv: &["/bin/true"], payload: &[] },
];

/// A payload that only a real run can answer so.
const CONTROL: (&[&str], i32) = (&["sh", "-c", "exit 7"], 7);

pub(super) type Samples = Vec<(&'static str, Vec<Duration>)>;

/// Runs every case once a round, in turning order, so that a busy moment hits all alike.
pub(super) fn measure(drybox: &Path, work: &Path, rounds: usize) -> Result<Samples, Failure> {
    let [version, floor] = FLOORS;
    let cases = [OURS, PEER, version, floor];
    for case in cases.iter().filter(|case| !case.payload.is_empty()) {
        control(command(case, CONTROL.0, drybox, work))?;
    }
    let mut commands: Vec<Command> =
        cases.iter().map(|case| command(case, case.payload, drybox, work)).collect();
    let mut samples: Samples = cases.iter().map(|case| (case.name, Vec::new())).collect();
    let count = commands.len();
    for round in 0..rounds.saturating_add(WARM_UP) {
        for step in 0..count {
            // Forwards and backwards in turn: what one run leaves to the kernel to clean up must
            // not always be paid by the same next one.
            let step = if round % 2 == 0 { step } else { count.saturating_sub(step + 1) };
            let turn = step.wrapping_add(round / 2) % count;
            let (Some(command), Some((_, times))) = (commands.get_mut(turn), samples.get_mut(turn))
            else {
                continue;
            };
            let time = time(command)?;
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    Ok(samples)
}

/// A command that does not run its payload must not be measured as if it did.
fn control(mut command: Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| shell::cannot_start(&command, source))?;
    match status.code() == Some(CONTROL.1) {
        true => Ok(()),
        false => Err(Failure::Control { command: shell::line(&command), status }),
    }
}

/// One run. A run that fails is not a fast run: it ends the bench.
fn time(command: &mut Command) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let status = command.status();
    let time = begun.elapsed();
    let status = status.map_err(|source| shell::cannot_start(command, source))?;
    match status.success() {
        true => Ok(time),
        false => Err(Failure::Command { command: shell::line(command), status }),
    }
}

/// The same surroundings for all: no input, no output, a bare environment.
fn command(case: &Case, payload: &[&str], drybox: &Path, work: &Path) -> Command {
    let (program, args) = case.argv.split_first().map_or(("", &[][..]), |(p, args)| (p, args));
    let program = if program == DRYBOX { drybox } else { Path::new(program) };
    let mut command = Command::new(program);
    command.args(args).args(payload).current_dir(work).env_clear().env("PATH", "/usr/bin:/bin");
    if let Some(home) = std::env::var_os("HOME") {
        command.env("HOME", home);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The load average of the last minute.
pub(super) fn load() -> Result<f64, Failure> {
    let path = Path::new("/proc/loadavg");
    let text = std::fs::read_to_string(path).map_err(Failure::io("read", path))?;
    Ok(text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default())
}

/// Rounds that fill caches and are not counted.
const WARM_UP: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands in for the executable: bash, which knows `--version` and reads a script named `run`.
    fn stand_in(script: &str) -> Result<Samples, Failure> {
        let work = tempfile::tempdir().unwrap();
        std::fs::write(work.path().join("run"), script).unwrap();
        measure(Path::new("/bin/bash"), work.path(), 2)
    }

    #[test]
    fn every_case_is_run_once_a_round() {
        let samples = stand_in("shift; exec \"$@\"").unwrap();
        assert_eq!(samples.len(), 4);
        assert!(samples.iter().all(|(_, times)| times.len() == 2));
    }

    #[test]
    fn what_does_not_run_its_payload_is_not_measured() {
        assert!(matches!(stand_in("exit 0"), Err(Failure::Control { .. })));
    }

    #[test]
    fn a_run_that_fails_ends_the_bench() {
        let script = "case $2 in sh) exit 7;; *) exit 1;; esac";
        assert!(matches!(stand_in(script), Err(Failure::Command { .. })));
    }
}
