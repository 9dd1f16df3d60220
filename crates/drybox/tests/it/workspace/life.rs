//! A box from its first run to its last.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use drybox_testkit::{Snapshot, TestEnv, is_root, require};

use super::{box_folders, boxed, ran, told};

#[test]
fn the_hosts_directory_is_the_same_before_and_after_whatever_runs() {
    let env = TestEnv::new();
    for path in ["a", "d/b", "d/c", "gone/x", "deep/er/est/f"] {
        env.write(path, path);
    }
    symlink("a", env.work().join("link")).unwrap();
    fs::hard_link(env.work().join("a"), env.work().join("hard")).unwrap();
    fs::set_permissions(env.work().join("d/c"), fs::Permissions::from_mode(0o755)).unwrap();
    let before = Snapshot::of(env.root());
    for script in [
        "true",
        "cat a d/b link >/dev/null; ls -R . >/dev/null",
        "echo new > new; echo x >> d/b; rm a; rm -r gone; mkdir gone; touch gone/y d/c hard",
        "rm -rf ./* ; mkdir d; echo x > d/d",
        "chmod 700 .; chmod 000 d; touch -d @1 d",
    ] {
        for flags in [&[][..], &["--rm"], &["--box", "other"], &["--new", "--box", "third"]] {
            boxed(&env, flags, script).run().expect_code(0);
            if flags.contains(&"third") {
                // A script that changes nothing leaves no box.
                env.drybox().args(["discard", "--yes", "--box", "third"]).run();
            }
        }
    }
    before.expect_same(&Snapshot::of(env.root()));
    // The control: the same script does change it outside.
    env.command("/bin/sh").args(["-c", "rm a"]).run().expect_code(0);
    assert!(!before.changes_to(&Snapshot::of(env.root())).is_empty());
}

#[test]
fn a_run_that_changes_nothing_leaves_no_box() {
    let env = TestEnv::new();
    env.write("a", "x");
    let done = boxed(&env, &[], "cat a; exec 3<>a; mkdir d; rmdir d; cd /tmp; echo x > y").run();
    assert_eq!(done.expect_code(0).stderr, "");
    assert!(box_folders(&env).is_empty());
    assert_eq!(told(&env, &["boxes"]), "no pending changes\n");
    assert_eq!(told(&env, &["diff"]), "");
    let told = env.drybox().args(["discard"]).run().expect_code(0).stderr;
    assert_eq!(told, "note: nothing is pending here\n");
}

#[test]
fn the_next_run_goes_on_where_the_last_one_ended() {
    let env = TestEnv::new();
    env.write("a", "one\n");
    let done = ran(&env, "echo two >> a; echo three > b");
    let work = env.work();
    let line = format!(
        "note: 2 files changed in {}: drybox diff, drybox apply, drybox discard\n",
        work.display()
    );
    assert_eq!(done.stderr, line);
    assert_eq!(ran(&env, "cat a b").stdout, "one\ntwo\nthree\n");
    assert_eq!(boxed(&env, &["--rm"], "cat a").run().expect_code(0).stdout, "one\n");
    assert_eq!(boxed(&env, &["--box", "x"], "cat a").run().expect_code(0).stdout, "one\n");
    assert_eq!(boxed(&env, &["--new"], "ls").run().expect_code(0).stdout, "a\n");
    assert_eq!(told(&env, &["diff", "--name-only"]), "");
    assert_eq!(told(&env, &["diff", "--name-only", "--box", "default.previous"]), "a\nb\n");
    ran(&env, "echo again > c");
    let refused = boxed(&env, &["--new"], "true").run().expect_code(125).stderr;
    assert!(refused.contains("drybox discard --box default.previous"), "{refused}");
}

#[test]
fn the_untrusted_profile_throws_away_unless_told_to_keep() {
    let env = TestEnv::new();
    boxed(&env, &["--profile", "untrusted"], "echo x > a").run().expect_code(0);
    assert_eq!(told(&env, &["boxes"]), "no pending changes\n");
    boxed(&env, &["--profile", "untrusted", "--keep"], "echo x > a").run().expect_code(0);
    assert_eq!(told(&env, &["diff", "--name-only"]), "a\n");
}

#[test]
fn a_second_run_in_a_box_is_refused_with_the_ways_out() {
    let env = TestEnv::new();
    let ready = env.root().join("ready");
    fs::create_dir(&ready).unwrap();
    let volume = format!("{}:/ready", ready.display());
    let first = boxed(&env, &["-v", &volume], "echo x > a; touch /ready/now; sleep 60");
    let mut first = first.into_command().spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !ready.join("now").exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = boxed(&env, &[], "true").run().expect_code(125).stderr;
    assert!(refused.contains("is in use\n") && refused.contains("--box NAME"), "{refused}");
    for command in ["diff", "discard"] {
        let refused = env.drybox().args([command]).run().expect_code(125).stderr;
        assert!(refused.contains("is in use\n"), "{command}: {refused}");
    }
    assert!(told(&env, &["boxes"]).contains("in use"));
    for flags in [&["--rm"][..], &["--box", "other"], &["--workspace", "ro"]] {
        boxed(&env, flags, "test ! -e a").run().expect_code(0);
    }
    // The lock goes with its holder, however that ends: nothing has to be cleaned up by hand.
    first.kill().unwrap();
    first.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let next = loop {
        let next = boxed(&env, &[], "cat a").run();
        // The payload that was killed may be ending still.
        if next.code() == Some(0) || Instant::now() > until {
            break next;
        }
        assert!(next.stderr.contains("still ending"), "{}", next.stderr);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(next.expect_code(0).stdout, "x\n");
    env.expect_no_stray_process();
}

#[test]
fn the_box_is_for_its_user_alone_and_what_is_in_it_belongs_to_the_directorys_owner() {
    let env = TestEnv::new();
    env.write("a", "x");
    let done =
        ran(&env, "umask 0; echo x > new; echo y >> a; mkdir d; chmod 6777 new d; rm -f none");
    assert!(done.stderr.contains("files changed"), "{}", done.stderr);
    let boxes = env.data().join("drybox/boxes");
    let of = |path: &std::path::Path| fs::symlink_metadata(path).unwrap();
    assert_eq!(of(&boxes).mode() & 0o7777, 0o700);
    let folder = box_folders(&env).remove(0);
    assert_eq!(of(&folder).mode() & 0o7777, 0o700);
    let owner = of(&env.work()).uid();
    for name in ["new", "a", "d"] {
        assert_eq!(of(&folder.join("0/upper").join(name)).uid(), owner, "{name}");
    }
}

#[test]
fn what_the_state_folder_cannot_hold_is_in_memory_and_said() {
    let env = TestEnv::new();
    env.write("a", "x");
    // A folder that others may write is no place for a box.
    let data = env.root().join("shared");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let run = |flags: &[&str]| {
        boxed(&env, flags, "echo y > a && rm -rf d && mkdir d && cat a").env("XDG_DATA_HOME", &data)
    };
    let done = run(&[]).run().expect_code(0);
    assert_eq!(done.stdout, "y\n");
    assert!(done.stderr.contains("was in memory, and is gone"), "{}", done.stderr);
    let refused = run(&["--keep"]).run().expect_code(125).stderr;
    assert!(refused.contains("another user may change what is in it"), "{refused}");
    assert_eq!(fs::read(env.work().join("a")).unwrap(), b"x");
}

/// An overlay below another: what a container has as its root.
#[test]
fn on_an_overlay_a_box_works_in_memory_and_says_so() {
    let env = TestEnv::new();
    for dir in ["low/p", "up", "wk", "merged"] {
        fs::create_dir_all(env.work().join(dir)).unwrap();
    }
    fs::write(env.work().join("low/p/a"), "x\n").unwrap();
    let script = "mount -t overlay overlay -o lowerdir=low,upperdir=up,workdir=wk,userxattr merged \
        && cd merged/p && export XDG_DATA_HOME=${PWD%/p}/data && \"$@\"";
    let flags: &[&str] = if is_root() { &["-m"] } else { &["-Urm"] };
    let run = env.command(require("unshare")).args(flags).args(["sh", "-c", script, "sh"]);
    let run = run.arg(drybox_testkit::drybox_bin());
    let done = run.args(["run", "--", "sh", "-c", "cat a; echo y > b; rm a; ls"]).run();
    let done = done.expect_code(0);
    assert_eq!(done.stdout, "x\nb\n", "{}", done.stderr);
    assert!(done.stderr.contains("was in memory, and is gone"), "{}", done.stderr);
}

/// FS-47: the kernel shows no view of a directory with mounts below to a user; root's has them not.
#[test]
fn what_is_mounted_below_the_workspace_is_never_silently_empty() {
    let env = TestEnv::new();
    env.write("p/sub/under", "below the mount");
    let script = "mount -t tmpfs none p/sub && echo over > p/sub/over && cd p && \"$@\"";
    let flags: &[&str] = if is_root() { &["-m"] } else { &["-Urm"] };
    let run = env.command(require("unshare")).args(flags).args(["sh", "-c", script, "sh"]);
    let run = run.arg(drybox_testkit::drybox_bin());
    let done = run.args(["run", "--", "sh", "-c", "ls sub; touch made 2>/dev/null"]).run();
    let (seen, told) = match is_root() {
        true => ("under\n", "p/sub is not shown: "),
        false => ("over\n", "could only be read: no overlay works there"),
    };
    assert_eq!(done.stdout, seen, "{}", done.stderr);
    assert!(done.stderr.contains(told), "{}", done.stderr);
    // Sockets and FIFOs can be reached through what is shown instead: not by somebody else's code.
    let run = env.command(require("unshare")).args(flags).args(["sh", "-c", script, "sh"]);
    let run = run.arg(drybox_testkit::drybox_bin()).args(["run", "--profile", "untrusted"]);
    let done = run.args(["--", "ls", "sub"]).run();
    if is_root() {
        assert_eq!(done.expect_code(0).stdout, "under\n");
    } else {
        let refused = done.expect_code(125).stderr;
        assert!(refused.contains("mounts below") && refused.contains("a copy"), "{refused}");
    }
    assert!(!env.work().join("p/made").exists());
}

#[test]
fn a_workspace_that_holds_the_boxes_or_is_no_project_is_refused_or_hidden() {
    let env = TestEnv::new();
    let inside = env.work().join("data");
    let refused = boxed(&env, &["--workspace", "cow"], "true").env("XDG_DATA_HOME", inside).run();
    refused.expect_code(125);
    let home = env.home();
    let refused = boxed(&env, &["--workspace", "cow"], "true").current_dir(&home).run();
    assert!(refused.expect_code(125).stderr.contains("a home directory"));
    let done = boxed(&env, &[], "ls -A").current_dir(home).run().expect_code(0);
    assert!(done.stderr.contains("is not shown inside: a home directory"), "{}", done.stderr);
}

#[test]
fn a_box_that_cannot_be_read_is_named_and_stops_no_other() {
    let env = TestEnv::new();
    ran(&env, "echo x > a");
    boxed(&env, &["--box", "other"], "echo y > b").run().expect_code(0);
    let boxes = env.data().join("drybox/boxes");
    let mut torn = fs::read_dir(&boxes).unwrap().map(|entry| entry.unwrap().path());
    let torn = torn.find(|path| path.to_str().unwrap().ends_with(".default")).unwrap();
    fs::write(torn.join("meta"), "").unwrap();
    for args in [&["run", "--", "true"][..], &["diff"]] {
        let refused = env.drybox().args(args).run().expect_code(125).stderr;
        assert!(refused.contains(torn.to_str().unwrap()), "{refused}");
        assert!(refused.contains("fix:   drybox discard --box default"), "{refused}");
    }
    let list = env.drybox().args(["boxes"]).run().expect_code(125);
    assert!(list.stdout.contains("other: 1 change"), "{}", list.stdout);
    assert!(list.stderr.contains(torn.to_str().unwrap()), "{}", list.stderr);
    assert_eq!(boxed(&env, &["--box", "other"], "cat b").run().expect_code(0).stdout, "y\n");
    env.drybox().args(["discard", "--yes", "--box", "default"]).run().expect_code(0);
    assert_eq!(ran(&env, "ls").stdout, "");
}

#[test]
fn changes_to_a_directory_are_not_shown_over_another_one_at_its_path() {
    let env = TestEnv::new();
    let project = env.work().join("p");
    let run = |args: &[&str]| env.drybox().args(args).current_dir(&project).run();
    fs::create_dir(&project).unwrap();
    run(&["run", "--", "sh", "-c", "echo x > a"]).expect_code(0);
    fs::rename(&project, env.work().join("aside")).unwrap();
    fs::create_dir(&project).unwrap();
    let refused = run(&["run", "--", "ls"]).expect_code(125).stderr;
    assert!(refused.contains("another directory stands there by now"), "{refused}");
    let diff = run(&["diff", "--name-only"]).expect_code(0);
    assert_eq!(diff.stdout, "a\n");
    assert!(diff.stderr.contains("made to another directory"), "{}", diff.stderr);
    assert!(run(&["boxes"]).stdout.contains("of a directory that stood there before"));
    assert_eq!(run(&["run", "--new", "--", "ls"]).expect_code(0).stdout, "");
    // The control: the directory that it was made to.
    fs::remove_dir(&project).unwrap();
    fs::rename(env.work().join("aside"), &project).unwrap();
    assert_eq!(run(&["run", "--box", "default.previous", "--", "ls"]).expect_code(0).stdout, "a\n");
}

mod root_only {
    use std::os::unix::fs::chown;

    use super::*;

    /// The top level that a command of root's finds in `dir`, below what `passwd` says is a home.
    fn base(env: &TestEnv, dir: &std::path::Path, passwd: &str) -> String {
        let file = env.root().join("passwd");
        fs::write(&file, passwd).unwrap();
        let script = format!(
            "mount --bind {} /etc/passwd && cd {} && exec \"$@\"",
            file.display(),
            dir.display()
        );
        let run = env.command(require("unshare")).args(["-m", "sh", "-c", &script, "sh"]);
        let run = run.arg(drybox_testkit::drybox_bin()).args(["diff", "--json"]);
        let json: serde_json::Value =
            serde_json::from_str(&run.run().expect_code(0).stdout).unwrap();
        json.get("base").unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn a_repository_that_is_a_users_whole_home_is_no_workspace_of_roots() {
        let env = TestEnv::new();
        for dir in [".git/objects", ".git/refs", "p"] {
            fs::create_dir_all(env.work().join(dir)).unwrap();
        }
        env.write(".git/HEAD", "ref: refs/heads/main\n");
        for path in ["", ".git", "p"] {
            chown(env.work().join(path), Some(4711), Some(4711)).unwrap();
        }
        let (home, project) = (env.work(), env.work().join("p"));
        let root = "root:x:0:0::/root:/bin/sh\n";
        let user = format!("{root}u:x:4711:4711::{}:/bin/sh\n", home.display());
        assert_eq!(base(&env, &project, &user), project.to_str().unwrap());
        assert_eq!(base(&env, &project, root), home.to_str().unwrap(), "the control");
    }

    /// `sudo -E`: the home, and every link in it, is another user's.
    #[test]
    fn boxes_of_roots_are_not_kept_where_another_users_links_lead() {
        let env = TestEnv::new();
        let elsewhere = env.root().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::create_dir(env.home().join(".local")).unwrap();
        symlink(&elsewhere, env.home().join(".local/share")).unwrap();
        let script = "unset XDG_DATA_HOME; exec \"$@\"";
        let run = || {
            let run = env.command(require("env")).args(["sh", "-c", script, "sh"]);
            run.arg(drybox_testkit::drybox_bin())
                .args(["run", "--", "sh", "-c", "echo x > a"])
                .run()
        };
        let kept = run().expect_code(0).stderr;
        assert!(kept.contains("1 file changed"), "the control: {kept}");
        fs::remove_dir_all(elsewhere.join("drybox")).unwrap();
        chown(env.home(), Some(4711), Some(4711)).unwrap();
        let lost = run().expect_code(0).stderr;
        assert!(lost.contains("was in memory, and is gone"), "{lost}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}
