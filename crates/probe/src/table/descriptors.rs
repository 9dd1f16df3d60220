//! What the caller has open, and its environment.

use rustix::io::Errno as E;

use super::row;
use crate::attempts::descriptors;
use crate::probe::Attempt::{Act, Mentions};
use crate::probe::Probe;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("FD-01", "find a descriptor beside 0 to 2", Act(descriptors::others), &[], "CVE-2024-21626"),
    row("FD-02", "go out by a directory that the caller has open", Act(descriptors::directory), &[E::BADF, E::NOENT, E::NOTDIR],
        "CVE-2024-21626, CVE-2016-9962"),
    row("FD-03", "open the file on standard input for writing", Act(descriptors::reopen), &[E::ROFS, E::ACCESS, E::PERM, E::NOENT],
        "a link of /proc opens anew, with the rights of the user"),
    row("FD-05", "tamper with the log on standard error", Act(descriptors::log), &[E::INVAL, E::SPIPE, E::PERM, E::ACCESS],
        "a log that can be emptied"),
    row("FD-22", "change mode and times of the file on standard input", Act(descriptors::metadata), &[E::ROFS, E::PERM, E::ACCESS],
        "Landlock does not see calls on descriptors"),
    row("FD-12", "find a variable of the caller's", Mentions("SECRET", &["/proc/self/environ"]), &[], "nothing enters unnamed"),
    row("FD-13", "find the names of credentials in the environment",
        Act(descriptors::variables), &[], "tokens of continuous integration"),
];
