//! Runs commands in turns, so that a busy moment hits all alike.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::shell;

/// Something that is timed again and again.
pub(super) struct Runner {
    pub(super) name: String,
    pub(super) command: Command,
    pub(super) every: usize,
    /// A run of it that fails ends the bench; one of a peer ends the peer's part.
    pub(super) ours: bool,
    /// Its times, each with its round.
    pub(super) times: Vec<(usize, Duration)>,
    /// Why it takes no part any more.
    pub(super) failed: Option<String>,
}

impl Runner {
    pub(super) fn new(name: &str, command: Command, every: usize, ours: bool) -> Self {
        Self { name: name.into(), command, every, ours, times: Vec::new(), failed: None }
    }
}

/// Runs each once a round, after `warm_up` rounds that fill caches.
pub(super) fn interleave(
    runners: &mut [Runner],
    rounds: usize,
    warm_up: usize,
) -> Result<(), Failure> {
    let count = runners.len();
    for round in 0..rounds.saturating_add(warm_up) {
        for step in 0..count {
            // Forwards and backwards in turn: what one run leaves to the kernel to clean up must
            // not always be paid by the same next one.
            let step = if round % 2 == 0 { step } else { count.saturating_sub(step + 1) };
            let turn = step.wrapping_add(round / 2) % count.max(1);
            let Some(runner) = runners.get_mut(turn) else { continue };
            if round % runner.every.max(1) != 0 || runner.failed.is_some() {
                continue;
            }
            match time(&mut runner.command) {
                Ok(time) if round >= warm_up => runner.times.push((round, time)),
                Ok(_) => {}
                Err(failure) if runner.ours => return Err(failure),
                Err(failure) => {
                    runner.times.clear();
                    runner.failed = Some(failure.to_string());
                }
            }
        }
    }
    Ok(())
}

/// One run. A run that fails is not a fast run.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(script: &str, every: usize, ours: bool) -> Runner {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        Runner::new(script, command, every, ours)
    }

    #[test]
    fn each_is_run_once_a_round_or_as_rarely_as_it_says() {
        let mut all = [runner("exit 0", 1, true), runner("true", 2, false)];
        interleave(&mut all, 4, 2).unwrap();
        let [often, rare] = all;
        assert_eq!(often.times.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert_eq!(rare.times.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn a_peer_that_fails_is_told_and_has_no_time() {
        let mut all = [runner("exit 0", 1, true), runner("exit 3", 1, false)];
        interleave(&mut all, 2, 0).unwrap();
        let [ours, peer] = all;
        assert_eq!((ours.times.len(), peer.times.len()), (2, 0));
        assert!(peer.failed.unwrap().contains("exit status: 3"));
    }

    #[test]
    fn a_run_of_ours_that_fails_ends_the_bench() {
        let mut all = [runner("exit 3", 1, true)];
        assert!(matches!(interleave(&mut all, 1, 0), Err(Failure::Command { .. })));
    }
}
