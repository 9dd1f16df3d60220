//! What is weaker or less than it could be, in the words of the event log.

use drybox_jail::{Jail, Told};
use drybox_spec::{Notice, SandboxSpec, Shown, Source, Workspace};

use crate::host::Host;

/// What the spec leaves out that a user may expect.
pub(crate) fn of_spec(spec: &SandboxSpec, host: &Host<'_>) -> Vec<Notice> {
    let why = match (&spec.workspace.value, &spec.workspace.from) {
        (Workspace::Empty, Source::Implied(why)) => Some(*why),
        (Workspace::CurrentDir, _) => Workspace::why_hidden(&host.cwd, host.home.as_ref()),
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

/// What the child told.
pub(crate) fn of(told: Told, jail: &Jail) -> Option<Notice> {
    match told {
        Told::BindForOverlay(index) => {
            Some(Notice::ShareIsBind { path: Shown(jail.mount_name(index)).to_string() })
        }
        Told::NoLandlockScope => Some(Notice::NoLandlockScope),
        // A copy instead of a second look: the payload reads the same.
        _ => None,
    }
}
