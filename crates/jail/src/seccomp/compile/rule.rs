//! From a rule of the table to instructions.

use std::slice;

use super::program::{BPF_AND, BPF_JEQ, BPF_JSET, Label, Program};
use super::runs::Runs;
use crate::seccomp::table::{Arg, Clause, Cond, Rule, Span};

/// Writes a rule, and tells where it begins.
pub(super) const fn write_rule(program: &mut Program, rule: &Rule) -> Label {
    let mut next = Entry::at(program.answer(rule.otherwise));
    let mut clause = rule.clauses.len();
    while clause > 0 {
        clause -= 1;
        let fail = next;
        let Clause { when, then } = &rule.clauses[clause];
        next = Entry::at(program.answer(*then));
        let mut cond = when.len();
        while cond > 0 {
            cond -= 1;
            let come_from = if cond > 0 {
                slice::from_ref(&when[cond - 1])
            } else if clause > 0 {
                rule.clauses[clause - 1].when
            } else {
                &[]
            };
            next = write_cond(program, &when[cond], come_from, next, fail);
        }
    }
    next.cold
}

/// Writes one condition of a rule. Where all that comes here (`from`) has already loaded the
/// argument, it is not loaded again.
const fn write_cond(
    program: &mut Program,
    cond: &Cond,
    from: &[Cond],
    pass: Entry,
    fail: Entry,
) -> Entry {
    let loaded = cond_loads(cond);
    let (pass, fail) = (pass.after(loaded), fail.after(loaded));
    let warm = match cond {
        Cond::In(_, spans) => write_member(program, spans, pass, fail),
        Cond::NotIn(_, spans) => write_member(program, spans, fail, pass),
        Cond::AnyBit(arg) => program.jump_if(BPF_JSET, arg.mask, pass, fail),
        Cond::NotNull(index) => {
            program.jump_if(BPF_JEQ, 0, fail, pass);
            let upper = program.load(low_half(*index) + 4);
            program.jump_if(BPF_JEQ, 0, upper, pass);
            return Entry::at(program.load(low_half(*index)));
        }
    };
    let Some(arg) = loaded else {
        return Entry::at(warm);
    };
    let mut all_loaded = !from.is_empty();
    let mut other = 0;
    while other < from.len() {
        all_loaded = all_loaded && same(cond_loads(&from[other]), loaded);
        other += 1;
    }
    if all_loaded {
        return Entry { cold: warm, warm, loaded };
    }
    if arg.mask != u32::MAX {
        program.push(BPF_AND, arg.mask, 0, 0);
    }
    Entry { cold: program.load(low_half(arg.index)), warm, loaded }
}

/// Writes the question whether the loaded value lies in one of the spans.
const fn write_member(program: &mut Program, spans: &[Span], hit: Label, miss: Label) -> Label {
    let mut runs = Runs::all(miss);
    let mut span = 0;
    while span < spans.len() {
        let Span(first, last) = spans[span];
        runs.push(first, hit);
        if last != u32::MAX {
            runs.push(last + 1, miss);
        }
        span += 1;
    }
    runs.search(program)
}

/// The argument as a condition leaves it in the accumulator.
const fn cond_loads(cond: &Cond) -> Option<Arg> {
    match cond {
        Cond::In(arg, _) | Cond::NotIn(arg, _) => Some(*arg),
        Cond::AnyBit(arg) => Some(Arg { index: arg.index, mask: u32::MAX }),
        Cond::NotNull(_) => None,
    }
}

const fn same(one: Option<Arg>, other: Option<Arg>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.index == other.index && one.mask == other.mask,
        _ => false,
    }
}

/// Where a piece of a rule begins.
#[derive(Clone, Copy)]
struct Entry {
    /// For those who have loaded something else.
    cold: Label,
    /// For those who have loaded `loaded`.
    warm: Label,
    loaded: Option<Arg>,
}

impl Entry {
    const fn at(label: Label) -> Self {
        Self { cold: label, warm: label, loaded: None }
    }

    const fn after(self, loaded: Option<Arg>) -> Label {
        if same(self.loaded, loaded) { self.warm } else { self.cold }
    }
}

/// Where the lower half of an argument stands in `seccomp_data`; both architectures are
/// little-endian.
const fn low_half(index: u8) -> u32 {
    assert!(index < 6, "a call has six arguments");
    16 + 8 * index as u32
}
