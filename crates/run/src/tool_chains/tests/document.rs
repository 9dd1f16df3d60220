//! docs/tool-chains.md is the table, as users read it.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/tool-chains.md");

#[test]
fn the_page_has_every_row() {
    let lines: Vec<String> = all().iter().map(|row| line(row)).collect();
    let missing: Vec<&String> =
        lines.iter().filter(|line| !PAGE.lines().any(|there| there == line.as_str())).collect();
    assert!(missing.is_empty(), "to be added to docs/tool-chains.md:\n{}", join(&missing));
    let rows = PAGE.lines().filter(|there| there.starts_with("| `")).count();
    assert_eq!(rows, lines.len(), "docs/tool-chains.md has a row that is not in the table");
}

fn line(row: &Chain) -> String {
    let root = |root: &Root| match root {
        Root::Var(name) => format!("`${name}`"),
        Root::Home("") => "`~`".to_owned(),
        Root::Home(below) => format!("`~/{below}`"),
        Root::Data(below) => format!("`~/.local/share/{below}`"),
        Root::Config(below) => format!("`~/.config/{below}`"),
        Root::Fixed(below) => format!("`/{below}`"),
    };
    let roots: Vec<String> = row.roots.iter().map(root).collect();
    let below = match row.version {
        "" | "?" => String::new(),
        version => format!(" in `{version}`:"),
    };
    let shares =
        row.shares.iter().map(|s| if s.is_empty() { "all".into() } else { format!("`{s}`") });
    let shares: Vec<String> = shares.collect();
    let row_end = if row.left_out.is_empty() { "-" } else { row.left_out };
    format!("| `{}` | {} |{below} {} | {row_end} |", row.id, roots.join(", "), shares.join(", "))
}

fn join(lines: &[&String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
