//! A directory tree that somebody hostile owns: every path is resolved beneath a root descriptor, no
//! symbolic link is followed, nothing but regular files is opened.
//!
//! Upholds I8 (nothing that came out of a box is trusted) and I7 (what is removed is gone, whatever
//! its modes, names and depth). [`Root`] is the handle, [`RelPath`] a path beneath it, [`Walk`] goes
//! through all of it without recursion, [`Way`] from one directory to the next.
//!
//! ```
//! use drybox_spec::HostPath;
//! use drybox_tree::{RelPath, Root, Walk};
//!
//! let dir = tempfile::tempdir()?;
//! std::fs::write(dir.path().join("a"), "x")?;
//! let root = Root::open(&HostPath::parse(dir.path().as_os_str().as_encoded_bytes())?)?;
//! let mut walk = Walk::of(&root);
//! let entry = walk.next().unwrap()?;
//! assert_eq!(entry.path, RelPath::parse(b"a")?);
//! assert!(walk.next().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod error;
mod path;
mod place;
mod remove;
mod root;
#[cfg(test)]
mod tests;
mod walk;
mod way;

pub use error::{TreeError, TreeOp};
pub use path::{BadRelPath, RelPath};
pub use root::{Root, kind_of};
pub use rustix::fs::{FileType, Stat};
pub use rustix::io::Errno;
pub use walk::{Entry, Walk};
pub use way::{Enter, Way};
