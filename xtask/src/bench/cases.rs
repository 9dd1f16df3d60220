//! What is measured, and the measuring.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::shell;

/// A command to time, from start to the end of the whole process.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) argv: &'static [&'static str],
}

/// Stands for the executable under test.
const DRYBOX: &str = "drybox";

pub(super) const OURS: Case = Case {
    name: "drybox run",
    argv: &[DRYBOX, "run", "--", "true"],
};

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
        "true",
    ],
};

/// The floor of our start-up, and of any.
const FLOORS: [Case; 2] = [
    Case {
        name: "drybox --version",
        argv: &[DRYBOX, "--version"],
    },
    Case {
        name: "true",
        argv: &["/bin/true"],
    },
];

pub(super) type Samples = Vec<(&'static str, Vec<Duration>)>;

/// Runs every case once a round, in turning order, so that a busy moment hits all alike.
pub(super) fn measure(drybox: &Path, work: &Path, rounds: usize) -> Result<Samples, Failure> {
    let [version, floor] = FLOORS;
    let cases = [OURS, PEER, version, floor];
    let mut commands: Vec<Command> = cases
        .iter()
        .map(|case| command(case, drybox, work))
        .collect();
    let mut samples: Samples = cases.iter().map(|case| (case.name, Vec::new())).collect();
    for round in 0..rounds.saturating_add(WARM_UP) {
        for step in 0..commands.len() {
            let turn = round.wrapping_add(step) % commands.len();
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

/// One run. A run that fails is not a fast run: it ends the bench.
fn time(command: &mut Command) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let status = command.status();
    let time = begun.elapsed();
    let status = status.map_err(|source| shell::cannot_start(command, source))?;
    match status.success() {
        true => Ok(time),
        false => Err(Failure::Command {
            command: shell::line(command),
            status,
        }),
    }
}

/// The same surroundings for all: no input, no output, a bare environment.
fn command(case: &Case, drybox: &Path, work: &Path) -> Command {
    let (program, args) = case
        .argv
        .split_first()
        .map_or(("", &[][..]), |(p, args)| (p, args));
    let program = if program == DRYBOX {
        drybox
    } else {
        Path::new(program)
    };
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(work)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
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
    Ok(text
        .split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or_default())
}

/// Rounds that fill caches and are not counted.
const WARM_UP: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_run_once_a_round() {
        // `true` stands in for the executable: it takes any argument.
        let work = tempfile::tempdir().unwrap();
        let samples = measure(Path::new("/bin/true"), work.path(), 2).unwrap();
        assert_eq!(samples.len(), 4);
        assert!(samples.iter().all(|(_, times)| times.len() == 2));
    }

    #[test]
    fn a_run_that_fails_ends_the_bench() {
        let work = tempfile::tempdir().unwrap();
        let failed = measure(Path::new("/bin/false"), work.path(), 1);
        assert!(matches!(failed, Err(Failure::Command { .. })));
    }
}
