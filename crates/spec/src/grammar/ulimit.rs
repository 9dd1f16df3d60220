//! `--ulimit NAME=SOFT[:HARD]`, or `host`.

use super::{BadValue, decimal, split_once};
use crate::{Resource, Ulimit};

/// One `--ulimit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UlimitArg {
    /// What is so anyway: `core=0`, no core files.
    Default,
    /// `host`: the caller's own limits, not lowered.
    Host,
    /// One limit.
    One(Ulimit),
}

impl UlimitArg {
    /// Takes one `--ulimit`; `-1` or `unlimited` is as high as the caller may go.
    ///
    /// # Errors
    /// *User*, when the name is none, a number is none, or the soft limit is above the hard one;
    /// for `core`, unless it is 0: a crash must not start the host's crash helper.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        match text {
            b"host" => return Ok(Self::Host),
            b"core=0" | b"core=0:0" => return Ok(Self::Default),
            _ => {}
        }
        let (name, limits) = split_once(text, b'=').ok_or(SHAPE)?;
        let resource = resource(name)?;
        let (soft, hard) = split_once(limits, b':').unwrap_or((limits, limits));
        let (soft, hard) = (limit(soft).ok_or(SHAPE)?, limit(hard).ok_or(SHAPE)?);
        if soft > hard {
            return Err(BadValue::shape("the soft limit may not be above the hard one"));
        }
        Ok(Self::One(Ulimit { resource, soft, hard }))
    }
}

impl Resource {
    /// The name as `--ulimit` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, resource)| *resource == self).map_or("", |(name, _)| name)
    }
}

fn resource(name: &[u8]) -> Result<Resource, BadValue> {
    if name == b"core" {
        return Err(BadValue::RefusedOption {
            option: name.to_vec(),
            why: "a crash inside would start the host's crash helper",
            instead: "run the program under gdb inside",
        });
    }
    NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, resource)| *resource).ok_or(
        BadValue::UnknownOption {
            option: name.to_vec(),
            known: "as, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, \
                    rtprio, rttime, sigpending, stack",
        },
    )
}

fn limit(text: &[u8]) -> Option<u64> {
    match text {
        b"-1" | b"unlimited" => Some(u64::MAX),
        text => decimal(text),
    }
}

const SHAPE: BadValue = BadValue::shape("a limit is NAME=SOFT[:HARD], as nofile=1024:2048");

const NAMES: [(&str, Resource); 15] = [
    ("as", Resource::As),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_core_files_are_refused() {
        let one =
            |soft, hard| Ok(UlimitArg::One(Ulimit { resource: Resource::Nofile, soft, hard }));
        assert_eq!(UlimitArg::parse(b"nofile=1024:2048"), one(1024, 2048));
        assert_eq!(UlimitArg::parse(b"nofile=64"), one(64, 64));
        assert_eq!(UlimitArg::parse(b"nofile=1:-1"), one(1, u64::MAX));
        assert_eq!(UlimitArg::parse(b"host"), Ok(UlimitArg::Host));
        for so_anyway in ["core=0", "core=0:0"] {
            assert_eq!(UlimitArg::parse(so_anyway.as_bytes()), Ok(UlimitArg::Default));
        }
        assert!(matches!(UlimitArg::parse(b"core=1"), Err(BadValue::RefusedOption { .. })));
        assert!(matches!(UlimitArg::parse(b"nope=1"), Err(BadValue::UnknownOption { .. })));
        for bad in ["nofile", "nofile=", "nofile=2:1", "nofile=-2", "nofile=1:2:3", "nofile=x"] {
            assert!(
                matches!(UlimitArg::parse(bad.as_bytes()), Err(BadValue::Shape { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn every_resource_has_a_name() {
        for (name, resource) in NAMES {
            assert_eq!(resource.name(), name);
        }
    }
}
