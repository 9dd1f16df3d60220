//! A cgroup of a box's own, where the caller may make one: version 2 below a delegated cgroup,
//! version 1 for real root (cgroups(7)).
//!
//! A cgroup costs more than a launch may (see the decision record), so one is made only when a
//! limit was asked for. It stands below the caller's own, is held by a lock (flock(2)) that the
//! kernel lets go of when the supervisor ends in whatever way, and is removed at the end; one whose
//! supervisor was killed is removed by the next box that has one.

mod error;
mod hierarchy;
mod leaf;
mod settings;

pub use error::{CgroupStep, NoCgroup};
pub use hierarchy::{Cgroups, Version};
pub use leaf::{Leaf, Met};
pub use settings::{Controller, Wanted};

#[cfg(test)]
mod tests;
