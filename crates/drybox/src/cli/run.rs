//! `drybox run`: words to a [`RunRequest`].

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_spec::{CommandForm, FOREIGN_FLAGS, ForeignFlag, RunRequest, Takes, Typed};

use super::flags::{FLAGS, Field, Flag};
use super::{CliError, Invocation};

/// What was typed after `drybox run`.
#[derive(Debug, Default)]
pub(crate) struct RunArgs {
    /// The box.
    pub(crate) request: RunRequest,
    /// How drybox answers.
    pub(crate) output: Output,
}

/// How drybox answers.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Explain, do not run.
    pub(crate) explain: bool,
    /// As JSON.
    pub(crate) json: bool,
    /// No notes, no summary.
    pub(crate) quiet: bool,
}

/// Reads `run …`; `args` begins with that word.
///
/// Building an argument costs more than reading one, so the parser is first built of the flags that
/// the line names; only when that fails, of all, for the error.
pub(super) fn parse(args: &[OsString]) -> Result<Invocation, CliError> {
    Ok(match read(args, HELP)? {
        Some(run) => Invocation::Run(Box::new(run)),
        None => Invocation::Text(whole().render_help().to_string()),
    })
}

/// Reads `run`'s flags and words behind any first word; none: help was asked for.
pub(super) fn read(args: &[OsString], help: &'static str) -> Result<Option<RunArgs>, CliError> {
    let line = Line::of(args);
    let read = |command: Command| command.try_get_matches_from(args.iter().cloned());
    let matches = match read(command(Build::Parser(&line))) {
        Ok(matches) => matches,
        Err(_) => match read(command(Build::Parser(&Line::default()))) {
            Ok(matches) => matches,
            Err(error) if error.kind() == ErrorKind::DisplayHelp => {
                return Ok(None);
            }
            Err(error) => return Err(CliError::from_clap(&error, help)),
        },
    };
    take(matches, args, help).map(Some)
}

/// `run`'s flags, for the completions of a command that takes them too.
pub(super) fn flags() -> impl Iterator<Item = Arg> {
    FLAGS.iter().map(shown)
}

/// The command with every flag, for help and completions.
pub(super) fn whole() -> Command {
    command(Build::Help)
}

#[derive(Clone, Copy)]
enum Build<'a> {
    /// What reads: the flags that the line names, podman's included.
    Parser(&'a Line),
    /// What is shown: drybox's own flags, switches without a value.
    Help,
}

fn command(build: Build<'_>) -> Command {
    let mut command = Command::new("run")
        .about("Runs a command in a box: no network, no host filesystem but what it needs")
        .override_usage("drybox run [FLAGS] [-- CMD…]")
        .args_override_self(true)
        .disable_help_flag(true)
        .max_term_width(100);
    match build {
        Build::Parser(line) => {
            let ours = FLAGS.iter().filter(|flag| {
                line.names(flag.long, flag.short) || flag.alias.is_some_and(|a| line.names(a, None))
            });
            command = command.args(ours.map(parsed));
            let foreign = FOREIGN_FLAGS.iter().filter(|flag| line.names(flag.name, flag.short));
            command = command.args(foreign.map(parsed_foreign));
            if line.names("help", None) {
                command = command.arg(help());
            }
        }
        Build::Help => {
            command = command
                .args(FLAGS.iter().map(shown))
                .arg(help().help_heading("About the run"))
                .after_help(EXAMPLES);
        }
    }
    command.arg(
        Arg::new(WORDS)
            .value_name("CMD")
            .help("The command and its arguments; without one, your shell")
            .num_args(0..)
            .trailing_var_arg(true)
            .value_parser(value_parser!(OsString)),
    )
}

/// A flag as it is read: a switch takes `=false`, and a value may begin with a dash, as in podman.
fn parsed(flag: &'static Flag) -> Arg {
    let arg = named(flag.long, flag.short).value_parser(value_parser!(OsString));
    let arg = match flag.alias {
        Some(alias) => arg.alias(alias),
        None => arg,
    };
    match flag.value {
        Some(_) => arg.num_args(1).allow_hyphen_values(true).action(ArgAction::Append),
        None => as_switch(arg),
    }
}

fn parsed_foreign(flag: &'static ForeignFlag) -> Arg {
    let arg = named(flag.name, flag.short).value_parser(value_parser!(OsString));
    match flag.takes {
        Takes::Value => arg.num_args(1).allow_hyphen_values(true).action(ArgAction::Append),
        Takes::Switch => as_switch(arg),
    }
}

fn as_switch(arg: Arg) -> Arg {
    arg.num_args(0..=1).require_equals(true).default_missing_value("true").action(ArgAction::Append)
}

/// A flag as it is shown.
fn shown(flag: &'static Flag) -> Arg {
    let arg = named(flag.long, flag.short).help(flag.help).help_heading(flag.heading);
    match flag.value {
        Some(value) => arg.value_name(value).action(ArgAction::Append),
        None => arg.action(ArgAction::SetTrue),
    }
}

fn named(long: &'static str, short: Option<char>) -> Arg {
    let arg = Arg::new(long).long(long);
    match short {
        Some(short) => arg.short(short),
        None => arg,
    }
}

fn help() -> Arg {
    Arg::new("help").long("help").help("Prints this").action(ArgAction::Help)
}

/// Takes the values out of the matches.
fn take(
    mut matches: ArgMatches,
    args: &[OsString],
    help: &'static str,
) -> Result<RunArgs, CliError> {
    let mut run = RunArgs::default();
    for flag in FLAGS {
        let mut values = values(&mut matches, flag.long);
        if values.iter().any(|value| value == b"--") {
            // The line `-e -- CMD`: what was meant to be the value was forgotten.
            let flag = format!("--{}", flag.long);
            return Err(CliError::NoValue { flag, help });
        }
        match flag.into {
            Field::Many(field) => *field(&mut run.request) = values,
            Field::One(field) => *field(&mut run.request) = values.pop(),
            Field::Output(field) => {
                if let Some(value) = values.pop() {
                    let bad = |source| CliError::Switch { flag: flag.long, source };
                    *field(&mut run.output) = drybox_spec::grammar::switch(&value).map_err(bad)?;
                }
            }
        }
    }
    for flag in FOREIGN_FLAGS {
        let values = values(&mut matches, flag.name);
        run.request.foreign.extend(values.into_iter().map(|value| (flag, value)));
    }
    run.request.words = values(&mut matches, WORDS);
    // The words are the end of the line, and what stands before them is `--` or the last flag.
    let before = args.len().checked_sub(run.request.words.len()).and_then(|n| n.checked_sub(1));
    let dashes = before.and_then(|at| args.get(at)).is_some_and(|word| word == "--");
    run.request.form = if dashes { CommandForm::AfterDashes } else { CommandForm::Bare };
    Ok(run)
}

fn values(matches: &mut ArgMatches, id: &str) -> Vec<Typed> {
    match matches.try_remove_many::<OsString>(id) {
        Ok(Some(values)) => values.map(OsStringExt::into_vec).collect(),
        // Not on the line, so not in the parser either.
        Ok(None) | Err(_) => Vec::new(),
    }
}

/// What a command line could name, at most; the default: everything.
#[derive(Default)]
struct Line {
    words: Option<Vec<OsString>>,
}

impl Line {
    fn of(args: &[OsString]) -> Self {
        let flags = args.iter().take_while(|word| *word != "--");
        let dashed = |word: &&OsString| word.as_bytes().first() == Some(&b'-');
        Self { words: Some(flags.filter(dashed).cloned().collect()) }
    }

    /// True when a flag of this spelling may be there: a value that looks like it counts too.
    fn names(&self, long: &str, short: Option<char>) -> bool {
        let Some(words) = &self.words else {
            return true;
        };
        words.iter().map(OsString::as_os_str).any(|word| match word.as_bytes() {
            [b'-', b'-', name @ ..] => {
                let name = name.split(|&b| b == b'=').next().unwrap_or_default();
                OsStr::from_bytes(name) == long
            }
            [b'-', shorts @ ..] => {
                short.and_then(|c| u8::try_from(c).ok()).is_some_and(|c| shorts.contains(&c))
            }
            _ => false,
        })
    }
}

const WORDS: &str = "words";
const HELP: &str = "drybox run --help";

const EXAMPLES: &str = "\
Examples:
  drybox run -- npm test                        the tests of this directory, jailed
  drybox run                                    a shell, jailed
  drybox run -v .:/work -- make                 the same directory, writable
  drybox run -v ./in:/in:ro -v ./out:/out -- convert /in/a.png /out/a.jpg
  drybox run -e CI=1 -e 'NPM_*' -- npm test     variables, named
  drybox run --timeout 60 -- ./fuzz             at most a minute
  drybox run --explain -v .:/work -- make       what that box would see, without running

Exit codes: the command's own, 128 + signal; 127 not found, 126 not executable, 125 drybox's own.";

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<RunArgs, CliError> {
        let args: Vec<OsString> = ["run"].iter().chain(words).map(OsString::from).collect();
        match parse(&args)? {
            Invocation::Run(run) => Ok(*run),
            other => panic!("{other:?}"),
        }
    }

    fn bytes(words: &[&str]) -> Vec<Typed> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn flags_end_at_the_first_word_or_at_dashes() {
        let request = run(&["-it", "--", "npm", "-v", "--help"]).unwrap().request;
        assert_eq!(request.words, bytes(&["npm", "-v", "--help"]));
        assert_eq!(request.form, CommandForm::AfterDashes);
        assert_eq!(request.interactive, Some(b"true".to_vec()));
        assert_eq!(request.tty, Some(b"true".to_vec()));
        let request = run(&["--rm", "npm", "--rm=x", "-v"]).unwrap().request;
        assert_eq!(request.words, bytes(&["npm", "--rm=x", "-v"]));
        assert_eq!(request.form, CommandForm::Bare);
        let request = run(&["--"]).unwrap().request;
        assert_eq!((request.words, request.form), (Vec::new(), CommandForm::AfterDashes));
        let request = run(&["--", "--", "x"]).unwrap().request;
        assert_eq!(request.words, bytes(&["--", "x"]));
    }

    #[test]
    fn dashes_after_the_first_word_are_the_commands_own() {
        let request = run(&["npm", "test", "--", "x"]).unwrap().request;
        assert_eq!(request.words, bytes(&["npm", "test", "--", "x"]));
        assert_eq!(request.form, CommandForm::Bare);
    }

    #[test]
    fn values_are_attached_or_follow_and_may_begin_with_a_dash() {
        let request =
            run(&["-v/a:/b", "-v", "/c:/d", "--volume=/e:/f", "--name", "-rf", "--", "x"]);
        let request = request.unwrap().request;
        assert_eq!(request.volumes, bytes(&["/a:/b", "/c:/d", "/e:/f"]));
        assert_eq!(request.name, Some(b"-rf".to_vec()));
        let request = run(&["-ite", "A=1", "-hbox", "--net", "none"]).unwrap().request;
        assert_eq!(request.env, bytes(&["A=1"]));
        assert_eq!(request.hostname, Some(b"box".to_vec()));
        assert_eq!(request.networks, bytes(&["none"]));
    }

    #[test]
    fn the_last_of_a_scalar_wins_and_switches_take_false() {
        let request = run(&["--name", "a", "--name=b", "-t=false", "--rm=true"]).unwrap().request;
        assert_eq!(request.name, Some(b"b".to_vec()));
        assert_eq!(request.tty, Some(b"false".to_vec()));
        assert_eq!(request.rm, Some(b"true".to_vec()));
    }

    #[test]
    fn podmans_flags_are_known_with_their_values() {
        let request =
            run(&["-dP", "--add-host", "a:b", "--privileged", "--", "x"]).unwrap().request;
        let names: Vec<&str> = request.foreign.iter().map(|(flag, _)| flag.name).collect();
        assert_eq!(names.len(), 4);
        for name in ["detach", "publish-all", "add-host", "privileged"] {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn words_need_not_be_text() {
        let args = [OsString::from("run"), "--".into(), OsString::from_vec(b"\xff\n".to_vec())];
        let Ok(Invocation::Run(run)) = parse(&args) else { panic!("not read") };
        assert_eq!(run.request.words, [b"\xff\n".to_vec()]);
    }
}
