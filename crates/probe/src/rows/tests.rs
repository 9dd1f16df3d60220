//! The catalogue is whole, and what it names is there.

use std::fs;
use std::path::Path;

use super::*;
use crate::table::{PROBES, probe};

/// How many rows each part has: a row that disappears is missed.
const PARTS: &[(&str, usize)] = &[
    ("FS", 51),
    ("PS", 30),
    ("DV", 13),
    ("ID", 26),
    ("SC", 42),
    ("NT", 20),
    ("IP", 14),
    ("FD", 22),
    ("TT", 15),
    ("LM", 19),
    ("SV", 28),
    ("IL", 21),
    ("AP", 25),
];

#[test]
fn every_row_is_there_once_and_in_order() {
    let wanted = PARTS
        .iter()
        .flat_map(|(part, count)| (1..=*count).map(move |number| format!("{part}-{number:02}")));
    assert_eq!(ROWS.iter().map(|row| row.id).collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
}

#[test]
fn a_row_that_is_a_probe_has_one_and_every_probe_has_its_row() {
    for row in ROWS {
        let is_probe = matches!(row.disposition, Probe);
        assert_eq!(is_probe, probe(row.id).is_some(), "{}", row.id);
    }
    let rows = |id: &str| ROWS.iter().filter(|row| row.id == id).count();
    let probes: Vec<&str> = PROBES.iter().flat_map(|group| group.iter()).map(|p| p.id).collect();
    assert!(probes.iter().all(|id| rows(id) == 1));
    assert!(probes.len() >= 120, "{}", probes.len());
}

#[test]
fn a_test_that_is_named_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut source = String::new();
    gather(&crates, &mut source);
    for row in ROWS {
        if let Test(name) = row.disposition {
            let function = name.rsplit("::").next().unwrap_or_default();
            assert!(source.contains(&format!("fn {function}(")), "{}: {name}", row.id);
        }
    }
    assert!(!source.contains(concat!("fn there_is_no_", "such_test(")), "the control");
}

fn gather(dir: &Path, source: &mut String) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            gather(&path, source);
        } else if path.extension().is_some_and(|end| end == "rs") {
            source.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn a_limit_and_what_comes_later_say_what() {
    for row in ROWS {
        match row.disposition {
            Limit(what) | Later(what) => assert!(!what.is_empty(), "{}", row.id),
            Probe | Test(_) => {}
        }
    }
}
