//! `drybox doctor`: it finds what is so by trying, names cause and fix, and mends only when told.

mod degraded;
mod fix;
mod surroundings;

use drybox_testkit::{Done, Snapshot, TestEnv, mounts_now, testdata};
use serde_json::Value;

use crate::home::compare;

/// A row of the answer.
#[derive(Debug)]
struct Row {
    id: String,
    state: String,
    in_force: bool,
    why: String,
    fix: String,
}

fn rows(done: &Done, part: &str) -> Vec<Row> {
    let value: Value = serde_json::from_str(&done.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = value.get(part).and_then(Value::as_array).unwrap().iter().map(|row| Row {
        id: text(row, "id"),
        state: text(row, "state"),
        in_force: row["in_force"].as_bool().unwrap(),
        why: text(row, "why"),
        fix: text(row, "fix"),
    });
    rows.collect()
}

#[track_caller]
fn wall(done: &Done, id: &str) -> Row {
    rows(done, "walls").into_iter().find(|row| row.id == id).unwrap()
}

/// The wall is missing, for this reason and with this help, and no box is claimed to start.
#[track_caller]
fn misses(done: &Done, id: &str, why: &str, fix: &str) {
    assert_eq!(done.code(), Some(1), "{}{}", done.stdout, done.stderr);
    let row = wall(done, id);
    assert!(!row.in_force && row.state == "not_in_force", "{row:?}");
    assert!(row.why.contains(why) && row.fix.contains(fix), "{row:?}");
    let launch = wall(done, "launch");
    assert!(!launch.in_force, "{launch:?}");
    assert!(id == "launch" || launch.why == format!("no box starts: see {id}"), "{launch:?}");
}

#[test]
fn a_machine_that_runs_boxes_is_ready_and_looks_as_before() {
    let env = TestEnv::new();
    let (tree, mounts) = (Snapshot::of(env.root()), mounts_now());
    let done = env.drybox().args(["doctor", "--json"]).run().expect_code(0);
    for row in rows(&done, "walls") {
        assert!(row.in_force, "{row:?}");
    }
    assert!(rows(&done, "walls").len() > 20 && rows(&done, "limits").len() > 5);
    let text = env.drybox().arg("doctor").run().expect_code(0);
    assert!(text.stdout.contains("\nready: "), "{}", text.stdout);
    assert!(!text.stdout.contains('\x1b'), "{}", text.stdout);
    tree.expect_same(&Snapshot::of(env.root()));
    assert_eq!(mounts, mounts_now());
    env.expect_no_stray_process();
}

#[test]
fn the_limits_are_those_that_a_box_has() {
    let env = TestEnv::new();
    let done = env.drybox().args(["doctor", "--json"]).run().expect_code(0);
    let limits = rows(&done, "limits");
    for id in ["crash-dumps", "scratch-bytes", "scratch-files", "pids", "memory", "nofile"] {
        assert!(limits.iter().any(|row| row.id == id && row.in_force), "{id}: {limits:?}");
    }
    // What nobody keeps has a why and a fix, and is not claimed.
    for row in limits.iter().filter(|row| !row.in_force) {
        assert!(!row.why.is_empty() && !row.fix.is_empty(), "{row:?}");
    }
}

const BEGIN: &str = "<!-- rows: written by the test `doctor` -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn the_page_lists_every_row() {
    let env = TestEnv::new();
    let done = env.drybox().args(["doctor", "--json"]).run().expect_code(0);
    let value: Value = serde_json::from_str(&done.stdout).unwrap();
    let mut table = String::from("| part | id | what |\n|---|---|---|\n");
    for part in ["walls", "limits", "surroundings"] {
        for row in value[part].as_array().unwrap() {
            let text = |key: &str| row[key].as_str().unwrap();
            table.push_str(&format!("| {part} | `{}` | {} |\n", text("id"), text("what")));
        }
    }
    let page = testdata("docs/doctor.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    compare(&page, &format!("{before}{BEGIN}{table}{END}{after}"));
}
