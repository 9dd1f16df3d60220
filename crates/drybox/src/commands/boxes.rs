//! `drybox boxes`: every directory with pending changes.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use drybox_run::workspace::{BoxError, Found, OpenBox, Store};

use super::diff::{Opened, Rules, boxed, items};
use super::{Done, Entry, show};
use crate::host::Host;
use crate::render::{self, Format, Listed};

pub(super) const ENTRY: Entry = Entry {
    name: "boxes",
    about: "Lists the directories with pending changes",
    help: "drybox boxes --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    base.arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
}

fn run(matches: &ArgMatches) -> Done {
    let host = Host::look().map_err(boxed)?;
    let data = host.for_run().data;
    let store = data.as_ref().map(Store::existing).transpose().map_err(boxed)?.flatten();
    let (mut listed, mut torn) = (Vec::new(), Vec::new());
    if let Some(store) = store {
        for Found { meta, opened } in store.all().map_err(boxed)? {
            let Some(meta) = meta else {
                // One that cannot be read keeps no other from being listed.
                torn.extend(opened.err());
                continue;
            };
            let workspace = meta.layers.into_iter().next();
            let Some(workspace) = workspace else { continue };
            let mut row = Listed::new(workspace, meta.name);
            match opened {
                Ok(opened) => look(&opened, &mut row),
                Err(BoxError::InUse { .. }) => row.in_use = true,
                Err(error) => {
                    torn.push(error);
                    continue;
                }
            }
            listed.push(row);
        }
    }
    let shown = show(&render::boxes(&listed, Format::from_json(matches.get_flag("json"))))?;
    match torn.is_empty() {
        true => Ok(shown),
        false => {
            for error in &torn {
                render::error(error, Format::Text);
            }
            Ok(ExitCode::from(UNREAD))
        }
    }
}

/// As of any error of ours.
const UNREAD: u8 = 125;

fn look(opened: &OpenBox, row: &mut Listed) {
    row.last_run = opened.last_run();
    row.bytes = opened.size().ok();
    // The directory may be gone; its box is not.
    let layers = opened.layers().ok().and_then(|layers| Opened::of(layers).ok());
    row.changes =
        layers.and_then(|layers| items(&layers, &[], Rules::Unasked).ok().map(|items| items.len()));
    row.is_replaced = !opened.is_of_what_stands();
}
