//! A path beneath a root: bytes, relative, without a way up.

use std::ffi::{CStr, CString};

use drybox_spec::Shown;

/// A path beneath a root: one or more components, none of them `.`, `..` or empty, no NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Vec<u8>);

/// Bytes that are no path beneath a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no path within the directory", Shown(path))]
pub struct BadRelPath {
    /// The bytes.
    pub path: Vec<u8>,
}

impl RelPath {
    /// Takes a relative path as it is.
    ///
    /// # Errors
    /// *User*, when it is absolute, leads up, or has an empty component or a NUL byte.
    pub fn parse(path: &[u8]) -> Result<Self, BadRelPath> {
        let bad = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.contains(&0);
        if path.split(|&byte| byte == b'/').any(bad) {
            return Err(BadRelPath { path: path.to_vec() });
        }
        Ok(Self(path.to_vec()))
    }

    /// What the kernel listed: a name below `parent` (empty: the root).
    pub(crate) fn below(parent: &[u8], name: &[u8]) -> Self {
        let mut path =
            Vec::with_capacity(parent.len().saturating_add(name.len()).saturating_add(1));
        if !parent.is_empty() {
            path.extend_from_slice(parent);
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self(path)
    }

    /// This path and `below`.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self::below(&self.0, &below.0)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The directory above, none: the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let slash = self.0.iter().rposition(|&byte| byte == b'/')?;
        self.0.get(..slash).map(|parent| Self(parent.to_vec()))
    }

    /// The last component.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }

    /// True for `ancestor` itself and everything below it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        let rest = self.0.strip_prefix(ancestor.0.as_slice());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The paths of all directories above, the topmost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        let slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.filter_map(|(end, _)| self.0.get(..end).map(|path| Self(path.to_vec())))
    }

    /// The path in pieces that a system call takes, each relative to the one before.
    pub(crate) fn pieces(&self) -> Pieces<'_> {
        Pieces { rest: &self.0 }
    }
}

impl std::fmt::Debug for RelPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "\"{}\"", Shown(&self.0))
    }
}

/// Pieces shorter than `PATH_MAX` (4096), cut between components.
pub(crate) struct Pieces<'a> {
    rest: &'a [u8],
}

impl Iterator for Pieces<'_> {
    type Item = CString;

    fn next(&mut self) -> Option<CString> {
        const LONGEST: usize = 2048;
        if self.rest.is_empty() {
            return None;
        }
        let head = self.rest.get(..LONGEST).unwrap_or(self.rest);
        let end = match head.len() == self.rest.len() {
            true => head.len(),
            // No component is longer than NAME_MAX (255), so there is a slash.
            false => head.iter().rposition(|&byte| byte == b'/').unwrap_or(head.len()),
        };
        let (piece, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"/").unwrap_or(rest);
        CString::new(piece).ok()
    }
}

/// One component for the kernel.
pub(crate) fn component(name: &[u8]) -> CString {
    // A component has no NUL: `parse` and the kernel see to that.
    CString::new(name).unwrap_or_else(|_| CStr::to_owned(c""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_up_or_out() {
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0b"] {
            assert!(RelPath::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        for good in ["a", "a/b", "...", "..a", "a\n", " "] {
            assert!(RelPath::parse(good.as_bytes()).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_long_path_comes_in_pieces_that_make_it_up() {
        let path = RelPath::parse(&b"abcdefg/".repeat(2000)[..15999]).unwrap();
        let pieces: Vec<Vec<u8>> = path.pieces().map(CString::into_bytes).collect();
        assert!(pieces.len() > 7 && pieces.iter().all(|piece| piece.len() <= 2048));
        assert_eq!(pieces.join(&b'/'), path.as_bytes());
    }

    #[test]
    fn ancestors_and_names() {
        let path = RelPath::parse(b"a/b/c").unwrap();
        let above: Vec<_> = path.ancestors().map(|path| path.0).collect();
        assert_eq!(above, [b"a".to_vec(), b"a/b".to_vec()]);
        assert_eq!((path.name(), path.parent().unwrap().as_bytes()), (&b"c"[..], &b"a/b"[..]));
        assert!(path.is_within(&RelPath::parse(b"a").unwrap()));
        assert!(!path.is_within(&RelPath::parse(b"a/b/").unwrap_or(path.join(&path))));
    }
}
