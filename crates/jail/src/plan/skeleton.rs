//! What every sandbox's root filesystem has: the table, and which of it can be written.

use std::borrow::Cow;
use std::ffi::CStr;

use super::{Entry, Tree};

/// Where the child builds its tree: a directory that hosts have, and the child has no use for.
pub(crate) const STAGE: &CStr = c"/sys";
/// Where the layers of an overlay stand while it is made: after the devices were taken from there.
pub(crate) const LAYER_STAGE: &CStr = c"/dev";
/// Where an empty layer stands beside it: nothing reads the host's processes any more.
pub(crate) const SPARE_STAGE: &CStr = c"/proc";

/// Scratch space: one tmpfs, one limit, no directory of the host.
pub(crate) const WRITABLE: [&CStr; 4] = [c"tmp", c"run", c"home/agent", c"dev/shm"];

const fn dir(path: &'static CStr, mode: u32) -> Entry {
    Entry::Dir(Cow::Borrowed(path), mode)
}

const fn file(path: &'static CStr) -> Entry {
    Entry::File(Cow::Borrowed(path), 0o666, Cow::Borrowed(b""))
}

/// Directories of the Filesystem Hierarchy Standard, and the nodes that devices are bound to.
const SKELETON: &[Entry] = &[
    dir(c"etc", 0o755),
    dir(c"proc", 0o555),
    dir(c"tmp", 0o1777),
    dir(c"run", 0o755),
    dir(c"run/lock", 0o1777),
    dir(c"home", 0o755),
    dir(c"home/agent", 0o700),
    dir(c"var", 0o755),
    dir(c"dev", 0o755),
    dir(c"dev/shm", 0o1777),
    dir(c"dev/pts", 0o755),
    // Empty for ever: what covers a directory (`drybox_sys::Scratch`).
    dir(c"dev/mqueue", 0o555),
    file(c"dev/null"),
    file(c"dev/zero"),
    file(c"dev/full"),
    file(c"dev/random"),
    file(c"dev/urandom"),
    file(c"dev/tty"),
];

/// Relative where they can be, so that even a path made through one would stay in the tree.
const LINKS: &[(&CStr, &CStr)] = &[
    (c"var/tmp", c"../tmp"),
    (c"var/run", c"../run"),
    (c"var/lock", c"../run/lock"),
    (c"dev/ptmx", c"pts/ptmx"),
    (c"dev/fd", c"/proc/self/fd"),
    (c"dev/stdin", c"/proc/self/fd/0"),
    (c"dev/stdout", c"/proc/self/fd/1"),
    (c"dev/stderr", c"/proc/self/fd/2"),
];

pub(crate) fn add_skeleton(tree: &mut Tree) {
    for entry in SKELETON {
        tree.row(entry.borrowed());
    }
}

/// The links: after every directory and file of this sandbox, so that one that was asked for
/// (a share below `/var/tmp`) takes the link's place.
pub(crate) fn add_links(tree: &mut Tree) {
    for &(path, target) in LINKS {
        tree.link_row(path, Cow::Borrowed(target));
    }
}

impl Entry {
    /// The same row; a table's texts are borrowed already.
    fn borrowed(&self) -> Self {
        match self {
            Self::Dir(path, mode) => Self::Dir(path.clone(), *mode),
            Self::File(path, mode, content) => Self::File(path.clone(), *mode, content.clone()),
        }
    }
}
