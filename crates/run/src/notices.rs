//! What is weaker than it could be, in the words of the event log.

use drybox_jail::{Jail, Told};
use drybox_spec::{Notice, Shown};

/// The notice for what the child told.
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
