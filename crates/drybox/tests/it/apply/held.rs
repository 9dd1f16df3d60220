//! Nothing that the hold rules keep back comes out unnamed.

use super::{applied, apply, at, changed, shown, tree};

use drybox_testkit::TestEnv;

#[test]
fn what_is_held_stays_until_it_is_released_by_name() {
    let env = TestEnv::new();
    changed(
        &env,
        "echo x > a; mkdir .vscode; printf '{\"tasks\":[{\"label\":\"x\",\"command\":\"sh x\",\
         \"runOptions\":{\"runOn\":\"folderOpen\"}}]}' > .vscode/tasks.json; \
         printf '{\"scripts\":{\"postinstall\":\"sh x\"}}' > package.json",
    );
    let told = applied(&env, &["--all"]);
    assert!(told.contains("1 applied, 2 held"), "{told}");
    assert!(told.contains("  let out: drybox apply --release .vscode/tasks.json\n"), "{told}");
    assert_eq!(tree(&env.work()).into_keys().collect::<Vec<_>>(), ["a"]);
    // Naming the path alone releases nothing.
    let told = applied(&env, &["package.json"]);
    assert!(told.contains("0 applied, 1 held"), "{told}");
    let told = applied(&env, &["--release", ".vscode/tasks.json"]);
    assert!(told.contains("1 applied, 1 held"), "{told}");
    assert!(at(&env, ".vscode/tasks.json").is_some() && at(&env, "package.json").is_none());
    let json = applied(&env, &["--json", "-n", "--release", "h-pkg-01"]);
    assert!(json.contains("H-PKG-01"), "{json}");
    applied(&env, &["--release", "H-PKG-01"]);
    assert!(at(&env, "package.json").is_some());
}

#[test]
fn w_091_a_release_is_an_id_or_a_path_to_the_letter() {
    let env = TestEnv::new();
    changed(
        &env,
        "mkdir -p .vscode; echo '[' > .vscode/tasks.json; echo x > '*'; echo x > H-GIT-01",
    );
    for wrong in [".vscode", "tasks.json", "H-XX-99", "", "./H-GIT-01", "H-GIT-01"] {
        let done = apply(&env, &["--release", wrong]).run().expect_code(125);
        assert!(done.stderr.contains("error:"), "{wrong}: {}", done.stderr);
    }
    assert!(tree(&env.work()).is_empty());
    let told = applied(&env, &["--release", "*"]);
    assert!(told.contains("held     .vscode/tasks.json\n"), "{told}");
    assert!(at(&env, "*").is_some() && at(&env, ".vscode").is_none());
}

#[test]
fn ap_01_w_057_git_is_never_applied_as_files_whatever_is_asked() {
    let env = TestEnv::new();
    env.command("/usr/bin/git").args(["init", "-q"]).run().expect_code(0);
    let before = tree(&env.work());
    changed(
        &env,
        "printf '#!/bin/sh\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; \
         git config core.fsmonitor x; mkdir -p sub/.git .GIT; echo x > sub/.git/config; \
         echo x > .GIT/config; echo x > a; git add a; \
         git -c user.name=a -c user.email=b commit -qm c",
    );
    assert!(shown(&env).contains(".git/hooks/pre-commit"), "they are shown");
    let told = applied(&env, &["--all"]);
    assert!(told.contains("of git's own, which stay in the box"), "{told}");
    for path in [".git/hooks/pre-commit", ".git/config", "sub/.git/config", ".GIT/config"] {
        let done = apply(&env, &["--release", path]).run().expect_code(125);
        assert!(done.stderr.contains("no rule holds anything"), "{path}: {}", done.stderr);
        applied(&env, &["--all", path]);
    }
    let mut after = tree(&env.work());
    after.remove("a").unwrap();
    assert_eq!(after, before);
}
