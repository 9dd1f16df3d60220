//! Calls that could make a file with a set-user-id or set-group-id bit.

use super::{Answer, Clause, Cond, Errno, Family, Rule, Verdict};
use super::{bits, both, late, x86};

pub(super) const FAMILIES: &[Family] = &[
    Family::new(
        Verdict::By(&SECOND),
        "(path or descriptor, mode)",
        &[x86("chmod", 90), both("fchmod", 91, 52), x86("creat", 85), x86("mknod", 133)],
    ),
    Family::new(
        Verdict::By(&THIRD),
        "(directory, path, mode)",
        &[both("fchmodat", 268, 53), late("fchmodat2", 452), both("mknodat", 259, 33)],
    ),
    Family::new(Verdict::By(&OPEN), "(path, flags, mode)", &[x86("open", 2)]),
    Family::new(Verdict::By(&OPENAT), "(directory, path, flags, mode)", &[both("openat", 257, 56)]),
    Family::new(
        Verdict::Always(Answer::Refuse(Errno::NoSys)),
        "its mode is behind a pointer; who knows it falls back to openat, as on Linux 5.5",
        &[late("openat2", 437)],
    ),
];

const SECOND: Rule = Rule::new(&[Clause::new(&[Cond::AnyBit(bits(1, SET_ID))], PERM)], OK);
const THIRD: Rule = Rule::new(&[Clause::new(&[Cond::AnyBit(bits(2, SET_ID))], PERM)], OK);
const OPEN: Rule = Rule::new(
    &[Clause::new(&[Cond::AnyBit(bits(1, CREATES)), Cond::AnyBit(bits(2, SET_ID))], PERM)],
    OK,
);
const OPENAT: Rule = Rule::new(
    &[Clause::new(&[Cond::AnyBit(bits(2, CREATES)), Cond::AnyBit(bits(3, SET_ID))], PERM)],
    OK,
);

/// S_ISUID, S_ISGID.
const SET_ID: u32 = 0o6000;
/// O_CREAT, __O_TMPFILE: without them the mode is not looked at, and may be anything.
const CREATES: u32 = 0o100 | 0o20_000_000;

const OK: Answer = Answer::Allow;
const PERM: Answer = Answer::Refuse(Errno::Perm);
