//! The kernel's side of a filter, for tests: classic BPF over `struct seccomp_data`.
//!
//! It takes only what the kernel takes (kernel/seccomp.c, `seccomp_check_filter`), and notes what
//! the kernel would need to know to remember a verdict.

use std::collections::BTreeSet;

use libc::sock_filter;

use super::table::{Answer, Errno};

/// `struct seccomp_data` (linux/seccomp.h).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Data {
    pub(super) nr: u32,
    pub(super) arch: u32,
    pub(super) args: [u64; 6],
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) value: u32,
    /// How many instructions ran.
    pub(super) steps: usize,
    /// It looked at more than the number and the architecture.
    pub(super) saw_arguments: bool,
    /// Which instructions ran.
    pub(super) visited: BTreeSet<usize>,
}

impl Run {
    /// What the payload sees; none: the process is killed.
    pub(super) fn answer(&self) -> Option<Answer> {
        let errnos = [
            Errno::Perm,
            Errno::Invalid,
            Errno::NotTty,
            Errno::NoSys,
            Errno::NoProtoOpt,
            Errno::NoProto,
            Errno::NoFamily,
        ];
        match self.value {
            libc::SECCOMP_RET_ALLOW => Some(Answer::Allow),
            libc::SECCOMP_RET_KILL_PROCESS => None,
            libc::SECCOMP_RET_ERRNO => Some(Answer::Pretend),
            value => errnos
                .into_iter()
                .find(|&errno| value == libc::SECCOMP_RET_ERRNO | errno as u32)
                .map(Answer::Refuse)
                .or_else(|| panic!("no such answer: {value:#x}")),
        }
    }
}

/// Runs a program; panics where the kernel would refuse to load it.
pub(super) fn run(program: &[sock_filter], data: Data) -> Run {
    let mut at = 0;
    let mut accumulator = 0_u32;
    let mut visited = BTreeSet::new();
    let mut saw_arguments = false;
    loop {
        let sock_filter { code, jt, jf, k } = program[at];
        assert!(visited.insert(at), "jumps go forward only");
        at += 1;
        let jump = |yes: bool| usize::from(if yes { jt } else { jf });
        match code {
            0x20 => {
                saw_arguments |= k > 4;
                accumulator = word(data, k);
            }
            0x54 => accumulator &= k,
            0x15 => at += jump(accumulator == k),
            0x35 => at += jump(accumulator >= k),
            0x45 => at += jump(accumulator & k != 0),
            0x06 => {
                return Run { value: k, steps: visited.len(), saw_arguments, visited };
            }
            code => panic!("the kernel could not remember a verdict after {code:#x}"),
        }
    }
}

/// A word of `seccomp_data`, on a little-endian machine.
fn word(data: Data, offset: u32) -> u32 {
    assert!(offset.is_multiple_of(4) && offset < 64, "{offset} is outside of seccomp_data");
    let low = |value: u64| u32::try_from(value & u64::from(u32::MAX)).unwrap();
    match offset {
        0 => data.nr,
        4 => data.arch,
        8 | 12 => panic!("no rule may depend on the caller's address"),
        _ => {
            let argument = data.args[(offset as usize - 16) / 8];
            if offset.is_multiple_of(8) { low(argument) } else { low(argument >> 32) }
        }
    }
}
