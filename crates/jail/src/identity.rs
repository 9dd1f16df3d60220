//! Who the payload is, outside and inside.

use std::ffi::CString;

use drybox_spec::BoxUser;
use drybox_sys::wall;
use rustix::io::Errno;

/// Who runs drybox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoker {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Whether uid 0 is the host's own root, so that the payload must get other ids, from a range:
    /// false in a user namespace of an ordinary user, which has none to give.
    pub has_range: bool,
}

impl Invoker {
    /// Who runs this process.
    #[must_use]
    pub fn of_process() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        Self { uid, gid, has_range: uid == 0 && is_host_root() }
    }
}

/// Whether our uid 0 is the host's. The kernel's own files of `/proc/sys/kernel` belong to the
/// host's root, whatever user namespace looks at them; the maps of `/proc/self/uid_map` tell one
/// level only. When in doubt it is: a wrong yes ends in an error, a wrong no runs the payload
/// with the host's uid 0.
fn is_host_root() -> bool {
    rustix::fs::stat(c"/proc/sys/kernel").map_or(true, |stat| stat.st_uid == 0)
}

/// Who the payload is: one of the two launch paths (design §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// An ordinary user: one id, the invoker's, under the number `uid:gid`.
    User {
        /// The invoker.
        host: (u32, u32),
        /// The same, as the payload sees it.
        inside: (u32, u32),
    },
    /// Real root: a range of 65,536 ids that no user of the host has; uid 0 of the host is not
    /// among them.
    Root {
        /// The host id that is 0 inside.
        base: u32,
        /// The payload's ids inside.
        inside: (u32, u32),
    },
}

/// `agent` of real root: the number that the first user of a distribution has.
const AGENT: u32 = 1000;
/// How many ids real root's payload sees.
pub(crate) const RANGE: u32 = 0x1_0000;
/// Above `SUB_UID_MAX` of login.defs(5); systemd gives containers 0x0008_0000 to 0x6FFF_FFFF.
const FIRST_BASE: u32 = 0x6000_0000;
/// How many ranges: sandboxes that run at the same time rarely share one.
const RANGES: u32 = 4096;

impl Identity {
    /// Whether files of the invoker's show under another owner's number than outside.
    pub(crate) fn renumbers(&self) -> bool {
        match self {
            Self::Root { .. } => true,
            Self::User { host, inside } => host != inside,
        }
    }

    /// The identity of a payload that is to be `user`.
    ///
    /// `spread` chooses real root's range: two sandboxes with the same one could signal each other
    /// only if they shared a pid namespace, which they never do.
    #[must_use]
    pub fn new(invoker: Invoker, user: BoxUser, spread: u32) -> Self {
        let own = (invoker.uid, invoker.gid);
        if invoker.uid == 0 && invoker.has_range {
            let inside = match user {
                BoxUser::Ids { uid, gid } => (uid, gid),
                _ => (AGENT, AGENT),
            };
            let first = wall!("id-range", FIRST_BASE);
            let base = first.wrapping_add((spread % RANGES).wrapping_mul(RANGE));
            return Self::Root { base, inside };
        }
        let inside = match user {
            BoxUser::Ids { uid, gid } => (uid, gid),
            _ if invoker.uid == 0 => (AGENT, AGENT),
            _ => own,
        };
        Self::User { host: own, inside }
    }

    /// The payload's ids inside.
    #[must_use]
    pub const fn inside(&self) -> (u32, u32) {
        match *self {
            Self::User { inside, .. } | Self::Root { inside, .. } => inside,
        }
    }

    /// The payload's ids on the host.
    #[must_use]
    pub const fn outside(&self) -> (u32, u32) {
        match *self {
            Self::User { host, .. } => host,
            Self::Root { base, inside: (uid, gid) } => {
                (base.wrapping_add(uid), base.wrapping_add(gid))
            }
        }
    }

    /// Whether every id that the payload is to have can be mapped.
    #[must_use]
    pub const fn is_mappable(&self) -> bool {
        match *self {
            Self::User { inside: (uid, gid), .. } => uid != u32::MAX && gid != u32::MAX,
            Self::Root { inside: (uid, gid), .. } => uid < RANGE && gid < RANGE,
        }
    }

    /// Fails when this user namespace has not real root's range to give, or nobody can tell.
    pub(crate) fn check_range(&self) -> Result<(), Errno> {
        let Self::Root { base, .. } = *self else { return Ok(()) };
        let map = std::fs::read_to_string("/proc/self/uid_map")
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        if holds_range(&map, base) { Ok(()) } else { Err(Errno::INVAL) }
    }

    /// One line for `uid_map` and one for `gid_map` (user_namespaces(7)).
    pub(crate) fn maps(&self) -> (CString, CString) {
        let line = |inside: u32, outside: u32, count: u32| {
            // Three numbers hold no NUL.
            CString::new(format!("{inside} {outside} {count}")).unwrap_or_default()
        };
        match *self {
            Self::User { host, inside } => (line(inside.0, host.0, 1), line(inside.1, host.1, 1)),
            Self::Root { base, .. } => (line(0, base, RANGE), line(0, base, RANGE)),
        }
    }
}

/// Whether a map (user_namespaces(7)) has a line with the whole range that begins at `base`.
fn holds_range(map: &str, base: u32) -> bool {
    map.lines().any(|line| {
        let mut words = line.split_whitespace().map(|word| word.parse::<u32>().unwrap_or(0));
        let (first, _, count) = (words.next(), words.next(), words.next());
        let (first, count) = (first.unwrap_or(u32::MAX), count.unwrap_or(0));
        base.checked_sub(first).is_some_and(|at| at.saturating_add(RANGE) <= count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_without_the_range_is_seen() {
        for (map, held) in [
            ("         0          0 4294967295\n", true),
            ("0 0 1\n", false),
            ("0 0 65536\n", false),
            ("0 1000 1\n1 1610612736 1000000\n", false),
            ("0 1000 1\n1610612736 5 65536\n", true),
            ("0 1000 1\n1610612736 5 65535\n", false),
            ("", false),
        ] {
            assert_eq!(holds_range(map, FIRST_BASE), held, "{map:?}");
        }
    }

    const USER: Invoker = Invoker { uid: 1001, gid: 100, has_range: false };
    const ROOT: Invoker = Invoker { uid: 0, gid: 0, has_range: true };

    #[test]
    fn a_user_keeps_its_number() {
        let identity = Identity::new(USER, BoxUser::Agent, 7);
        assert_eq!(identity.inside(), (1001, 100));
        assert_eq!(identity.outside(), (1001, 100));
        assert_eq!(identity.maps().0.as_bytes(), b"1001 1001 1");
    }

    #[test]
    fn real_root_is_never_uid_0_of_the_host() {
        for spread in [0, 1, 4095, 4096, u32::MAX] {
            for user in [BoxUser::Agent, BoxUser::Ids { uid: 0, gid: 0 }] {
                let identity = Identity::new(ROOT, user, spread);
                assert!(identity.outside().0 >= FIRST_BASE, "{identity:?}");
                assert!(identity.outside().0 < 0x7000_0000, "{identity:?}");
            }
        }
    }

    #[test]
    fn ids_beyond_the_range_cannot_be_mapped() {
        let ids = |uid| Identity::new(ROOT, BoxUser::Ids { uid, gid: 0 }, 0).is_mappable();
        assert!(ids(65_535));
        assert!(!ids(65_536));
    }
}
