//! Incidents, replayed with harmless stand-ins; and harmless changes of real projects.

use std::collections::BTreeSet;

use drybox_workspace::hold::{Judge, judge};

use crate::fixtures;

#[test]
fn incidents_that_a_workspace_can_stop_are_held() {
    let table = Judge::new();
    for fixture in fixtures::read("incidents") {
        let held = table.begin(&fixture.beside).change(&fixture.change);
        let got: BTreeSet<&str> = held.iter().map(|held| held.rule).collect();
        let wanted = fixture.by.iter().filter(|id| **id != fixture.rule);
        for id in wanted {
            assert!(
                got.contains(id.as_str()),
                "{} {}: {got:?} without {id}",
                fixture.place,
                fixture.rule
            );
        }
        assert!(!held.is_empty(), "{} {}", fixture.place, fixture.rule);
        // Each says what, where it can.
        assert!(
            held.iter().all(|held| !held.lines.is_empty() || held.rule == "H-FS-06"),
            "{held:?}"
        );
    }
}

#[test]
fn harmless_changes_of_real_projects_pass() {
    let table = Judge::new();
    let fixtures = fixtures::read("harmless");
    assert!(fixtures.len() >= 20);
    for fixture in fixtures {
        let held = table.begin(&fixture.beside).change(&fixture.change);
        assert!(held.is_empty(), "{}: {held:?}", fixture.place);
    }
}

#[test]
fn many_changes_are_judged_in_one_go_and_say_what_outsiders_may_rely_on() {
    let fixtures = fixtures::read("incidents");
    let changes = fixtures.iter().map(|fixture| fixture.change.clone());
    let held = judge(changes, &drybox_workspace::hold::Nothing);
    let value = serde_json::to_value(&held[0]).unwrap();
    for key in ["rule", "why", "severity", "lines"] {
        assert!(value.get(key).is_some(), "{key}: {value}");
    }
    assert!(["crit", "high", "med"].contains(&value["severity"].as_str().unwrap()));
}
