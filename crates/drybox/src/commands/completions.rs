//! `drybox completions SHELL`

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use super::{Done, Entry};

pub(super) const ENTRY: Entry = Entry {
    name: "completions",
    about: "Prints a completion script for a shell",
    help: "drybox completions --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .help("bash, zsh or fish")
        .required(true)
        .value_parser(value_parser!(Shell));
    base.alias("completion").arg(shell)
}

/// Prints the shell's script.
fn run(matches: &ArgMatches) -> Done {
    let mut script = Vec::new();
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        clap_complete::generate(*shell, &mut crate::cli::whole(), "drybox", &mut script);
    }
    super::show(&String::from_utf8_lossy(&script))
}
