//! git in a box: at the top level, in worktrees and submodules, against `.git` files that lie.

use std::fs;

use drybox_testkit::{Snapshot, TestEnv, require};

use super::{box_folders, boxed, ran, told};

/// Runs git outside, in the workspace.
fn git(env: &TestEnv, dir: &str, script: &str) {
    drop(require("git"));
    let script = format!(
        "set -e; cd {dir}; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
         GIT_COMMITTER_EMAIL=a@b; {script}"
    );
    env.command("/bin/sh").args(["-c", &script]).run().expect_code(0);
}

const WHO: &str = "git config --global user.name a; git config --global user.email a@b; ";

#[test]
fn a_repository_is_shown_whole_from_any_of_its_directories() {
    let env = TestEnv::new();
    env.write("sub/f", "one\n");
    git(&env, ".", "git init -q -b main; git add -A; git commit -qm first");
    let before = Snapshot::of(env.work());
    let script = format!("{WHO} pwd; git status --short; echo two >> f; git commit -qam second");
    let run = boxed(&env, &[], &script).current_dir(env.work().join("sub"));
    let done = run.run().expect_code(0);
    assert_eq!(done.stdout, format!("{}\n", env.work().join("sub").display()));
    let line = format!("1 file changed, and git's own in {}: ", env.work().display());
    assert!(done.stderr.contains(&line), "{}", done.stderr);
    before.expect_same(&Snapshot::of(env.work()));
    assert_eq!(ran(&env, "git log --oneline | wc -l").stdout, "2\n");
    let text = told(&env, &["diff"]);
    assert!(text.starts_with("modified sub/f\n") && text.contains(" files of git's own"), "{text}");
    // A path is from where one stands.
    let run = env.drybox().args(["diff", "--name-only", "f"]).current_dir(env.work().join("sub"));
    assert_eq!(run.run().expect_code(0).stdout, "sub/f\n");
}

#[test]
fn only_looking_is_no_change_and_what_git_would_run_is_shown() {
    let env = TestEnv::new();
    env.write("f", "one\n");
    git(&env, ".", "git init -q; git add -A; git commit -qm first; touch -d @1 f");
    assert_eq!(ran(&env, "git status --short; git log -1 --format=%s").stderr, "");
    ran(&env, "echo 'exit 1' > .git/hooks/pre-commit; git config core.fsmonitor ./x");
    let text = told(&env, &["diff", "--name-only"]);
    assert_eq!(text, ".git/config\n.git/hooks/pre-commit\n");
}

#[test]
fn everyday_git_works() {
    let env = TestEnv::new();
    env.write("f", "1\n");
    env.write("dir/g", "1\n");
    git(
        &env,
        ".",
        "git init -q -b main; git add -A; git commit -qm first; git checkout -qb side; \
         echo s > s; git add -A; git commit -qm side; git checkout -q main; echo 2 >> f; \
         git commit -qam main2; git gc -q",
    );
    let before = Snapshot::of(env.work());
    let script = format!(
        "set -e; {WHO} git checkout -q side; git rebase -q main; git log --format=%s; \
         git worktree add -q /tmp/tree main; git -C /tmp/tree log -1 --format=%s; \
         echo x > new; git stash -qu; git stash pop -q >/dev/null; git gc -q --prune=now; git clean -fdxq; \
         git worktree remove /tmp/tree; git bisect start HEAD HEAD~2 >/dev/null 2>&1; git bisect reset \
         >/dev/null 2>&1; git branch -qD main; git fsck 2>/dev/null; git status --short"
    );
    assert_eq!(ran(&env, &script).stdout, "side\nmain2\nfirst\nmain2\n");
    before.expect_same(&Snapshot::of(env.work()));
}

/// What an overlay without the right to follow redirects cannot do, and the way round.
#[test]
fn a_directory_of_the_hosts_is_renamed_by_copying() {
    let env = TestEnv::new();
    env.write("old/a", "content\n");
    git(&env, ".", "git init -q; git add -A; git commit -qm first");
    let rename = "python3 -c 'import os; os.rename(\"old\", \"new\")' 2>&1 | tail -1";
    assert!(ran(&env, rename).stdout.contains("[Errno 18]"), "EXDEV");
    assert!(ran(&env, "git mv old new 2>&1 || true").stdout.contains("Invalid cross-device link"));
    ran(&env, "mv old new && git add -A && git status --short");
    assert_eq!(
        told(&env, &["diff", "--json"]).matches("\"renamed\"").count(),
        1,
        "{}",
        told(&env, &["diff"])
    );
    // What was made inside is renamed as anywhere.
    ran(&env, "python3 -c 'import os; os.rename(\"new\", \"newer\")' && cat newer/a");
}

#[test]
fn a_linked_worktree_finds_its_repository_and_changes_none_of_it() {
    let env = TestEnv::new();
    env.write("main/f", "1\n");
    git(
        &env,
        "main",
        "git init -q -b main; git add -A; git commit -qm first; git worktree add -q ../tree -b side",
    );
    let before = Snapshot::of(env.root());
    let tree = env.work().join("tree");
    let script = format!("{WHO} echo 2 >> f; git commit -qam second; git log --format=%s");
    let done = boxed(&env, &[], &script).current_dir(&tree).run().expect_code(0);
    assert_eq!(done.stdout, "second\nfirst\n");
    before.expect_same(&Snapshot::of(env.root()));
    let diff = env.drybox().args(["diff"]).current_dir(&tree).run().expect_code(0).stdout;
    assert!(diff.starts_with("modified f\n") && diff.contains("of git's own"), "{diff}");
    // What a payload plants in the repository that it was given to read.
    let plant = format!("echo x > {}/main/.git/hooks/post-commit", env.work().display());
    boxed(&env, &[], &plant).current_dir(&tree).run().expect_code(0);
    let diff = env.drybox().args(["diff", "--name-only"]).current_dir(&tree).run().stdout;
    assert!(diff.contains("/main/.git/hooks/post-commit\n"), "{diff}");
}

#[test]
fn a_submodule_finds_its_own_directory() {
    let env = TestEnv::new();
    env.write("lib/f", "1\n");
    git(&env, "lib", "git init -q; git add -A; git commit -qm lib");
    git(
        &env,
        ".",
        "mkdir main; cd main; git init -q; \
         git -c protocol.file.allow=always submodule --quiet add ../lib lib; git commit -qm first",
    );
    let inside = env.work().join("main/lib");
    let done = boxed(&env, &[], "git log --format=%s; git status --short").current_dir(inside);
    assert_eq!(done.run().expect_code(0).stdout, "lib\n");
    let top =
        boxed(&env, &[], "git submodule status | cut -c1").current_dir(env.work().join("main"));
    assert_eq!(top.run().expect_code(0).stdout, " \n");
}

#[test]
fn a_git_file_that_points_elsewhere_opens_nothing_and_is_told() {
    let env = TestEnv::new();
    fs::create_dir(env.home().join(".ssh")).unwrap();
    fs::write(env.home().join(".ssh/id"), "key").unwrap();
    // A whole repository of the user's, and the files of it.
    let private = env.home().join("private");
    fs::create_dir(&private).unwrap();
    fs::write(private.join("secret"), "s").unwrap();
    git(&env, private.to_str().unwrap(), "git init -q; git add -A; git commit -qm s");
    for target in [env.home().join(".ssh"), private.join(".git")] {
        env.write(".git", format!("gitdir: {}\n", target.display()));
        let script = format!("ls -A {0} 2>&1; cat {0}/id 2>&1; true", target.display());
        let done = ran(&env, &script);
        assert!(!done.stdout.contains("key") && !done.stdout.contains("HEAD"), "{}", done.stdout);
        assert!(
            done.stderr.contains("named by git's files here, and not shown"),
            "{}",
            done.stderr
        );
    }
    fs::remove_file(env.work().join(".git")).unwrap();
    git(&env, ".", "git init -q");
    let objects = private.join(".git/objects");
    env.write(".git/objects/info/alternates", format!("{}\n", objects.display()));
    let done = ran(&env, &format!("ls {} 2>&1; true", objects.display()));
    assert!(done.stdout.contains("No such file"), "{}", done.stdout);
    assert!(
        done.stderr.contains("private/.git/objects is named by git's files"),
        "{}",
        done.stderr
    );
}

mod root_only {
    use std::os::unix::fs::{chown, lchown};

    use super::*;

    /// Root in a user's directory: what it leaves is the user's, and a `.git` above it that is a
    /// third one's is not believed.
    #[test]
    fn in_a_users_directory_changes_are_the_users() {
        let env = TestEnv::new();
        env.write("f", "1\n");
        for path in [env.work(), env.work().join("f")] {
            chown(path, Some(1000), Some(1000)).unwrap();
        }
        assert_eq!(
            ran(&env, "stat -c %U . f; echo 2 >> f; echo x > new; id -un").stdout,
            "agent\nagent\nagent\n"
        );
        let upper = box_folders(&env).remove(0).join("0/upper");
        for name in ["", "f", "new"] {
            use std::os::unix::fs::MetadataExt as _;
            let found = fs::symlink_metadata(upper.join(name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (1000, 1000), "{name}");
        }
        fs::create_dir_all(env.work().join("deep/er")).unwrap();
        git(&env, ".", "git init -q");
        lchown(env.work().join(".git"), Some(1001), Some(1001)).unwrap();
        let run = boxed(&env, &["--rm"], "ls ../../f").current_dir(env.work().join("deep/er"));
        assert!(run.run().expect_code(2).stderr.contains("No such file"));
    }

    /// A file that nobody inside may read tells whether git tries to.
    #[test]
    fn git_reads_no_file_again_because_its_owner_has_another_number() {
        let env = TestEnv::new();
        env.write("f", "one\n");
        git(&env, ".", "touch -d @1000000000 f; git init -q; git add -A; git commit -qm first");
        fs::set_permissions(
            env.work().join("f"),
            std::os::unix::fs::PermissionsExt::from_mode(0o0),
        )
        .unwrap();
        git(&env, ".", "git status");
        // A git of another prefix than /usr has its own place for this file.
        let told = "GIT_CONFIG_SYSTEM=/etc/gitconfig git status --short";
        assert_eq!(ran(&env, told).stdout, "");
        let control = ran(&env, "git -c core.checkStat=default status --short 2>/dev/null");
        assert_eq!(control.stdout, " M f\n", "the control");
        // What did change is seen, of the same size, too.
        let change = "rm f; echo two > f; touch -d @1000000001 f; git -c core.checkStat=minimal status --short";
        assert_eq!(ran(&env, change).stdout, " M f\n");
    }
}
