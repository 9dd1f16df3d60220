//! Which files of a cgroup keep a limit: a table for each version of the hierarchy.

use drybox_spec::{Cpus, Limits, Memory, Pids, Source, Swap};

use super::Version;

/// A controller that keeps a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of cgroups(7)")]
pub enum Controller {
    Memory,
    Cpu,
    Pids,
}

impl Controller {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Cpu, Self::Pids];

    /// As the kernel spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Pids => "pids",
        }
    }
}

/// The limits that a cgroup is to keep: those that the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Memory and swap together; none: twice the memory.
    pub swap: Option<Swap>,
    /// Processor time.
    pub cpus: Option<Cpus>,
    /// Processes and threads.
    pub pids: Option<u32>,
}

impl Wanted {
    /// What of these limits the user asked for.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        let memory = match limits.memory.value {
            Memory::Most(size) => Some(size.0),
            Memory::Spare | Memory::Unlimited => None,
        };
        let pids = match (limits.pids.value, &limits.pids.from) {
            (_, Source::Default) | (Pids::Unlimited, _) => None,
            (Pids::Most(most), _) => Some(most),
        };
        let swap = limits.swap.as_ref().map(|swap| swap.value);
        let cpus = limits.cpus.as_ref().map(|cpus| cpus.value);
        Self { memory, swap, cpus, pids }
    }

    /// Whether there is anything to keep.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.memory.is_none() && self.cpus.is_none() && self.pids.is_none()
    }

    /// Whether this controller is needed.
    #[must_use]
    pub const fn needs(&self, controller: Controller) -> bool {
        match controller {
            Controller::Memory => self.memory.is_some(),
            Controller::Cpu => self.cpus.is_some(),
            Controller::Pids => self.pids.is_some(),
        }
    }

    /// What is written, in order.
    pub(super) fn settings(&self, controller: Controller, version: Version) -> Vec<Setting> {
        match (controller, version) {
            (Controller::Memory, version) => {
                self.memory.map(|memory| self.memory_settings(memory, version)).unwrap_or_default()
            }
            (Controller::Cpu, Version::One) => self.cpus.map_or_else(Vec::new, |Cpus(quota)| {
                vec![
                    Setting::new("cpu.cfs_period_us", PERIOD),
                    Setting::new("cpu.cfs_quota_us", quota),
                ]
            }),
            (Controller::Cpu, Version::Two) => {
                let text = |Cpus(quota)| Setting {
                    file: "cpu.max",
                    value: format!("{quota} {PERIOD}"),
                    needed: true,
                };
                self.cpus.map(text).into_iter().collect()
            }
            (Controller::Pids, _) => {
                // Init is one of them.
                let most = |most| u64::from(most).saturating_add(1);
                self.pids.map(|pids| Setting::new("pids.max", most(pids))).into_iter().collect()
            }
        }
    }

    fn memory_settings(&self, memory: u64, version: Version) -> Vec<Setting> {
        let both = match self.swap {
            Some(Swap::Most(both)) => Some(both.0),
            Some(Swap::Unlimited) => None,
            None => Some(memory.saturating_mul(2)),
        };
        // A kernel that does not count swap has no such file; podman's own default needs none.
        let needed = matches!(self.swap, Some(Swap::Most(_)));
        let (first, swap) = match version {
            // Version 1 counts both together, and refuses less than the memory: memory comes first.
            Version::One => {
                ("memory.limit_in_bytes", both.map(|both| ("memory.memsw.limit_in_bytes", both)))
            }
            Version::Two => {
                ("memory.max", both.map(|both| ("memory.swap.max", both.saturating_sub(memory))))
            }
        };
        let swap = swap.map(|(file, value)| Setting { file, value: value.to_string(), needed });
        [Some(Setting::new(first, memory)), swap].into_iter().flatten().collect()
    }
}

/// One file, and what is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) file: &'static str,
    pub(super) value: String,
    /// Without it the limit would not be what was asked for.
    pub(super) needed: bool,
}

impl Setting {
    fn new(file: &'static str, value: u64) -> Self {
        Self { file, value: value.to_string(), needed: true }
    }
}

/// The period in which processor time is counted, in microseconds: the kernel's default, and
/// podman's.
const PERIOD: u64 = 100_000;
