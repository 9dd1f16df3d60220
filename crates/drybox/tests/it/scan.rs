//! `drybox scan`: what came with the clone.

use std::fs;

use serde_json::Value;

use crate::home::Home;

#[test]
fn a_trap_is_told_with_its_lines_and_the_exit_code_is_1() {
    let home = Home::new();
    fs::create_dir_all(home.project().join(".vscode")).unwrap();
    let task = "{\"tasks\": [\n{\"command\": \"\\u001b[2Jtrue\", \"runOptions\": {\"runOn\": \"folderOpen\"}}]}\n";
    fs::write(home.project().join(".vscode/tasks.json"), task).unwrap();
    let answer = home.output(&["scan"]);
    let text = String::from_utf8(answer.stdout).unwrap();
    assert_eq!(answer.status.code(), Some(1), "{text}");
    assert!(text.contains("crit: runs or is obeyed with no further step"), "{text}");
    assert!(text.contains("  .vscode/tasks.json  H-ED-01\n"), "{text}");
    assert!(text.contains("      2: {"), "{text}");
    let json: Value = serde_json::from_slice(&home.output(&["scan", "--json"]).stdout).unwrap();
    assert_eq!(json["found"][0]["path"], ".vscode/tasks.json");
    assert_eq!(json["found"][0]["held"][0]["rule"], "H-ED-01");
    assert_eq!(json["found"][0]["held"][0]["severity"], "crit");
    assert_eq!(json["complete"], true);
    let other = home.output(&["scan", "--rule", "H-GIT-01"]);
    assert_eq!(other.status.code(), Some(0), "only the row that was asked for");
}

#[test]
fn nothing_found_is_0_and_what_cannot_be_looked_at_is_125() {
    let home = Home::new();
    assert_eq!(home.output(&["scan"]).status.code(), Some(0));
    assert_eq!(home.output(&["scan", "none"]).status.code(), Some(125));
    assert_eq!(home.output(&["scan", "--rule", "H-X"]).status.code(), Some(125));
}

#[test]
fn names_of_the_tree_cannot_draw_on_the_terminal() {
    let home = Home::new();
    fs::write(home.project().join("a\u{1b}[2J\nb\u{202e}.c"), "x\n").unwrap();
    let answer = home.output(&["scan"]);
    let text = String::from_utf8(answer.stdout).unwrap();
    assert_eq!(answer.status.code(), Some(1), "{text}");
    assert!(text.contains("a\\x1b[2J\\x0ab\\u{202e}.c  H-FS-08"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
