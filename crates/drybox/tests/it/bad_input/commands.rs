//! The command: not there, not to be run, or enormous.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use drybox_testkit::{TestEnv, drybox_bin};

use super::expect_error;

#[test]
fn a_command_that_cannot_be_run_is_told_with_podmans_code() {
    const NOT_THERE: &str = "  cause: there is no such program inside\n  fix:   see what is: ";
    const NOT_EXECUTABLE: &str = "  cause: it is not executable\n  fix:   chmod +x it";
    const NO_EXEC: &str = "  cause: no program may be started from there: the mount is noexec\n";
    const DIRECTORY: &str = "  cause: it is a directory\n  fix:   name a program";
    let env = TestEnv::new();
    env.write("plain", "echo hi\n");
    for (name, content) in [
        ("text", "echo hi\n"),
        ("lost-interpreter", "#!/no/such/interpreter\n"),
        ("good", "#!/bin/sh\necho ran\n"),
    ] {
        env.write(name, content);
        let path = env.work().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (command, code, told) in [
        ("no-such", 127, NOT_THERE),
        ("/no/such", 127, NOT_THERE),
        ("./no-such", 127, NOT_THERE),
        ("./plain/below", 127, NOT_THERE),
        ("./plain", 126, NOT_EXECUTABLE),
        ("/etc", 126, DIRECTORY),
        (".", 126, DIRECTORY),
        ("/proc/version", 126, NO_EXEC),
        ("./text", 126, "it is no program for this machine, and has no #! line"),
        (
            "./lost-interpreter",
            126,
            "it is there, but the interpreter or loader that it names is not",
        ),
    ] {
        let done = env.drybox().args(["run", "--", command]).run();
        expect_error(&done, code, &[&format!("error: cannot run {command}\n"), told]);
    }
    expect_error(&env.drybox().args(["run", "--", ""]).run(), 125, &["cannot run ''"]);
    // The control.
    let done = env.drybox().args(["run", "--", "./good"]).run().expect_code(0);
    assert_eq!(done.stdout, "ran\n");
}

#[test]
fn a_program_that_the_host_has_elsewhere_is_told_with_the_share_that_brings_it_in() {
    let env = TestEnv::new();
    for at in ["tools/bin/x", "work here/bin/x"] {
        let path = env.root().join(at);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "#!/bin/sh\necho ran\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let work = env.work();
    std::os::unix::fs::symlink(env.root().join("tools/bin/x"), work.join("link")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/env", env.root().join("tools/bin/link")).unwrap();
    let root = env.root().display();
    let tools = format!("{root}/tools/bin:{root}/tools/bin:ro");
    let quoted = format!("'{root}/work here/bin:{root}/work here/bin:ro'");
    for (command, share) in [
        (format!("{root}/tools/bin/x"), &tools),
        ("../tools/bin/x".to_owned(), &tools),
        ("./link".to_owned(), &tools),
        ("../tools/bin/link".to_owned(), &tools),
        ("../work here/bin/x".to_owned(), &quoted),
    ] {
        let done = env.drybox().args(["run", "--", &command]).run();
        let fix = format!("  fix:   -v {share}, or all of what it belongs to\n");
        expect_error(&done, 127, &["  cause: it lies outside of what is shared", &fix]);
        // The control.
        let done = env.drybox().args(["run", "-v", share.trim_matches('\''), "--"]);
        done.args([&command, "true"]).run().expect_code(0);
    }
}

#[test]
fn two_mebibytes_of_arguments_arrive_and_more_are_the_callers_own_limit() {
    let env = TestEnv::new();
    let word = "x".repeat(100_000);
    let args: Vec<&str> = std::iter::repeat_n(word.as_str(), 20).collect();
    let script = "for a; do n=$((n + ${#a})); done; echo $n";
    let done = env.drybox().args(["run", "--", "/bin/sh", "-c", script, "sh"]).args(args).run();
    assert_eq!(done.expect_code(0).stdout, "2000000\n");
}

#[test]
fn an_enormous_environment_stays_outside_and_does_not_hinder() {
    let env = TestEnv::new();
    let mut run = env.drybox().args(["run", "--", "/usr/bin/env"]);
    for index in 0..15 {
        run = run.env(format!("BIG_{index}"), "y".repeat(100_000));
    }
    let done = run.env("PATH", format!("/usr/bin:{}", "/x:".repeat(33_000))).run().expect_code(0);
    assert!(!done.stdout.contains("BIG_"), "{}", done.stdout);
    assert!(done.stdout.lines().any(|line| line.starts_with("PATH=/usr/local/")));
    assert!(done.stdout.len() < 2_000, "{}", done.stdout.len());
}

#[test]
fn an_empty_or_missing_home_and_path_are_replaced() {
    let env = TestEnv::new();
    for (home, path) in [(None, None), (Some(""), Some("")), (Some("relative"), Some(":.:"))] {
        let mut command = env.drybox().args(["run", "--", "/bin/sh", "-c", "echo $HOME:$PATH"]);
        command =
            command.env("HOME", home.unwrap_or_default()).env("PATH", path.unwrap_or_default());
        let mut command = command.into_command();
        if home.is_none() {
            command.env_remove("HOME").env_remove("PATH");
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let expected = "/home/agent:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
        assert_eq!(said, expected, "{home:?} {path:?}");
    }
}

#[test]
fn a_name_of_its_own_that_is_empty_does_not_hinder() {
    let env = TestEnv::new();
    let mut command = std::process::Command::new(drybox_bin());
    command.arg0("").args(["run", "--", "/bin/true"]).env_clear().current_dir(env.work());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
