//! Tricks of the file system and of names.

use crate::hold::rule::{Check, Rule, Trick, at, crit, high, med};

const ALL: &[&str] = &["**"];

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-FS-01",
        "a program of the host that writes or reads through it leaves the workspace",
        "CVE-2025-53109, CVE-2025-53110, CVE-2026-39861",
        &[at(ALL, Check::Trick(Trick::LinkOut))],
    ),
    high(
        "H-FS-02",
        "a second name for what a rule or a mask protects",
        "GhostApproval 2026-07; CVE-2026-12958",
        &[at(ALL, Check::Trick(Trick::LinkAlias))],
    ),
    crit(
        "H-FS-03",
        "all paths beneath mean something else",
        "CVE-2024-32002",
        &[at(ALL, Check::Trick(Trick::DirectorySwapped))],
    )
    .only_changed(),
    high(
        "H-FS-04",
        "a second name of a file: a change of one is a change of the other",
        "link(2)",
        &[at(ALL, Check::Trick(Trick::HardLink))],
    )
    .only_changed(),
    crit(
        "H-FS-05",
        "who runs it gets other rights; never applied",
        "execve(2), capabilities(7)",
        &[at(ALL, Check::Trick(Trick::Privilege))],
    ),
    crit(
        "H-FS-06",
        "who reads it hangs, or talks to a device; never applied",
        "mknod(2)",
        &[at(ALL, Check::Trick(Trick::Special))],
    ),
    high(
        "H-FS-07",
        "one file replaces the other where case or Unicode form does not count",
        "CVE-2024-32002, CVE-2014-9390",
        &[at(ALL, Check::Trick(Trick::Collision))],
    ),
    high(
        "H-FS-08",
        "the name is not what the eye sees, or breaks a script's loop",
        "CVE-2021-42574 in names",
        &[at(ALL, Check::Trick(Trick::InvisibleName))],
    ),
    high(
        "H-FS-09",
        "a command with a * takes the name for an option, or a shell for a command",
        "CVE-2018-17456; tar --checkpoint-action",
        &[at(ALL, Check::Trick(Trick::OptionName))],
    ),
    high(
        "H-FS-11",
        "who looks for the well-known file opens or runs this one",
        "UTS 39, confusables",
        &[at(ALL, Check::Trick(Trick::LookAlike))],
    ),
    high(
        "H-FS-12",
        "a file was moved to where a program looks for one, or away from there",
        "renames that are neither new files nor deletions",
        &[at(ALL, Check::Trick(Trick::Moved))],
    )
    .only_changed(),
    med(
        "H-FS-14",
        "too large or too deep to be looked through",
        "limits of this table",
        &[at(ALL, Check::Trick(Trick::TooLarge)), at(ALL, Check::Trick(Trick::TooDeep))],
    ),
];
