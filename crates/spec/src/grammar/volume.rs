//! `-v SRC:DST[:OPTIONS]`.

use super::BadValue;
use super::options::{self, VOLUME, VOLUME_KNOWN};
use crate::{Access, BoxPath, HostPath};

/// One share as typed: its source may still be relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeArg {
    /// Begins with `/` or `.`.
    pub source: Vec<u8>,
    /// Where it is to stand inside.
    pub target: BoxPath,
    /// Whether it can be written; podman's default is that it can.
    pub access: Access,
}

impl VolumeArg {
    /// Takes a `-v` as podman does: fields between colons, a path with a colon cannot be said.
    ///
    /// # Errors
    /// *User*, when a field is missing or too many, an option is none, or it names a volume.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let fields: Vec<&[u8]> = text.split(|&b| b == b':').collect();
        let (source, target, said) = match *fields.as_slice() {
            [target] if target.starts_with(b"/") => return Err(ANONYMOUS),
            [source, target] => (source, target, options::Said::default()),
            [source, target, opts] => (source, target, options::read(opts, VOLUME, VOLUME_KNOWN)?),
            [_] => return Err(SHAPE),
            _ => return Err(COLONS),
        };
        if source.is_empty() || target.is_empty() {
            return Err(SHAPE);
        }
        host_source(source)?;
        let access = said.access.unwrap_or(Access::ReadWrite);
        Ok(Self { source: source.to_vec(), target: BoxPath::parse(target)?, access })
    }

    /// The source as an absolute path; `.`, `..` and `./x` begin at `cwd`.
    ///
    /// # Errors
    /// *User*, when it holds a NUL.
    pub fn source_from(&self, cwd: &HostPath) -> Result<HostPath, BadValue> {
        Ok(HostPath::parse(&absolute(&self.source, cwd))?)
    }
}

/// `path` itself, or what it is below `cwd`.
pub(crate) fn absolute(path: &[u8], cwd: &HostPath) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut below = path;
    while let Some(rest) = below.strip_prefix(b"./") {
        below = rest;
    }
    match below {
        b"" | b"." => cwd.as_bytes().to_vec(),
        below => {
            [cwd.as_bytes().strip_suffix(b"/").unwrap_or(cwd.as_bytes()), b"/", below].concat()
        }
    }
}

/// Tells a path of the host from the name of a volume, by podman's rule.
pub(super) fn host_source(source: &[u8]) -> Result<(), BadValue> {
    if matches!(source.first(), Some(b'/' | b'.')) {
        return Ok(());
    }
    if source.starts_with(b"~") {
        return Err(BadValue::Refused {
            why: "only a shell knows what '~' is, and only where a word begins",
            instead: "\"$HOME\" instead of '~'",
        });
    }
    Err(BadValue::Refused {
        why: "a source that begins with neither '/' nor '.' names a volume, and volumes come with \
              the image work",
        instead: "a directory: put ./ before its name",
    })
}

const ANONYMOUS: BadValue = BadValue::Refused {
    why: "a target alone makes a volume, and volumes come with the image work",
    instead: "--tmpfs DST for scratch space, or -v SRC:DST",
};
const SHAPE: BadValue = BadValue::shape("a share is SRC:DST[:OPTIONS], as ./data:/data:ro");
const COLONS: BadValue = BadValue::shape(
    "a share is SRC:DST[:OPTIONS]; for a path with a colon use --mount type=bind,src=SRC,dst=DST",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_podman_reads_them() {
        let cwd = HostPath::parse(b"/home/u/p").unwrap();
        for (text, source, target, access) in [
            ("/a:/b", "/a", "/b", Access::ReadWrite),
            ("/a:/b:ro", "/a", "/b", Access::ReadOnly),
            (".:/b:ro,Z", "/home/u/p", "/b", Access::ReadOnly),
            ("./x:/b/:z,rw", "/home/u/p/x", "/b", Access::ReadWrite),
            ("../x:/b", "/home/u/p/../x", "/b", Access::ReadWrite),
            (".x:/b:nosuid,nodev,rprivate", "/home/u/p/.x", "/b", Access::ReadWrite),
        ] {
            let arg = VolumeArg::parse(text.as_bytes()).unwrap();
            assert_eq!(arg.source_from(&cwd).unwrap().as_bytes(), source.as_bytes(), "{text}");
            assert_eq!(arg.target, BoxPath::parse(target.as_bytes()).unwrap(), "{text}");
            assert_eq!(arg.access, access, "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused_with_its_reason() {
        let parse = |text: &str| VolumeArg::parse(text.as_bytes());
        for text in ["", ":", "/a:", ":/b", "a"] {
            assert!(matches!(parse(text), Err(BadValue::Shape { .. })), "{text}");
        }
        for text in ["/a:/b:ro:x", "/a:b:/c:ro"] {
            assert_eq!(parse(text), Err(COLONS), "{text}");
        }
        for text in ["name:/b", "/b", "~/a:/b"] {
            assert!(matches!(parse(text), Err(BadValue::Refused { .. })), "{text}");
        }
        for text in ["/a:/b:O", "/a:/b:U", "/a:/b:rshared", "/a:/b:ro,noexec"] {
            assert!(matches!(parse(text), Err(BadValue::RefusedOption { .. })), "{text}");
        }
        for text in ["/a:/b:", "/a:/b:ro,", "/a:/b:RO", "/a:/b:ro=true"] {
            assert!(matches!(parse(text), Err(BadValue::UnknownOption { .. })), "{text}");
        }
        for text in ["/a:/b:ro,rw", "/a:/b:z,Z", "/a:/b:ro,ro"] {
            assert!(matches!(parse(text), Err(BadValue::Twice { .. })), "{text}");
        }
        for text in ["/a:b", "/a:/b/../c"] {
            assert!(matches!(parse(text), Err(BadValue::Path(_))), "{text}");
        }
    }
}
