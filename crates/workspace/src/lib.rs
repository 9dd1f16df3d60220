//! The user's files as a sandbox sees them, and what may come out again.
//!
//! [`Store`] keeps boxes: one directory's pending changes each, in overlayfs' own form.
//! [`find_repository`] reads what git's directories around a workspace are, [`compare`] says what
//! changed in a box, [`unified`] shows how. Upholds I2 (the host's directory is read, never written)
//! and I8: what a payload left (names, links, modes, attributes, depth) is hostile data, and no
//! program is ever run in it.
#![forbid(unsafe_code)]

mod apply;
mod count;
mod diff;
mod discard;
mod drift;
mod exact;
mod git;
mod held;
pub mod hold;
pub mod log;
pub mod scan;
mod store;
mod words;

pub use apply::{
    Applied, Choice, Excluded, Judged, Outcome, Recovered, Refused, Release, Undone, Way, Wish,
    excluded,
};
pub use count::Counted;
pub use diff::{
    Area, Change, Diffed, Hunk, Kind, Limits, Line, Node, NodeKind, Pair, Unified, area, compare,
    unified,
};
pub use discard::{Discarded, discard};
pub use drift::{Conflict, Evidence};
pub use drybox_tree::{BadRelPath, RelPath, Root, TreeError};
pub use exact::{Digest, Exact};
pub use git::{Repository, find_repository};
pub use held::{held, held_for};
pub use store::{
    BoxError, BoxId, Ended, Found, Layer, Leftover, Meta, OpenBox, Pending, Start, Store, Why,
};
