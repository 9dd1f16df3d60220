//! `--mount type=bind|tmpfs,KEY=VALUE,…`.

use super::options::{self, Said};
use super::volume::host_source;
use super::{BadValue, VolumeArg, csv, split_once, switch};
use crate::{Access, BoxPath, ByteSize, Tmpfs};

/// One `--mount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountArg {
    /// `type=bind`
    Bind(VolumeArg),
    /// `type=tmpfs`
    Tmpfs(Tmpfs),
}

impl MountArg {
    /// Takes a `--mount` as podman does: fields between commas, quotes as in CSV.
    ///
    /// # Errors
    /// *User*, when a key is none, comes twice or is missing, or the type is not done.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let mut given = Given::default();
        for field in csv::fields(text)? {
            let (key, value) = match split_once(&field, b'=') {
                Some((key, value)) => (key, Some(value)),
                None => (field.as_slice(), None),
            };
            given.take(key, value, &field)?;
        }
        given.finish()
    }

    /// The place inside.
    #[must_use]
    pub const fn target(&self) -> &BoxPath {
        match self {
            Self::Bind(arg) => &arg.target,
            Self::Tmpfs(tmpfs) => &tmpfs.target,
        }
    }

    pub(crate) const fn target_mut(&mut self) -> &mut BoxPath {
        match self {
            Self::Bind(arg) => &mut arg.target,
            Self::Tmpfs(tmpfs) => &mut tmpfs.target,
        }
    }
}

/// The keys so far.
#[derive(Default)]
struct Given {
    kind: Option<Vec<u8>>,
    source: Option<Vec<u8>>,
    target: Option<BoxPath>,
    said: Said,
    only_tmpfs: Option<&'static str>,
    topics: Vec<&'static str>,
}

impl Given {
    fn take(&mut self, key: &[u8], value: Option<&[u8]>, field: &[u8]) -> Result<(), BadValue> {
        let unknown = || BadValue::UnknownOption { option: field.to_vec(), known: KNOWN };
        let row = KEYS.iter().find(|row| row.names.iter().any(|name| name.as_bytes() == key));
        let row = row.ok_or_else(unknown)?;
        if self.topics.contains(&row.about) {
            return Err(BadValue::Twice { what: row.about });
        }
        self.topics.push(row.about);
        let flag = || value.map_or(Ok(true), switch);
        match row.means {
            Key::Kind => self.kind = Some(value.ok_or_else(unknown)?.to_vec()),
            Key::Source => self.source = Some(value.ok_or_else(unknown)?.to_vec()),
            Key::Target => self.target = Some(BoxPath::parse(value.ok_or_else(unknown)?)?),
            Key::ReadOnly => self.said.access = Some(access(flag()?)),
            Key::ReadWrite => self.said.access = Some(access(!flag()?)),
            Key::Size => {
                self.said.size = Some(ByteSize::parse(value.ok_or_else(unknown)?)?);
                self.only_tmpfs = Some("a size");
            }
            Key::Mode => {
                self.said.mode = Some(options::mode(value.ok_or_else(unknown)?)?);
                self.only_tmpfs = Some("a mode");
            }
            Key::NoExec => {
                self.said.noexec = flag()?;
                self.only_tmpfs = Some("noexec");
            }
            Key::Always => {}
            Key::Refused { why, instead } => {
                return Err(BadValue::RefusedOption { option: field.to_vec(), why, instead });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<MountArg, BadValue> {
        let target =
            self.target.ok_or(BadValue::shape("dst= is missing: where it stands inside"))?;
        match self.kind.as_deref() {
            Some(b"bind") => {
                let source = self.source.ok_or(BadValue::shape("src= is missing"))?;
                host_source(&source)?;
                if self.only_tmpfs.is_some() {
                    return Err(BadValue::shape("size, mode and noexec belong to type=tmpfs"));
                }
                let access = self.said.access.unwrap_or(Access::ReadWrite);
                Ok(MountArg::Bind(VolumeArg { source, target, access }))
            }
            Some(b"tmpfs") if self.source.is_some() => {
                Err(BadValue::shape("src= belongs to type=bind"))
            }
            Some(b"tmpfs") => Ok(MountArg::Tmpfs(Tmpfs::new(target, &self.said))),
            Some(b"volume" | b"image" | b"artifact") => Err(BadValue::Refused {
                why: "volumes and images come with the image work",
                instead: "type=bind with a directory, or type=tmpfs",
            }),
            Some(_) => Err(BadValue::shape("the type is bind or tmpfs")),
            None => {
                Err(BadValue::shape("type= is missing: bind or tmpfs (podman would make a volume)"))
            }
        }
    }
}

const fn access(read_only: bool) -> Access {
    if read_only { Access::ReadOnly } else { Access::ReadWrite }
}

/// One key, its other spellings, and what it does.
struct KeyRow {
    names: &'static [&'static str],
    about: &'static str,
    means: Key,
}

#[derive(Clone, Copy)]
enum Key {
    Kind,
    Source,
    Target,
    ReadOnly,
    ReadWrite,
    Size,
    Mode,
    NoExec,
    Always,
    Refused { why: &'static str, instead: &'static str },
}

/// The keys of `--mount` (podman-run(1)).
const KEYS: &[KeyRow] = &[
    KeyRow { names: &["type"], about: "type", means: Key::Kind },
    KeyRow { names: &["src", "source"], about: "source", means: Key::Source },
    KeyRow { names: &["dst", "target", "destination"], about: "target", means: Key::Target },
    KeyRow { names: &["ro", "readonly"], about: "access", means: Key::ReadOnly },
    KeyRow { names: &["rw"], about: "access", means: Key::ReadWrite },
    KeyRow { names: &["tmpfs-size", "size"], about: "size", means: Key::Size },
    KeyRow { names: &["tmpfs-mode", "mode"], about: "mode", means: Key::Mode },
    KeyRow { names: &["noexec"], about: "exec", means: Key::NoExec },
    KeyRow { names: &["notmpcopyup"], about: "copy", means: Key::Always },
    // Labels of the host's files are never changed, and a Mac's cache hint means nothing here.
    KeyRow { names: &["relabel"], about: "label", means: Key::Always },
    KeyRow { names: &["consistency"], about: "consistency", means: Key::Always },
    KeyRow {
        names: &["bind-propagation", "bind-nonrecursive"],
        about: "propagation",
        means: Key::Refused {
            why: "mounts never travel between the host and a box",
            instead: "leave the option out",
        },
    },
    KeyRow {
        names: &["U", "chown", "idmap"],
        about: "owner",
        means: Key::Refused {
            why: "the owners of your files are never changed",
            instead: "-u with the owner's number",
        },
    },
];

const KNOWN: &str = "type, src, dst, ro, rw; for tmpfs also size, mode, noexec";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_and_scratch_space_are_read() {
        let bind = |source: &str, access| {
            Ok(MountArg::Bind(VolumeArg {
                source: source.into(),
                target: BoxPath::parse(b"/b").unwrap(),
                access,
            }))
        };
        let parse = |text: &str| MountArg::parse(text.as_bytes());
        assert_eq!(parse("type=bind,src=/a,dst=/b"), bind("/a", Access::ReadWrite));
        assert_eq!(parse("type=bind,source=./a,target=/b,ro"), bind("./a", Access::ReadOnly));
        assert_eq!(parse("type=bind,src=/a,dst=/b,ro=false"), bind("/a", Access::ReadWrite));
        assert_eq!(parse("type=bind,src=/a,dst=/b,rw=false"), bind("/a", Access::ReadOnly));
        assert_eq!(parse(r#"type=bind,"src=/a:,b",dst=/b"#), bind("/a:,b", Access::ReadWrite));
        assert!(matches!(
            parse("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1777,ro"),
            Ok(MountArg::Tmpfs(Tmpfs { size: Some(ByteSize(0x10_0000)), read_only: true, .. }))
        ));
    }

    #[test]
    fn bad_mounts_are_told() {
        let parse = |text: &str| MountArg::parse(text.as_bytes());
        for text in [
            "type=bind,dst=/b",
            "type=bind,src=/a",
            "src=/a,dst=/b",
            "type=glob,src=/a,dst=/b",
            "type=tmpfs,src=/a,dst=/b",
            "type=bind,src=/a,dst=/b,size=1m",
            "type=bind,src=/a,dst=/b,ro=maybe",
            "\"",
        ] {
            assert!(matches!(parse(text), Err(BadValue::Shape { .. })), "{text}");
        }
        for text in
            ["type=bind,src=/a,dst=/b,bind-propagation=shared", "type=bind,src=/a,dst=/b,U=true"]
        {
            assert!(matches!(parse(text), Err(BadValue::RefusedOption { .. })), "{text}");
        }
        for text in ["", "type", "type=bind,src=/a,dst=/b,x=1", "type=bind,src=/a,dst"] {
            assert!(matches!(parse(text), Err(BadValue::UnknownOption { .. })), "{text}");
        }
        assert!(matches!(parse("type=bind,ro,rw,src=/a,dst=/b"), Err(BadValue::Twice { .. })));
    }
}
