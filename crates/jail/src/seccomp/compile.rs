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

pub(super) mod program;
mod rule;
mod runs;

use super::table::{Answer, Call, Errno, Family, Verdict};
use program::BPF_JEQ;
use program::Program;
use rule::write_rule;
use runs::Runs;

/// The processor whose numbers are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arch {
    X86_64,
    Aarch64,
}

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

/// Compiles a table for one architecture; a call without a row gets `unknown`.
///
/// Any other architecture kills the process: its numbers mean other calls. The x32 numbers of
/// x86_64 (from 2^30) are unknown ones.
pub(super) const fn compile(arch: Arch, table: &[&[Family]], unknown: Answer) -> Program {
    let mut program = Program::new();
    let killed = program.ret(libc::SECCOMP_RET_KILL_PROCESS);
    let runs = verdicts(&mut program, arch, table, unknown);
    runs.search(&mut program);
    let search = program.load(NR);
    program.jump_if(BPF_JEQ, arch.audit(), search, killed);
    program.load(ARCH);
    program
}

/// The verdict of every number, as runs of equal ones; writes the rules.
const fn verdicts(program: &mut Program, arch: Arch, table: &[&[Family]], unknown: Answer) -> Runs {
    let unknown = program.answer(unknown);
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
    assert!(!taken[NUMBERS - 1], "the last number must be unknown: so is all that follows");
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

/// The answer to a call without a row.
pub(super) const UNKNOWN: Answer = Answer::Refuse(Errno::NoSys);
/// Where the number and the architecture stand in `seccomp_data`.
const NR: u32 = 0;
const ARCH: u32 = 4;
