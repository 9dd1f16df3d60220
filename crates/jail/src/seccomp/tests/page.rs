//! `docs/seccomp.md` says what the table says.

use std::fmt::Write as _;

use super::{Answer, Errno, families};
use crate::seccomp::table::{Family, Verdict};

const PAGE: &str = include_str!("../../../../../docs/seccomp.md");

#[test]
fn tells_every_refusal_and_every_rule() {
    for table in [rules(), refusals()] {
        assert!(PAGE.contains(&table), "docs/seccomp.md must hold this table:\n{table}");
    }
}

fn rules() -> String {
    let mut page = String::from("| call | by its arguments |\n|---|---|\n");
    for family in families().filter(|family| matches!(family.verdict, Verdict::By(_))) {
        writeln!(page, "| {} | {} |", names(family), family.why).unwrap();
    }
    page
}

fn refusals() -> String {
    let mut page = String::from("| calls | errno | why, and how programs cope |\n|---|---|---|\n");
    for family in families() {
        if let Verdict::Always(Answer::Refuse(errno)) = family.verdict {
            let name = match errno {
                Errno::Perm => "EPERM",
                Errno::NoSys => "ENOSYS",
                other => panic!("{other:?} needs arguments"),
            };
            writeln!(page, "| {} | {name} | {} |", names(family), family.why).unwrap();
        }
    }
    page
}

fn names(family: &Family) -> String {
    let names: Vec<String> = family.calls.iter().map(|call| format!("`{}`", call.name)).collect();
    names.join(" ")
}
