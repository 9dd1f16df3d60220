//! The table of probes: a file a group, data only.

mod calls;
mod descriptors;
mod devices;
mod files;
mod identity;
mod kernel;
mod leaks;
mod network;
mod proc;
mod processes;

use crate::probe::{Arg, Attempt, Call, Control, Held, Probe};

/// Every probe, by group.
pub const PROBES: &[&[Probe]] = &[
    files::PROBES,
    proc::PROBES,
    devices::PROBES,
    identity::PROBES,
    calls::PROBES,
    kernel::PROBES,
    network::PROBES,
    processes::PROBES,
    descriptors::PROBES,
    leaks::PROBES,
];

/// The probe with this id.
#[must_use]
pub fn probe(id: &str) -> Option<&'static Probe> {
    PROBES.iter().flat_map(|group| group.iter()).find(|probe| probe.id == id)
}

/// A row whose control is the same attempt outside.
const fn row(
    id: &'static str,
    what: &'static str,
    attempt: Attempt,
    held: Held,
    source: &'static str,
) -> Probe {
    Probe { id, what, attempt, control: Control::Outside, held, source }
}

impl Probe {
    /// An ordinary user needs namespaces of its own to get this far outside.
    const fn capable(mut self) -> Self {
        self.control = Control::Capable;
        self
    }
}

const fn call(name: &'static str, number: i64, args: &'static [Arg]) -> Call {
    Call { name, number: Some(number), args }
}

/// A call that only x86-64 has.
const fn x86(name: &'static str, number: i64, args: &'static [Arg]) -> Call {
    let number = if cfg!(target_arch = "x86_64") { Some(number) } else { None };
    Call { name, number, args }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_is_listed_once_and_says_what_it_is() {
        let all: Vec<&Probe> = PROBES.iter().flat_map(|group| group.iter()).collect();
        for probe in &all {
            assert!(!probe.group().is_empty(), "{}", probe.id);
            assert!(!probe.what.is_empty() && !probe.source.is_empty(), "{}", probe.id);
            assert_eq!(all.iter().filter(|other| other.id == probe.id).count(), 1, "{}", probe.id);
            assert!(super::probe(probe.id).is_some());
        }
    }
}
