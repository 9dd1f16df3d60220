//! Which setting a part of a box comes from, in the words of `--explain`.

use std::borrow::Cow;

use drybox_jail::Part;
use drybox_spec::{Access, SandboxSpec, Share, Shown, Sourced, Workspace};

use crate::host::Host;

/// A setting and who made it.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) from: String,
    /// What such a part is, as a noun.
    pub(super) noun: Cow<'static, str>,
}

fn setting(name: &'static str, from: impl ToString, noun: impl Into<Cow<'static, str>>) -> Setting {
    Setting { name, from: from.to_string(), noun: noun.into() }
}

const EVERY: &str = "every box";

pub(super) fn of(part: &Part, spec: &SandboxSpec, host: &Host<'_>) -> Setting {
    match part {
        Part::System(_) => setting("base", "base host", "the host's own"),
        Part::Share(place) => of_share(place, spec, host),
        Part::Tmpfs(place) => {
            let named = spec.tmpfs.iter().find(|tmpfs| tmpfs.value.target.as_bytes() == place);
            let from = named.map_or_else(|| EVERY.to_owned(), |named| named.from.to_string());
            setting("tmpfs", from, "scratch space in memory, gone with the box")
        }
        Part::Scratch => setting("scratch", EVERY, "scratch space in memory, gone with the box"),
        Part::Own => setting("root", EVERY, "made by drybox for the box, not the host's"),
        Part::Proc => setting("proc", EVERY, "the box's own /proc"),
        Part::Covered => setting("proc", EVERY, "covered: empty inside"),
        Part::Device => setting("devices", EVERY, "a device of the box's own"),
    }
}

fn of_share(place: &[u8], spec: &SandboxSpec, host: &Host<'_>) -> Setting {
    let named = spec.shares.iter().find(|share| share.value.target.as_bytes() == place);
    if let Some(Sourced { value, from }) = named {
        return setting(
            "share",
            from,
            match value.access {
                Access::ReadOnly => "shared by you",
                Access::ReadWrite => "shared by you: writes land on the host",
            },
        );
    }
    // What lies in a share that can be written, and was not named, is there for hold rules.
    let mut around = spec.shares.iter().filter(|share| share.value.access == Access::ReadWrite);
    let is_around = |share: &&Sourced<Share>| {
        let rest = place.strip_prefix(share.value.target.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"/"))
    };
    if let Some(Sourced { from, .. }) = around.find(is_around) {
        return setting(
            "share",
            from,
            "shared by you, less what some program of the host runs or obeys",
        );
    }
    let shown = spec.workspace.value != Workspace::Empty;
    match shown && place == host.cwd.as_bytes() {
        true => setting(
            "workspace",
            &spec.workspace.from,
            match spec.workspace.value {
                Workspace::CopyOnWrite => "the workspace, changes kept apart",
                _ => "the workspace",
            },
        ),
        false => {
            let noun = format!("of a tool chain on your PATH, at {}", Shown(place));
            setting("tool-chains", &spec.tool_chains.from, noun)
        }
    }
}
