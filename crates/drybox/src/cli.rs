//! The command line: from words to an [`Invocation`].

mod error;
mod flags;
mod run;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command, value_parser};
use clap_complete::Shell;

pub(crate) use error::CliError;
pub(crate) use run::RunArgs;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// `drybox run`
    Run(Box<RunArgs>),
    /// `drybox completions SHELL`
    Completions(Shell),
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
    let asked = args.first().cloned();
    match whole().try_get_matches_from(args.iter().cloned()) {
        Ok(matches) => {
            let completions = matches.subcommand_matches("completions");
            match completions.and_then(|sub| sub.get_one::<Shell>("shell")) {
                Some(shell) => Ok(Invocation::Completions(*shell)),
                None => Ok(Invocation::Text(whole().render_help().to_string())),
            }
        }
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
            Some(word) if word == "completions" => {
                Err(CliError::from_clap(&error, "drybox completions --help"))
            }
            _ => Err(CliError::from_clap(&error, "drybox --help")),
        },
    }
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
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .help("bash, zsh or fish")
        .required(true)
        .value_parser(value_parser!(Shell));
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
        .subcommand(
            Command::new("completions")
                .alias("completion")
                .about("Prints a completion script for a shell")
                .disable_help_flag(true)
                .arg(Arg::new("help").long("help").help("Prints this").action(ArgAction::Help))
                .arg(shell),
        )
        .before_help(EXAMPLES)
        .help_template("{about}\n\n{before-help}Usage: {usage}\n\n{all-args}\n")
}

const EXAMPLES: &str = "\
Examples:
  drybox run -- npm test           the tests of this directory, jailed
  drybox run                       a shell, jailed
  drybox run --explain -- npm test what that box would see; runs nothing
  drybox run --help                every flag";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_command_line_is_consistent() {
        whole().debug_assert();
    }
}
