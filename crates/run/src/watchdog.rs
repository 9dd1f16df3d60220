//! Keeps a limit on memory where no cgroup does: looks how much the box takes, and says when it is
//! too much.
//!
//! How often it looks depends on how soon the limit could be met, so that a box that sleeps costs
//! next to nothing. Between two looks a box can take more than it may: best effort, and told.

use std::time::{Duration, Instant};

use drybox_spec::{ByteSize, Limits, Memory, Swap};
use rustix::io::Errno;

mod eye;
mod host;
mod process;
#[cfg(test)]
mod tests;

pub(crate) use eye::Eye;
use host::HostMemory;

/// Looks at one box.
#[derive(Debug)]
pub(crate) struct Watchdog {
    rule: Rule,
    eye: Eye,
    /// When to look next, and how long after the last look that is.
    next: Instant,
    pause: Duration,
    /// What the last look saw, in bytes.
    seen: u64,
}

/// What a look says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    TooMuch,
    /// A limit that was asked for cannot be watched.
    Blind(Errno),
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// What the host cannot spare.
    Spare,
    /// More than was asked for, in bytes: memory, and memory with swap.
    Most { memory: u64, both: Option<u64> },
}

/// How much memory a box takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) memory: u64,
    pub(crate) swap: u64,
}

/// The fastest that memory is taken, in bytes a second: four processors that clear pages.
const RATE: u64 = 8 << 30;
/// The shortest pause, and the longest for a limit that was asked for and for the default.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST_ASKED: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(2);
/// Before the first look at a box whose limit is the default: most boxes are over by then.
const FIRST: Duration = Duration::from_millis(500);
/// A look may take this part of the time: 1/20.
const SHARE: u32 = 20;

impl Rule {
    /// The rule for these limits; none: there is no limit.
    pub(crate) fn of(limits: &Limits) -> Option<Self> {
        match limits.memory.value {
            Memory::Spare => Some(Self::Spare),
            Memory::Unlimited => None,
            Memory::Most(ByteSize(memory)) => {
                let both = match limits.swap.as_ref().map(|swap| swap.value) {
                    Some(Swap::Most(ByteSize(both))) => Some(both),
                    Some(Swap::Unlimited) => None,
                    None => Some(memory.saturating_mul(2)),
                };
                Some(Self::Most { memory, both })
            }
        }
    }

    /// How many bytes more the box may surely take; none: it may be too much, look closer.
    fn spare(self, host: &HostMemory, taken: u64) -> Option<u64> {
        match self {
            // What nobody on the host has taken, the box has not.
            Self::Spare => {
                let own = (host.total / 4).saturating_mul(3).checked_sub(host.used())?;
                Some(own.min(host.available.checked_sub(host.reserve())?))
            }
            Self::Most { memory, .. } => memory.checked_sub(taken),
        }
    }

    /// Whether that much is too much.
    fn is_broken(self, host: &HostMemory, taken: Taken) -> bool {
        match self {
            Self::Spare => {
                let low = host.available < host.reserve();
                let most = if low { host.total / 4 } else { (host.total / 4).saturating_mul(3) };
                taken.memory > most
            }
            Self::Most { memory, both } => {
                let all = taken.memory.saturating_add(taken.swap);
                taken.memory > memory || both.is_some_and(|both| all > both)
            }
        }
    }

    const fn pauses(self) -> (Duration, Duration) {
        match self {
            Self::Spare => (FIRST, LONGEST),
            Self::Most { .. } => (SHORTEST, LONGEST_ASKED),
        }
    }
}

impl Watchdog {
    pub(crate) fn new(rule: Rule, eye: Eye) -> Self {
        let (pause, _) = rule.pauses();
        Self { rule, eye, next: Instant::now() + pause, pause, seen: 0 }
    }

    /// When to look next.
    pub(crate) const fn next(&self) -> Instant {
        self.next
    }

    /// Looks, when it is time.
    pub(crate) fn look(&mut self, now: Instant) -> Verdict {
        if now < self.next {
            return Verdict::Fine;
        }
        let verdict = self.judge();
        // The clock again: a look at many processes takes its time.
        let end = Instant::now();
        let least = end.saturating_duration_since(now).saturating_mul(SHARE);
        self.pause = self.pause.max(least);
        self.next = end + self.pause;
        verdict
    }

    fn judge(&mut self) -> Verdict {
        let Some(host) = HostMemory::now() else { return self.blind(Errno::NOENT) };
        if self.rule == Rule::Spare
            && let Some(spare) = self.rule.spare(&host, 0)
        {
            self.pause_for(spare, self.seen);
            return Verdict::Fine;
        }
        let taken = match self.eye.taken(&host, |taken| self.rule.is_broken(&host, taken)) {
            Ok(taken) => taken,
            // Nobody is there (yet, or any more).
            Err(Errno::SRCH) => return Verdict::Fine,
            Err(errno) => return self.blind(errno),
        };
        if self.rule.is_broken(&host, taken) {
            return Verdict::TooMuch;
        }
        self.pause_for(self.rule.spare(&host, taken.memory).unwrap_or(0), taken.memory);
        Verdict::Fine
    }

    fn blind(&mut self, errno: Errno) -> Verdict {
        match self.rule {
            // The default is best effort.
            Rule::Spare => {
                self.pause = LONGEST;
                Verdict::Fine
            }
            Rule::Most { .. } => Verdict::Blind(errno),
        }
    }

    /// Chooses the next pause: half of the time in which the limit could be met; while nothing
    /// changes, longer and longer ones.
    fn pause_for(&mut self, spare: u64, taken: u64) {
        // Nothing to spare, and perhaps not by the box's doing: it could be at any moment.
        let longest = if spare == 0 { LONGEST_ASKED } else { self.rule.pauses().1 };
        let soon = Duration::from_micros((spare / 2).saturating_mul(1_000_000) / RATE);
        let is_quiet = taken.abs_diff(self.seen) < QUIET;
        let pause = if is_quiet { soon.max(self.pause.saturating_mul(2)) } else { soon };
        self.pause = pause.clamp(SHORTEST, longest);
        self.seen = taken;
    }
}

/// A change that is none.
const QUIET: u64 = 1 << 20;
