//! What is weaker or less than it could be, in the words of the event log.

use drybox_jail::{Jail, Told};
use drybox_spec::{Life, Notice, SandboxSpec, Shown, Source, Workspace};

use crate::host::Host;
use crate::view::View;

/// What the spec leaves out that a user may expect.
fn of_spec(spec: &SandboxSpec, host: &Host<'_>) -> Vec<Notice> {
    let why = match (&spec.workspace.value, &spec.workspace.from) {
        (Workspace::Empty, Source::Implied(why)) => Some(*why),
        (Workspace::CopyOnWrite | Workspace::CurrentDir, _) => {
            Workspace::why_hidden(&host.cwd, host.home.as_ref())
        }
        _ => None,
    };
    let path = || Shown(host.cwd.as_bytes()).to_string();
    why.map(|why| Notice::WorkspaceHidden { path: path(), why }).into_iter().collect()
}

/// What the plan could not have.
pub(crate) fn of_plan(jail: &Jail) -> Option<Notice> {
    let trees = jail.unmapped_trees();
    (trees > 0).then_some(Notice::NoIdMap { trees })
}

/// What a run begins with.
pub(crate) fn of_run(spec: &SandboxSpec, host: &Host<'_>, view: Option<&View>) -> Vec<Notice> {
    let mut notices = of_spec(spec, host);
    notices.extend(view.into_iter().flat_map(|view| view.notices.iter().cloned()));
    notices
}

/// Whether changes that could have been kept are gone: once, and only when they were to be kept.
pub(crate) fn of_views(spec: &SandboxSpec, jail: &Jail, notices: &mut Vec<Notice>) {
    if jail.views_in_memory() > 0 {
        notices.push(Notice::ChangesInMemory { why: NO_ID_MAP.to_owned() });
    }
    let mut told = spec.life.value == Life::ThrownAway;
    notices.retain(|notice| {
        let is_memory = matches!(notice, Notice::ChangesInMemory { .. });
        !is_memory || !std::mem::replace(&mut told, true)
    });
}

const NO_ID_MAP: &str = "the filesystem of drybox's boxes has no id-mapped mounts";

/// What the child told.
pub(crate) fn of(told: Told, jail: &Jail) -> Option<Notice> {
    match told {
        Told::BindForOverlay(index) if jail.is_view(index) => {
            Some(Notice::WorkspaceReadOnly { path: Shown(jail.mount_name(index)).to_string() })
        }
        Told::ChangesInMemory(_) => {
            let why = "no overlay can write where drybox keeps its boxes".to_owned();
            Some(Notice::ChangesInMemory { why })
        }
        Told::BindForOverlay(index) => {
            Some(Notice::ShareIsBind { path: Shown(jail.mount_name(index)).to_string() })
        }
        Told::NoLandlockScope => Some(Notice::NoLandlockScope),
        // A copy instead of a second look: the payload reads the same.
        _ => None,
    }
}
