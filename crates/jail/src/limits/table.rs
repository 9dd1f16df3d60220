//! The limits that every box has, whoever asked for it: one table.

use std::ffi::CStr;

use drybox_spec::Resource;

/// A limit that is in force by default.
#[derive(Debug)]
#[non_exhaustive]
pub struct DefaultLimit {
    /// Its stable name.
    pub id: &'static str,
    /// What a box may take.
    pub most: &'static str,
    /// What keeps it.
    pub keeper: Keeper,
    /// Why there is a limit, and why so high a one.
    pub why: &'static str,
}

/// What keeps a limit.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Keeper {
    /// setrlimit(2).
    Rlimit(Lowered),
    /// A file below `/proc/sys/user`, that of the box's own user namespace (namespaces(7)).
    Half(&'static CStr),
    /// `RLIMIT_NPROC` and, since Linux 6.14, the pid namespace's own highest number.
    Pids(&'static CStr),
    /// `oom_score_adj`: when memory runs out the kernel ends the box first.
    FirstToDie(&'static CStr),
    /// The options of each tmpfs.
    Tmpfs,
    /// The supervisor, which looks.
    Watchdog,
}

/// A limit of setrlimit(2) that is lowered to what a box needs.
#[derive(Clone, Copy, Debug)]
pub struct Lowered {
    pub(super) resource: Resource,
    /// At most so much.
    pub(super) most: u64,
    /// At most half of what the caller has: the kernel counts it for the user, not for the box.
    pub(super) halved: bool,
}

impl Lowered {
    pub(super) const fn to(resource: Resource, most: u64) -> Self {
        Self { resource, most, halved: false }
    }

    const fn halved(resource: Resource, most: u64) -> Self {
        Self { resource, most, halved: true }
    }
}

/// Every limit that a box has by default.
#[rustfmt::skip] // one row a line
pub const DEFAULT_LIMITS: &[DefaultLimit] = &[
    row("pids", "4,096 processes and threads", Keeper::Pids(c"/proc/sys/kernel/pid_max"), "a fork bomb; twice what podman allows: a parallel build on a machine with a hundred processors, a browser, a JVM stay far below"),
    row("memory", "three quarters of the host's memory; a quarter when the host has less than a sixteenth left", Keeper::Watchdog, "a program that takes memory until the host stands still; what a build needs on a machine that can run it at all"),
    row("oom", "ended before anything else when memory runs out", Keeper::FirstToDie(c"/proc/self/oom_score_adj"), "the kernel would choose the largest process, which may be the user's own"),
    row("scratch", "half of the host's memory, or `--memory`; a million files", Keeper::Tmpfs, "a full /tmp is memory that no process holds; half is the kernel's own default"),
    row("nofile", "65,536 descriptors a process", Keeper::Rlimit(Lowered::to(Resource::Nofile, 1 << 16)), "the kernel's table of open files is the host's; databases ask for 65,535, and programs that close every possible descriptor are slow above"),
    row("memlock", "64 MiB a process", Keeper::Rlimit(Lowered::to(Resource::Memlock, 64 << 20)), "locked memory cannot be swapped; eight times what a distribution gives a user, where that is lowered at all"),
    row("sigpending", "16,384 queued signals, at most half of the user's", Keeper::Rlimit(Lowered::halved(Resource::Sigpending, 1 << 14)), "counted for the user: timers of other programs would fail; a timer or queued signal each"),
    row("msgqueue", "half of the user's bytes in POSIX message queues", Keeper::Rlimit(Lowered::halved(Resource::Msgqueue, 819_200)), "counted for the user; five queues of the default size fit"),
    row("nice", "no priority above the caller's", Keeper::Rlimit(Lowered::to(Resource::Nice, 0)), "who may raise it on the host (audio groups) is not who runs inside"),
    row("rtprio", "no real-time priority", Keeper::Rlimit(Lowered::to(Resource::Rtprio, 0)), "a real-time loop holds a processor for ever"),
    row("inotify-watches", "half of the user's", Keeper::Half(c"/proc/sys/user/max_inotify_watches"), "counted for the user: an editor outside could watch nothing any more; half is enough for a file watcher in a large tree"),
    row("inotify-instances", "half of the user's", Keeper::Half(c"/proc/sys/user/max_inotify_instances"), "as above; a development server takes a handful"),
];

const fn row(
    id: &'static str,
    most: &'static str,
    keeper: Keeper,
    why: &'static str,
) -> DefaultLimit {
    DefaultLimit { id, most, keeper, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_row() {
        let page = include_str!("../../../../docs/limits.md");
        for row in DEFAULT_LIMITS {
            assert!(page.contains(&format!("| `{}` | {} | ", row.id, row.most)), "{}", row.id);
            assert!(page.contains(&format!(" | {} |\n", row.why)), "{}", row.id);
        }
    }

    #[test]
    fn every_limit_is_there_once_and_says_why() {
        for (nth, row) in DEFAULT_LIMITS.iter().enumerate() {
            assert!(row.why.len() > 5 && !row.why.ends_with('.'), "{}", row.id);
            assert!(DEFAULT_LIMITS[nth + 1..].iter().all(|other| other.id != row.id), "{}", row.id);
        }
    }
}
