//! Paths of the two worlds. They are bytes, not UTF-8, and cannot be swapped.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::Shown;

/// An absolute path on the host, free of NUL. It may hold symlinks and `..` until it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPath(CString);

/// A path inside the sandbox: absolute, normalised (no `.`, `..`, empty component or NUL).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BoxPath(CString);

/// Why a path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPath {
    /// It does not begin with a slash.
    #[error("{} is not an absolute path", Shown(path))]
    Relative {
        /// The path as given.
        path: Vec<u8>,
    },
    /// It holds a NUL byte, which no path can.
    #[error("{} holds a NUL byte", Shown(path))]
    Nul {
        /// The path as given.
        path: Vec<u8>,
    },
    /// It holds `..`, which would leave the place it names.
    #[error("{} holds '..'", Shown(path))]
    DotDot {
        /// The path as given.
        path: Vec<u8>,
    },
}

impl HostPath {
    /// Takes an absolute path.
    ///
    /// # Errors
    /// *User*, when the path is relative or holds a NUL.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadPath> {
        absolute(bytes).map(Self)
    }

    /// The path for the kernel.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }

    /// The path for `std`.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.0.as_bytes()))
    }

    /// The path's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl BoxPath {
    /// The root directory.
    #[must_use]
    pub fn root() -> Self {
        Self(c"/".to_owned())
    }

    /// Takes an absolute path and normalises `//`, `/.` and a trailing slash away.
    ///
    /// # Errors
    /// *User*, when the path is relative, holds a NUL, or holds `..`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadPath> {
        absolute(bytes)?;
        let mut clean = Vec::with_capacity(bytes.len());
        for part in bytes.split(|&b| b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    return Err(BadPath::DotDot { path: bytes.to_vec() });
                }
                part => {
                    clean.push(b'/');
                    clean.extend_from_slice(part);
                }
            }
        }
        if clean.is_empty() {
            clean.push(b'/');
        }
        absolute(&clean).map(Self)
    }

    /// The path for the kernel, with its leading slash.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }

    /// The path's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// True for the path itself and everything below it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        is_within(self.as_bytes(), ancestor.as_bytes())
    }
}

/// True when `path` is `ancestor` or lies below it, component by component.
pub(crate) fn is_within(path: &[u8], ancestor: &[u8]) -> bool {
    if ancestor == b"/" {
        return true;
    }
    path.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn absolute(bytes: &[u8]) -> Result<CString, BadPath> {
    if !bytes.starts_with(b"/") {
        return Err(BadPath::Relative { path: bytes.to_vec() });
    }
    CString::new(bytes).map_err(|_| BadPath::Nul { path: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_paths_are_normalised_and_never_climb() {
        let parse = |p: &str| BoxPath::parse(p.as_bytes()).map(|p| p.0.into_string().unwrap());
        assert_eq!(parse("/a//b/./c/"), Ok("/a/b/c".into()));
        assert_eq!(parse("/"), Ok("/".into()));
        assert!(matches!(parse("/a/../b"), Err(BadPath::DotDot { .. })));
        assert!(matches!(parse("a"), Err(BadPath::Relative { .. })));
        assert!(matches!(parse("/a\0b"), Err(BadPath::Nul { .. })));
    }

    #[test]
    fn within_is_decided_by_components() {
        assert!(is_within(b"/a/b", b"/a"));
        assert!(is_within(b"/a", b"/a"));
        assert!(is_within(b"/a", b"/"));
        assert!(!is_within(b"/ab", b"/a"));
    }
}
