//! SIGKILL of the supervisor, of the child or of its thread at any point: nothing is left.

use std::process::Stdio;
use std::time::{Duration, Instant};

use drybox_testkit::{Run, Snapshot, TestEnv, Trace, mounts_now};
use rustix::process::{Pid, Signal, kill_process};

use super::{contained, each};

/// A payload that would live on: it ignores what it can, and has a child in a session of its own.
const STUBBORN: &str = "trap '' HUP INT TERM PIPE; setsid sleep 1000 & sleep 1000";

#[test]
fn the_supervisor_killed_at_200_points_of_launch_and_run_leaves_nothing() {
    const TIMES: u32 = 200;
    let env = TestEnv::new();
    env.write("file", "content");
    let (mounts, tree) = (mounts_now(), Snapshot::of(env.root()));
    let start = || -> Run { env.drybox().args(["run", "--", "/bin/sh", "-c", STUBBORN]) };
    // How long the launch takes here, so that the points are spread over it and what follows.
    let begun = Instant::now();
    env.drybox().args(["run", "--", "/bin/true"]).run().expect_code(0);
    let whole = begun.elapsed().max(Duration::from_millis(4));
    for turn in 0..TIMES {
        let mut command = start().into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        // Golden ratio steps: every part of the interval is met early.
        let part = (f64::from(turn) * 0.618_033_988_75).fract();
        while begun.elapsed() < whole.mul_f64(part * 1.2) {
            std::hint::spin_loop();
        }
        kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
        child.wait().unwrap();
    }
    env.expect_no_stray_process();
    tree.expect_same(&Snapshot::of(env.root()));
    assert_eq!(mounts, mounts_now());
}

#[test]
fn whoever_is_killed_at_any_call_of_the_launch_nothing_lives_on() {
    let env = TestEnv::new();
    let args = ["run", "--", "/bin/sh", "-c", "echo ran; read line"];
    let log = env.root().join("strace");
    contained(&env, |run| run.launch_traced(&log), &args).run().expect_code(1);
    let counts: Vec<(String, u32)> = Trace::read(&log)
        .counts()
        .into_iter()
        .map(|(call, count)| (call.to_owned(), u32::try_from(count).unwrap()))
        .collect();
    std::fs::remove_file(&log).unwrap();
    let points: Vec<(String, u32)> = counts
        .into_iter()
        .filter(|(call, _)| call != "exit_group" && call != "exit")
        .flat_map(|(call, count)| {
            let step = (count / 4).max(1);
            (1..=count).step_by(usize::try_from(step).unwrap()).map(move |nth| (call.clone(), nth))
        })
        .collect();
    assert!(points.len() > 100, "{}", points.len());
    let (mounts, tree) = (mounts_now(), Snapshot::of(env.work()));
    each(&points, &env, |(call, nth), log| {
        let done = contained(&env, |run| run.launch_killed(call, *nth, log), &args)
            .env("XDG_DATA_HOME", log.with_extension("data"))
            .limit(Duration::from_secs(20))
            .run();
        // Not met, killed, or told by the supervisor that the box was.
        let ended = match (done.code(), done.signal()) {
            (_, Some(9)) | (Some(1 | 137), _) => true,
            (Some(125), _) => done.stderr.contains("error: "),
            _ => false,
        };
        if ended && !done.stdout.contains("STRAY") {
            Ok(())
        } else {
            Err(format!("{call} {nth}: {} {}{}", done.status, done.stdout, done.stderr))
        }
    });
    env.expect_no_stray_process();
    tree.expect_same(&Snapshot::of(env.work()));
    assert_eq!(mounts, mounts_now());
}
