//! Where boxes live on the host: a folder of drybox's own, in which each box is a folder.

mod boxes;
mod error;
mod layers;
mod meta;
pub(crate) mod own;
mod pending;
mod prepare;
mod ready;
#[cfg(test)]
mod tests;
mod way;

use drybox_spec::HostPath;
use drybox_tree::{Errno, RelPath, Root};
use rustix::fs::OFlags;

pub use boxes::{BoxId, Ended, Found, Layer, OpenBox, Start};
pub use error::{BoxError, Why};
pub use meta::Meta;
pub use pending::Pending;
pub use ready::Leftover;

type Result<T> = std::result::Result<T, BoxError>;

/// drybox's folder of boxes. Every directory above it belongs to us or to root, and no other user
/// can write one; itself it is for us alone.
#[derive(Debug)]
pub struct Store {
    root: Root,
    path: HostPath,
}

impl Store {
    /// Opens `boxes` in drybox's data folder, made when it is not there.
    ///
    /// # Errors
    /// *Host*, when it cannot be made, or when another user could swap it.
    pub fn open(data: &HostPath) -> Result<Self> {
        let path = below(data, b"boxes")?;
        own::make(&path)?;
        Self::look(path)
    }

    /// As [`Store::open`]; none when there is none yet.
    ///
    /// # Errors
    /// *Host*.
    pub fn existing(data: &HostPath) -> Result<Option<Self>> {
        let path = below(data, b"boxes")?;
        own::is_there(&path).then(|| Self::look(path)).transpose()
    }

    /// Where it is; free of symlinks.
    #[must_use]
    pub const fn path(&self) -> &HostPath {
        &self.path
    }

    fn look(named: HostPath) -> Result<Self> {
        own::directory(named).map(|(root, path)| Self { root, path })
    }
}

/// A path one component longer.
pub(crate) fn below(dir: &HostPath, name: &[u8]) -> Result<HostPath> {
    let path = [dir.as_bytes(), b"/", name].concat();
    HostPath::parse(&path)
        .map_err(|_| BoxError::Store { path: dir.clone(), source: Errno::INVAL.into() })
}

/// A name that is one.
fn rel(name: &[u8]) -> Result<RelPath> {
    RelPath::parse(name).map_err(|_| BoxError::Broken { folder: name.to_vec(), name: None })
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
