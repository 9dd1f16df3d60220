//! The second filter: what it refuses, with numbers written out, and that it refuses nothing else.

use super::{Answer, Arch, Errno, run};
use crate::seccomp::interpret::Data;
use crate::seccomp::{AARCH64_NO_SET_ID, X86_64_NO_SET_ID};

fn answer(arch: Arch, nr: u32, args: [u64; 6]) -> Option<Answer> {
    let program: &[_] = match arch {
        Arch::X86_64 => &X86_64_NO_SET_ID,
        Arch::Aarch64 => &AARCH64_NO_SET_ID,
    };
    run(program, Data { nr, arch: arch.audit(), args }).answer()
}

const GARBAGE: u64 = 0xdead_beef_0000_0000;

/// Number, and where its mode is: chmod, fchmod, creat, mknod, fchmodat, mknodat, fchmodat2.
const X86_64: &[(u32, usize)] =
    &[(90, 1), (91, 1), (85, 1), (133, 1), (268, 2), (259, 2), (452, 2)];
const AARCH64: &[(u32, usize)] = &[(52, 1), (53, 2), (33, 2), (452, 2)];

/// Number, and where its flags are; the mode follows: open, openat.
const X86_64_OPENS: &[(u32, usize)] = &[(2, 1), (257, 2)];
const AARCH64_OPENS: &[(u32, usize)] = &[(56, 2)];

#[test]
fn a_mode_with_a_set_id_bit_is_refused() {
    let rows = [(Arch::X86_64, X86_64), (Arch::Aarch64, AARCH64)];
    for (arch, nr, at) in
        rows.iter().flat_map(|(arch, rows)| rows.iter().map(|row| (*arch, row.0, row.1)))
    {
        let with = |mode: u64| {
            let mut args = [GARBAGE; 6];
            args[at] = mode | GARBAGE;
            answer(arch, nr, args)
        };
        for mode in [0o4755, 0o2755, 0o6000, 0o104_755] {
            assert_eq!(with(mode), Some(Answer::Refuse(Errno::Perm)), "{arch:?} {nr} {mode:o}");
        }
        for mode in [0, 0o755, 0o1777, 0o100_644] {
            assert_eq!(with(mode), Some(Answer::Allow), "{arch:?} {nr} {mode:o}");
        }
    }
}

#[test]
fn a_file_is_made_without_a_set_id_bit_or_not_at_all() {
    let rows = [(Arch::X86_64, X86_64_OPENS), (Arch::Aarch64, AARCH64_OPENS)];
    for (arch, nr, at) in
        rows.iter().flat_map(|(arch, rows)| rows.iter().map(|row| (*arch, row.0, row.1)))
    {
        let with = |flags: u64, mode: u64| {
            let mut args = [GARBAGE; 6];
            args[at] = flags | GARBAGE;
            args[at + 1] = mode | GARBAGE;
            answer(arch, nr, args)
        };
        // O_CREAT | O_WRONLY, __O_TMPFILE | O_RDWR.
        for flags in [0o101, 0o20_000_002] {
            assert_eq!(with(flags, 0o4755), Some(Answer::Refuse(Errno::Perm)));
            assert_eq!(with(flags, 0o2644), Some(Answer::Refuse(Errno::Perm)));
            assert_eq!(with(flags, 0o644), Some(Answer::Allow));
        }
        // Without them the mode is what happened to be in the register.
        assert_eq!(with(0o2, 0o7777), Some(Answer::Allow));
    }
    for arch in [Arch::X86_64, Arch::Aarch64] {
        assert_eq!(answer(arch, 437, [0; 6]), Some(Answer::Refuse(Errno::NoSys)), "openat2");
    }
}

#[test]
fn every_other_call_is_left_to_the_first_filter() {
    for (arch, rows, opens) in
        [(Arch::X86_64, X86_64, X86_64_OPENS), (Arch::Aarch64, AARCH64, AARCH64_OPENS)]
    {
        let ruled = |nr| nr == 437 || rows.iter().chain(opens).any(|row| row.0 == nr);
        for nr in (0..600).filter(|nr| !ruled(*nr)) {
            assert_eq!(answer(arch, nr, [u64::MAX; 6]), Some(Answer::Allow), "{arch:?} {nr}");
        }
    }
}
