//! `drybox can`: its verdicts are those of a real box, and its words name the setting.

mod agrees;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use drybox_testkit::{Done, Snapshot, TestEnv};

fn can(env: &TestEnv, args: &[&str]) -> Done {
    env.drybox().arg("can").args(args).run()
}

#[track_caller]
fn says(done: &Done, code: i32, parts: &[&str]) {
    assert_eq!(done.code(), Some(code), "{}{}", done.stdout, done.stderr);
    for part in parts {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    assert_eq!(done.stderr, "");
}

#[test]
fn an_answer_names_the_setting_its_source_and_what_helps() {
    let env = TestEnv::new();
    env.write("src/x", "x");
    env.write("out/y", "y");
    let ssh = env.home().join(".ssh");
    std::fs::create_dir(&ssh).unwrap();
    std::fs::write(ssh.join("id_rsa"), "key").unwrap();
    std::fs::write(env.home().join("notes"), "x").unwrap();
    let key = ssh.join("id_rsa").display().to_string();
    let notes = env.home().join("notes").display().to_string();
    says(&can(&env, &["read", "./src/x"]), 0, &["yes: ", "the workspace", "workspace (default)"]);
    says(
        &can(&env, &["read", &key]),
        1,
        &["no: ", "nothing of your home is inside", "private keys", "refused (ssh)"],
    );
    says(
        &can(&env, &["read", &notes]),
        1,
        &["nothing of your home is inside", &format!("fix:     -v {notes}:{notes}:ro")],
    );
    says(&can(&env, &["read", "/etc/passwd"]), 0, &["made by drybox for the box"]);
    says(&can(&env, &["read", "/usr/bin/env"]), 0, &["the host's own", "base (base host)"]);
    says(&can(&env, &["write", "src/x"]), 0, &["changes kept apart", "workspace (default)"]);
    says(
        &can(&env, &["--workspace", "ro", "write", "src/x"]),
        1,
        &["it is read-only: the workspace", "-v .:/work", "workspace (--workspace)"],
    );
    says(&can(&env, &["-v", ".:/work", "write", "src/x"]), 0, &["share (--volume)"]);
    says(
        &can(&env, &["-v", "./out:/o:ro", "write", "/o/y"]),
        1,
        &["share (--volume)", "-v SRC:/o without :ro"],
    );
    says(&can(&env, &["-v", "./out:/o", "write", "/o/new"]), 0, &["it can be made"]);
    says(&can(&env, &["write", "/tmp/x"]), 0, &["scratch space in memory"]);
    says(&can(&env, &["read", "/dev/tty"]), 1, &["no terminal", "terminal (default)", "-t"]);
    says(&can(&env, &["-t", "read", "/dev/tty"]), 0, &["a device of the box's own"]);
}

#[test]
fn a_file_that_is_inside_under_another_name_is_told() {
    let env = TestEnv::new();
    let other = env.root().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("x"), "x").unwrap();
    let (share, file) = (format!("{}:/data:ro", other.display()), other.join("x"));
    let done = can(&env, &["-v", &share, "read", file.to_str().unwrap()]);
    says(&done, 1, &["fix:     inside it is /data/x"]);
    says(&can(&env, &["-v", &share, "read", "/data/x"]), 0, &["share (--volume)"]);
}

#[test]
fn a_link_that_leads_out_is_told_with_where_it_leads() {
    let env = TestEnv::new();
    let link = |name: &str, target: &str| {
        std::os::unix::fs::symlink(target, env.work().join(name)).unwrap();
    };
    link("shadow", "/etc/shadow");
    link("gone", "/no/such/place");
    link("loop", "loop");
    link("ok", "/usr/bin/env");
    let shadow = can(&env, &["read", "shadow"]);
    says(&shadow, 1, &["shadow -> /etc/shadow", "which is not inside", "password hashes"]);
    says(&can(&env, &["read", "gone"]), 1, &["-> /no/such/place", "it dangles"]);
    says(&can(&env, &["read", "loop"]), 1, &["too many links"]);
    says(&can(&env, &["read", "ok"]), 0, &["inside:  /usr/bin/env", "base (base host)"]);
}

#[test]
fn there_is_no_network_to_connect_to() {
    let env = TestEnv::new();
    for place in ["example.org:443", "127.0.0.1:22", "[::1]:80"] {
        let done = can(&env, &["connect", place]);
        says(&done, 1, &["a box has no network", "doors (default)"]);
    }
    says(&can(&env, &["--network", "none", "connect", "a:1"]), 1, &["doors (--network)"]);
}

#[test]
fn a_host_can_be_connected_to_when_a_rule_names_it_at_that_port() {
    let env = TestEnv::new();
    let named = ["--allow", "good.example:443", "--allow", "10.1.2.3:5432"];
    let asks = |flags: &[&str], place| can(&env, &[flags, &["connect", place]].concat());
    let rule = "--allow good.example:443 lets it";
    says(&asks(&named, "good.example:443"), 0, &["yes: ", rule, "doors (--allow)"]);
    says(&asks(&named, "GOOD.example:443"), 0, &[rule]);
    says(&asks(&named, "10.1.2.3:5432"), 0, &["--allow 10.1.2.3:5432 lets it"]);
    let no = "no rule names this host at this port";
    for place in ["good.example:22", "sub.good.example:443", "10.1.2.4:5432", "[::1]:443"] {
        says(&asks(&named, place), 1, &["no: ", no, "doors (--allow)"]);
    }
    says(&asks(&named, "evil.example:443"), 1, &["fix:     --allow evil.example:443"]);
    let bridge = ["--network", "bridge"];
    says(&asks(&bridge, "any.example:443"), 0, &["--network bridge lets it", "doors (--network)"]);
    says(&asks(&bridge, "any.example:22"), 1, &[no]);
    says(&asks(&bridge, "10.0.0.1:443"), 1, &["every public host is open, and this is none"]);
}

#[test]
fn a_program_is_found_where_the_box_finds_it_or_where_the_host_has_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = TestEnv::new();
    let bin = env.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (place, text) in [(bin.join("mine"), "#!/bin/sh\n"), (env.work().join("bad"), "#!/no/sh\n")]
    {
        std::fs::write(&place, text).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    env.write("plain", "x");
    says(&can(&env, &["run", "env"]), 0, &["inside:  /usr/bin/env", "base (base host)"]);
    says(&can(&env, &["run", "--", "env", "-i"]), 0, &["base (base host)"]);
    says(&can(&env, &["run", "nosuch"]), 1, &["no such program, inside or on your PATH"]);
    says(&can(&env, &["run", "./bad"]), 1, &["its interpreter /no/sh cannot be started"]);
    says(&can(&env, &["run", "./plain"]), 1, &["not executable"]);
    let path = format!("{}:/usr/bin", bin.display());
    let mine = |run: drybox_testkit::Run| run.env("PATH", &path).arg("can").args(["run", "mine"]);
    let told = mine(env.drybox()).run();
    let share = format!("fix:     -v {0}:{0}:ro, then {0}/mine", bin.display());
    says(&told, 1, &["is on your PATH and not inside", &share]);
}

#[test]
fn hostile_names_are_shown_escaped() {
    let env = TestEnv::new();
    let name = OsStr::from_bytes(b"a\x1b[2J\n\xff");
    std::fs::write(env.work().join(name), "x").unwrap();
    for json in [&[][..], &["--json"]] {
        let done = env.drybox().arg("can").args(json).arg("read").arg(name).run().expect_code(0);
        let raw = &done.raw_stdout;
        assert!(!raw.contains(&0x1b) && std::str::from_utf8(raw).is_ok(), "{}", done.stdout);
        assert!(done.stdout.contains("x1b[2J"), "{}", done.stdout);
    }
}

#[test]
fn the_json_is_one_value_with_every_field() {
    let env = TestEnv::new();
    let done = can(&env, &["--json", "read", "/etc/shadow"]).expect_code(1);
    for part in [
        "\"version\": 1",
        "\"question\": \"read\"",
        "\"object\": \"/etc/shadow\"",
        "\"answer\": \"no\"",
        "\"inside\": null",
        "\"setting\": \"refused\"",
        "\"from\": \"etc-shadow\"",
        "\"fix\": \"leave it out\"",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
}

#[test]
fn a_box_that_run_refuses_is_refused_here_too_and_nothing_is_run_or_left() {
    let env = TestEnv::new();
    env.write("f", "x");
    let before = Snapshot::of(env.root());
    for flags in [&["--privileged"][..], &["-v", "/:/x"], &["-v", "./none:/x"]] {
        let asked = env.drybox().arg("can").args(flags).args(["read", "f"]).run().expect_code(125);
        let ran = env.drybox().arg("run").args(flags).args(["--", "true"]).run().expect_code(125);
        assert_eq!(asked.stderr, ran.stderr);
    }
    can(&env, &["write", "f"]);
    can(&env, &["run", "--", "touch", "made"]);
    before.expect_same(&Snapshot::of(env.root()));
    env.expect_no_stray_process();
}

mod root_only {
    use super::*;

    #[test]
    fn root_is_told_what_its_payload_may_and_not_what_root_may() {
        let env = TestEnv::new();
        env.write("theirs", "x");
        let theirs = env.work().join("theirs");
        std::os::unix::fs::chown(&theirs, Some(1234), Some(1234)).unwrap();
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&theirs, closed).unwrap();
        says(&can(&env, &["read", "theirs"]), 1, &["its permissions"]);
        // The control: root itself reads it.
        std::fs::read(&theirs).unwrap();
    }
}
