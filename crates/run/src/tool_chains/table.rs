//! The tool chains that drybox knows: where each stands, and which of its folders a box may read.
//!
//! Only listed sub-folders are shared, never a root less a list of exceptions: what a tool adds
//! tomorrow (a token file) is then not in it. `secrets` are the exceptions *within* a shared folder.

mod general;
mod node;
mod others;
mod python;
mod rust_go;

use super::chain::Chain;

/// Folders in which nothing is ever shared, whatever leads there.
pub(super) const NEVER_WITHIN: &[&str] = &[
    ".aws",
    ".azure",
    ".docker",
    ".git",
    ".gnupg",
    ".kube",
    ".mozilla",
    ".netrc",
    ".password-store",
    ".pki",
    ".ssh",
    ".thunderbird",
    "gcloud",
    "keyrings",
];

/// Folders too wide to be shared themselves; a listed folder below them may be.
pub(super) const NEVER_WHOLE: &[&str] =
    &[".cache", ".config", ".local", "Desktop", "Documents", "Downloads"];

/// First components that are no place for a tool chain, unless the home is there.
pub(super) const SYSTEM: &[&str] = &["boot", "dev", "etc", "proc", "run", "sys"];

/// First components of what every box of base `host` has anyway.
pub(super) const IN_BASE: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32", "sbin", "usr"];

/// Folders of a prefix in the manner of `/usr`, without `etc`, `var` and `conf`.
const PREFIX: &[&str] = &[
    "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "boot", "plugins", "jbr",
];

/// A shim manager in the manner of rbenv.
const SHIM_MANAGER: &[&str] = &["bin", "libexec", "shims", "versions", "plugins"];

/// Every row; the first that fits a `PATH` entry decides.
pub(super) fn rows() -> impl Iterator<Item = &'static Chain> {
    [rust_go::ROWS, node::ROWS, python::ROWS, others::ROWS, general::ROWS].into_iter().flatten()
}
