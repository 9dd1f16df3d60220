//! `drybox log`: what ran in this directory, what it was refused, what came out.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_run::place_around;
use drybox_run::workspace::log::{Entry as Line, Log, Tail, written};
use drybox_spec::{BoxName, Kind, Report, Shown};

use super::diff::page;
use super::{CannotWrite, Done, Entry, Failure, boxed, show};
use crate::host::Host;
use crate::render::{self, Format};

pub(super) const ENTRY: Entry = Entry {
    name: "log",
    about: "Shows what ran in this directory, and what became of it",
    help: "drybox log --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    let parse = |name: &str| BoxName::parse(name.as_bytes());
    let name = Arg::new("box").value_name("BOX").help("Only this box").value_parser(parse);
    let since = Arg::new("since")
        .long("since")
        .value_name("TIME")
        .help("Only from then on: 30m, 2h, 3d, or 2026-11-25, '2026-11-25 15:00' (UTC)");
    let last = Arg::new("last")
        .short('n')
        .value_name("N")
        .help("Only the last N lines")
        .value_parser(value_parser!(usize));
    base.arg(name)
        .arg(switch("follow", "Waits for more").short('f'))
        .arg(switch("json", "The lines as they stand, one JSON value each"))
        .arg(since)
        .arg(last)
        .arg(
            switch("verify", "Says whether lines were changed, moved or taken away")
                .conflicts_with_all(["follow", "since", "last", "box"]),
        )
        .after_help("Exit: 0; with --verify 1 when something is wrong with the log; 125 an error.")
}

fn run(matches: &ArgMatches) -> Done {
    let host = Host::look().map_err(boxed)?;
    let host = host.for_run();
    let wanted = Wanted::of(matches, &host)?;
    let format = Format::from_json(matches.get_flag("json"));
    let workspace = place_around(&host).top;
    let log = host.data.as_ref().map(|data| Log::existing(data, &workspace));
    let log = log.transpose().map_err(boxed)?.flatten();
    let reading = log.as_ref().map(Log::read).transpose().map_err(boxed)?.unwrap_or_default();
    if matches.get_flag("verify") {
        show(&render::verdict(&reading, workspace.as_bytes(), format))?;
        return Ok(if reading.faults.is_empty() { ExitCode::SUCCESS } else { WRONG.into() });
    }
    if reading.entries.is_empty() && !matches.get_flag("follow") {
        render::note(&format!("nothing ran in {} yet", Shown(workspace.as_bytes())));
        return Ok(ExitCode::SUCCESS);
    }
    if !reading.faults.is_empty() {
        render::note("the log is not as it was written: drybox log --verify");
    }
    let last = reading.entries.last().map_or(0, |line| line.number);
    let mut lines = reading.entries;
    lines.retain(|line| wanted.holds(line));
    let first = wanted.last.map_or(0, |last| lines.len().saturating_sub(last));
    let text = render::log(lines.get(first..).unwrap_or_default(), format);
    match log {
        Some(log) if matches.get_flag("follow") => {
            follow(&log, text, Tail { number: last }, &wanted, format)
        }
        None if matches.get_flag("follow") => Err(boxed(NothingYet)),
        _ if format == Format::Json => show(&text),
        _ => page(&text),
    }
}

/// Which lines were asked for.
struct Wanted {
    name: Option<BoxName>,
    since: Option<String>,
    last: Option<usize>,
}

impl Wanted {
    fn of(matches: &ArgMatches, host: &drybox_run::Host<'_>) -> Result<Self, Failure> {
        let since = matches.get_one::<String>("since").map(|text| {
            let bad = || boxed(BadTime { text: text.clone() });
            written(text, (host.clock)()).ok_or_else(bad)
        });
        Ok(Self {
            name: matches.get_one("box").cloned(),
            since: since.transpose()?,
            last: matches.get_one("last").copied(),
        })
    }

    fn holds(&self, line: &Line) -> bool {
        let of_box = |name: &BoxName| line.name.as_deref() == Some(name.as_str());
        self.name.as_ref().is_none_or(of_box)
            && self.since.as_ref().is_none_or(|since| line.time.as_str() >= since.as_str())
    }
}

/// Prints what is there, then what comes, until nobody reads it any more.
fn follow(log: &Log, text: String, mut tail: Tail, wanted: &Wanted, format: Format) -> Done {
    let mut mark = None;
    let mut text = text;
    loop {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::SUCCESS);
            }
            done => done.map_err(|source| boxed(CannotWrite { source }))?,
        }
        drop(out);
        let now = Some(log.mark().map_err(boxed)?);
        if now == mark {
            thread::sleep(BETWEEN);
            text.clear();
            continue;
        }
        mark = now;
        let mut lines = log.read_on(&mut tail).map_err(boxed)?;
        lines.retain(|line| wanted.holds(line));
        text = render::log(&lines, format);
    }
}

/// Something is wrong with the log.
const WRONG: u8 = 1;

/// How long a reader who follows waits between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// `--since` is no time.
#[derive(Debug, thiserror::Error)]
#[error("{} is no time", Shown(text))]
struct BadTime {
    text: String,
}

impl Report for BadTime {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some("--since 2h, --since 3d, --since 2026-11-25 or --since '2026-11-25 15:00'".into())
    }
}

/// There is no folder of logs to wait in.
#[derive(Debug, thiserror::Error)]
#[error("nothing to follow: nothing ran yet")]
struct NothingYet;

impl Report for NothingYet {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some("drybox run -- CMD".into())
    }
}
