//! What a box may take, as `--explain` says it.

use drybox_spec::{ByteSize, Limits, Memory, Pids, Swap, Ulimits};

use super::{Setting, row};

pub(super) fn rows(limits: &Limits) -> Vec<Setting> {
    let bytes = |size: &ByteSize| format!("{} bytes", size.0);
    let mut rows = vec![
        row("memory", &limits.memory, |memory| match memory {
            Memory::Spare => "what the host can spare".to_owned(),
            Memory::Most(size) => bytes(size),
            Memory::Unlimited => "unlimited".to_owned(),
        }),
        row("pids-limit", &limits.pids, |pids| match pids {
            Pids::Most(most) => most.to_string(),
            Pids::Unlimited => "unlimited".to_owned(),
        }),
        row("ulimits", &limits.ulimits, |ulimits| {
            match ulimits {
                Ulimits::Lowered => "yours, lowered",
                Ulimits::Host => "yours",
            }
            .to_owned()
        }),
    ];
    rows.extend(limits.swap.iter().map(|swap| {
        row("memory-swap", swap, |swap| match swap {
            Swap::Most(size) => bytes(size),
            Swap::Unlimited => "unlimited".to_owned(),
        })
    }));
    rows.extend(
        limits
            .cpus
            .iter()
            .map(|cpus| row("cpus", cpus, |cpus| format!("{} us of each 100000", cpus.0))),
    );
    rows.extend(limits.storage.iter().map(|size| row("storage", size, bytes)));
    rows
}
