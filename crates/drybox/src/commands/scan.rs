//! `drybox scan [DIR]`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_spec::{Kind, Report, Shown};
use drybox_workspace::hold::{Judge, Rule, rules};
use drybox_workspace::scan::{Limits, scan};

use super::{Done, Entry, Failure};
use crate::render::{self, Format};

pub(super) const ENTRY: Entry = Entry {
    name: "scan",
    about: "Tells what in a directory some program would run by itself",
    help: "drybox scan --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let directory = Arg::new("directory")
        .value_name("DIR")
        .help("The directory; this one when none is named")
        .default_value(".")
        .value_parser(value_parser!(PathBuf));
    let json = Arg::new("json").long("json").help("One JSON value").action(ArgAction::SetTrue);
    let rule = Arg::new("rule")
        .long("rule")
        .value_name("ID")
        .help("Only this row of docs/hold-rules.md; may be repeated")
        .action(ArgAction::Append);
    base.arg(directory)
        .arg(json)
        .arg(rule)
        .after_help("Exit: 0 nothing found, 1 found, 125 an error. Nothing is run.")
}

/// Looks, prints, and says by its exit code whether anything is there.
fn run(matches: &ArgMatches) -> Done {
    let wanted: Vec<&String> = matches.get_many("rule").unwrap_or_default().collect();
    let is_wanted = |rule: &&Rule| {
        wanted.is_empty() || wanted.iter().any(|id| id.eq_ignore_ascii_case(rule.id))
    };
    let judge = Judge::of(rules().filter(is_wanted).copied().collect());
    if let Some(id) = wanted.iter().find(|id| !judge.has(id)) {
        return Err(Box::new(NoSuchRule { id: (*id).clone() }));
    }
    let here = PathBuf::from(".");
    let directory = matches.get_one::<PathBuf>("directory").unwrap_or(&here);
    let found = scan(directory, &judge, Limits::default())
        .map_err(|error| -> Failure { Box::new(error) })?;
    let text = render::scan(directory, &found, Format::from_json(matches.get_flag("json")));
    super::show(&text)?;
    Ok(if found.held.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// Something would run by itself.
const FOUND: u8 = 1;

/// `--rule` names none of the table.
#[derive(Debug, thiserror::Error)]
#[error("there is no hold rule {}", Shown(id))]
struct NoSuchRule {
    id: String,
}

impl Report for NoSuchRule {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some("the ids are listed in docs/hold-rules.md".into())
    }
}
