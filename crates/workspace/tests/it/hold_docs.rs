//! docs/hold-rules.md is the table.

use std::fmt::Write as _;

use drybox_workspace::hold::{FAMILIES, Severity, Standing, rules};

const BEGIN: &str = "<!-- the table: DRYBOX_BLESS=1 cargo test -p drybox-workspace hold_docs -->\n";

#[test]
fn the_page_has_every_row_as_it_is() {
    let path = &drybox_testkit::testdata("docs/hold-rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, table) = page.split_once(BEGIN).expect("the page has the mark");
    let wanted = generated();
    if std::env::var_os("DRYBOX_BLESS").is_some() {
        std::fs::write(path, format!("{head}{BEGIN}{wanted}")).unwrap();
    } else {
        assert_eq!(table, wanted, "run with DRYBOX_BLESS=1");
    }
}

fn generated() -> String {
    let count = |severity| rules().filter(|rule| rule.severity == severity).count();
    let mut out = format!(
        "\n{} rows: {} crit, {} high, {} med.\n",
        rules().count(),
        count(Severity::Crit),
        count(Severity::High),
        count(Severity::Med)
    );
    for family in FAMILIES {
        write!(out, "\n## {}\n\n| id | severity | scan | what would run or be believed, and when | seen in |\n", family.name).unwrap();
        out.push_str("|---|---|---|---|---|\n");
        for rule in family.rules {
            let scan = if rule.standing == Standing::Yes { "yes" } else { "no" };
            let cell =
                |text: &str| text.replace('|', "\\|").replace('*', "\\*").replace('<', "\\<");
            writeln!(
                out,
                "| {} | {} | {scan} | {} | {} |",
                rule.id,
                rule.severity.word(),
                cell(rule.why),
                cell(rule.source)
            )
            .unwrap();
        }
    }
    out
}
