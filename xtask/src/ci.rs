//! `check` and `ci`: the stages, each timed, until the first red one.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{arrows, deps, links, names, shell, test, weaken};

/// Everything but the tests.
pub(crate) fn check(args: &[String]) -> Result<(), Failure> {
    run(&CHECKS.iter().collect::<Vec<_>>(), args)
}

/// Everything; what takes minutes more only when it is named.
pub(crate) fn ci(args: &[String]) -> Result<(), Failure> {
    let named = NAMED.iter().filter(|stage| args.iter().any(|name| name == stage.name));
    run(&CHECKS.iter().chain(TESTS).chain(named).collect::<Vec<_>>(), args)
}

fn run(stages: &[&Stage], names: &[String]) -> Result<(), Failure> {
    if let Some(given) = names.iter().find(|name| stages.iter().all(|one| one.name != **name)) {
        return Err(Failure::Usage { given: given.clone(), usage: usage(stages) });
    }
    let wanted = stages.iter().filter(|s| names.is_empty() || names.iter().any(|n| n == s.name));
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut outcome = Ok(());
    for stage in wanted {
        println!("\n== {}: {}", stage.name, stage.about);
        let begun = Instant::now();
        let done = (stage.run)();
        times.push((stage.name, begun.elapsed()));
        if let Err(source) = done {
            outcome = Err(Failure::Stage { stage: stage.name, source: Box::new(source) });
            break;
        }
    }
    println!("\n== times");
    for (index, (name, time)) in times.iter().enumerate() {
        let red = outcome.is_err() && index.saturating_add(1) == times.len();
        println!(
            "{:<8} {:>7.1} s  {}",
            name,
            time.as_secs_f64(),
            if red { "RED" } else { "green" }
        );
    }
    outcome
}

fn usage(stages: &[&Stage]) -> String {
    let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
    format!("stages: {}", names.join(" "))
}

struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<(), Failure>,
}

/// The cheap ones first: a slip is told in seconds.
const CHECKS: &[Stage] = &[
    Stage { name: "fmt", about: "rustfmt changes nothing", run: fmt },
    Stage { name: "arrows", about: "rooms depend as the table says", run: || arrows::run(&[]) },
    Stage { name: "deps", about: "licences, registries, reasons", run: || deps::run(&[]) },
    Stage { name: "links", about: "relative links lead somewhere", run: || links::run(&[]) },
    Stage { name: "names", about: "documents name code that is there", run: || names::run(&[]) },
    Stage { name: "clippy", about: "no warning", run: clippy },
    Stage { name: "doc", about: "rustdoc without a warning", run: doc },
];

const TESTS: &[Stage] = &[
    Stage { name: "test", about: "as root and as an ordinary user", run: || test::run(&[]) },
    Stage { name: "weaken", about: "a wall of each kind is missed", run: || quick(weaken::run) },
];

/// Minutes: for a change of a wall, and before a release.
const NAMED: &[Stage] =
    &[Stage { name: "walls", about: "every wall is missed", run: || weaken::run(&[]) }];

fn quick(stage: fn(&[String]) -> Result<(), Failure>) -> Result<(), Failure> {
    stage(&["--quick".to_owned()])
}

fn fmt() -> Result<(), Failure> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Failure> {
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&args))
}

fn doc() -> Result<(), Failure> {
    let args = ["doc", "--workspace", "--no-deps", "--locked"];
    shell::run(shell::cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
}
