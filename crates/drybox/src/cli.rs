//! The command line: from words to an [`Invocation`].

mod can;
mod error;
mod flags;
mod run;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::{COMMANDS, Entry};
pub(crate) use can::CanArgs;
pub(crate) use error::CliError;
pub(crate) use run::RunArgs;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// `drybox run`
    Run(Box<RunArgs>),
    /// `drybox can`
    Can(Box<CanArgs>),
    /// A command of the table.
    Command(&'static Entry, ArgMatches),
    /// A help text or the version.
    Text(String),
}

/// Reads the words after the program's name.
///
/// `run` is read without building the rest of the command line: it is on the path of every start.
pub(crate) fn parse(mut args: Vec<OsString>) -> Result<Invocation, CliError> {
    if args.first().is_some_and(|first| first == "help") {
        args.remove(0);
        args.push("--help".into());
    }
    if args.first().is_some_and(|first| first == "run") {
        return run::parse(&args);
    }
    if args.first().is_some_and(|first| first == "can") {
        return can::parse(&args);
    }
    let asked = args.first().cloned();
    match whole().try_get_matches_from(args.iter().cloned()) {
        Ok(mut matches) => Ok(match matches.remove_subcommand() {
            Some((name, matches)) => match entry(OsStr::new(&name)) {
                Some(entry) => Invocation::Command(entry, matches),
                None => Invocation::Text(whole().render_help().to_string()),
            },
            None => Invocation::Text(whole().render_help().to_string()),
        }),
        Err(error) if !error.use_stderr() => Ok(Invocation::Text(error.to_string())),
        Err(error) => match asked {
            Some(word) if word == "--" => {
                let words = args.into_iter().skip(1).map(OsStringExt::into_vec).collect();
                Err(CliError::NoCommand { words })
            }
            Some(word) if !word.as_encoded_bytes().starts_with(b"-") && !is_command(&word) => {
                // Behind `--` stands a command: what is before it was to be one of ours.
                let misspelt = is_like_run(&word, &error) && args.iter().any(|word| word == "--");
                let words = args.into_iter().map(OsStringExt::into_vec).collect();
                Err(CliError::UnknownCommand { words, misspelt })
            }
            asked => {
                let entry = asked.as_deref().and_then(entry);
                Err(CliError::from_clap(&error, entry.map_or("drybox --help", |entry| entry.help)))
            }
        },
    }
}

fn entry(name: &OsStr) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}

/// clap knows a letter too many or too few, not two that changed places.
fn is_like_run(word: &OsStr, error: &clap::Error) -> bool {
    let mut letters = word.as_encoded_bytes().to_ascii_lowercase();
    letters.sort_unstable();
    letters == b"nru"
        || match error.get(ContextKind::SuggestedSubcommand) {
            Some(ContextValue::String(like)) => like == "run",
            Some(ContextValue::Strings(like)) => like.iter().any(|like| like == "run"),
            _ => false,
        }
}

fn is_command(word: &OsString) -> bool {
    whole().get_subcommands().any(|sub| sub.get_name() == word)
}

/// The whole command line, for help and completions.
pub(crate) fn whole() -> Command {
    Command::new("drybox")
        .no_binary_name(true)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs untrusted work where it has no network and no host filesystem")
        .override_usage("drybox run [FLAGS] [-- CMD…]")
        .max_term_width(100)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('V')
                .help("Prints the version")
                .action(ArgAction::Version),
        )
        .arg(Arg::new("help").long("help").short('h').help("Prints this").action(ArgAction::Help))
        .disable_version_flag(true)
        .disable_help_flag(true)
        .subcommand(run::whole())
        .subcommand(can::whole())
        .subcommands(COMMANDS.iter().map(|entry| (entry.command)(base(entry))))
        .before_help(EXAMPLES)
        .help_template("{about}\n\n{before-help}Usage: {usage}\n\n{all-args}\n")
}

/// What every command of the table has.
fn base(entry: &Entry) -> Command {
    let help = Arg::new("help").long("help").help("Prints this").action(ArgAction::Help);
    Command::new(entry.name)
        .about(entry.about)
        .disable_help_flag(true)
        .arg(help)
        .max_term_width(100)
}

const EXAMPLES: &str = "\
Examples:
  drybox run -- npm test           the tests of this directory, jailed
  drybox run                       a shell, jailed
  drybox run --explain -- npm test what that box would see; runs nothing
  drybox can read ~/.ssh/id_rsa    one question about a box, yes or no
  drybox diff                      what runs changed here, before it is changed
  drybox apply                     lets out what was shown, but for what is held
  drybox doctor                    whether boxes run here, with every wall
  drybox run --help                every flag";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_command_line_is_consistent() {
        whole().debug_assert();
    }
}
