//! The compiled programs against a plain reading of the table.

use super::{Answer, Arch, Errno, call_number, families};
use crate::seccomp::table::{Arg, Cond, Rule, Span, Verdict};

#[test]
fn every_number_gets_the_verdict_of_its_row_and_unknown_ones_enosys() {
    for arch in [Arch::X86_64, Arch::Aarch64] {
        for nr in 0..=1024 {
            match verdict_of(arch, nr) {
                Verdict::Always(answer) => {
                    let run = call_number(arch, nr, [u64::MAX; 6]);
                    assert_eq!(run.answer(), Some(answer), "{arch:?} {nr}");
                    assert!(!run.saw_arguments, "{arch:?} {nr}: the kernel can remember it");
                }
                Verdict::By(rule) => check_rule(arch, nr, rule),
            }
        }
    }
}

/// Compares on every combination of the values at which a condition could change its mind, with
/// the upper half of the register clear and full of garbage.
fn check_rule(arch: Arch, nr: u32, rule: &Rule) {
    let values: [Vec<u64>; 6] = std::array::from_fn(|index| interesting(rule, index));
    let combinations: usize = values.iter().map(Vec::len).product();
    assert!(combinations < 2_000_000, "{nr}: too many to try all");
    for combination in 0..combinations {
        let mut rest = combination;
        let args: [u64; 6] = std::array::from_fn(|index| {
            let value = values[index][rest % values[index].len()];
            rest /= values[index].len();
            value
        });
        let answer = call_number(arch, nr, args).answer();
        assert_eq!(answer, Some(read_rule(rule, args)), "{arch:?} {nr} {args:x?}");
    }
}

fn interesting(rule: &Rule, index: usize) -> Vec<u64> {
    let mut values = vec![0_u64];
    for cond in rule.clauses.iter().flat_map(|clause| clause.when) {
        match cond {
            Cond::In(arg, spans) | Cond::NotIn(arg, spans) if usize::from(arg.index) == index => {
                for Span(first, last) in *spans {
                    let edges = [first.wrapping_sub(1), *first, *last, last.wrapping_add(1)];
                    values.extend(edges.map(u64::from));
                    values.extend(edges.map(|edge| u64::from(edge | !arg.mask)));
                }
            }
            Cond::AnyBit(arg) if usize::from(arg.index) == index => {
                values.extend((0..32).map(|bit| 1_u64 << bit));
                values.extend([u64::from(arg.mask), u64::from(!arg.mask)]);
            }
            Cond::NotNull(i) if usize::from(*i) == index => values.extend([1, 1 << 31]),
            Cond::In(..) | Cond::NotIn(..) | Cond::AnyBit(_) | Cond::NotNull(_) => {}
        }
    }
    values.sort_unstable();
    values.dedup();
    if values.len() > 1 {
        let garbage = values.iter().map(|value| value | 0xdead_beef_0000_0000);
        values = values.iter().copied().chain(garbage).collect();
    }
    values
}

fn verdict_of(arch: Arch, nr: u32) -> Verdict {
    families()
        .find(|family| family.calls.iter().any(|call| arch.number(call) == Some(nr)))
        .map_or(Verdict::Always(Answer::Refuse(Errno::NoSys)), |family| family.verdict)
}

fn read_rule(rule: &Rule, args: [u64; 6]) -> Answer {
    let low =
        |arg: &Arg| u32::try_from(args[usize::from(arg.index)] & u64::from(arg.mask)).unwrap();
    let lies_in = |arg: &Arg, spans: &[Span]| {
        spans.iter().any(|Span(first, last)| (*first..=*last).contains(&low(arg)))
    };
    let holds = |cond: &Cond| match cond {
        Cond::In(arg, spans) => lies_in(arg, spans),
        Cond::NotIn(arg, spans) => !lies_in(arg, spans),
        Cond::AnyBit(arg) => low(arg) != 0,
        Cond::NotNull(index) => args[usize::from(*index)] != 0,
    };
    rule.clauses
        .iter()
        .find(|clause| clause.when.iter().all(holds))
        .map_or(rule.otherwise, |clause| clause.then)
}
