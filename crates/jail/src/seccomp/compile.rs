//! From the table to classic BPF, at compile time.
//!
//! The program is written from its end to its beginning, so that the target of every jump is known
//! when the jump is written, and no jump ever has to be mended. Numbers are found by a binary
//! search over runs of equal verdicts. The kernel runs the filter once for each number when it is
//! loaded, to remember which calls are always allowed: short paths make a sandbox start sooner.
//! That memory understands loads, comparisons with a constant and AND alone, so nothing else is
//! used (kernel/seccomp.c, `seccomp_is_const_allow`).
#![expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time alone, where a bad index fails the build"
)]

mod runs;

use std::slice;

use libc::sock_filter;

use super::table::{Answer, Arg, Call, Clause, Cond, Errno, Family, Rule, Span, Verdict};
use runs::Runs;

/// The processor whose numbers are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arch {
    X86_64,
    Aarch64,
}

/// A compiled program.
pub(super) struct Program {
    /// Filled from the back.
    code: [sock_filter; LONGEST],
    len: usize,
    /// The returns that were written so far, by their value.
    returns: [(u32, Label); RETURNS],
    returned: usize,
}

/// The `n`-th instruction from the end of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Label(usize);

/// The most instructions of a program: loading costs a start about a microsecond for each.
pub(super) const LONGEST: usize = 160;

/// The first number that is answered as unknown without looking at the table.
pub(super) const NUMBERS: usize = 512;

impl Arch {
    /// What the kernel calls it (AUDIT_ARCH_*, linux/audit.h).
    pub(super) const fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xc000_003e,
            Self::Aarch64 => 0xc000_00b7,
        }
    }

    /// The call's number here.
    pub(super) const fn number(self, call: &Call) -> Option<u32> {
        match self {
            Self::X86_64 => call.x86_64,
            Self::Aarch64 => call.aarch64,
        }
    }
}

/// Compiles the table for one architecture.
///
/// Any other architecture kills the process: its numbers mean other calls. The x32 numbers of
/// x86_64 (from 2^30) are unknown ones.
pub(super) const fn compile(arch: Arch, table: &[&[Family]]) -> Program {
    let mut program = Program::new();
    let killed = program.ret(libc::SECCOMP_RET_KILL_PROCESS);
    let runs = verdicts(&mut program, arch, table);
    runs.search(&mut program);
    let search = program.load(NR);
    program.jump_if(BPF_JEQ, arch.audit(), search, killed);
    program.load(ARCH);
    program
}

/// The verdict of every number, as runs of equal ones; writes the rules.
const fn verdicts(program: &mut Program, arch: Arch, table: &[&[Family]]) -> Runs {
    let unknown = program.answer(UNKNOWN);
    let mut by_number = [unknown; NUMBERS];
    let mut taken = [false; NUMBERS];
    let mut kind = 0;
    while kind < table.len() {
        let mut family = 0;
        while family < table[kind].len() {
            let Family { verdict, calls, .. } = &table[kind][family];
            let label = match verdict {
                Verdict::Always(answer) => program.answer(*answer),
                Verdict::By(rule) if has_any(arch, calls) => write_rule(program, rule),
                Verdict::By(_) => unknown,
            };
            let mut call = 0;
            while call < calls.len() {
                if let Some(number) = arch.number(&calls[call]) {
                    assert!(!taken[number as usize], "two rows for one number");
                    taken[number as usize] = true;
                    by_number[number as usize] = label;
                }
                call += 1;
            }
            family += 1;
        }
        kind += 1;
    }
    assert!(
        !taken[NUMBERS - 1],
        "the last number must be unknown: so is all that follows"
    );
    Runs::new(&by_number)
}

const fn has_any(arch: Arch, calls: &[Call]) -> bool {
    let mut call = 0;
    while call < calls.len() {
        if arch.number(&calls[call]).is_some() {
            return true;
        }
        call += 1;
    }
    false
}

/// Writes a rule, and tells where it begins.
const fn write_rule(program: &mut Program, rule: &Rule) -> Label {
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
        return Entry {
            cold: warm,
            warm,
            loaded,
        };
    }
    if arg.mask != u32::MAX {
        program.push(BPF_AND, arg.mask, 0, 0);
    }
    Entry {
        cold: program.load(low_half(arg.index)),
        warm,
        loaded,
    }
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
        Cond::AnyBit(arg) => Some(Arg {
            index: arg.index,
            mask: u32::MAX,
        }),
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
        Self {
            cold: label,
            warm: label,
            loaded: None,
        }
    }

    const fn after(self, loaded: Option<Arg>) -> Label {
        if same(self.loaded, loaded) {
            self.warm
        } else {
            self.cold
        }
    }
}

impl Program {
    const fn new() -> Self {
        let nothing = sock_filter {
            code: 0,
            jt: 0,
            jf: 0,
            k: 0,
        };
        Self {
            code: [nothing; LONGEST],
            len: 0,
            returns: [(0, Label(0)); RETURNS],
            returned: 0,
        }
    }

    /// How many instructions there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The instructions, in the order in which they run. `N` is [`Program::len`].
    pub(super) const fn code<const N: usize>(&self) -> [sock_filter; N] {
        assert!(N == self.len, "the array holds exactly the program");
        let mut code = [self.code[LONGEST - 1]; N];
        let mut at = 0;
        while at < N {
            code[at] = self.code[LONGEST - N + at];
            at += 1;
        }
        code
    }

    /// Puts an instruction before all others.
    const fn push(&mut self, code: u16, k: u32, jt: u8, jf: u8) -> Label {
        assert!(
            self.len < LONGEST,
            "the filter is too long: loading it would cost every start"
        );
        self.code[LONGEST - 1 - self.len] = sock_filter { code, jt, jf, k };
        self.len += 1;
        Label(self.len)
    }

    /// Loads a word of `seccomp_data` before what was written last.
    const fn load(&mut self, offset: u32) -> Label {
        self.push(BPF_LOAD, offset, 0, 0)
    }

    /// Compares the loaded value, and goes on at one of two places.
    const fn jump_if(&mut self, how: u16, value: u32, yes: Label, no: Label) -> Label {
        let (yes, no) = (self.distance(yes), self.distance(no));
        self.push(how, value, yes, no)
    }

    /// How many instructions lie between the next one to be written and `to`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "asserted in the line above"
    )]
    const fn distance(&self, to: Label) -> u8 {
        let distance = self.len - to.0;
        assert!(
            distance <= u8::MAX as usize,
            "a jump reaches 255 instructions"
        );
        distance as u8
    }

    const fn answer(&mut self, answer: Answer) -> Label {
        self.ret(match answer {
            Answer::Allow => libc::SECCOMP_RET_ALLOW,
            Answer::Refuse(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
            Answer::Pretend => libc::SECCOMP_RET_ERRNO,
        })
    }

    /// The return of a value, written once.
    const fn ret(&mut self, value: u32) -> Label {
        let mut known = 0;
        while known < self.returned {
            if self.returns[known].0 == value {
                return self.returns[known].1;
            }
            known += 1;
        }
        let label = self.push(BPF_RET, value, 0, 0);
        self.returns[self.returned] = (value, label);
        self.returned += 1;
        label
    }
}

/// Where the lower half of an argument stands in `seccomp_data`; both architectures are
/// little-endian.
const fn low_half(index: u8) -> u32 {
    assert!(index < 6, "a call has six arguments");
    16 + 8 * index as u32
}

/// The answer to a call without a row.
pub(super) const UNKNOWN: Answer = Answer::Refuse(Errno::NoSys);
/// Where the number and the architecture stand in `seccomp_data`.
const NR: u32 = 0;
const ARCH: u32 = 4;
/// As many different answers as there can be, and room.
const RETURNS: usize = 16;
/// Instructions (linux/bpf_common.h): load a word, return, AND, and the jumps if equal, if greater
/// or equal, and if a bit is set; each with a constant.
const BPF_LOAD: u16 = 0x20;
pub(super) const BPF_RET: u16 = 0x06;
const BPF_AND: u16 = 0x54;
const BPF_JEQ: u16 = 0x15;
const BPF_JGE: u16 = 0x35;
const BPF_JSET: u16 = 0x45;
