//! The system's own trees, for base `host`: `/usr` and what belongs to it.
//!
//! They hold no sockets and are root's, so they come in as read-only binds: an overlay would double
//! the cost of every open (docs/threat-model.md says what remains).

use std::borrow::Cow;
use std::ffi::CStr;

use drybox_spec::BoxPath;
use rustix::fs::readlink;
use rustix::io::Errno;

use super::{Entry, Tree};

/// Links into `/usr` on a merged system, directories on others.
const BESIDE_USR: &[(&CStr, &CStr)] = &[
    (c"bin", c"/bin"),
    (c"sbin", c"/sbin"),
    (c"lib", c"/lib"),
    (c"lib32", c"/lib32"),
    (c"lib64", c"/lib64"),
    (c"libx32", c"/libx32"),
];

pub(crate) fn add_system(tree: &mut Tree) {
    add_bind(tree, c"usr", c"/usr", true);
    for &(inside, outside) in BESIDE_USR {
        match readlink(outside, Vec::new()) {
            Ok(target) => {
                tree.link_row(inside, Cow::Owned(target));
            }
            // A directory of its own.
            Err(Errno::INVAL) => add_bind(tree, inside, outside, true),
            Err(_) => {}
        }
    }
}

/// A host tree or file at its own place. The mount point comes with it.
pub(super) fn add_bind(
    tree: &mut Tree,
    inside: &'static CStr,
    outside: &'static CStr,
    is_dir: bool,
) {
    tree.row(if is_dir {
        Entry::Dir(Cow::Borrowed(inside), 0o755)
    } else {
        Entry::File(Cow::Borrowed(inside), 0o644, Cow::Borrowed(b""))
    });
    tree.system.push((Cow::Borrowed(inside), Cow::Borrowed(outside)));
}

/// A host directory whose name was found at run time.
pub(super) fn add_found(tree: &mut Tree, path: &BoxPath) {
    tree.dir(path, 0o755);
    tree.system.push((super::relative(path), Cow::Owned(path.as_c_str().to_owned())));
}
