//! `drybox boxes`: every directory with pending changes.

use clap::{Arg, ArgAction, ArgMatches, Command};
use drybox_run::workspace::{BoxError, OpenBox, Store};

use super::diff::{Opened, Rules, boxed, items};
use super::{Done, Entry, Failure, show};
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
    let mut listed = Vec::new();
    if let Some(store) = store {
        for (meta, opened) in store.all().map_err(boxed)? {
            let workspace = meta.layers.into_iter().next();
            let Some(workspace) = workspace else { continue };
            let mut row = Listed::new(workspace, meta.name);
            match opened {
                Ok(opened) => look(&opened, &mut row)?,
                Err(BoxError::InUse { .. }) => row.in_use = true,
                Err(error) => return Err(boxed(error)),
            }
            listed.push(row);
        }
    }
    show(&render::boxes(&listed, Format::from_json(matches.get_flag("json"))))
}

fn look(opened: &OpenBox, row: &mut Listed) -> Result<(), Failure> {
    row.last_run = opened.last_run();
    row.bytes = Some(opened.size().map_err(boxed)?);
    // The directory may be gone; its box is not.
    row.changes = match Opened::of(opened.layers().map_err(boxed)?) {
        Ok(layers) => items(&layers, &[], Rules::Unasked).ok().map(|items| items.len()),
        Err(_) => None,
    };
    Ok(())
}
