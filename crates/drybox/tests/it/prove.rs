//! `drybox prove`: nothing gets out of a box, and what would get out is seen.

mod engines;

use drybox_testkit::{Done, Snapshot, TestEnv, is_root};
use serde_json::Value;

/// The answer of `prove --json` with these arguments.
fn answer(env: &TestEnv, args: &[&str]) -> (Done, Value) {
    let done = env.drybox().args(["prove", "--json"]).args(args).run();
    assert!(done.stdout.starts_with('{'), "{} {}", done.stdout, done.stderr);
    let value = serde_json::from_str(&done.stdout).unwrap();
    (done, value)
}

/// The ids with a result.
fn ids<'a>(answer: &'a Value, result: &str) -> Vec<&'a str> {
    let probes = answer["probes"].as_array().unwrap().iter();
    probes.filter(|probe| probe["result"] == result).map(|p| p["id"].as_str().unwrap()).collect()
}

#[track_caller]
fn expect_nothing_open(args: &[&str]) {
    let env = TestEnv::new();
    let (done, answer) = answer(&env, args);
    assert_eq!(ids(&answer, "open"), Vec::<&str>::new(), "{answer:#}");
    let of = |field| answer.get(field).unwrap();
    assert_eq!((done.code(), of("open")), (Some(0), &Value::from(0)));
    assert_eq!(of("engine"), "drybox");
    let held = of("held").as_u64().unwrap();
    assert_eq!(held, ids(&answer, "held").len() as u64);
    // Some attempts are refused to an ordinary user outside as well, and so prove nothing.
    assert!(held >= if is_root() { 135 } else { 125 }, "{:#?}", ids(&answer, "skipped"));
}

#[test]
fn nothing_gets_out_of_a_box() {
    expect_nothing_open(&[]);
}

#[test]
fn nothing_gets_out_of_a_box_with_a_terminal() {
    expect_nothing_open(&["--", "-t"]);
}

#[test]
fn nothing_gets_out_of_a_box_whose_user_is_root() {
    expect_nothing_open(&["--", "-u", "0"]);
}

#[test]
fn nothing_gets_out_of_a_box_with_shares() {
    let env = TestEnv::new();
    env.write("in/file", "");
    env.write("out/file", "");
    let (done, answer) = answer(&env, &["--", "-v", "/usr/share:/in:ro", "--tmpfs", "/scratch"]);
    assert_eq!(ids(&answer, "open"), Vec::<&str>::new(), "{answer:#}");
    assert_eq!(done.code(), Some(0));
    let share = format!("{}:/out", env.work().join("out").display());
    let (_, answer) = self::answer(&env, &["--", "-v", &share]);
    assert_eq!(ids(&answer, "open"), Vec::<&str>::new(), "{answer:#}");
}

/// The control of every probe: they can fail.
#[test]
fn without_a_sandbox_what_is_held_in_a_box_is_open() {
    let env = TestEnv::new();
    let (_, inside) = answer(&env, &[]);
    let (done, bare) = answer(&env, &["--engine", "none"]);
    assert_eq!(done.code(), Some(1));
    let open = ids(&bare, "open");
    // What only namespaces of its own give to an ordinary user is refused to it outside.
    let missing: Vec<_> =
        ids(&inside, "held").into_iter().filter(|id| !open.contains(id)).collect();
    if is_root() {
        assert_eq!(missing, Vec::<&str>::new());
        assert_eq!(bare["held"], 0);
    } else {
        assert!(missing.len() <= 20, "{missing:?}");
        assert!(open.len() >= 110, "{open:?}");
    }
}

#[test]
fn the_attempts_leave_nothing_behind() {
    let env = TestEnv::new();
    env.write("file", "the user's");
    let canaries = TestEnv::new();
    let before = Snapshot::of(env.root());
    for engine in ["drybox", "none"] {
        let run = env.drybox().env("TMPDIR", canaries.work());
        let run = run.args(["prove", "--engine", engine]).run();
        assert!(run.stdout.contains(" held, "), "{}{}", run.stdout, run.stderr);
    }
    before.expect_same(&Snapshot::of(env.root()));
    assert_eq!(std::fs::read_dir(canaries.work()).unwrap().count(), 0);
    env.expect_no_stray_process();
}

/// The process that is aimed at cleans up after the one that made it.
#[test]
fn a_prove_that_is_killed_leaves_nothing_behind() {
    let env = TestEnv::new();
    let canaries = || {
        let mut names = std::fs::read_dir(env.root()).unwrap().flatten().map(|e| e.file_name());
        names.find(|name| name.as_encoded_bytes().starts_with(b"drybox-prove-"))
    };
    let mut command = env.drybox().env("TMPDIR", env.root()).arg("prove").into_command();
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let runs = |name: std::ffi::OsString| {
        !drybox_testkit::processes_mentioning(name.as_encoded_bytes()).is_empty()
    };
    wait_until(|| canaries().is_some_and(runs));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until(|| canaries().is_none());
    env.expect_no_stray_process();
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "it does not come");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn groups_and_ids_choose_and_unknown_ones_are_told() {
    let env = TestEnv::new();
    let (_, by_group) = answer(&env, &["--group", "network", "--id", "fs-01"]);
    let groups: Vec<&str> = by_group["probes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["group"].as_str().unwrap())
        .collect();
    assert!(groups.contains(&"network") && groups.contains(&"files"));
    assert_eq!(groups.iter().filter(|group| **group != "network").count(), 1);
    let text = env.drybox().args(["prove", "--id", "FS-02"]).run().expect_code(0).stdout;
    assert!(text.starts_with("files\n  held     FS-02  "), "{text}");
    assert!(text.ends_with("drybox: 1 held, 0 open, 0 skipped\n"), "{text}");
    for wrong in [["--id", "FS-99"], ["--group", "nothing"]] {
        let done = env.drybox().arg("prove").args(wrong).run().expect_code(125);
        assert!(done.stderr.contains("fix:   drybox prove --list"), "{}", done.stderr);
    }
}

#[test]
fn a_flag_that_the_box_cannot_have_ends_in_its_own_error() {
    let env = TestEnv::new();
    let done = env.drybox().args(["prove", "--id", "FS-01", "--", "--privileged"]).run();
    let done = done.expect_code(125);
    assert!(done.stderr.contains("cannot make the attempts in drybox"), "{}", done.stderr);
    assert!(done.stderr.contains("privileged"), "{}", done.stderr);
}
