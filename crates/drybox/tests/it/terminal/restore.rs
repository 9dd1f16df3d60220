//! However a run ends, the terminal is as it was (TT-05, TT-10).

use std::time::{Duration, Instant};

use drybox_testkit::{Pty, TestEnv, drybox_bin};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::LocalModes;

use super::{LONG, modes, outer, sh};

fn is_raw(pty: &mut Pty) -> bool {
    !pty.settings().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
}

fn soon(pty: &mut Pty, what: impl Fn(&mut Pty) -> bool) {
    let begun = Instant::now();
    while !what(pty) {
        assert!(begun.elapsed() < LONG, "the terminal's settings stay as they are");
        pty.settle(Duration::from_millis(10));
    }
}

#[test]
fn after_every_end_of_the_payload() {
    for (script, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
        ("stty raw -echo; exit 0", 0),
        ("exec setsid sleep 0.1", 0),
        ("exec /no/such/program", 127),
        ("printf '\\033[?1049h\\033[?25l\\033[?1000h\\033[31m'; exit 4", 4),
    ] {
        let env = TestEnv::new();
        let mut pty = outer(&env);
        let before = modes(&pty.settings());
        pty.send(format!("\"$D\" run -- sh -c '{}'; echo rc=$?\n", script.replace('\'', "'\\''")));
        pty.expect(format!("rc={code}"));
        pty.expect("outer> ");
        assert_eq!(modes(&pty.settings()), before, "{script}");
        pty.send("exit\n");
        pty.wait(LONG);
        env.expect_no_stray_process();
    }
}

#[test]
fn after_an_error_of_the_launch() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    let before = modes(&pty.settings());
    for words in ["-- /no/such/program", "-w /no/such/place -- true", "-- /etc/passwd"] {
        pty.send(format!("\"$D\" run {words}; echo rc=$?\n"));
        pty.expect("error: ");
        pty.expect("rc=12");
        pty.expect("outer> ");
        assert_eq!(modes(&pty.settings()), before, "{words}");
    }
}

#[test]
fn after_a_signal_to_the_supervisor() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let env = TestEnv::new();
        let mut pty = sh(&env, "printf '\\033[?1000h'; echo re''ady; exec sleep 100");
        let before = "ICANON | ECHO";
        pty.expect("ready");
        assert!(is_raw(&mut pty), "{before}");
        kill_process(pty.pid(), signal).unwrap();
        assert_eq!(pty.wait(LONG).code(), Some(128 + signal.as_raw()));
        assert!(!is_raw(&mut pty));
        assert!(contains(pty.output(), b"\x1b[?1000l"), "the mouse is still reported");
        env.expect_no_stray_process();
    }
}

/// A run below a shell that does not restore the terminal by itself, and the supervisor's id. (Were
/// the supervisor the session's leader, its end would hang the terminal up.)
fn below_a_shell(env: &TestEnv) -> (Pty, Pid) {
    let payload = "printf '\\033[?1000h'; echo re''ady; exec sleep 100";
    let shell = env.command("/bin/sh").args(["-c", "\"$D\" run -- sh -c \"$P\"; sleep 100"]);
    let pty = Pty::start(shell.env("D", drybox_bin()).env("P", payload));
    let children = format!("/proc/{0}/task/{0}/children", pty.pid());
    let begun = Instant::now();
    loop {
        // proc_pid_task_tid_children(5). The shell is itself once setsid has executed it.
        let read = std::fs::read_to_string(&children).unwrap();
        if let Some(pid) = read.trim().parse().ok().and_then(Pid::from_raw) {
            return (pty, pid);
        }
        assert!(begun.elapsed() < LONG, "the shell starts nothing");
    }
}

#[test]
fn after_the_supervisor_was_killed() {
    let env = TestEnv::new();
    let (mut pty, supervisor) = below_a_shell(&env);
    pty.expect("ready");
    assert!(is_raw(&mut pty));
    kill_process(supervisor, Signal::KILL).unwrap();
    soon(&mut pty, |pty| !is_raw(pty));
    pty.settle(Duration::from_millis(100));
    assert!(contains(pty.output(), b"\x1b[?1000l"), "the mouse is still reported");
}

#[test]
fn after_the_supervisor_was_killed_at_any_moment() {
    let env = TestEnv::new();
    for delay in 0..40_u64 {
        let (mut pty, supervisor) = below_a_shell(&env);
        std::thread::sleep(Duration::from_micros(delay * 400));
        kill_process(supervisor, Signal::KILL).unwrap();
        pty.settle(Duration::from_millis(20));
        soon(&mut pty, |pty| !is_raw(pty));
    }
    env.expect_no_stray_process();
}

pub(super) fn contains(output: &[u8], part: &[u8]) -> bool {
    output.windows(part.len()).any(|window| window == part)
}
