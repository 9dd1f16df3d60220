//! The relay's own process: what it has, and when it ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drybox_testkit::{TestEnv, require};

use super::Outside;

/// The words after a key of the status of a process (proc_pid_status(5)).
fn status(pid: u32, key: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

/// The relay among the children of a process.
fn relay_of(parent: u32) -> Option<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut pids = pids.filter(|&pid| status(pid, "PPid") == parent.to_string());
    pids.find(|&pid| status(pid, "Name") == "drybox-relay")
}

/// A box that says "in" and then waits.
fn waiting(outside: &Outside) -> std::process::Child {
    let run = outside.allowed().args(["-q", "--", "sh", "-c", "echo in; sleep 60"]);
    let mut command: Command = run.into_command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "in\n");
    child
}

#[test]
fn the_relay_has_nothing_but_sockets_and_a_filter() {
    let outside = Outside::new();
    let mut child = waiting(&outside);
    let relay = relay_of(child.id()).unwrap();
    let got = ["CapEff", "CapPrm", "NoNewPrivs", "Seccomp"].map(|key| status(relay, key));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(got, ["0000000000000000", "0000000000000000", "1", "2"]);
}

mod root_only {
    use super::*;

    /// The relay is not dumpable: only root sees what it has open.
    #[test]
    fn the_relay_has_nothing_of_the_caller_open() {
        let outside = Outside::new();
        outside.env.write("open", "of the caller");
        let path = outside.env.work().join("open");
        // The shell hands descriptor 9 on to drybox.
        let drybox = outside.allowed().args(["-q", "--", "sh", "-c", "echo in; sleep 60"]);
        let drybox: Command = drybox.into_command();
        let mut command = Command::new(require("sh"));
        command.args(["-c", "exec 9<\"$0\"; exec \"$@\""]).arg(&path).arg(drybox.get_program());
        command.args(drybox.get_args()).current_dir(outside.env.work()).env_clear();
        command.envs(drybox.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let open_in = |pid: u32| -> Vec<String> {
            let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
            let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
            links.map(|link| link.display().to_string()).collect()
        };
        let relay = relay_of(child.id()).unwrap();
        let (callers, relays) = (open_in(child.id()), open_in(relay));
        child.kill().unwrap();
        child.wait().unwrap();
        let path = path.display().to_string();
        // The control: drybox was given it.
        assert!(callers.contains(&path), "{callers:?}");
        // The file is the box's own: what was refused is said in it.
        let fine =
            ["socket:", "pipe:", "anon_inode:", "/dev/null", "/dev/urandom", "/run/drybox/refused"];
        let others = relays.iter().filter(|open| !fine.iter().any(|fine| open.starts_with(fine)));
        assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

#[test]
fn a_box_without_a_rule_has_no_relay() {
    let env = TestEnv::new();
    let run = env.drybox().args(["run", "-q", "--", "sh", "-c", "echo in; sleep 60"]);
    let mut command: Command = run.into_command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let relay = relay_of(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((line.as_str(), relay), ("in\n", None));
}

#[test]
fn nothing_of_the_relay_is_left_however_the_run_ends() {
    let outside = Outside::new();
    outside.allowed().args(["-q", "--", "true"]).run().expect_code(0);
    outside.env.expect_no_stray_process();
    // Killed, so that nobody could clean up.
    let mut child = waiting(&outside);
    let relay = relay_of(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    outside.env.expect_no_stray_process();
    // Whoever adopted it may not have reaped it yet.
    let until = Instant::now() + Duration::from_secs(10);
    while !matches!(status(relay, "State").as_str(), "" | "Z (zombie)") {
        assert!(Instant::now() < until, "the relay lives on: {}", status(relay, "State"));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn when_the_relay_is_killed_nothing_is_reachable_and_that_is_told() {
    let outside = Outside::new();
    let url = format!("http://good.example:{}/", outside.http.port());
    let script = format!("echo in; read x; curl -sS -m 9 {url}; echo $?");
    let run = outside.allowed().args(["--", "sh", "-c", &script]);
    let mut command: Command = run.into_command();
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let relay = i32::try_from(relay_of(child.id()).unwrap()).unwrap();
    let killed =
        Command::new(require("kill")).args(["-KILL", &relay.to_string()]).status().unwrap();
    assert!(killed.success());
    drop(child.stdin.take());
    line.clear();
    stdout.read_line(&mut line).unwrap();
    let done = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_ne!(line, "0\n", "{stderr}");
    assert!(stderr.contains("the relay ended before the box did"), "{stderr}");
}
