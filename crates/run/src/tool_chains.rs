//! Tool chains under the user's home, read-only in the box and without their credential files.
//!
//! What decides is the user's own `PATH` and variables, read against a table, and the tools' own
//! settings in the home; never a file of the workspace, which would let the payload choose what is
//! mounted (W-118), and never a program that is run. Upholds I3: only listed sub-folders enter.
//!
//! This is on the way of every run: no system call while `PATH` names only system directories,
//! else a few for each tool chain it names, and a bound on every list (see [`discover`]).

mod chain;
mod discover;
mod settings;
mod share;
mod table;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use drybox_spec::{BoxPath, EnvVar, HostPath, Share};

/// The payload's home in a box; what is generated for a tool goes here.
pub const BOX_HOME: &str = "/home/agent";

/// Looks up the user's variables. Any closure `Fn(&str) -> Option<OsString>` is one.
pub trait HostEnv {
    /// The value of `name`, if it is set.
    fn get(&self, name: &str) -> Option<OsString>;
}

impl<F: Fn(&str) -> Option<OsString>> HostEnv for F {
    fn get(&self, name: &str) -> Option<OsString> {
        self(name)
    }
}

/// What a box gets of the user's tool chains.
///
/// To be made in this order: shares (sorted, none within another), then links and files in what is
/// still the box's own tmpfs. A link or file whose place is taken already (by the workspace, by a
/// `-v`) is left out: it only makes a second name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolChains {
    /// Read-only; each stands at its own, canonical path.
    pub shares: Vec<Share>,
    /// Variables, before those the user names (`-e` wins).
    pub env: Vec<EnvVar>,
    /// Goes before the box's own `PATH`, in the user's order.
    pub path: Vec<BoxPath>,
    /// Small generated files.
    pub files: Vec<ScratchFile>,
    /// Symbolic links: the place, and the target's bytes.
    pub links: Vec<(BoxPath, Vec<u8>)>,
    /// What the user's `PATH` names and the box does not get.
    pub left_out: Vec<LeftOut>,
}

/// A small file that drybox writes into the box's own tmpfs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScratchFile {
    /// Where.
    pub path: BoxPath,
    /// Permission bits.
    pub mode: u32,
    /// What it holds.
    pub content: Vec<u8>,
}

/// A directory that the box does not get (I6: what was refused is told).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The directory, as `PATH` or a link names it.
    pub path: Vec<u8>,
    /// Why, as the end of a sentence.
    pub why: &'static str,
}

/// Finds the tool chains that the user's `PATH` and variables name.
///
/// Looks at the first 128 entries of `PATH`; gives at most 64 shares. A directory that cannot be
/// read, or is not what the table expects, is left out: a tool is then missing inside, and nothing
/// is wider than the table. What the user named in `workspace`, the current directory, is left out
/// when a link there leads elsewhere: it came with what is to be run. Source: W-118, FS-37, FS-38
/// of the threat tables.
#[must_use]
pub fn discover(env: &dyn HostEnv, home: &HostPath, workspace: Option<&HostPath>) -> ToolChains {
    discover::Finder::new(env, home).beside(workspace).find()
}

/// No tool chains (`spec::ToolChains::Hidden`).
#[must_use]
pub fn hidden() -> ToolChains {
    ToolChains::default()
}
