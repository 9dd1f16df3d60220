//! What drybox does not do, as tables: each row with the reason and the narrower thing to use.

mod flags;
mod options;
mod sources;
mod suffixes;
mod targets;

pub use flags::{FOREIGN_FLAGS, ForeignFlag, Takes};
pub(crate) use options::{NETWORKS, SECURITY, Verdict, verdict};
pub use sources::{Place, Reach, SOURCES, SourceRule, When};
pub(crate) use suffixes::SHARED_SUFFIXES;
pub use targets::{TARGETS, TargetRule};
