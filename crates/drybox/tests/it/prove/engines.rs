//! Other sandboxes, and what only says to be one.

use drybox_testkit::{TestEnv, require};
use serde_json::Value;

use super::{answer, ids};

/// A real peer, with the command line that its manual shows.
#[test]
fn bubblewrap_is_compared_side_by_side() {
    drop(require("bwrap"));
    let env = TestEnv::new();
    let (done, several) = answer(&env, &["--engine", "drybox", "--engine", "bwrap"]);
    assert_eq!(done.code(), Some(1));
    let [ours, theirs] = several["engines"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!((&ours["engine"], &theirs["engine"]), (&"drybox".into(), &"bwrap".into()));
    // Both have no network; bubblewrap has no filter, and shows the host's files.
    for id in ["NT-01", "NT-02", "NT-03", "NT-16", "IP-03"] {
        assert!(ids(ours, "held").contains(&id), "{id}: {ours:#}");
        assert!(ids(theirs, "held").contains(&id), "{id}: {theirs:#}");
    }
    for id in ["FS-01", "FS-30", "FS-48", "SC-05", "FD-12"] {
        assert!(ids(ours, "held").contains(&id), "{id}: {ours:#}");
        assert!(ids(theirs, "open").contains(&id), "{id}: {theirs:#}");
    }
    let text = env.drybox().args(["prove", "--group", "network", "--engine", "drybox"]);
    let text = text.args(["--engine", "bwrap"]).run().stdout;
    assert!(text.contains("NT-02   held     held     connect to"), "{text}");
}

#[test]
fn an_engine_that_is_not_there_is_told_and_not_counted() {
    let env = TestEnv::new();
    let alone = env.drybox().args(["prove", "--engine", "/no/such/engine"]).run().expect_code(125);
    assert!(
        alone.stderr.contains("cannot make the attempts in /no/such/engine"),
        "{}",
        alone.stderr
    );
    let (_, several) =
        answer(&env, &["--id", "FS-01", "--engine", "drybox", "--engine", "/no/such"]);
    let missing = &several["engines"][1];
    assert_eq!((&missing["held"], &missing["probes"]), (&0.into(), &Value::Array(vec![])));
    assert!(missing["error"].as_str().unwrap().contains("No such file"), "{missing}");
}

/// Whatever it prints is shown safely, and none of it is counted as held.
#[test]
fn an_engine_that_lies_is_told() {
    let env = TestEnv::new();
    let held = r#"{"id":"FS-01","result":"held","detail":"trust me"}"#;
    let lies = [
        ("garbage", "printf '\\033]0;owned\\007garbage\\n'; \"$@\"".to_owned()),
        ("an answer before", format!("echo '{held}'; \"$@\"")),
        ("an answer after", format!("\"$@\"; echo '{held}'")),
        ("an unknown id", format!("echo '{}'; \"$@\"", held.replace("FS-01", "ZZ-99"))),
        ("a wrong count", format!("echo '{held}'; echo '{{\"end\":7}}'")),
        ("a huge line", "head -c 300000 /dev/zero | tr '\\0' x; echo; \"$@\"".to_owned()),
        ("no end", format!("echo '{held}'")),
        ("a failure at the end", "\"$@\"; exit 3".to_owned()),
    ];
    for (what, script) in lies {
        env.write("lies.sh", &script);
        let engine = format!("/bin/sh {} {{probe}} {{args}}", env.work().join("lies.sh").display());
        let done = env.drybox().args(["prove", "--id", "FS-01", "--engine", &engine]).run();
        assert_eq!(done.code(), Some(1), "{what}: {}{}", done.stdout, done.stderr);
        assert!(done.stdout.contains("error: "), "{what}: {}", done.stdout);
        let drawn = |c: char| c.is_control() && c != '\n';
        assert!(!done.stdout.chars().any(drawn) && done.stdout.len() < 10_000, "{what}");
    }
}

#[test]
fn an_engine_that_floods_or_says_nothing_has_not_run() {
    let env = TestEnv::new();
    for (script, said) in
        [("yes", "printed too much"), ("exit 0", "prints nothing"), ("exit 9", "exit status: 9")]
    {
        env.write("engine.sh", script);
        let engine = format!("/bin/sh {}", env.work().join("engine.sh").display());
        let done = env.drybox().args(["prove", "--id", "FS-01", "--engine", &engine]).run();
        let done = done.expect_code(125);
        assert!(done.stderr.contains(said), "{script}: {}", done.stderr);
    }
}
