//! What a box may take: from flags to limits.

use super::one;
use crate::error::Why;
use crate::grammar::{self, UlimitArg};
use crate::limits::{Cpus, Limits, Memory, Pids, Swap, Ulimits};
use crate::{RunRequest, Source, Sourced, SpecError, Ulimit};

/// The limits that no setrlimit(2) keeps.
pub(super) fn resolve(request: &RunRequest) -> Result<Limits, SpecError> {
    let mut limits = Limits::default();
    if let Some(memory) = one("--memory", request.memory.as_ref(), Memory::parse)? {
        limits.memory = memory;
    }
    limits.swap = one("--memory-swap", request.memory_swap.as_ref(), Swap::parse)?
        .and_then(|swap| Some(Sourced::new(swap.value?, swap.from)));
    check_swap(&limits)?;
    limits.cpus = one("--cpus", request.cpus.as_ref(), Cpus::parse)?
        .and_then(|cpus| Some(Sourced::new(cpus.value?, cpus.from)));
    if let Some(pids) = one("--pids-limit", request.pids_limit.as_ref(), Pids::parse)? {
        limits.pids = pids;
    }
    for value in &request.storage {
        limits.storage = one("--storage-opt", Some(value), grammar::storage)?;
    }
    if request.ulimits.iter().any(|value| value == b"host") {
        limits.ulimits = Sourced::new(Ulimits::Host, Source::Flag("--ulimit"));
    }
    Ok(limits)
}

/// podman's rules: swap is memory and swap together, so it cannot be less, and nothing without it.
fn check_swap(limits: &Limits) -> Result<(), SpecError> {
    let contradiction = |second: &'static str, why, fix| {
        let first = "--memory-swap".into();
        Err(SpecError::Contradiction { first, second: second.into(), source: Why(why), fix })
    };
    match (limits.swap.as_ref().map(|swap| swap.value), limits.memory.value) {
        (Some(Swap::Most(_)), Memory::Spare | Memory::Unlimited) => contradiction(
            "no --memory",
            "it says how much memory and swap may be together",
            "--memory SIZE beside it",
        ),
        (Some(Swap::Most(both)), Memory::Most(memory)) if both < memory => contradiction(
            "a larger --memory",
            "it says how much memory and swap may be together, so it cannot be less than memory",
            "a --memory-swap of at least --memory; the same for no swap",
        ),
        _ => Ok(()),
    }
}

/// The limits of setrlimit(2), the last of a resource.
pub(super) fn ulimits(request: &RunRequest) -> Result<Vec<Sourced<Ulimit>>, SpecError> {
    let mut limits: Vec<Sourced<Ulimit>> = Vec::new();
    for value in &request.ulimits {
        let parsed = UlimitArg::parse(value).map_err(|why| SpecError::Value {
            flag: "--ulimit",
            value: value.clone(),
            source: why,
        })?;
        if let UlimitArg::One(limit) = parsed {
            limits.retain(|earlier| earlier.value.resource != limit.resource);
            limits.push(Sourced::new(limit, Source::Flag("--ulimit")));
        }
    }
    Ok(limits)
}
