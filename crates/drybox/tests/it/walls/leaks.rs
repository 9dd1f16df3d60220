//! What one side sees while the other one works, and what is left of a box.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use drybox_testkit::{Racer, TestEnv};
use rustix::process::{Pid, Signal, kill_process};

use super::PYTHON;

/// FS-40: a payload that watches the workspace does not see the host at work.
#[test]
fn a_watch_on_the_workspace_does_not_see_the_host_write() {
    let env = TestEnv::new();
    env.write("file", "");
    let watch = "import ctypes, os, select
C = ctypes.CDLL(None)
fd = C.inotify_init1(0)
assert C.inotify_add_watch(fd, b'.', 0xfff) > 0
print('event' if select.select([fd], [], [], 0.5)[0] else 'silence')";
    let file = env.work().join("file");
    let host = Racer::start(move |turn| {
        fs::write(&file, turn.to_string()).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    });
    let inside = env.drybox().args(["run", "--", PYTHON, "-c", watch]).run().expect_code(0);
    assert_eq!(inside.stdout, "silence\n");
    let outside = env.command(PYTHON).args(["-c", watch]).run().expect_code(0);
    assert_eq!(outside.stdout, "event\n", "the control");
    assert!(host.stop() > 10);
}

/// LM-14: a payload that stops itself does not stop the clock.
#[test]
fn a_stopped_payload_is_killed_when_its_time_is_over() {
    let env = TestEnv::new();
    let stop = ["-c", "kill -STOP $$; echo went on"];
    let done = env.drybox().args(["run", "--timeout", "1", "--", "/bin/sh"]).args(stop);
    let done = done.limit(Duration::from_secs(20)).run().expect_code(137);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.contains("killed after 1 s"), "{}", done.stderr);
    // The control: it does stop.
    let mut outside = env.command("/bin/sh").args(stop).into_command().spawn().unwrap();
    let stat = format!("/proc/{}/stat", outside.id());
    wait(|| fs::read_to_string(&stat).unwrap().contains(") T "));
    outside.kill().unwrap();
    outside.wait().unwrap();
}

/// I7: whatever a payload leaves running ends with it, and so it does when the supervisor is
/// killed.
#[test]
fn no_process_of_a_box_outlives_it() {
    let env = TestEnv::new();
    let daemon = "setsid sleep 300 & (trap '' HUP TERM; sleep 300 & sleep 300) & echo up; read x";
    for end in ["payload", "supervisor"] {
        let run = env.drybox().args(["run", "--", "/bin/sh", "-c", daemon]);
        let mut command = run.into_command();
        let mut box_ = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // The control: init, the shell, two daemons and a child of one.
        wait(|| children_of(box_.id()).len() >= 5);
        let inside = children_of(box_.id());
        match end {
            "payload" => drop(box_.stdin.take()),
            _ => box_.kill().unwrap(),
        }
        box_.wait().unwrap();
        wait(|| inside.iter().all(|(pid, started)| start_of(*pid).as_ref() != Some(started)));
    }
    env.expect_no_stray_process();
}

/// I7: nothing that a payload waits for tells it that the supervisor was killed.
#[test]
fn a_payload_that_reads_nothing_dies_with_the_supervisor() {
    let env = TestEnv::new();
    let run = env.drybox().args(["run", "--", "sleep", "60"]);
    let mut command = run.into_command();
    let mut box_ = command.stdin(Stdio::null()).spawn().unwrap();
    // The control: init and the payload are there.
    wait(|| children_of(box_.id()).len() >= 2);
    let inside = children_of(box_.id());
    box_.kill().unwrap();
    box_.wait().unwrap();
    let lives = |(pid, started): &&(u32, String)| start_of(*pid).as_ref() == Some(started);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) && inside.iter().any(|one| lives(&one)) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let left: Vec<u32> = inside.iter().filter(lives).map(|(pid, _)| *pid).collect();
    for pid in left.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
        kill_process(pid, Signal::KILL).ok();
    }
    assert!(left.is_empty(), "{left:?} lived on");
}

/// Every descendant of a process, and when it started.
fn children_of(pid: u32) -> Vec<(u32, String)> {
    let mut found = vec![];
    let mut open = vec![pid];
    while let Some(parent) = open.pop() {
        let tasks = format!("/proc/{parent}/task/{parent}/children");
        let children = fs::read_to_string(tasks).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            found.extend(start_of(child).map(|started| (child, started)));
            open.push(child);
        }
    }
    found
}

/// proc_pid_stat(5): the 22nd field, the 20th after the name.
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.split(' ').nth(19)?.to_owned())
}

fn wait(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
