//! The reference page says what the executable does.

use std::path::PathBuf;

use drybox_spec::FOREIGN_FLAGS;

use crate::home::{Home, compare};

const BEGIN: &str = "<!-- refused flags: written by the test `docs` -->\n";
const END: &str = "<!-- end -->\n";

fn page() -> PathBuf {
    drybox_testkit::testdata("docs/run.md")
}

#[test]
fn every_flag_of_the_help_is_on_the_page() {
    let help = String::from_utf8(Home::new().output(&["run", "--help"]).stdout).unwrap();
    let page = std::fs::read_to_string(page()).unwrap();
    let flags = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    let mut seen = 0;
    for line in flags {
        let at = line.find("--").unwrap();
        let name: String =
            line[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        assert!(
            page.contains(&format!("`{name}")) || page.contains(&format!(", {name}")),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen > 25, "the help has {seen} flags");
}

#[test]
fn the_table_of_refused_flags_is_the_table_of_the_code() {
    let text = std::fs::read_to_string(page()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut table = String::from("| flag | why | instead |\n|---|---|---|\n");
    let mut rows: Vec<(Vec<String>, &str, &str)> = Vec::new();
    for flag in FOREIGN_FLAGS {
        let short = flag.short.map(|short| format!(", `-{short}`")).unwrap_or_default();
        let name = format!("`--{}`{short}", flag.name);
        match rows.iter_mut().find(|row| (row.1, row.2) == (flag.why, flag.instead)) {
            Some(row) => row.0.push(name),
            None => rows.push((vec![name], flag.why, flag.instead)),
        }
    }
    for (names, why, instead) in rows {
        table.push_str(&format!("| {} | {why} | {instead} |\n", names.join(" ")));
    }
    compare(&page(), &format!("{before}{BEGIN}{table}{END}{after}"));
}
