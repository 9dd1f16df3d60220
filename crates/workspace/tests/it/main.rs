//! What the room promises, from outside.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it must be"
)]

mod fixtures;
mod hold_docs;
mod hold_parsers;
mod hold_replay;
mod hold_table;
mod scan;

/// The modules of this binary, as they stand above.
const MODULES: &[&str] =
    &["fixtures", "hold_docs", "hold_parsers", "hold_replay", "hold_table", "scan"];

#[test]
fn no_test_file_is_forgotten() {
    let here = drybox_testkit::testdata("crates/workspace/tests/it");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.trim_end_matches(".rs");
        assert!(stem == "main" || MODULES.contains(&stem), "{name} is in no module");
    }
}
