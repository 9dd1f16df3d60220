//! Direct mode, `-v .:/work`: what is written is on the host at once, so what runs there by itself is
//! kept, and what was written is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use drybox_testkit::{Done, Snapshot, TestEnv, require};

fn direct(env: &TestEnv, script: &str) -> Done {
    env.drybox().args(["run", "-v", ".:/work", "--", "sh", "-c", script]).run()
}

/// A tree with one of each that is kept, and its neighbours.
fn tree() -> TestEnv {
    let env = TestEnv::new();
    for path in [
        ".git/hooks/pre-commit.sample",
        ".git/config",
        ".git/HEAD",
        ".vscode/settings.json",
        ".envrc",
        "CLAUDE.md",
        "src/a",
    ] {
        env.write(path, "old\n");
    }
    env
}

#[test]
fn what_runs_by_its_place_cannot_be_written_replaced_moved_or_joined() {
    let env = tree();
    let before = Snapshot::of(env.root());
    let attacks = [
        "echo x > .git/hooks/pre-commit",
        "rm -r .git/hooks",
        "mv .git/hooks .git/h2 && mkdir .git/hooks && echo x > .git/hooks/pre-commit",
        "mv .git g2",
        "echo x >> .git/config",
        "echo x > .git/config.lock && mv .git/config.lock .git/config; rm .git/config.lock; false",
        "echo x > .vscode/tasks.json",
        "mv .vscode v2",
        "echo x > .envrc",
        "rm .envrc",
        "ln -f src/a .envrc",
        "mv src/a CLAUDE.md",
        "chmod 777 CLAUDE.md",
    ];
    for attack in attacks {
        direct(&env, &format!("if ({attack}) 2>/dev/null; then exit 9; fi")).expect_code(0);
    }
    // Attempts leave times on the neighbours, and nothing on what is kept.
    let changed = before.changes_to(&Snapshot::of(env.root()));
    let neighbours = ["work", ".git", "src", "a"];
    let is_neighbour = |path: &std::path::Path| neighbours.iter().any(|name| path.ends_with(name));
    assert!(changed.iter().all(|change| is_neighbour(change.path())), "{changed:?}");
    // The controls: a neighbour can be written, and so can what the user names.
    direct(&env, "echo new > src/a; echo x > .git/HEAD").expect_code(0);
    assert_eq!(fs::read_to_string(env.work().join("src/a")).unwrap(), "new\n");
    let named = ["run", "-v", ".:/work", "-v", "./.vscode:/work/.vscode", "--", "sh", "-c"];
    let run = env.drybox().args(named).arg("echo x > .vscode/tasks.json").run();
    run.expect_code(0);
    assert_eq!(fs::read_to_string(env.work().join(".vscode/tasks.json")).unwrap(), "x\n");
}

#[test]
fn what_is_not_there_yet_can_be_made_and_is_told_in_the_summary_and_the_log() {
    let env = TestEnv::new();
    env.write("src/a", "old\n");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let before = Snapshot::of(env.root());
    assert_eq!(direct(&env, "true").expect_code(0).stderr, "");
    // No stub of ours is on the host, whatever is kept.
    before.expect_same(&Snapshot::of(env.root()));
    let done = direct(&env, "echo x > CLAUDE.md; echo y > src/b; touch -d @1 CLAUDE.md src/b");
    let told = done.expect_code(0).stderr;
    assert!(
        told.contains("some program would run or obey it") && told.contains("CLAUDE.md (H-"),
        "{told}"
    );
    assert!(!told.contains("src/b"), "{told}");
    let log = env.drybox().args(["log", "--json"]).run().expect_code(0).stdout;
    let line = log.lines().rev().find(|line| line.contains("changed_at_once")).unwrap();
    assert!(line.contains("\"files\":2") && line.contains("CLAUDE.md"), "{line}");
}

#[test]
fn harmless_writes_are_told_to_the_log_alone() {
    let env = tree();
    // Longer than the kernel's clock of files is late.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(direct(&env, "echo y > src/b; rm src/a").expect_code(0).stderr, "");
    let log = env.drybox().args(["log", "--json"]).run().expect_code(0).stdout;
    assert!(log.contains("changed_at_once") && log.contains("\"files\":1"), "{log}");
    // A share that is read-only, or none, is not looked at.
    let other = TestEnv::new();
    other.drybox().args(["run", "-v", ".:/work:ro", "--", "true"]).run().expect_code(0);
    let log = other.drybox().args(["log", "--json"]).run().expect_code(0).stdout;
    assert!(!log.contains("changed_at_once"), "{log}");
}

#[test]
fn names_of_what_was_written_do_not_draw() {
    let env = TestEnv::new();
    let script = "mkdir -p \"$(printf 'a\\n\\033[2J')\"; cd a*; echo x > .envrc";
    let told = direct(&env, script).expect_code(0).stderr;
    assert!(told.contains("a\\x0a\\x1b[2J/.envrc (H-"), "{told:?}");
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn git_commits_as_outside() {
    let env = TestEnv::new();
    let git = require("git");
    let hook = env.work().join(".git/hooks/pre-push");
    let outside = "git init -q . && git config user.email a@b && git config user.name a";
    env.command("/bin/sh").args(["-c", outside]).run().expect_code(0);
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    // Longer than the kernel's clock of files is late.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let script = "echo x > a && git add a && git commit -qm one && git branch other && git gc -q";
    let done = direct(&env, script).expect_code(0);
    assert_eq!(done.stderr, "");
    let log = env.command(git).args(["log", "--format=%s"]).run().expect_code(0).stdout;
    assert_eq!(log, "one\n");
    // What a payload would add to git's settings, git refuses.
    let refused = direct(&env, "git config core.fsmonitor x");
    assert!(refused.stderr.contains("could not"), "{}", refused.stderr);
    assert_ne!(refused.code(), Some(0));
}
