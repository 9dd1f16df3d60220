//! The real executable, run as a user would: golden answers, refusals, bad surroundings.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod apply;
mod bad_input;
mod can;
mod direct;
mod docs;
mod doctor;
mod egress;
mod faults;
mod fifos;
mod golden;
mod home;
mod launch_counts;
mod launch_faults;
mod limits;
mod log;
mod projects;
mod prove;
mod refusals;
mod scan;
mod shares;
mod signals;
mod stdio;
mod terminal;
mod tools_inside;
mod walls;
mod workspace;

#[test]
fn no_test_file_is_forgotten() {
    let here = drybox_testkit::testdata("crates/drybox/tests/it");
    let main = include_str!("main.rs");
    for file in std::fs::read_dir(here).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name}");
    }
}
