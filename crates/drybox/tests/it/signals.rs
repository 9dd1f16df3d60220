//! Signals to the supervisor, without a terminal.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use drybox_testkit::TestEnv;
use rustix::process::{Pid, Signal, kill_process};

use crate::stdio::{script, succeeds};

/// A payload that runs, and what it prints.
struct Running {
    env: TestEnv,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a script that says `ready`, and waits for that.
    fn start(text: &str) -> Self {
        let env = TestEnv::new();
        let mut command = env.drybox().args(["run", "--", "/bin/bash", "-c", text]).into_command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { env, child, output };
        assert_eq!(running.line(), "ready\n");
        running
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit code; nothing of it is left.
    fn end(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(begun.elapsed() < Duration::from_secs(10), "it did not end"),
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        self.env.expect_no_stray_process();
        (status.code().unwrap(), rest)
    }

    /// One letter of proc_pid_stat(5), once it is `wanted`.
    fn becomes(&self, wanted: char) {
        let path = format!("/proc/{}/stat", self.child.id());
        let begun = Instant::now();
        loop {
            let stat = std::fs::read_to_string(&path).unwrap();
            if stat.rsplit(") ").next().unwrap().starts_with(wanted) {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "it did not become {wanted}: {stat}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn a_signal_ends_the_payload_and_the_code_says_so() {
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::QUIT, 131),
        (Signal::HUP, 129),
        (Signal::TERM, 143),
        (Signal::USR1, 138),
        (Signal::USR2, 140),
    ] {
        // bash itself ignores SIGQUIT.
        let running = Running::start("exec sh -c 'echo ready; exec sleep 100'");
        running.send(signal);
        assert_eq!(running.end(), (code, String::new()), "{signal:?}");
    }
}

#[test]
fn a_payload_may_do_something_about_a_signal() {
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::HUP, "HUP"),
        (Signal::TERM, "TERM"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ] {
        let text =
            format!("trap 'echo {name}; exit 9' {name}; echo ready; while :; do sleep 0.02; done");
        let running = Running::start(&text);
        running.send(signal);
        assert_eq!(running.end(), (9, format!("{name}\n")));
    }
}

#[test]
fn ignored_signals_do_nothing_and_a_kill_ends_all() {
    let mut running = Running::start(
        "trap '' INT QUIT HUP TERM USR1; trap 'echo seen' USR2; echo ready; while :; do sleep 0.02; done",
    );
    for signal in [Signal::INT, Signal::QUIT, Signal::HUP, Signal::TERM, Signal::USR1, Signal::USR2]
    {
        running.send(signal);
    }
    assert_eq!(running.line(), "seen\n");
    assert!(running.child.try_wait().unwrap().is_none());
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    // Its readers see the end: nothing of the box holds the pipe.
    let mut rest = String::new();
    running.output.read_to_string(&mut rest).unwrap();
    running.env.expect_no_stray_process();
}

#[test]
fn the_whole_group_of_the_payload_gets_what_a_terminal_would_send() {
    // bash waits for its child before it runs the trap: that one must get the signal too.
    let text = "trap 'echo trapped; exit 3' INT; echo ready; sleep 100; echo not reached";
    let running = Running::start(text);
    running.send(Signal::INT);
    assert_eq!(running.end(), (3, "trapped\n".to_owned()));
}

#[test]
fn a_stop_and_a_continue_reach_the_payload() {
    let mut running =
        Running::start("trap 'echo on; exit 4' CONT; echo ready; while :; do sleep 0.02; done");
    running.send(Signal::TSTP);
    running.becomes('T');
    running.send(Signal::CONT);
    assert_eq!(running.line(), "on\n");
    assert_eq!(running.end().0, 4);
}

#[test]
fn a_payload_that_stops_itself_is_continued_with_the_run() {
    let mut running =
        Running::start("(sleep 0.3; echo stopped) & echo ready; kill -STOP $$; exit 6");
    assert_eq!(running.line(), "stopped\n");
    running.send(Signal::CONT);
    assert_eq!(running.end().0, 6);
}

#[test]
fn what_the_caller_ignores_the_payload_is_not_told() {
    let env = TestEnv::new();
    let text = "trap '' HUP INT; \"$D\" run -- sh -c 'echo ready; sleep 1; echo done' > log & \
                while ! grep -qs ready log; do sleep 0.02; done; \
                kill -HUP $!; kill -INT $!; wait $!; echo $?; cat log";
    assert_eq!(succeeds(&env, text).stdout, "0\nready\ndone\n");
    // The control: without the trap the first signal ends it.
    let text = text.replace("trap '' HUP INT; ", "rm log; ");
    assert_eq!(succeeds(&env, &text).stdout, "129\nready\n");
}

#[test]
fn a_signal_during_the_launch_ends_it_and_nothing_is_left() {
    let env = TestEnv::new();
    for delay in 0..60_u64 {
        let run = env.drybox().args(["run", "--", "sleep", "100"]);
        let mut command = run.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(delay * 150));
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        // By the signal itself before drybox has blocked it, by its code afterwards.
        use std::os::unix::process::ExitStatusExt as _;
        assert!(
            status.signal() == Some(15) || status.code() == Some(143),
            "after {delay}: {status}: {said}"
        );
    }
    env.expect_no_stray_process();
}

#[test]
fn a_time_limit_ends_a_payload_that_ignores_signals() {
    let env = TestEnv::new();
    let text =
        "timeout -k 0.3 0.3 \"$D\" run -- sh -c 'trap \"\" TERM; echo up; sleep 100'; echo $?";
    let done = script(&env, text).run();
    assert_eq!(done.stdout, "up\n137\n");
    env.expect_no_stray_process();
}
