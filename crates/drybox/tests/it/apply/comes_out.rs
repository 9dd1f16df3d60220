//! Every kind of change, undone again; what is asked, shown and told.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use drybox_testkit::TestEnv;

use super::{applied, apply, at, changed, shown, tree, undo};

/// A directory with something of each kind.
pub(super) fn seeded() -> TestEnv {
    let env = TestEnv::new();
    for (path, text) in [
        ("edited", "one\n"),
        ("gone", "two\n"),
        ("d/kept", "k"),
        ("d/moved", "a file that moves\n"),
        ("away/1", "1"),
        ("away/deep/2", "2"),
        ("file-to-dir", "f"),
        ("dir-to-file/inner", "i"),
        ("program", "#!/bin/sh\n"),
        ("linked", "l"),
    ] {
        env.write(path, text);
    }
    std::fs::hard_link(env.work().join("linked"), env.work().join("other-name")).unwrap();
    symlink("edited", env.work().join("link")).unwrap();
    env
}

/// One of each kind of change.
pub(super) const EACH: &str = "echo more >> edited; rm gone; mv d/moved d/new-name; rm -r away; \
    rm file-to-dir; mkdir file-to-dir; echo x > file-to-dir/inner; rm -r dir-to-file; \
    echo y > dir-to-file; chmod 600 program; ln -sfn d/kept link; mkdir -p new/deep empty; \
    echo n > new/deep/n; echo changed > linked";

#[test]
fn each_kind_of_change_comes_out_and_nothing_is_left_to_show() {
    let env = seeded();
    let before = tree(&env.work());
    changed(&env, &format!("{EACH}; cd {}; find . | sort", env.work().display()));
    let inside = env.drybox().args(["run", "--", "find", ".", "-printf", "%P %y %m %l\n"]).run();
    assert_eq!(tree(&env.work()), before, "a run changes nothing");
    shown(&env);
    let told = applied(&env, &[]);
    assert!(told.ends_with("drybox undo takes it back\n"), "{told}");
    let outside = env.command("/usr/bin/find").args([".", "-printf", "%P %y %m %l\n"]).run();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&outside.stdout), sorted(&inside.stdout), "the host is what the box showed");
    assert_eq!(at(&env, "edited").unwrap(), "644 one\nmore\n");
    assert_eq!(at(&env, "other-name").unwrap(), "644 l", "another name keeps the old content");
    assert_eq!(shown(&env), "");
    assert_eq!(undo(&env).expect_code(0).stderr, "");
    assert_eq!(tree(&env.work()), before);
    // What was taken back is pending again.
    shown(&env);
    assert_eq!(applied(&env, &[]), told);
}

#[test]
fn what_was_not_shown_is_asked_about_and_what_changed_since_is_refused() {
    let env = TestEnv::new();
    env.write("a", "1\n");
    env.drybox().args(["run", "--", "sh", "-c", "echo 2 > a; echo b > b"]).run().expect_code(0);
    let refused = apply(&env, &[]).run().expect_code(125);
    assert!(refused.stderr.contains("2 changes that drybox diff has not shown"), "{refused:?}");
    assert_eq!(at(&env, "a").unwrap(), "644 1\n");
    // A part of it was shown.
    env.drybox().args(["diff", "a"]).run().expect_code(0);
    let refused = apply(&env, &[]).run().expect_code(125);
    assert!(refused.stderr.contains("1 changes that"), "{refused:?}");
    env.drybox().args(["run", "--", "sh", "-c", "echo 3 > a"]).run().expect_code(0);
    for args in [&["a"][..], &["--yes"]] {
        let refused = apply(&env, args).run().expect_code(125);
        assert!(refused.stderr.contains("a is not as drybox diff showed it"), "{refused:?}");
    }
    assert_eq!(at(&env, "a").unwrap(), "644 1\n");
    assert_eq!(at(&env, "b"), None);
    shown(&env);
    applied(&env, &[]);
    assert_eq!(
        (at(&env, "a").unwrap(), at(&env, "b").unwrap()),
        ("644 3\n".into(), "644 b\n".into())
    );
}

#[test]
fn yes_needs_no_diff_before() {
    let env = TestEnv::new();
    env.drybox().args(["run", "--", "sh", "-c", "echo b > b"]).run().expect_code(0);
    applied(&env, &["--yes"]);
    assert_eq!(at(&env, "b").unwrap(), "644 b\n");
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let env = seeded();
    changed(&env, EACH);
    let before = tree(&env.work());
    let told = applied(&env, &["-n"]);
    assert!(told.contains("would    modified edited\n") && told.contains("come out"), "{told}");
    assert_eq!(tree(&env.work()), before);
    let json = applied(&env, &["-n", "--json"]);
    assert!(json.contains("\"dry_run\": true") && json.contains("\"path\": \"edited\""), "{json}");
}

#[test]
fn only_the_paths_that_were_named_come_out() {
    let env = seeded();
    changed(&env, EACH);
    let told = applied(&env, &["edited", "new"]);
    assert!(told.contains("2 applied") && told.contains("not asked for"), "{told}");
    assert_eq!(at(&env, "edited").unwrap(), "644 one\nmore\n");
    assert!(at(&env, "new/deep/n").is_some() && at(&env, "gone").is_some());
    let refused = apply(&env, &["edited"]).run().expect_code(125);
    assert!(refused.stderr.contains("nothing changed at"), "{}", refused.stderr);
    let outside = apply(&env, &["/etc/passwd"]).run().expect_code(125);
    assert!(outside.stderr.contains("/etc/passwd is not in"), "{}", outside.stderr);
}

#[test]
fn many_deletions_are_not_done_by_accident() {
    let env = TestEnv::new();
    for number in 0..150 {
        env.write(format!("many/{number}"), "x");
    }
    changed(&env, "rm -r many; echo n > new");
    let told = apply(&env, &[]).run().expect_code(1).stdout;
    assert!(told.contains("1 applied, 150 not done") && told.contains("apply --all"), "{told}");
    assert!(at(&env, "many/7").is_some() && at(&env, "new").is_some());
    applied(&env, &["--all"]);
    assert_eq!(at(&env, "many"), None);
}

#[test]
fn modes_come_without_what_gives_rights_away() {
    let env = TestEnv::new();
    env.write("old", "x");
    changed(
        &env,
        "umask 0; echo a > wide; chmod 777 wide; echo b > suid; chmod 4755 suid; chmod 666 old; \
         mkdir -m 1777 sticky; mkdir -m 2755 setgid; echo c > setgid/c; chmod 750 setgid",
    );
    let held = ["wide", "suid", "old", "setgid/c"];
    let release: Vec<&str> = held.iter().flat_map(|path| ["--release", path]).collect();
    applied(&env, &release);
    let modes = ["wide", "suid", "old", "sticky", "setgid"].map(|path| {
        let mode = env.work().join(path).metadata().unwrap().mode() & 0o7777;
        format!("{path} {mode:o}")
    });
    assert_eq!(modes, ["wide 755", "suid 755", "old 644", "sticky 755", "setgid 750"]);
    // Nor are the bits shown for ever.
    assert_eq!(shown(&env), "");
}

#[test]
fn the_hosts_own_attributes_stay_and_none_comes_out() {
    let env = TestEnv::new();
    env.write("a", "x");
    let set = |value: &str| {
        let args = ["-c", &format!("import os; os.setxattr('a', 'user.mine', b'{value}')")];
        env.command("/usr/bin/python3").args(args).run().expect_code(0);
    };
    set("host");
    changed(
        &env,
        "echo y > a; python3 -c \"import os; os.setxattr('a', 'user.mine', b'box'); \
         os.setxattr('a', 'user.box', b'box')\"",
    );
    applied(&env, &[]);
    let read = "import os; print([(n, os.getxattr('a', n)) for n in os.listxattr('a')])";
    let told = env.command("/usr/bin/python3").args(["-c", read]).run().expect_code(0).stdout;
    assert_eq!(told, "[('user.mine', b'host')]\n");
}

#[test]
fn times_are_of_now_and_not_the_payloads() {
    let env = TestEnv::new();
    changed(&env, "echo x > a; touch -d 2100-01-01 a");
    applied(&env, &[]);
    let age = env.work().join("a").metadata().unwrap().modified().unwrap().elapsed();
    assert!(age.is_ok(), "the future");
}

#[test]
fn a_directory_that_may_not_be_written_is_told_and_the_rest_comes_out() {
    let env = TestEnv::new();
    env.write("closed/a", "1");
    env.write("open/a", "1");
    // The control: what the box may write, the host may not, for it is locked after the run.
    changed(&env, "echo 2 > closed/a; echo 2 > open/a");
    let closed = env.work().join("closed");
    let chmod = |mode| std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode));
    chmod(0o555).unwrap();
    let done = apply(&env, &[]).run();
    chmod(0o755).unwrap();
    assert_eq!(at(&env, "open/a").unwrap(), "644 2\n");
    if rustix::process::geteuid().is_root() {
        assert_eq!(done.code(), Some(0), "root may: {done:?}");
    } else {
        assert_eq!(done.code(), Some(1));
        assert!(done.stdout.contains("not done closed/a: cannot make"), "{}", done.stdout);
        assert_eq!(at(&env, "closed/a").unwrap(), "644 1");
    }
}

#[test]
fn nothing_pending_is_no_error() {
    let env = TestEnv::new();
    assert_eq!(applied(&env, &[]), "0 applied\n");
    assert_eq!(undo(&env).expect_code(0).stdout, "there is no apply to take back\n");
    let none = apply(&env, &["--rollback"]).run().expect_code(125);
    assert!(none.stderr.contains("no apply was interrupted"), "{}", none.stderr);
}

#[test]
fn names_of_any_bytes_come_out_as_they_are_and_are_told_escaped() {
    let env = TestEnv::new();
    changed(
        &env,
        "printf x > \"$(printf 'a\\033[31m\\nb\\377')\"; printf y > -rf; printf z > ' sp ace '",
    );
    let done = apply(&env, &["--yes"]).run();
    assert!(!done.stdout.contains('\x1b'), "{}", done.stdout);
    for name in ["-rf", " sp ace "] {
        // Some may be held, for they hide something from a hasty eye; then by their name.
        let there = at(&env, name).is_some() || done.stdout.contains(name);
        assert!(there, "{name}: {}", done.stdout);
    }
}
