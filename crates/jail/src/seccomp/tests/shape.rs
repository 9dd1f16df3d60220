//! What the kernel asks of a program, and what it costs.

use std::collections::BTreeSet;

use super::{Arch, PROGRAMS, call_number};
use crate::seccomp::FILTER;
use crate::seccomp::compile::NUMBERS;
use crate::seccomp::compile::program::LONGEST;

#[test]
fn the_filter_in_force_is_this_machines() {
    let ours = if cfg!(target_arch = "x86_64") { Arch::X86_64 } else { Arch::Aarch64 };
    let (_, program) = PROGRAMS.into_iter().find(|(arch, _)| *arch == ours).unwrap();
    assert_eq!(FILTER.as_ptr(), program.as_ptr());
}

#[test]
fn programs_are_short_end_in_a_return_and_jump_within_themselves() {
    for (arch, program) in PROGRAMS {
        assert!(program.len() <= LONGEST, "{arch:?}: {}", program.len());
        assert_eq!(program.last().unwrap().code, 0x06, "{arch:?}");
        for (at, instruction) in program.iter().enumerate() {
            let reach = at + 1 + usize::from(instruction.jt.max(instruction.jf));
            assert!(reach < program.len() || instruction.code == 0x06, "{arch:?} {at}");
        }
    }
}

/// The kernel runs the program once a number when it loads it, so the length of these paths is
/// what a start pays for.
#[test]
fn the_way_to_a_verdict_is_short() {
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let steps: Vec<usize> = (0..u32::try_from(NUMBERS).unwrap())
            .map(|nr| call_number(arch, nr, [0; 6]))
            .filter(|run| !run.saw_arguments)
            .map(|run| run.steps)
            .collect();
        let mean = steps.iter().sum::<usize>() / steps.len();
        assert!(mean <= 13, "{arch:?}: {mean} instructions for a call, on average");
        assert!(*steps.iter().max().unwrap() <= 21, "{arch:?}: {steps:?}");
    }
}

#[test]
fn every_instruction_can_run() {
    let edges = [0, 1, 2, 4, 6, 10, 16, 17, 26, 31, 50, 52, 53, 100, 0x1002, 0x1022, 0x5002, 8];
    let requests = [0x5402, 0x5412, 0x5423, 0x5441, 0x5451, 0x8913, 0x8919, 0x891b, 0x8921];
    let more = [0x8927, 0x8933, 0x4004_5431, 0x4004_9409, 0x402c_542b, 0x8004_5430, 0x8008_6601];
    let last = [0x802c_542a, 0x4155_5856, 0x5356_4d41, 0x5961_6d61, 0x4_0000, 36, 57, 0x5421];
    let end = [0x5428, 0x5410, 0x541b, u64::MAX, 0x7e02_0000, 1 << 32];
    let values: Vec<u64> = [&edges[..], &requests, &more, &last, &end].concat();
    for (arch, program) in PROGRAMS {
        let mut visited = BTreeSet::from([program.len() - 1]);
        for nr in 0..u32::try_from(NUMBERS).unwrap() {
            if !call_number(arch, nr, [0; 6]).saw_arguments {
                visited.extend(call_number(arch, nr, [0; 6]).visited);
                continue;
            }
            for (&first, &second) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b)))
            {
                let [a, b] = [[first, second, second], [first, first, second]];
                visited.extend(call_number(arch, nr, [a[0], a[1], a[2], 0, 0, 0]).visited);
                visited.extend(call_number(arch, nr, [b[0], b[1], b[2], 0, 0, 0]).visited);
            }
        }
        let never: Vec<usize> = (0..program.len()).filter(|at| !visited.contains(at)).collect();
        assert_eq!(never, Vec::<usize>::new(), "{arch:?}: dead code costs a start too");
    }
}
