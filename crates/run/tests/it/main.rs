//! The library as another program uses it: boxes with pipes.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[path = "../../examples/piped.rs"]
#[expect(dead_code, reason = "its `main` is for people")]
mod example;
mod limits;
mod neighbours;
mod piped;

#[test]
fn no_test_file_is_forgotten() {
    let here = drybox_testkit::testdata("crates/run/tests/it");
    let main = include_str!("main.rs");
    for file in std::fs::read_dir(here).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name}");
    }
}
