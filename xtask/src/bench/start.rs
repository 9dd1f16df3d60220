//! Groups `start` and `throughput`: complete runs of `true`, one after the other, and as many as the
//! machine takes.

use std::time::{Duration, Instant};

use super::Scope;
use super::engines::{APART, BARE, Engine, OURS, PEER, STARTED};
use super::report::{Group, Over};
use super::rounds::{Runner, interleave};
use crate::failure::Failure;
use crate::shell;

/// What a ratio of these groups is.
const OVER_IT: Over = Over::BaseOverIt;
const TRUE: &[&str] = &["true"];
/// Rounds that fill caches.
const WARM_UP: usize = 10;

/// `true` in each engine.
pub(super) fn start(scope: &Scope) -> Result<Group, Failure> {
    let mut group = Group::new("start", "`run -- true`", OURS.name, OVER_IT);
    let engines = [&OURS, &PEER, &BARE].into_iter().chain(STARTED);
    let mut runners = take_part(scope, engines, &mut group)?;
    if let Some(against) = scope.against() {
        let command = OURS.command(TRUE, &against);
        runners.extend(command.map(|command| Runner::new(&scope.revision(), command, 1, true)));
    }
    interleave(&mut runners, scope.pairs, WARM_UP)?;
    group.add(runners);
    Ok(group)
}

/// Those that are here and work; the rest is told.
fn take_part<'e>(
    scope: &Scope,
    engines: impl Iterator<Item = &'e Engine>,
    group: &mut Group,
) -> Result<Vec<Runner>, Failure> {
    let mut runners = Vec::new();
    for engine in engines {
        if let Err(why) = engine.check(&scope.places)? {
            if engine.name == OURS.name {
                return Err(Failure::Found { what: OURS.name, lines: vec![why] });
            }
            group.missing.push(format!("{}: {why}", engine.name));
            continue;
        }
        let ours = engine.name == OURS.name;
        let command = engine.command(TRUE, &scope.places);
        runners.extend(command.map(|c| Runner::new(engine.name, c, engine.every, ours)));
    }
    Ok(runners)
}

/// Runs one after the other on each processor: the time of a block, divided by its runs.
pub(super) fn throughput(scope: &Scope) -> Result<Group, Failure> {
    let mut group = Group::new(
        "throughput",
        "complete runs on every processor at once, time a run",
        OURS.name,
        OVER_IT,
    );
    let mut places = vec![(OURS.name.to_owned(), &APART, scope.places())];
    if let Some(against) = scope.against() {
        places.push((scope.revision(), &APART, against));
    }
    for peer in [&PEER, &BARE] {
        match peer.check(&scope.places)? {
            Ok(()) => places.push((peer.name.to_owned(), peer, scope.places())),
            Err(why) => group.missing.push(format!("{}: {why}", peer.name)),
        }
    }
    let command = |engine: &Engine, places| engine.command(TRUE, places);
    let mut runners: Vec<Runner> = places
        .iter()
        .filter_map(|(name, engine, places)| {
            Some(Runner::new(name, command(engine, places)?, 1, false))
        })
        .collect();
    for round in 0..scope.pairs.div_ceil(BLOCK).max(4) {
        for ((_, engine, places), runner) in places.iter().zip(&mut runners) {
            runner.times.push((round, block(engine, places)?));
        }
    }
    group.add(runners);
    Ok(group)
}

fn block(engine: &Engine, places: &super::engines::Places) -> Result<Duration, Failure> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let worker = || -> Result<(), Failure> {
        let Some(mut command) = engine.command(TRUE, places) else { return Ok(()) };
        for _ in 0..BLOCK {
            let status = command.status();
            let status = status.map_err(|source| shell::cannot_start(&command, source))?;
            if !status.success() {
                return Err(Failure::Command { command: shell::line(&command), status });
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
    })?;
    let runs = u32::try_from(workers.saturating_mul(BLOCK)).unwrap_or(u32::MAX);
    Ok(begun.elapsed() / runs)
}

/// Runs of one block and processor.
const BLOCK: usize = 25;
