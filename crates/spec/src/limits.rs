//! Sizes and resource limits, in units that are part of the type.

use crate::Sourced;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A resource that setrlimit(2) limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of setrlimit(2)")]
pub enum Resource {
    As,
    Cpu,
    Data,
    Fsize,
    Locks,
    Memlock,
    Msgqueue,
    Nice,
    Nofile,
    Nproc,
    Rss,
    Rtprio,
    Rttime,
    Sigpending,
    Stack,
}

/// `--ulimit NAME=SOFT[:HARD]`; `u64::MAX` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// What is limited.
    pub resource: Resource,
    /// The limit in force, in the resource's own unit.
    pub soft: u64,
    /// How far the payload may raise it.
    pub hard: u64,
}

/// What a box may take, beside the limits of setrlimit(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory, that of files in memory included.
    pub memory: Sourced<Memory>,
    /// Memory and swap together; none: twice the memory, as podman has it.
    pub swap: Option<Sourced<Swap>>,
    /// Processor time.
    pub cpus: Option<Sourced<Cpus>>,
    /// Processes and threads.
    pub pids: Sourced<Pids>,
    /// Bytes in `/tmp`, `/run`, the home and `/dev/shm` together; none: drybox's default.
    pub storage: Option<Sourced<ByteSize>>,
    /// Where the limits of setrlimit(2) begin that no `--ulimit` names.
    pub ulimits: Sourced<Ulimits>,
}

/// How much memory a box may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// As much as leaves the host usable.
    Spare,
    /// So much.
    Most(ByteSize),
    /// As much as it wants (`--memory 0`).
    Unlimited,
}

/// How much memory and swap together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// So much, memory included.
    Most(ByteSize),
    /// As much swap as it wants (`--memory-swap -1`).
    Unlimited,
}

/// Processor time, in microseconds of each 100 milliseconds: 150,000 are one and a half processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpus(pub u64);

/// How many processes and threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pids {
    /// So many, drybox's own init not counted.
    Most(u32),
    /// As many as the caller may have (`--pids-limit 0`).
    Unlimited,
}

/// Where the limits of setrlimit(2) begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ulimits {
    /// At drybox's own, where the caller's are higher.
    Lowered,
    /// At the caller's (`--ulimit host`).
    Host,
}

/// Processes and threads by default: twice what podman allows (2048), which a parallel build on a
/// machine with a hundred processors can reach, and few enough for the host to stay usable.
pub const DEFAULT_PIDS: u32 = 4096;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Sourced::default_of(Memory::Spare),
            swap: None,
            cpus: None,
            pids: Sourced::default_of(Pids::Most(DEFAULT_PIDS)),
            storage: None,
            ulimits: Sourced::default_of(Ulimits::Lowered),
        }
    }
}
