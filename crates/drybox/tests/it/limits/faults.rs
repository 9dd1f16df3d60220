//! Bad days of the supervisor.

use std::process::Stdio;
use std::time::Duration;

use drybox_testkit::TestEnv;

use super::{expect_out_of_memory, python};
use crate::walls::PYTHON;

/// Every processor is busy with the payload: the limit is kept all the same.
#[test]
fn a_busy_payload_does_not_starve_the_watchdog() {
    let env = TestEnv::new();
    let busy = "import os
for n in range(24):
    if os.fork() == 0:
        while True: pass
hog = []
while True: hog.append(bytearray(1 << 20))";
    let flags = ["--memory", "96m", "--memory-swap", "96m", "--timeout", "60"];
    expect_out_of_memory(python(&env, &flags, busy), "96m");
    env.expect_no_stray_process();
}

/// What is stopped has its memory still.
#[test]
fn a_stopped_payload_is_ended_for_its_memory() {
    let env = TestEnv::new();
    let stops = "import os, signal
if (child := os.fork()) == 0:
    hog = bytearray(40 << 20)
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(child, os.WUNTRACED)
hog = bytearray(80 << 20)
import time; time.sleep(30)";
    let flags = ["--memory", "64m", "--memory-swap", "64m", "--timeout", "60"];
    expect_out_of_memory(python(&env, &flags, stops), "64m");
}

/// LM-19
#[test]
fn two_hundred_boxes_at_once_all_succeed() {
    let env = TestEnv::new();
    let start = |_| {
        let mut command =
            env.drybox().args(["run", "--rm", "--", "/bin/echo", "in"]).into_command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let boxes: Vec<_> = (0..200).map(start).collect();
    for started in boxes {
        let output = started.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
        assert_eq!(output.stdout, b"in\n");
    }
    env.expect_no_stray_process();
}

/// With too few descriptors a run does not start, and says so; with enough it does.
#[test]
fn a_supervisor_without_descriptors_names_the_limit() {
    let env = TestEnv::new();
    let drybox = drybox_testkit::drybox_bin();
    let mut ends = [false, false];
    for most in 4..40 {
        let script = format!("ulimit -n {most}; exec \"$0\" run -- /bin/echo in");
        let done = env.command("/bin/sh").args(["-c", &script]).arg(&drybox);
        let done = done.limit(Duration::from_secs(30)).run();
        match done.code() {
            Some(0) => assert_eq!(done.stdout, "in\n"),
            code => {
                assert_eq!(code, Some(125), "{most}: {}", done.stderr);
                let named = ["the limit on open files is too low", "Too many open files"];
                assert!(named.iter().any(|named| done.stderr.contains(named)), "{}", done.stderr);
                assert_eq!(done.stdout, "");
            }
        }
        ends[usize::from(done.code() == Some(0))] = true;
    }
    assert_eq!(ends, [true, true], "both ends of the range were met");
    env.expect_no_stray_process();
}

/// A box that sleeps leaves its supervisor asleep.
#[test]
fn the_supervisor_of_a_sleeping_box_sleeps() {
    let env = TestEnv::new();
    let mut command = env.drybox().args(["run", "--", PYTHON, "-c", "input()"]).into_command();
    let mut boxed = command.stdin(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let wakes = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", boxed.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = wakes();
    std::thread::sleep(Duration::from_secs(4));
    let woken = wakes() - before;
    assert!(woken <= 4, "{woken}");
    drop(boxed.stdin.take());
    boxed.wait().unwrap();
}
