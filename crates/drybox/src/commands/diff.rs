//! `drybox diff`: what is pending in a box.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command as Program, ExitCode, Stdio};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_run::workspace::hold::Users;
use drybox_run::workspace::{
    Area, Layer, OpenBox, Pair, Pending, RelPath, Root, area, compare, held_for,
};
use drybox_run::{pending_box, place_around, record, users_settings};
use drybox_spec::{BoxName, Event, HostPath};

use super::{CannotWrite, Done, Entry, Failure, show};
use crate::host::Host;
use crate::render::{self, Item};

pub(super) const ENTRY: Entry = Entry {
    name: "diff",
    about: "Shows what runs changed in this directory, before it is changed",
    help: "drybox diff --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    base.arg(paths("Only what changed there"))
        .arg(box_name())
        .arg(switch("stat", "Counts lines"))
        .arg(switch("name-only", "Prints names alone").conflicts_with("stat"))
        .arg(
            switch("patch", "Prints a patch for git apply")
                .conflicts_with_all(["stat", "name-only"]),
        )
        .arg(switch("json", "As JSON").conflicts_with_all(["stat", "name-only", "patch"]))
}

pub(super) fn paths(help: &'static str) -> Arg {
    Arg::new("paths")
        .value_name("PATH")
        .help(help)
        .num_args(0..)
        .value_parser(value_parser!(OsString))
}

pub(super) fn box_name() -> Arg {
    let parse = |name: &str| BoxName::parse(name.as_bytes());
    Arg::new("box").long("box").value_name("NAME").help("The box of this name").value_parser(parse)
}

fn run(matches: &ArgMatches) -> Done {
    let host = Host::look().map_err(boxed)?;
    let host = host.for_run();
    let base = place_around(&host).top;
    let wanted = wanted(matches, &host.cwd)?;
    let mut opened = pending_box(&host, matches.get_one("box")).map_err(boxed)?;
    if opened.as_ref().is_some_and(|opened| !opened.is_of_what_stands()) {
        render::note("these changes were made to another directory, which stood here before");
    }
    opened.as_mut().map_or(Ok(()), OpenBox::settle).map_err(boxed)?;
    let evidence = opened.as_ref().map(OpenBox::pending).transpose().map_err(boxed)?.flatten();
    let evidence = evidence.map(Pending::into_evidence).unwrap_or_default();
    let layers = opened.as_ref().map(OpenBox::layers).transpose().map_err(boxed)?;
    let layers = Opened::of(layers.unwrap_or_default())?;
    let counts = ["name-only", "stat", "patch"].iter().any(|form| matches.get_flag(form));
    let users;
    let rules = if counts {
        Rules::Unasked
    } else {
        users = users_settings(&host, &base);
        Rules::Asked(&users)
    };
    let mut items = items(&layers, &wanted, rules)?;
    if let Some(opened) = &opened {
        let held = || items.iter().filter(|item| !item.held.is_empty()).count();
        let held = matches!(rules, Rules::Asked(_)).then(held);
        let shown = Event::Shown { changes: items.len(), held };
        record(&host, &base, opened.name(), &[shown]).iter().for_each(render::tell);
    }
    if let Some(first) = layers.first() {
        for item in items.iter_mut().filter(|item| !item.is_elsewhere) {
            item.conflict = evidence.quick(&first.lower, &item.change).map_err(boxed)?;
        }
    }
    // What is printed in full is what may come out without another question.
    let remember = || {
        let (Some(opened), Some(first)) = (&opened, layers.first()) else { return Ok(()) };
        let shown = items.iter().filter(|item| !item.is_elsewhere).map(|item| &item.change);
        opened.remember_shown(&first.layer.upper, shown).map_err(boxed)
    };
    if matches.get_flag("json") {
        return show(&render::json(base.as_bytes(), &items));
    }
    if matches.get_flag("name-only") {
        return show(&render::names(&items));
    }
    if matches.get_flag("stat") {
        return page(&render::stat(&items).map_err(boxed)?);
    }
    if matches.get_flag("patch") {
        remember()?;
        return print_patch(&items);
    }
    let colour = io::stdout().is_terminal() && wants_colour();
    let text = render::text(&items, colour).map_err(boxed)?;
    remember()?;
    drop(items);
    drop(layers);
    // A run may begin while the user reads.
    drop(opened);
    page(&text)
}

/// A layer and the host's directory below it.
pub(super) struct Opened {
    layer: Layer,
    lower: Root,
}

impl Opened {
    pub(super) fn of(layers: Vec<Layer>) -> Result<Vec<Self>, Failure> {
        let open =
            |layer: Layer| Ok(Self { lower: Root::open(&layer.host).map_err(boxed)?, layer });
        layers.into_iter().map(open).collect()
    }
}

/// Whether each change is judged by the hold rules, which takes a read of both its sides.
#[derive(Clone, Copy)]
pub(super) enum Rules<'a> {
    /// With what the user's own settings name.
    Asked(&'a Users),
    Unasked,
}

/// Every change below the wanted paths, or every one.
pub(super) fn items<'a>(
    layers: &'a [Opened],
    wanted: &[HostPath],
    rules: Rules<'_>,
) -> Result<Vec<Item<'a>>, Failure> {
    let mut items = Vec::new();
    for (number, Opened { layer, lower }) in layers.iter().enumerate() {
        let whole = |path: &RelPath| [layer.host.as_bytes(), b"/", path.as_bytes()].concat();
        let name = |path: &RelPath| {
            if number == 0 { path.as_bytes().to_vec() } else { whole(path) }
        };
        let pair = Pair { lower, upper: &layer.upper };
        let changes = compare(&layer.upper, lower).map_err(boxed)?;
        let held = match rules {
            Rules::Asked(users) => held_for(pair, &changes, users).map_err(boxed)?,
            Rules::Unasked => vec![Vec::new(); changes.len()],
        };
        for (change, held) in changes.into_iter().zip(held) {
            let places = [Some(&change.path), change.from.as_ref()];
            let is_wanted = wanted.is_empty()
                || places.into_iter().flatten().any(|path| is_below(&whole(path), wanted));
            if is_wanted {
                items.push(Item {
                    name: name(&change.path),
                    from: change.from.as_ref().map(name),
                    area: area(&change.path, number > 0),
                    pair,
                    is_elsewhere: number > 0,
                    change,
                    held,
                    conflict: None,
                });
            }
        }
    }
    // Named, git's own are shown like any other.
    if !wanted.is_empty() {
        for item in &mut items {
            item.area = Area::Tree;
        }
    }
    Ok(items)
}

fn is_below(path: &[u8], wanted: &[HostPath]) -> bool {
    wanted.iter().any(|wanted| {
        let wanted = wanted.as_bytes();
        path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}

/// The paths that were typed, from the current directory on; `.` and `..` by their spelling, for
/// nothing of the tree may say where they lead.
pub(super) fn wanted(matches: &ArgMatches, cwd: &HostPath) -> Result<Vec<HostPath>, Failure> {
    let typed = matches.get_many::<OsString>("paths").unwrap_or_default();
    typed.map(|typed| absolute(typed.as_bytes(), cwd)).collect()
}

pub(super) fn absolute(typed: &[u8], cwd: &HostPath) -> Result<HostPath, Failure> {
    // An empty variable of a script is not the whole directory.
    if typed.is_empty() {
        return HostPath::parse(typed).map_err(boxed_path);
    }
    let mut parts: Vec<&[u8]> = match typed.starts_with(b"/") {
        true => Vec::new(),
        false => cwd.as_bytes().split(|&byte| byte == b'/').collect(),
    };
    for part in typed.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let parts: Vec<&[u8]> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let path = [b"/", parts.join(&b'/').as_slice()].concat();
    HostPath::parse(&path).map_err(boxed_path)
}

fn print_patch(items: &[Item<'_>]) -> Done {
    let left_out = if io::stdout().is_terminal() {
        let mut bytes = Vec::new();
        let left_out = render::patch(items, &mut bytes).map_err(no_patch)?;
        page(&render::escaped(&bytes))?;
        left_out
    } else {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let left_out = render::patch(items, &mut out).map_err(no_patch)?;
        match out.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            done => done.map_err(|source| boxed(CannotWrite { source }))?,
        }
        left_out
    };
    for name in left_out {
        render::note(&format!("not in the patch, for it is no text: {}", drybox_spec::Shown(name)));
    }
    Ok(ExitCode::SUCCESS)
}

fn no_patch(error: render::NoPatch) -> Failure {
    match error {
        render::NoPatch::Tree(error) => boxed(error),
        render::NoPatch::Write(source) => boxed(CannotWrite { source }),
    }
}

fn wants_colour() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Prints, at a terminal through the pager that the user's environment names. It starts in `/`:
/// nothing of the tree says what runs, or how.
pub(super) fn page(text: &str) -> Done {
    let pager = ["DRYBOX_PAGER", "PAGER"].into_iter().find_map(std::env::var_os);
    let pager = pager.filter(|pager| !pager.is_empty() && io::stdout().is_terminal());
    let Some(pager) = pager else { return show(text) };
    let mut program = Program::new("/bin/sh");
    program.arg("-c").arg(pager).current_dir("/").stdin(Stdio::piped());
    // What is shown is escaped already; colours are ours.
    program.env("LESSSECURE", "1");
    if std::env::var_os("LESS").is_none() {
        program.env("LESS", "FRX");
    }
    let Ok(mut child) = program.spawn() else { return show(text) };
    if let Some(mut input) = child.stdin.take() {
        // Who leaves the pager has seen enough.
        drop(input.write_all(text.as_bytes()));
    }
    child.wait().map_err(|source| boxed(CannotWrite { source }))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn boxed(error: impl drybox_spec::Report + 'static) -> Failure {
    Box::new(error)
}

fn boxed_path(source: drybox_spec::BadPath) -> Failure {
    boxed(BadArgument { source })
}

/// A path that is none.
#[derive(Debug, thiserror::Error)]
#[error("cannot look for this path")]
struct BadArgument {
    source: drybox_spec::BadPath,
}

impl drybox_spec::Report for BadArgument {
    fn kind(&self) -> drybox_spec::Kind {
        drybox_spec::Kind::User
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        None
    }
}
