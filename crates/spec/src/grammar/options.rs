//! The comma-separated options of `-v` and `--tmpfs`: two tables, one reader.

use super::{BadValue, split_once};
use crate::{Access, ByteSize};

/// One option that somebody may type.
pub(super) struct MountOption {
    /// As it is typed, before `=`.
    pub(super) name: &'static str,
    /// What it is about; two options about one thing contradict each other.
    pub(super) about: &'static str,
    /// What it does.
    pub(super) means: Means,
}

/// What an option does.
#[derive(Clone, Copy)]
pub(super) enum Means {
    ReadOnly,
    ReadWrite,
    NoExec,
    Exec,
    /// Takes a size.
    Size,
    /// Takes permission bits in octal.
    Mode,
    /// It is always so.
    Always,
    /// Not done, and not ignored.
    Refused {
        why: &'static str,
        instead: &'static str,
    },
}

/// What the options said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) access: Option<Access>,
    pub(super) noexec: bool,
    pub(super) size: Option<ByteSize>,
    pub(super) mode: Option<u32>,
}

/// Reads `options` by `table`; `known` names its rows for the error.
pub(super) fn read(
    options: &[u8],
    table: &'static [MountOption],
    known: &'static str,
) -> Result<Said, BadValue> {
    let mut said = Said::default();
    let mut topics: Vec<&str> = Vec::new();
    for option in options.split(|&b| b == b',') {
        let (name, value) = match split_once(option, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let unknown = || BadValue::UnknownOption { option: option.to_vec(), known };
        let row = table.iter().find(|row| row.name.as_bytes() == name).ok_or_else(unknown)?;
        if topics.contains(&row.about) {
            return Err(BadValue::Twice { what: row.about });
        }
        topics.push(row.about);
        match (row.means, value) {
            (Means::Refused { why, instead }, _) => {
                return Err(BadValue::RefusedOption { option: option.to_vec(), why, instead });
            }
            (Means::Size, Some(value)) => said.size = Some(ByteSize::parse(value)?),
            (Means::Mode, Some(value)) => said.mode = Some(mode(value)?),
            (Means::Size | Means::Mode, None) | (_, Some(_)) => return Err(unknown()),
            (Means::ReadOnly, None) => said.access = Some(Access::ReadOnly),
            (Means::ReadWrite, None) => said.access = Some(Access::ReadWrite),
            (Means::NoExec, None) => said.noexec = true,
            (Means::Exec | Means::Always, None) => {}
        }
    }
    Ok(said)
}

/// Permission bits in octal, without set-user-id and set-group-id.
pub(super) fn mode(text: &[u8]) -> Result<u32, BadValue> {
    let octal =
        !text.is_empty() && text.len() <= 5 && text.iter().all(|b| (b'0'..=b'7').contains(b));
    let bits = octal
        .then(|| std::str::from_utf8(text).ok())
        .flatten()
        .and_then(|text| u32::from_str_radix(text, 8).ok());
    bits.filter(|bits| bits & !0o1777 == 0)
        .ok_or(BadValue::shape("permission bits are octal, at most 1777: mode=1777, mode=700"))
}

const fn row(name: &'static str, about: &'static str, means: Means) -> MountOption {
    MountOption { name, about, means }
}

const fn refused(
    name: &'static str,
    about: &'static str,
    why: &'static str,
    instead: &'static str,
) -> MountOption {
    MountOption { name, about, means: Means::Refused { why, instead } }
}

/// The options of `-v` (podman-run(1), `--volume`).
pub(super) const VOLUME: &[MountOption] = &[
    row("ro", "access", Means::ReadOnly),
    row("rw", "access", Means::ReadWrite),
    // SELinux labels of the host's files are never changed, so both forms mean the same here.
    row("z", "label", Means::Always),
    row("Z", "label", Means::Always),
    row("exec", "exec", Means::Always),
    row("nosuid", "suid", Means::Always),
    row("nodev", "devices", Means::Always),
    row("rbind", "binding", Means::Always),
    row("private", "propagation", Means::Always),
    row("rprivate", "propagation", Means::Always),
    refused(
        "noexec",
        "exec",
        "a share cannot forbid programs",
        "--tmpfs DST:noexec for scratch space",
    ),
    refused(
        "suid",
        "suid",
        "set-user-id programs would gain nothing: new privileges are off",
        LEAVE,
    ),
    refused("dev", "devices", "a box has no devices of the host", LEAVE),
    refused(
        "bind",
        "binding",
        "what is mounted below a share is always shown too",
        "share the folder below",
    ),
    refused("shared", "propagation", PROPAGATION, LEAVE),
    refused("rshared", "propagation", PROPAGATION, LEAVE),
    refused("slave", "propagation", PROPAGATION, LEAVE),
    refused("rslave", "propagation", PROPAGATION, LEAVE),
    refused("unbindable", "propagation", PROPAGATION, LEAVE),
    refused("runbindable", "propagation", PROPAGATION, LEAVE),
    refused("U", "owner", "it would change the owner of your files", "-u with the owner's number"),
    refused("idmap", "owner", "drybox maps owners by itself", LEAVE),
    refused(
        "O",
        "overlay",
        "copy-on-write views come with the workspace work",
        "share it with :ro",
    ),
    refused(
        "upperdir",
        "overlay",
        "copy-on-write views come with the workspace work",
        "share it with :ro",
    ),
    refused(
        "workdir",
        "overlay",
        "copy-on-write views come with the workspace work",
        "share it with :ro",
    ),
    refused("copy", "copy", "it belongs to volumes, which come with the image work", LEAVE),
    refused("nocopy", "copy", "it belongs to volumes, which come with the image work", LEAVE),
];

pub(super) const VOLUME_KNOWN: &str = "ro, rw, z, Z, exec, nosuid, nodev, rbind, private, rprivate";

/// The options of `--tmpfs` (podman-run(1), tmpfs(5)).
pub(super) const TMPFS: &[MountOption] = &[
    row("ro", "access", Means::ReadOnly),
    row("rw", "access", Means::ReadWrite),
    row("exec", "exec", Means::Exec),
    row("noexec", "exec", Means::NoExec),
    row("size", "size", Means::Size),
    row("mode", "mode", Means::Mode),
    row("nosuid", "suid", Means::Always),
    row("nodev", "devices", Means::Always),
    row("private", "propagation", Means::Always),
    row("rprivate", "propagation", Means::Always),
    row("notmpcopyup", "copy", Means::Always),
    refused("tmpcopyup", "copy", "base host has nothing to copy up", LEAVE),
    refused(
        "suid",
        "suid",
        "set-user-id programs would gain nothing: new privileges are off",
        LEAVE,
    ),
    refused("dev", "devices", "a box has no devices", LEAVE),
    refused("uid", "owner", "scratch space belongs to the payload", "mode=1777 for several users"),
    refused("gid", "group", "scratch space belongs to the payload", "mode=1777 for several users"),
    refused("nr_inodes", "inodes", "drybox limits the number of files by itself", LEAVE),
    refused("huge", "pages", "memory in huge pages escapes the limits", LEAVE),
];

pub(super) const TMPFS_KNOWN: &str =
    "size=, mode=, ro, rw, exec, noexec, nosuid, nodev, private, rprivate, notmpcopyup";

const PROPAGATION: &str = "mounts never travel between the host and a box";
const LEAVE: &str = "leave the option out";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_in_messages_are_the_tables() {
        for (table, known) in [(VOLUME, VOLUME_KNOWN), (TMPFS, TMPFS_KNOWN)] {
            let listed: Vec<&str> =
                known.split(", ").map(|name| name.trim_end_matches('=')).collect();
            for row in table {
                let refused = matches!(row.means, Means::Refused { .. });
                assert_ne!(listed.contains(&row.name), refused, "{}", row.name);
            }
            for name in listed {
                assert_eq!(table.iter().filter(|row| row.name == name).count(), 1, "{name}");
            }
        }
    }

    #[test]
    fn modes_are_octal_and_carry_no_setuid() {
        assert_eq!(mode(b"1777"), Ok(0o1777));
        assert_eq!(mode(b"0700"), Ok(0o700));
        for bad in ["", "8", "4755", "2755", "0o700", "177777", "-1"] {
            assert!(mode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
