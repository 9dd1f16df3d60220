//! Attempts that need more than one line of data.

pub(crate) mod calls;
pub(crate) mod descriptors;
pub(crate) mod files;
pub(crate) mod identity;
pub(crate) mod mounts;
pub(crate) mod namespaces;
pub(crate) mod network;
pub(crate) mod processes;

pub(crate) use namespaces::enter_all as enter_namespaces;

use rustix::io::Errno;

use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::Scene;

/// Makes an attempt in a process of its own.
pub(crate) type Act = fn(&Child, &Scene, Held) -> Finding;

/// A single step's finding.
fn one(name: &str, got: Result<(), Errno>, held: Held) -> Finding {
    crate::attempt::judge(&[(name.to_owned(), got)], held)
}

/// An attempt that cannot even begin.
fn not_there(what: &str, errno: Errno) -> Finding {
    Finding::skipped(format!("{what}: {}", crate::errno::name(errno)))
}
