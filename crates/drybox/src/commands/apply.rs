//! `drybox apply`: lets changes out.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_run::workspace::hold::Judge;
use drybox_run::workspace::{
    Choice, Judged, OpenBox, Outcome, Recovered, RelPath, Release, Way, Wish,
};
use drybox_run::{pending_box, place_around, record, users_settings};
use drybox_spec::{Event, HostPath, Kind, Named, Report, ShellWords, Shown};

use super::diff::{absolute, box_name, boxed, paths, wanted};
use super::discard::asked;
use super::{Done, Entry, Failure, show};
use crate::host::Host;
use crate::render::{self, Format, Told};

pub(super) const ENTRY: Entry = Entry {
    name: "apply",
    about: "Lets out what runs changed here, but for what the hold rules keep back",
    help: "drybox apply --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    let release = Arg::new("release")
        .long("release")
        .value_name("RULE|PATH")
        .help("Also what this rule holds, or this path, whatever holds it")
        .action(ArgAction::Append)
        .value_parser(value_parser!(OsString));
    base.arg(paths("Only what changed there"))
        .arg(box_name())
        .arg(release)
        .arg(switch("all", "Everything that is not held, many deletions included"))
        .arg(switch("dry-run", "Only tells what would come out").short('n'))
        .arg(switch("yes", "Does not ask about what drybox diff has not shown").short('y'))
        .arg(switch("rollback", "Takes back an apply that was interrupted"))
        .arg(switch("json", "As JSON"))
}

/// Why nothing came out.
#[derive(Debug, thiserror::Error)]
enum NotApplied {
    #[error("cannot let out {count} changes that drybox diff has not shown")]
    NotShown { count: usize },
    #[error("{} is not as drybox diff showed it", shown_paths(paths))]
    Other { paths: Vec<RelPath> },
    #[error("nothing changed at {}", Shown(path.as_bytes()))]
    Unchanged { path: HostPath },
    #[error("no rule holds anything at {}", Shown(what))]
    NothingReleased { what: Vec<u8> },
    #[error("{} is not in {}", Shown(path.as_bytes()), Shown(top.as_bytes()))]
    Outside { path: HostPath, top: HostPath },
    #[error("no apply was interrupted here")]
    NothingToRollBack,
}

fn shown_paths(paths: &[RelPath]) -> String {
    let first: Vec<String> =
        paths.iter().take(3).map(|path| Shown(path.as_bytes()).to_string()).collect();
    first.join(", ")
}

impl Report for NotApplied {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotShown { .. } => "drybox diff, then drybox apply; or drybox apply --yes".into(),
            Self::Other { .. } => "look at it again: drybox diff".into(),
            Self::Unchanged { .. } => "see what changed: drybox diff --name-only".into(),
            Self::NothingReleased { .. } => {
                "see what is held, and by what: drybox diff; a path is one from here".into()
            }
            Self::Outside { top, .. } => {
                format!("name a path below {}", ShellWords(&[top.as_bytes()])).into()
            }
            Self::NothingToRollBack => "drybox undo takes the last one back".into(),
        })
    }
}

fn run(matches: &ArgMatches) -> Done {
    let format = Format::from_json(matches.get_flag("json"));
    let host = Host::look().map_err(boxed)?;
    let host = host.for_run();
    let top = place_around(&host).top;
    let wanted = wanted(matches, &host.cwd)?;
    let opened = pending_box(&host, matches.get_one("box")).map_err(boxed)?;
    let nothing = || match wanted.first() {
        Some(path) => Err(boxed(NotApplied::Unchanged { path: path.clone() })),
        None => show(&render::applied(&Told::new(&top, Outcome::default()), format)),
    };
    let rolls_back = matches.get_flag("rollback");
    let Some(mut opened) = opened else {
        if rolls_back {
            return Err(boxed(NotApplied::NothingToRollBack));
        }
        return nothing();
    };
    let way = if rolls_back { Way::Back } else { Way::Forward };
    match opened.recover(way).map_err(boxed)? {
        Some(Recovered::Nothing) if !rolls_back => {
            render::note("an apply was interrupted before it changed anything");
        }
        Some(recovered) => return show(&render::recovered(&recovered, format)),
        None if rolls_back => return Err(boxed(NotApplied::NothingToRollBack)),
        None => {}
    }
    opened.expect_of_what_stands().map_err(boxed)?;
    opened.settle().map_err(boxed)?;
    let Some(pending) = opened.pending().map_err(boxed)? else { return nothing() };
    let judged = pending.judged(&users_settings(&host, &top)).map_err(boxed)?;
    let within = relative(&wanted, &top)?;
    for (path, rel) in wanted.iter().zip(&within) {
        let is_there = |judged: &Judged| {
            let places = [Some(&judged.change.path), judged.change.from.as_ref()];
            let is_within = |place: &&RelPath| rel.as_ref().is_none_or(|rel| place.is_within(rel));
            places.iter().flatten().any(is_within)
        };
        if !judged.iter().any(is_there) {
            return Err(boxed(NotApplied::Unchanged { path: path.clone() }));
        }
    }
    // The workspace itself is everything in it.
    let paths: Option<Vec<RelPath>> = within.into_iter().collect();
    let release = releases(matches, &host.cwd, &top)?;
    let (paths, all) = (paths.unwrap_or_default(), matches.get_flag("all"));
    let wish = Wish { paths: &paths, release: &release, all };
    let choice = Choice::of(judged, wish).map_err(|release| {
        let what = match release {
            Release::Rule(id) => id.into_bytes(),
            Release::Path(path) => path.as_bytes().to_vec(),
        };
        boxed(NotApplied::NothingReleased { what })
    })?;
    if matches.get_flag("dry-run") {
        return show(&render::applied(&Told::planned(&top, choice), format));
    }
    if !may_come_out(&opened, &choice, matches.get_flag("yes"))? {
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = opened.apply(pending, choice).map_err(boxed)?;
    if !outcome.other.is_empty() {
        return Err(boxed(NotApplied::Other { paths: outcome.other }));
    }
    let name = opened.name().cloned();
    drop(opened);
    record(&host, &top, name.as_ref(), &[event(&outcome)]).iter().for_each(render::tell);
    let whole = outcome.conflicts.is_empty() && outcome.refused.is_empty();
    show(&render::applied(&Told::new(&top, outcome), format))?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the log says of it.
fn event(outcome: &Outcome) -> Event {
    let released = outcome.applied.iter().flat_map(|applied| {
        let path = Shown(applied.path.as_bytes()).to_string();
        applied.released.iter().map(move |rule| format!("{rule} {path}"))
    });
    Event::Applied {
        what: Named::of(outcome.applied.iter().map(|applied| applied.path.as_bytes())),
        released: released.take(Named::MOST).collect(),
    }
}

/// What was not shown is shown now, in short, and asked about.
fn may_come_out(opened: &OpenBox, choice: &Choice, yes: bool) -> Result<bool, Failure> {
    let shown = opened.shown().map_err(boxed)?;
    let is_shown = |judged: &&Judged| shown.contains_key(&judged.change.path);
    let unseen: Vec<&Judged> = choice.chosen.iter().filter(|judged| !is_shown(judged)).collect();
    if unseen.is_empty() || yes {
        return Ok(true);
    }
    let count = unseen.len();
    let question = format!("{}let out these {count} changes?", render::unseen(&unseen));
    asked(&question).ok_or_else(|| boxed(NotApplied::NotShown { count }))
}

/// Paths from the workspace's top; none: the top itself.
fn relative(wanted: &[HostPath], top: &HostPath) -> Result<Vec<Option<RelPath>>, Failure> {
    let one = |path: &HostPath| {
        let outside = || boxed(NotApplied::Outside { path: path.clone(), top: top.clone() });
        let rest = path.as_bytes().strip_prefix(top.as_bytes()).ok_or_else(outside)?;
        match rest {
            b"" => Ok(None),
            rest => {
                let below = rest.strip_prefix(b"/").ok_or_else(outside)?;
                RelPath::parse(below).map(Some).map_err(|_| outside())
            }
        }
    };
    wanted.iter().map(one).collect()
}

/// A word that is a rule's id is one; `./H-GIT-01` is a path.
fn releases(matches: &ArgMatches, cwd: &HostPath, top: &HostPath) -> Result<Vec<Release>, Failure> {
    let judge = Judge::new();
    let typed = matches.get_many::<OsString>("release").unwrap_or_default();
    let one = |typed: &OsString| {
        if let Some(id) = typed.to_str().filter(|id| judge.has(id)) {
            return Ok(Release::Rule(id.to_owned()));
        }
        let path = absolute(typed.as_bytes(), cwd)?;
        match relative(std::slice::from_ref(&path), top)?.pop().flatten() {
            Some(path) => Ok(Release::Path(path)),
            None => Err(boxed(NotApplied::NothingReleased { what: typed.as_bytes().to_vec() })),
        }
    };
    typed.map(one).collect()
}
