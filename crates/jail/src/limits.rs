//! Resource limits that setrlimit(2) keeps.

use drybox_spec::{Resource, Ulimit};
use drybox_sys::{Rlimit, wall};

/// The limits of a payload: no crash dumps, and what the user asked for.
pub(crate) fn rlimits(asked: &[Ulimit]) -> Vec<Rlimit> {
    let mut limits = Vec::with_capacity(asked.len().saturating_add(1));
    // 1 is the one value with which the kernel does not start the host's core helper either
    // (fs/coredump.c). Under a hard limit of 0 the child leaves it there.
    limits.extend_from_slice(wall!("core-limit", CORE));
    limits.extend(asked.iter().map(|limit| Rlimit {
        resource: number(limit.resource),
        soft: limit.soft,
        hard: limit.hard,
    }));
    limits
}

const CORE: &[Rlimit] = &[Rlimit { resource: libc::RLIMIT_CORE, soft: 1, hard: 1 }];

const fn number(resource: Resource) -> u32 {
    match resource {
        Resource::As => libc::RLIMIT_AS,
        Resource::Cpu => libc::RLIMIT_CPU,
        Resource::Data => libc::RLIMIT_DATA,
        Resource::Fsize => libc::RLIMIT_FSIZE,
        Resource::Locks => libc::RLIMIT_LOCKS,
        Resource::Memlock => libc::RLIMIT_MEMLOCK,
        Resource::Msgqueue => libc::RLIMIT_MSGQUEUE,
        Resource::Nice => libc::RLIMIT_NICE,
        Resource::Nofile => libc::RLIMIT_NOFILE,
        Resource::Nproc => libc::RLIMIT_NPROC,
        Resource::Rss => libc::RLIMIT_RSS,
        Resource::Rtprio => libc::RLIMIT_RTPRIO,
        Resource::Rttime => libc::RLIMIT_RTTIME,
        Resource::Sigpending => libc::RLIMIT_SIGPENDING,
        Resource::Stack => libc::RLIMIT_STACK,
        // The spec room may grow; a resource that this room does not know is never set.
        _ => u32::MAX,
    }
}
