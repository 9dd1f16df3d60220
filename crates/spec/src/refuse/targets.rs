//! Places inside that no share and no scratch space may cover.

use super::Reach;
use super::Reach::{Above, Around, Below, Exact};

/// A place inside.
#[derive(Debug, PartialEq, Eq)]
pub struct TargetRule {
    /// Where.
    pub path: &'static str,
    /// Which targets touch it.
    pub reach: Reach,
    /// Why it may not be covered.
    pub why: &'static str,
    /// Where to put it instead.
    pub instead: &'static str,
}

/// Every row; the first that fits speaks.
pub const TARGETS: &[TargetRule] = &[
    row("/", Exact, "it would cover the whole box", "a directory below it, as /data"),
    row("/proc", Around, "it shows the box's own processes", ELSEWHERE),
    row("/sys", Around, "a box has none", ELSEWHERE),
    row("/dev", Around, "it holds the box's own devices", "--shm-size SIZE for /dev/shm"),
    row("/usr", Around, PROGRAMS, "/opt or /data"),
    row("/bin", Around, PROGRAMS, "/opt or /data"),
    row("/sbin", Around, PROGRAMS, "/opt or /data"),
    row("/lib", Around, PROGRAMS, "/opt or /data"),
    row("/lib32", Around, PROGRAMS, "/opt or /data"),
    row("/lib64", Around, PROGRAMS, "/opt or /data"),
    row("/libx32", Around, PROGRAMS, "/opt or /data"),
    row("/etc", Exact, "drybox makes the box's own", "one file of it"),
    row("/etc/passwd", Around, "it names the box's own users", "-u UID:GID"),
    row("/etc/group", Around, "it names the box's own users", "-u UID:GID"),
    row("/etc/shadow", Around, "a box has no passwords", ELSEWHERE),
    row("/etc/hosts", Around, "it names the box itself", "--hostname NAME"),
    row("/etc/hostname", Around, "it names the box itself", "--hostname NAME"),
    row("/etc/resolv.conf", Around, "a box has no network", ELSEWHERE),
    row("/etc/nsswitch.conf", Around, "it says where the box's names come from", ELSEWHERE),
    row("/etc/ld.so.preload", Around, "it would enter every program inside", "-e LD_PRELOAD=FILE"),
    row(
        "/etc/ld.so.cache",
        Around,
        "it says where the box's libraries are",
        "-e LD_LIBRARY_PATH=DIR",
    ),
    row("/.drybox", Around, "it is drybox's own", ELSEWHERE),
    row("/run/drybox", Below, "it is drybox's own", ELSEWHERE),
    row(
        "/home",
        Exact,
        "it would cover the payload's home",
        "/home/agent, or a directory below it",
    ),
];

const fn row(
    path: &'static str,
    reach: Reach,
    why: &'static str,
    instead: &'static str,
) -> TargetRule {
    TargetRule { path, reach, why, instead }
}

const ELSEWHERE: &str = "another place, as /data";
const PROGRAMS: &str = "the programs inside come from there";

impl Reach {
    /// True when something at `path` touches the place: both normalised, compared by components.
    #[must_use]
    pub fn touches(self, path: &[u8], place: &[u8]) -> bool {
        let below = || crate::path::is_within(path, place);
        let above = || crate::path::is_within(place, path);
        match self {
            Exact => path == place,
            Above => above(),
            Below => below(),
            Around => below() || above(),
        }
    }
}
