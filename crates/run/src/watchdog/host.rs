//! How much memory the host has, and has left.

use super::process::field;

/// What `/proc/meminfo` says, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HostMemory {
    pub(super) total: u64,
    /// What programs could still take without swapping.
    pub(super) available: u64,
    /// Memory in files and shared memory, everybody's.
    pub(super) shared: u64,
}

impl HostMemory {
    pub(super) fn now() -> Option<Self> {
        Self::parse(&std::fs::read("/proc/meminfo").ok()?)
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Some(Self {
            total: field(text, b"MemTotal")?,
            available: field(text, b"MemAvailable")?,
            shared: field(text, b"Shmem")?,
        })
    }

    /// What everybody together has taken.
    pub(super) const fn used(&self) -> u64 {
        self.total.saturating_sub(self.available)
    }

    /// What the host is to keep: below that it would swap.
    pub(super) const fn reserve(&self) -> u64 {
        self.total / 16
    }
}
