//! `drybox discard`: throws away what is pending.

use std::borrow::Cow;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use drybox_run::workspace::{BoxError, Discarded, OpenBox, RelPath, discard};
use drybox_run::{pending_box, record, torn_box};
use drybox_spec::{Event, HostPath, Kind, Named, Report, Shown};

use super::diff::{Opened, Rules, box_name, boxed, items, paths, wanted};
use super::{Done, Entry, Failure};
use crate::host::Host;
use crate::render;

pub(super) const ENTRY: Entry = Entry {
    name: "discard",
    about: "Throws away what runs changed in this directory",
    help: "drybox discard --help",
    command,
    run,
};

fn command(base: Command) -> Command {
    let yes =
        Arg::new("yes").long("yes").short('y').help("Does not ask").action(ArgAction::SetTrue);
    base.arg(paths("Only what changed there")).arg(box_name()).arg(yes)
}

/// Why nothing, or not all, was thrown away.
#[derive(Debug, thiserror::Error)]
enum NotDiscarded {
    #[error("cannot throw away {what} without being asked to")]
    NotAsked { what: String },
    #[error("nothing changed at {}", Shown(path.as_bytes()))]
    Unchanged { path: HostPath },
    #[error("cannot throw away {} alone", Shown(path.as_bytes()))]
    Within { path: HostPath, source: Replaced },
}

/// What can only be taken back as a whole.
#[derive(Debug, thiserror::Error)]
#[error("{} was replaced or removed as a whole", Shown(path.as_bytes()))]
struct Replaced {
    path: RelPath,
}

impl Report for NotDiscarded {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotAsked { .. } => "drybox discard --yes, after a look at drybox diff".into(),
            Self::Unchanged { .. } => "see what changed: drybox diff --name-only".into(),
            Self::Within { source, .. } => {
                format!("drybox discard {}", Shown(source.path.as_bytes())).into()
            }
        })
    }
}

fn run(matches: &ArgMatches) -> Done {
    let host = Host::look().map_err(boxed)?;
    let host = host.for_run();
    let wanted = wanted(matches, &host.cwd)?;
    let opened = match pending_box(&host, matches.get_one("box")) {
        // What cannot be read can still be thrown away, as a whole.
        Err(BoxError::Broken { .. }) if wanted.is_empty() => {
            torn_box(&host, matches.get_one("box")).map_err(boxed)?
        }
        opened => opened.map_err(boxed)?,
    };
    let Some(mut opened) = opened else {
        return match wanted.into_iter().next() {
            Some(path) => Err(boxed(NotDiscarded::Unchanged { path })),
            None => {
                render::note("nothing is pending here");
                Ok(ExitCode::SUCCESS)
            }
        };
    };
    opened.settle().map_err(boxed)?;
    let layers = Opened::of(opened.layers().map_err(boxed)?)?;
    // What cannot be compared can still be thrown away.
    let changes = items(&layers, &wanted, Rules::Unasked).ok();
    let changes = changes.map(|items| Named::of(items.iter().map(|item| &item.name)));
    drop(layers);
    let changes = changes.unwrap_or_default();
    let count = changes.changes;
    if count != Some(0) && !matches.get_flag("yes") && !confirmed(count)? {
        return Ok(ExitCode::SUCCESS);
    }
    let (workspace, name) = (opened.workspace().cloned(), opened.name().cloned());
    if wanted.is_empty() {
        opened.discard_all().map_err(boxed)?;
    } else {
        for path in &wanted {
            discard_one(&opened, path)?;
        }
        // The last change of it may be gone.
        opened.end().map_err(boxed)?;
    }
    let gone = [Event::Discarded(changes)];
    let untold = workspace.and_then(|workspace| record(&host, &workspace, name.as_ref(), &gone));
    untold.iter().for_each(render::tell);
    render::note(&format!("{} thrown away", counted(count)));
    Ok(ExitCode::SUCCESS)
}

fn discard_one(opened: &OpenBox, path: &HostPath) -> Result<(), Failure> {
    for layer in opened.layers().map_err(boxed)? {
        let below = path.as_bytes().strip_prefix(layer.host.as_bytes());
        let below = match below {
            Some(b"") => {
                for name in layer.upper.names().map_err(boxed)? {
                    if let Ok(name) = RelPath::parse(&name) {
                        layer.upper.remove_all(&name).map_err(boxed)?;
                    }
                }
                return Ok(());
            }
            Some(below) => below.strip_prefix(b"/").and_then(|below| RelPath::parse(below).ok()),
            None => None,
        };
        let Some(below) = below else { continue };
        return match discard(&layer.upper, &below).map_err(boxed)? {
            Discarded::Done => Ok(()),
            Discarded::Unchanged => Err(boxed(NotDiscarded::Unchanged { path: path.clone() })),
            Discarded::Within(above) => {
                let source = Replaced { path: above };
                Err(boxed(NotDiscarded::Within { path: path.clone(), source }))
            }
        };
    }
    Err(boxed(NotDiscarded::Unchanged { path: path.clone() }))
}

/// Asks the user, at a terminal; elsewhere it has to be said.
fn counted(count: Option<usize>) -> String {
    match count {
        Some(1) => "1 change".to_owned(),
        Some(count) => format!("{count} changes"),
        None => "changes that could not be listed".to_owned(),
    }
}

fn confirmed(count: Option<usize>) -> Result<bool, Failure> {
    let what = counted(count);
    asked(&format!("throw away {what}?")).ok_or_else(|| boxed(NotDiscarded::NotAsked { what }))
}

/// Asks at a terminal; none: there is nobody to ask.
pub(super) fn asked(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    render::ask(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Some(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
