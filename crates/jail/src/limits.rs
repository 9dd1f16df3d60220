//! What is limited without a cgroup: by setrlimit(2), by files of `/proc`, by the size of a tmpfs.

use std::ffi::{CStr, CString};

use drybox_spec::{ByteSize, Limits, Memory, Pids, Resource, Source, Ulimit, Ulimits};
use drybox_sys::{FIRST_TO_DIE, Knob, Rlimit, own_limit, wall};
use rustix::fs::{Mode, OFlags, open};

use crate::Identity;

mod table;

use table::Lowered;
pub use table::{DEFAULT_LIMITS, DefaultLimit, Keeper};

/// The limits of one payload.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) rlimits: Vec<Rlimit>,
    knobs: Vec<(&'static CStr, CString)>,
}

impl Kept {
    /// Computes them: no crash dumps, drybox's own where the caller's are higher, and what the user
    /// asked for. Asks the kernel for the caller's own.
    pub(crate) fn new(limits: &Limits, asked: &[Ulimit], identity: Identity) -> Self {
        // 1 is the one value with which the kernel does not start the host's core helper either
        // (fs/coredump.c). Under a hard limit of 0 the child leaves it there.
        let mut rlimits = wall!("core-limit", CORE).to_vec();
        let mut knobs = Vec::new();
        let lowers = limits.ulimits.value == Ulimits::Lowered;
        for row in DEFAULT_LIMITS {
            #[cfg(drybox_weaken)]
            if drybox_sys::is_gone(&format!("limit-{}", row.id)) {
                continue;
            }
            match row.keeper {
                Keeper::Rlimit(lowered) if lowers && !is_asked(asked, lowered.resource) => {
                    rlimits.extend(lowered.rlimit());
                }
                Keeper::Half(path) => knobs.extend(half(path).map(|half| (path, half))),
                Keeper::Pids(path) => {
                    if let Pids::Most(most) = limits.pids.value {
                        knobs.push((path, number(highest_pid(most))));
                    }
                }
                // The parent of a child of real root writes it: no file of `/proc` is the child's.
                Keeper::FirstToDie(path) => {
                    if let Identity::User { .. } = identity {
                        knobs.push((path, CString::new(FIRST_TO_DIE).unwrap_or_default()));
                    }
                }
                Keeper::Rlimit(_) | Keeper::Tmpfs | Keeper::Watchdog => {}
            }
        }
        let processes = nproc(limits, asked);
        rlimits.extend_from_slice(wall!("limit-pids", processes.as_slice()));
        let others = asked.iter().filter(|limit| limit.resource != Resource::Nproc);
        rlimits.extend(others.map(|limit| as_rlimit(*limit)));
        Self { rlimits, knobs }
    }

    /// Files of `/proc`, for the child to write.
    pub(crate) fn knobs(&self) -> Vec<Knob<'_>> {
        let knobs = self.knobs.iter();
        knobs.map(|(path, value)| Knob { path, value: value.as_bytes() }).collect()
    }

    /// The path of a knob.
    pub(crate) fn knob(&self, index: usize) -> Option<&'static CStr> {
        self.knobs.get(index).map(|(path, _)| *path)
    }
}

const CORE: &[Rlimit] = &[Rlimit { resource: libc::RLIMIT_CORE, soft: 1, hard: 1 }];

/// The size of the scratch space as tmpfs(5) writes it: half of the memory is the kernel's own
/// default, and no more than the box may take at all.
pub(crate) fn scratch_size(limits: &Limits) -> CString {
    let asked = limits.storage.as_ref().map(|size| size.value);
    let bytes = asked.or(match limits.memory.value {
        Memory::Most(size) if size < half_of_memory() => Some(size),
        _ => None,
    });
    bytes.map_or_else(|| HALF.to_owned(), |ByteSize(bytes)| number(bytes))
}

/// The size of a tmpfs that says none.
pub(crate) const HALF: &CStr = c"50%";
/// How many files a tmpfs may hold: each costs about a kilobyte of memory that `size=` does not
/// count.
pub(crate) const INODES: &CStr = c"1m";

/// `RLIMIT_NPROC`, counted within the box's user namespace (since Linux 5.14): init is one of them.
fn nproc(limits: &Limits, asked: &[Ulimit]) -> Option<Rlimit> {
    let by_name = asked.iter().find(|limit| limit.resource == Resource::Nproc);
    let most = match limits.pids.value {
        Pids::Most(most) => u64::from(most).saturating_add(1),
        Pids::Unlimited => u64::MAX,
    };
    match by_name {
        Some(limit) if limits.pids.from == Source::Default => Some(as_rlimit(*limit)),
        Some(limit) => {
            let (soft, hard) = (limit.soft.min(most), limit.hard.min(most));
            Some(as_rlimit(Ulimit { soft, hard, ..*limit }))
        }
        None => Lowered::to(Resource::Nproc, most).rlimit(),
    }
}

/// Numbers below 300 are given out once only (`RESERVED_PIDS`, Linux kernel/pid.c), so that a limit
/// on numbers is a limit on processes only with these on top; less is refused.
fn highest_pid(most: u32) -> u64 {
    u64::from(most).saturating_add(302)
}

/// Half of what a file of `/proc/sys/user` allows the caller.
fn half(path: &CStr) -> Option<CString> {
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0_u8; 24];
    let length = rustix::io::read(&file, &mut text).ok()?;
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    Some(number(text.trim_end().parse::<u64>().ok()? / 2))
}

fn half_of_memory() -> ByteSize {
    let memory = rustix::system::sysinfo();
    ByteSize(memory.totalram.saturating_mul(memory.mem_unit.into()) / 2)
}

fn number(number: u64) -> CString {
    CString::new(number.to_string()).unwrap_or_default()
}

fn is_asked(asked: &[Ulimit], resource: Resource) -> bool {
    asked.iter().any(|limit| limit.resource == resource)
}

const fn as_rlimit(limit: Ulimit) -> Rlimit {
    Rlimit { resource: as_number(limit.resource), soft: limit.soft, hard: limit.hard }
}

impl Lowered {
    /// The limit; none when the caller's own is as low already, for nobody may raise it.
    fn rlimit(self) -> Option<Rlimit> {
        // Where nobody tells, it is lowered all the same; the child says so if it cannot.
        let own = own_limit(as_number(self.resource));
        let (own_soft, own_hard) = own.unwrap_or((u64::MAX, u64::MAX));
        let most = if self.halved { self.most.min(own_hard / 2) } else { self.most };
        let (soft, hard) = (own_soft.min(most), own_hard.min(most));
        let lower = (soft, hard) != (own_soft, own_hard);
        lower.then(|| as_rlimit(Ulimit { resource: self.resource, soft, hard }))
    }
}

const fn as_number(resource: Resource) -> u32 {
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

#[cfg(test)]
mod tests {
    use drybox_spec::{DEFAULT_PIDS, Sourced};

    use super::*;

    const USER: Identity = Identity::User { host: (1000, 1000), inside: (1000, 1000) };

    fn of(kept: &Kept, resource: u32) -> Vec<(u64, u64)> {
        let rows = kept.rlimits.iter().filter(|limit| limit.resource == resource);
        rows.map(|limit| (limit.soft, limit.hard)).collect()
    }

    #[test]
    fn a_default_never_raises_what_the_caller_has() {
        for row in DEFAULT_LIMITS {
            let Keeper::Rlimit(lowered) = row.keeper else { continue };
            let (soft, hard) = own_limit(as_number(lowered.resource)).unwrap();
            if let Some(limit) = lowered.rlimit() {
                assert!(limit.soft <= limit.hard, "{}", row.id);
                assert!(limit.soft <= soft && limit.hard <= hard, "{}", row.id);
            }
        }
    }

    #[test]
    fn processes_are_counted_with_init_and_the_lower_of_two_limits_holds() {
        let pids = |most| Limits {
            pids: Sourced::new(Pids::Most(most), Source::Flag("--pids-limit")),
            ..Limits::default()
        };
        let nproc = |soft| Ulimit { resource: Resource::Nproc, soft, hard: soft };
        let kept = Kept::new(&pids(50), &[], USER);
        assert_eq!(of(&kept, libc::RLIMIT_NPROC), [(51, 51)]);
        let (path, value) =
            &kept.knobs.iter().find(|(path, _)| path.to_bytes().ends_with(b"pid_max")).unwrap();
        assert_eq!(
            (path.to_bytes(), value.as_bytes()),
            (&b"/proc/sys/kernel/pid_max"[..], &b"352"[..])
        );
        assert_eq!(of(&Kept::new(&pids(50), &[nproc(20)], USER), libc::RLIMIT_NPROC), [(20, 20)]);
        assert_eq!(of(&Kept::new(&pids(50), &[nproc(99)], USER), libc::RLIMIT_NPROC), [(51, 51)]);
        let default = Kept::new(&Limits::default(), &[nproc(9999)], USER);
        assert_eq!(of(&default, libc::RLIMIT_NPROC), [(9999, 9999)]);
        let most = u64::from(DEFAULT_PIDS) + 1;
        let default = of(&Kept::new(&Limits::default(), &[], USER), libc::RLIMIT_NPROC);
        assert!(default.iter().all(|&(soft, hard)| soft <= most && hard <= most), "{default:?}");
    }

    #[test]
    fn what_the_user_names_is_taken_as_it_is() {
        let files = Ulimit { resource: Resource::Nofile, soft: 10, hard: 70_000 };
        let kept = Kept::new(&Limits::default(), &[files], USER);
        assert_eq!(of(&kept, libc::RLIMIT_NOFILE), [(10, 70_000)]);
        let host = Limits { ulimits: Sourced::default_of(Ulimits::Host), ..Limits::default() };
        let kept = Kept::new(&host, &[], USER);
        for row in DEFAULT_LIMITS {
            if let Keeper::Rlimit(lowered) = row.keeper {
                assert_eq!(of(&kept, as_number(lowered.resource)), [], "{}", row.id);
            }
        }
    }

    #[test]
    fn scratch_space_is_no_larger_than_the_memory() {
        let memory = |bytes| Limits {
            memory: Sourced::default_of(Memory::Most(ByteSize(bytes))),
            ..Limits::default()
        };
        assert_eq!(scratch_size(&Limits::default()).as_c_str(), c"50%");
        assert_eq!(scratch_size(&memory(64 << 20)).as_c_str(), c"67108864");
        assert_eq!(scratch_size(&memory(u64::MAX)).as_c_str(), c"50%");
        let storage = Some(Sourced::default_of(ByteSize(5)));
        assert_eq!(scratch_size(&Limits { storage, ..memory(64 << 20) }).as_c_str(), c"5");
    }
}
