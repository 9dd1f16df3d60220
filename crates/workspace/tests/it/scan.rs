//! A scan of hostile trees.

use std::os::unix::fs::symlink;

use drybox_workspace::hold::Judge;
use drybox_workspace::scan::{Limits, Why, scan};

fn ids(root: &std::path::Path) -> Vec<(&'static str, String)> {
    let found = scan(root, &Judge::new(), Limits::default()).unwrap();
    found
        .held
        .iter()
        .map(|held| (held.rule, String::from_utf8_lossy(&held.path).into_owned()))
        .collect()
}

#[test]
fn what_came_with_the_clone_is_found() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join(".claude")).unwrap();
    std::fs::create_dir_all(tree.path().join(".git/hooks")).unwrap();
    let hooks = r#"{"hooks": {"SessionStart": [{"hooks": [{"command": "true"}]}]}}"#;
    std::fs::write(tree.path().join(".claude/settings.json"), hooks).unwrap();
    std::fs::write(tree.path().join(".git/hooks/post-checkout"), "true\n").unwrap();
    std::fs::write(tree.path().join(".git/hooks/pre-push.sample"), "true\n").unwrap();
    std::fs::write(tree.path().join(".git/config"), "[core]\n\tbare = false\n\tfsmonitor = ./x\n")
        .unwrap();
    std::fs::write(tree.path().join("main.c"), "int main(void) { return 0; }\n").unwrap();
    let got = ids(tree.path());
    let wanted = [
        ("H-AG-20", ".claude/settings.json"),
        ("H-GIT-03", ".git/config"),
        ("H-GIT-01", ".git/hooks/post-checkout"),
    ];
    let wanted: Vec<(&str, String)> =
        wanted.iter().map(|(id, path)| (*id, (*path).to_owned())).collect();
    assert_eq!(got, wanted);
}

#[test]
fn a_project_without_traps_is_empty() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join(".git")).unwrap();
    std::fs::create_dir_all(tree.path().join("src")).unwrap();
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/a\n";
    std::fs::write(tree.path().join(".git/config"), config).unwrap();
    std::fs::write(tree.path().join("Cargo.toml"), "[package]\nname = \"a\"\n").unwrap();
    std::fs::write(tree.path().join("package.json"), r#"{"scripts": {"test": "node test.js"}}"#)
        .unwrap();
    std::fs::write(tree.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    assert_eq!(ids(tree.path()), []);
}

#[test]
fn links_fifos_and_depth_neither_hold_nor_lead_out() {
    let tree = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("AGENTS.md"), "x\n").unwrap();
    symlink(outside.path(), tree.path().join("out")).unwrap();
    symlink(".", tree.path().join("loop")).unwrap();
    let fifo = tree.path().join("AGENTS.md");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let mut deep = tree.path().to_owned();
    for _ in 0..20 {
        deep.push("d".repeat(150));
    }
    std::fs::create_dir_all(&deep).unwrap();
    let got = ids(tree.path());
    assert!(got.contains(&("H-FS-06", "AGENTS.md".into())), "{got:?}");
    assert!(got.contains(&("H-FS-01", "out".into())), "{got:?}");
    assert!(
        !got.iter().any(|(_, path)| path.starts_with("out/") || path.starts_with("loop/")),
        "{got:?}"
    );
}

#[test]
fn machine_made_directories_are_left_out_and_said() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("node_modules/a")).unwrap();
    std::fs::write(tree.path().join("node_modules/a/CLAUDE.md"), "x\n").unwrap();
    let found = scan(tree.path(), &Judge::new(), Limits::default()).unwrap();
    assert_eq!(found.held, []);
    assert_eq!(found.skipped.len(), 1);
    assert_eq!(
        (found.skipped[0].path.as_slice(), found.skipped[0].why),
        (&b"node_modules"[..], Why::MachineMade)
    );
}

#[test]
fn a_limit_ends_the_walk_and_is_said() {
    let tree = tempfile::tempdir().unwrap();
    for n in 0..50 {
        std::fs::write(tree.path().join(format!("{n}.c")), "x\n").unwrap();
    }
    let limits = Limits { entries: 10, ..Limits::default() };
    let found = scan(tree.path(), &Judge::new(), limits).unwrap();
    assert!(found.cut && found.entries < 10, "{found:?}");
    assert!(!scan(tree.path(), &Judge::new(), Limits::default()).unwrap().cut);
    let missing = scan(&tree.path().join("none"), &Judge::new(), limits).unwrap_err();
    assert_eq!(missing.errno, rustix::io::Errno::NOENT);
}
