//! Job control: the keys that end, stop and go on, from the user's shell.

use drybox_testkit::TestEnv;

use super::{LONG, outer, run, sh};

#[test]
fn ctrl_c_and_ctrl_backslash_end_the_payload() {
    for (key, code) in [("\x03", 130), ("\x1c", 131)] {
        let env = TestEnv::new();
        // The payload itself is what the key meets.
        let mut pty = sh(&env, "echo re''ady; exec sleep 100");
        pty.expect("ready");
        pty.send(key);
        assert_eq!(pty.wait(LONG).code(), Some(code));
        env.expect_no_stray_process();
    }
}

#[test]
fn ctrl_c_is_the_payloads_to_handle() {
    let env = TestEnv::new();
    let mut pty =
        sh(&env, "trap 'echo caught; exit 5' INT; echo re''ady; while :; do sleep 0.05; done");
    pty.expect("ready");
    pty.send("\x03");
    pty.expect("caught");
    assert_eq!(pty.wait(LONG).code(), Some(5));
}

#[test]
fn ctrl_z_stops_the_run_and_fg_goes_on() {
    for payload in [
        "sleep 1.5",
        "sh -c 'sleep 1.5; exit 0'",
        "bash -c 'for i in 1 2 3; do sleep 0.5; done'",
        "/usr/bin/python3 -c 'import time; time.sleep(1.5)'",
    ] {
        let env = TestEnv::new();
        let mut pty = outer(&env);
        let cooked = super::modes(&pty.settings());
        pty.send(format!("\"$D\" run -- {payload}\n"));
        pty.settle(std::time::Duration::from_millis(400));
        pty.send("\x1a");
        pty.expect("Stopped");
        pty.expect("outer> ");
        assert_eq!(super::modes(&pty.settings()), cooked, "{payload}");
        pty.send("echo st$((40 + 2))\n");
        pty.expect("st42");
        pty.send("fg; echo rc=$?\n");
        pty.expect("rc=0");
        env_ends(&env, &mut pty);
    }
}

fn env_ends(env: &TestEnv, pty: &mut drybox_testkit::Pty) {
    pty.send("exit\n");
    pty.wait(LONG);
    env.expect_no_stray_process();
}

#[test]
fn a_stopped_run_can_be_killed() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send("\"$D\" run -- sleep 100\n");
    pty.settle(std::time::Duration::from_millis(400));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.send("kill %1; fg; echo rc=$?\n");
    pty.expect("rc=143");
    env_ends(&env, &mut pty);
}

#[test]
fn ctrl_z_stops_whoever_waits_for_the_run_too() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    // A script between: were it not stopped, the user's shell would go on waiting for it.
    pty.send("sh -c '\"$D\" run -- sleep 1.5; echo af''ter'\n");
    pty.settle(std::time::Duration::from_millis(400));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.send("fg\n");
    pty.expect("after");
    env_ends(&env, &mut pty);
}

#[test]
fn ctrl_z_without_a_shell_to_continue_it_stops_nothing() {
    let env = TestEnv::new();
    let mut pty = sh(&env, "echo re''ady; sleep 1; echo do''ne");
    pty.expect("ready");
    // Not while the shell is starting `sleep`: one that waits in vfork(2) is not stopped, here and
    // anywhere.
    pty.settle(std::time::Duration::from_millis(200));
    pty.send("\x1a");
    pty.expect("done");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn the_jobs_of_a_shell_inside_are_its_own() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send("\"$D\" run\n");
    pty.expect("drybox:");
    pty.send("sleep 100\n");
    pty.settle(std::time::Duration::from_millis(300));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.expect("drybox:");
    pty.send("jobs; fg\n");
    pty.expect("sleep 100");
    pty.settle(std::time::Duration::from_millis(200));
    pty.send("\x03");
    pty.expect("drybox:");
    pty.send("exit 3\n");
    pty.expect("outer> ");
    pty.send("echo rc=$?\n");
    pty.expect("rc=3");
    env_ends(&env, &mut pty);
}

#[test]
fn a_run_in_the_background_goes_on_there_and_leaves_the_keyboard_alone() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send("\"$D\" run -- sh -c 'sleep 1; test -t 0 || echo back''ground' &\n");
    pty.expect("outer> ");
    // Typed for the shell, not for the job: neither read nor a reason to stop it.
    pty.send("echo ty$((40 + 2))\n");
    pty.expect("ty42");
    pty.expect("background");
    pty.send("wait; echo rc=$?\n");
    pty.expect("rc=0");
    // Its output elsewhere, as a server is started.
    pty.send("\"$D\" run -- sh -c 'sleep 1; echo lo''g' > log &\n");
    pty.expect("outer> ");
    pty.send("echo ty$((40 + 3))\n");
    pty.expect("ty43");
    pty.send("wait; cat log\n");
    pty.expect("log\r\n");
    env_ends(&env, &mut pty);
}

#[test]
fn a_run_that_asked_for_the_terminal_waits_for_it() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    let cooked = super::modes(&pty.settings());
    pty.send("\"$D\" run -t -- sh -c 'tty; sleep 0.3' &\n");
    pty.expect("outer> ");
    pty.send("\n");
    pty.settle(std::time::Duration::from_millis(300));
    pty.send("jobs\n");
    pty.expect("Stopped");
    assert_eq!(super::modes(&pty.settings()), cooked);
    pty.send("fg; echo rc=$?\n");
    pty.expect("/dev/pts/0");
    pty.expect("rc=0");
    assert_eq!(super::modes(&pty.settings()), cooked);
    env_ends(&env, &mut pty);
}

#[test]
fn a_pipeline_is_stopped_and_ended_as_one() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send("\"$D\" run -- sh -c 'sleep 1.5; echo do''ne' | cat\n");
    pty.settle(std::time::Duration::from_millis(400));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.send("fg\n");
    pty.expect("done");
    pty.expect("outer> ");
    pty.send("\"$D\" run -- sleep 100 | cat; echo rc=${PIPESTATUS[0]}\n");
    pty.settle(std::time::Duration::from_millis(400));
    pty.send("\x03");
    pty.expect("outer> ");
    pty.send("echo rc=${PIPESTATUS[0]}\n");
    pty.expect("rc=130");
    env_ends(&env, &mut pty);
}

#[test]
fn a_terminal_that_goes_away_ends_the_run() {
    for script in [
        "echo re''ady; sleep 100",
        "trap '' HUP; echo re''ady; sleep 100",
        "trap '' HUP; echo re''ady; while :; do echo x; sleep 0.05; done",
        // Answers that nobody reads must not keep the supervisor from looking at the terminal.
        "trap '' HUP; stty raw -echo; yes \"$(printf '\\033[c')\" | head -n 3000; echo re''ady; sleep 100",
        "trap '' HUP TERM; exec < /dev/null > /dev/null 2>&1; echo re''ady > /dev/tty; sleep 100",
    ] {
        let env = TestEnv::new();
        let mut pty = sh(&env, script);
        pty.expect("ready");
        pty.hang_up();
        assert!(!pty.wait(LONG).success(), "{script}");
        env.expect_no_stray_process();
    }
    let env = TestEnv::new();
    let mut pty = run(&env, &[]);
    pty.expect("drybox:");
    pty.hang_up();
    pty.wait(LONG);
    env.expect_no_stray_process();
}
