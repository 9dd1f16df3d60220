//! `drybox prove`: attempts to get out of the box that `drybox run` gives, or out of any other.

mod canaries;
mod engines;
mod judge;
mod lines;
mod show;
mod trial;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_probe::{GROUPS, PROBES, Probe, Verdict, probe};
use drybox_spec::{Kind, Report, Shown};

use super::{Done, Entry, Failure};
use crate::render::Format;
use canaries::Canaries;
use engines::Engine;
use judge::Judged;

pub(super) const ENTRY: Entry = Entry {
    name: "prove",
    about: "Attempts to get out of the box that run gives, and prints what came of each",
    help: "drybox prove --help",
    command,
    run,
};

/// The first word of the mode in which the executable makes the attempts.
pub(crate) const HIDDEN: &str = "__probe";

/// Makes the attempts, wherever this process is.
pub(crate) fn inside(args: &[OsString]) -> ExitCode {
    match drybox_probe::inside(args, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(125),
    }
}

fn command(base: Command) -> Command {
    let many = |name: &'static str| Arg::new(name).long(name).num_args(1).action(ArgAction::Append);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    base.override_usage("drybox prove [FLAGS] [-- RUN-FLAGS…]")
        .arg(many("group").value_name("GROUP").help("Only the attempts of a group: files, proc, …"))
        .arg(many("id").value_name("ID").help("Only this attempt, as FS-04"))
        .arg(many("engine").value_name("ENGINE").help(
            "Another sandbox: a known name, none, drybox, or a command line with {probe}, {args}, \
             {work}; several are shown side by side",
        ))
        .arg(switch("list").help("Lists the attempts and the known engines; makes none"))
        .arg(switch("json").help("The answer as JSON"))
        .arg(
            Arg::new("flags")
                .value_name("RUN-FLAGS")
                .help("Flags of drybox run that the box gets: -t, -u 0, -v …")
                .num_args(0..)
                .last(true)
                .value_parser(value_parser!(OsString)),
        )
        .after_help(EXAMPLES)
}

fn run(matches: &ArgMatches) -> Done {
    let format = Format::from_json(matches.get_flag("json"));
    let probes = chosen(matches).map_err(boxed)?;
    if matches.get_flag("list") {
        return super::show(&show::list(&probes, format));
    }
    let flags: Vec<OsString> = matches.get_many("flags").unwrap_or_default().cloned().collect();
    let names: Vec<&String> = matches.get_many("engine").unwrap_or_default().collect();
    let engines = match names.is_empty() {
        true => vec![Engine::drybox(&flags)],
        false => names.iter().map(|name| Engine::named(name, &flags)).collect(),
    };
    let canaries = Canaries::make().map_err(boxed)?;
    let judged = judge::all(&canaries, &engines, &probes).map_err(boxed)?;
    drop(canaries);
    let text = match (judged.as_slice(), format) {
        ([one], _) if one.error.is_some() => return Err(boxed(ProveError::of(one))),
        ([one], Format::Text) => show::one(one),
        ([one], Format::Json) => show::json(one),
        (several, Format::Text) => show::side_by_side(several),
        (several, Format::Json) => show::json_of_several(several),
    };
    super::show(&text)?;
    let failed =
        judged.iter().any(|engine| engine.count(Verdict::Open) > 0 || !engine.strange.is_empty());
    Ok(ExitCode::from(u8::from(failed)))
}

/// The probes that were asked for, in the table's order.
fn chosen(matches: &ArgMatches) -> Result<Vec<&'static Probe>, ProveError> {
    let groups: Vec<&String> = matches.get_many("group").unwrap_or_default().collect();
    let ids: Vec<&String> = matches.get_many("id").unwrap_or_default().collect();
    for group in &groups {
        if !GROUPS.iter().any(|known| is_group(known.name, known.prefix, group)) {
            return Err(ProveError::NoGroup { group: (*group).clone() });
        }
    }
    for id in &ids {
        if probe(&id.to_ascii_uppercase()).is_none() {
            return Err(ProveError::NoProbe { id: (*id).clone() });
        }
    }
    let wanted = |probe: &&Probe| {
        let prefix = probe.id.split('-').next().unwrap_or_default();
        (groups.is_empty() && ids.is_empty())
            || groups.iter().any(|group| is_group(probe.group(), prefix, group))
            || ids.iter().any(|id| id.eq_ignore_ascii_case(probe.id))
    };
    let mut probes: Vec<&Probe> =
        PROBES.iter().flat_map(|table| table.iter()).filter(wanted).collect();
    let order = |probe: &&Probe| GROUPS.iter().position(|group| group.name == probe.group());
    probes.sort_by_key(|probe| (order(probe), probe.id));
    Ok(probes)
}

fn is_group(name: &str, prefix: &str, asked: &str) -> bool {
    asked.eq_ignore_ascii_case(name) || asked.eq_ignore_ascii_case(prefix)
}

/// Why nothing was proved.
#[derive(Debug, thiserror::Error)]
enum ProveError {
    /// No such group.
    #[error("no group {}", Shown(group))]
    NoGroup { group: String },
    /// No such probe.
    #[error("no attempt {}", Shown(id))]
    NoProbe { id: String },
    /// What the attempts aim at could not be made.
    #[error("cannot make {what} for the attempts to aim at")]
    Canary { what: &'static str, source: io::Error },
    /// The probe does not run even without a sandbox.
    #[error("cannot make the attempts outside, as their own control")]
    Control { source: Silence },
    /// The engine gave no answer.
    #[error("cannot make the attempts in {}", Shown(engine))]
    Engine { engine: String, source: Silence },
}

/// What an engine did instead of running the probe.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Silence(String);

impl ProveError {
    fn of(judged: &Judged) -> Self {
        let error = judged.error.clone().unwrap_or_default();
        Self::Engine { engine: judged.engine.clone(), source: Silence(error) }
    }
}

impl Report for ProveError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoGroup { .. } | Self::NoProbe { .. } => Kind::User,
            Self::Canary { .. } | Self::Control { .. } | Self::Engine { .. } => Kind::Host,
        }
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::NoGroup { .. } | Self::NoProbe { .. } => Some("drybox prove --list".into()),
            Self::Canary { .. } | Self::Control { .. } | Self::Engine { .. } => None,
        }
    }
}

fn boxed(error: ProveError) -> Failure {
    Box::new(error)
}

const EXAMPLES: &str = "\
Examples:
  drybox prove                                 every attempt, in a box
  drybox prove -- -u 0 -v ~/data:/data         the same in the box that these flags give
  drybox prove --engine drybox --engine bwrap  side by side
  drybox prove --engine 'podman run --rm -v {work}:{work} IMAGE {probe} {args}'";
