//! `drybox undo`: takes the last apply back.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use drybox_run::{pending_box, place_around, record};
use drybox_spec::{Event, Named};

use super::diff::{box_name, boxed};
use super::{Done, Entry, show};
use crate::host::Host;
use crate::render::{self, Format};

pub(super) const ENTRY: Entry = Entry {
    name: "undo",
    about: "Takes the last apply back",
    help: "drybox undo --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    base.arg(box_name())
        .arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
}

fn run(matches: &ArgMatches) -> Done {
    let format = Format::from_json(matches.get_flag("json"));
    let host = Host::look().map_err(boxed)?;
    let host = host.for_run();
    let opened = pending_box(&host, matches.get_one("box")).map_err(boxed)?;
    let name = opened.as_ref().and_then(|opened| opened.name().cloned());
    let undone = match opened {
        Some(opened) => opened.undo().map_err(boxed)?,
        None => None,
    };
    if let Some(undone) = &undone {
        let event = Event::Undone(Named::of(undone.back.iter().map(|path| path.as_bytes())));
        let top = place_around(&host).top;
        record(&host, &top, name.as_ref(), &[event]).iter().for_each(render::tell);
    }
    show(&render::undone(undone.as_ref(), format))?;
    let whole = undone.is_none_or(|undone| undone.left.is_empty());
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
