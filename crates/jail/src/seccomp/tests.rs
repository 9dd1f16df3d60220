//! The filter against the table, against what must hold whatever the table says, and the table
//! against traces, headers and the page.

mod attacks;
mod oracle;
mod page;
mod rows;
mod set_id;
mod shape;

use libc::sock_filter;

use super::compile::Arch;
use super::interpret::{Data, Run, run};
use super::table::{Answer, Call, Errno, Family, TABLE};
use super::{AARCH64, X86_64};

/// Both architectures and their programs.
const PROGRAMS: [(Arch, &[sock_filter]); 2] = [(Arch::X86_64, &X86_64), (Arch::Aarch64, &AARCH64)];

const EPERM: Option<Answer> = Some(Answer::Refuse(Errno::Perm));
const ENOSYS: Option<Answer> = Some(Answer::Refuse(Errno::NoSys));
const ALLOW: Option<Answer> = Some(Answer::Allow);

/// Runs the program for `arch` on a call by number.
fn call_number(arch: Arch, nr: u32, args: [u64; 6]) -> Run {
    let (_, program) = PROGRAMS.into_iter().find(|(a, _)| *a == arch).unwrap();
    run(program, Data { nr, arch: arch.audit(), args })
}

/// What a call by name gets, on each architecture that has it; they must agree.
fn call(name: &str, args: &[u64]) -> Option<Answer> {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let row = calls().find(|call| call.name == name).unwrap_or_else(|| panic!("no row {name}"));
    let mut answers = [Arch::X86_64, Arch::Aarch64]
        .into_iter()
        .filter_map(|arch| Some(call_number(arch, arch.number(row)?, all).answer()));
    let first = answers.next().unwrap();
    assert!(answers.all(|answer| answer == first), "{name}: the architectures differ");
    first
}

fn families() -> impl Iterator<Item = &'static Family> {
    TABLE.iter().copied().flatten()
}

fn calls() -> impl Iterator<Item = &'static Call> {
    families().flat_map(|family| family.calls)
}
