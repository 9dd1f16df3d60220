//! Developer commands: `cargo xtask COMMAND`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to a developer")]

mod arrows;
mod bench;
mod ci;
mod deps;
mod failure;
mod links;
mod metadata;
mod names;
mod noise;
mod packages;
mod setup;
mod shell;
mod staging;
mod test;
mod weaken;
mod who;

use std::process::ExitCode;

use failure::Failure;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = args.split_first().map_or(("help", &[][..]), |(n, rest)| (n, rest));
    let outcome = match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None if matches!(name, "help" | "--help" | "-h") => {
            print!("{}", help());
            Ok(())
        }
        None => Err(Failure::Usage { given: name.to_owned(), usage: help() }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND [ARGS]\n\n");
    for command in COMMANDS.iter().filter(|command| !command.about.is_empty()) {
        text.push_str(&format!("  {:<8} {}\n", command.name, command.about));
    }
    text
}

struct Command {
    name: &'static str,
    /// Empty: not for people.
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "setup",
        about: "install what the tests need, make the test user",
        run: setup::run,
    },
    Command {
        name: "test",
        about: "run every test, as root and as an ordinary user [-- FILTER]",
        run: test::run,
    },
    Command {
        name: "check",
        about: "everything but the tests: fmt, clippy, … [STAGE…]",
        run: ci::check,
    },
    Command { name: "ci", about: "check, then test [STAGE…]", run: ci::ci },
    Command { name: "arrows", about: "which room may depend on which", run: arrows::run },
    Command {
        name: "deps",
        about: "licences, registries and reasons of the dependencies",
        run: deps::run,
    },
    Command { name: "links", about: "relative links in the documents", run: links::run },
    Command { name: "names", about: "files and functions that documents name", run: names::run },
    Command { name: "noise", about: "what of real releases the hold rules hold", run: noise::run },
    Command {
        name: "weaken",
        about: "each wall left out once: who notices? [--list] [--quick] [WALL…]",
        run: weaken::run,
    },
    Command {
        name: "bench",
        about: "what a run costs, beside the peers [--group G] [--against REVISION] …",
        run: bench::run,
    },
    Command { name: bench::MEASURE, about: "", run: bench::measure },
];
