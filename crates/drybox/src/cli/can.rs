//! `drybox can`: `run`'s flags, then a question.

use std::ffi::OsString;

use clap::{Arg, Command};
use drybox_run::Question;
use drybox_spec::{CommandForm, RunRequest};

use super::run::{self, Output};
use super::{CliError, Invocation};

/// What was typed after `drybox can`.
#[derive(Debug)]
pub(crate) struct CanArgs {
    /// The box that is asked about.
    pub(crate) request: RunRequest,
    /// What is asked.
    pub(crate) question: Question,
    /// What is asked about, as it was typed.
    pub(crate) object: Vec<u8>,
    /// How drybox answers.
    pub(crate) output: Output,
}

/// Reads `can …`; `args` begins with that word.
pub(super) fn parse(args: &[OsString]) -> Result<Invocation, CliError> {
    let Some(read) = run::read(args, HELP)? else {
        return Ok(Invocation::Text(whole().render_help().to_string()));
    };
    let (mut request, output) = (read.request, read.output);
    let words = std::mem::take(&mut request.words);
    let usage = || CliError::Usage { help: HELP };
    let (verb, objects) = words.split_first().ok_or_else(usage)?;
    let verb = verb.as_slice();
    let objects = match objects.split_first() {
        Some((dashes, rest)) if dashes == b"--" => rest,
        _ => objects,
    };
    let object = objects.first().filter(|object| !object.is_empty()).ok_or_else(usage)?.clone();
    let question = match verb {
        b"run" => {
            request.words = objects.to_vec();
            Question::Run
        }
        _ if objects.len() > 1 => return Err(usage()),
        b"read" => Question::Read(object.clone()),
        b"write" => Question::Write(object.clone()),
        b"connect" if is_destination(&object) => Question::Connect(object.clone()),
        b"connect" => return Err(CliError::Destination { value: object }),
        _ => return Err(usage()),
    };
    // The words are the question's; what they ask about stands behind dashes in a run.
    request.form = CommandForm::AfterDashes;
    Ok(Invocation::Can(Box::new(CanArgs { request, question, object, output })))
}

/// `HOST:PORT`, with an IPv6 address in brackets.
fn is_destination(word: &[u8]) -> bool {
    let colon = word.iter().rposition(|&byte| byte == b':');
    let Some((host, port)) = colon.and_then(|at| Some((word.get(..at)?, word.get(at + 1..)?)))
    else {
        return false;
    };
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
    let bracketed = host.starts_with(b"[") && host.ends_with(b"]");
    port.is_some_and(|port| port != 0) && !host.is_empty() && (bracketed || !host.contains(&b':'))
}

/// The command, for help and completions.
pub(super) fn whole() -> Command {
    Command::new("can")
        .about("Says whether a box could read, write, connect or run; runs nothing")
        .override_usage("drybox can [FLAGS OF run] read|write|connect|run WORD…")
        .disable_help_flag(true)
        .max_term_width(100)
        .args(run::flags().map(|flag| flag.hide(true)))
        .arg(Arg::new("help").long("help").help("Prints this").action(clap::ArgAction::Help))
        .arg(
            Arg::new("question")
                .value_name("QUESTION")
                .num_args(0..)
                .help("read PATH, write PATH, connect HOST:PORT, or run CMD"),
        )
        .after_help(EXAMPLES)
}

const HELP: &str = "drybox can --help";

const EXAMPLES: &str = "\
It takes the flags of drybox run, before the question, and asks about the box that they make.

Examples:
  drybox can read ~/.ssh/id_rsa               no, and why
  drybox can -v ./out:/out write /out/a.txt   yes: --volume
  drybox can connect example.org:443          no, and the flag that would let it
  drybox can run cargo                        where it would be found
  drybox can --json read .env                 the answer as JSON

Exit codes: 0 yes, 1 no, 125 the box could not be planned.";

#[cfg(test)]
mod tests {
    use super::*;

    fn can(words: &[&str]) -> Result<CanArgs, CliError> {
        let args: Vec<OsString> = ["can"].iter().chain(words).map(OsString::from).collect();
        match parse(&args)? {
            Invocation::Can(can) => Ok(*can),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_flags_of_run_stand_before_the_question() {
        let read = can(&["-v", "a:/b:ro", "--json", "read", "x"]).unwrap();
        assert_eq!(read.request.volumes, [b"a:/b:ro"]);
        assert!(read.output.json && read.request.words.is_empty());
        assert_eq!(read.question, Question::Read(b"x".to_vec()));
        let run = can(&["run", "--", "cargo", "-v"]).unwrap();
        assert_eq!(run.request.words, [b"cargo".to_vec(), b"-v".to_vec()]);
        assert_eq!(run.object, b"cargo");
        assert_eq!(can(&["--", "read", "-x"]).unwrap().question, Question::Read(b"-x".to_vec()));
    }

    #[test]
    fn what_is_no_question_is_told() {
        for words in [&[][..], &["read"], &["read", ""], &["read", "a", "b"], &["frob", "x"]] {
            assert!(matches!(can(words), Err(CliError::Usage { .. })), "{words:?}");
        }
        for bad in ["example.org", "example.org:", ":1", "a:0", "a:65536", "::1:80", "a:http"] {
            let told = can(&["connect", bad]);
            assert!(matches!(told, Err(CliError::Destination { .. })), "{bad}");
        }
        for good in ["example.org:443", "127.0.0.1:80", "[::1]:80"] {
            assert!(can(&["connect", good]).is_ok(), "{good}");
        }
    }
}
