//! Runs one test binary: no terminal, no open input, a time limit, its output kept.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::report::{Outcome, Tally};
use crate::failure::Failure;
use crate::{shell, who};

/// Runs a test binary and adds up its results.
pub(crate) fn binary(
    command: Command,
    label: &str,
    half: &'static str,
    libtest: &[String],
    tally: &mut Tally,
) -> Result<(), Failure> {
    print!("{label:<28} ");
    flush();
    let ran = run(command, LIMIT)?;
    let outcome = Outcome::read(&ran.output, ran.status.success());
    tell(&outcome, &ran, libtest);
    tally.add(label, half, outcome);
    Ok(())
}

/// Runs the examples in the documentation. Only cargo can, so only as the user who has it.
pub(crate) fn doc_tests(libtest: &[String], tally: &mut Tally) -> Result<(), Failure> {
    println!("\n== documentation");
    print!("{:<28} ", "examples");
    flush();
    let cargo = shell::cargo(&["test", "--workspace", "--doc", "--quiet", "--"]);
    let mut command = who::as_self(Path::new(cargo.get_program()));
    command.args(cargo.get_args()).args(libtest).current_dir(shell::checkout());
    let ran = run(command, LIMIT)?;
    let outcome = Outcome::read(&ran.output, ran.status.success());
    tell(&outcome, &ran, libtest);
    tally.add("examples", "doc", outcome);
    Ok(())
}

/// How a program ended, and all that it printed.
pub(crate) struct Ran {
    pub(crate) output: String,
    pub(crate) status: ExitStatus,
    took: Duration,
    timed_out: bool,
}

/// Runs a program to its end, or to the end of the time that every test has.
pub(crate) fn limited(command: Command) -> Result<Ran, Failure> {
    run(command, LIMIT)
}

/// The output goes to a file: a process that a test left behind cannot hold it open against us.
fn run(mut command: Command, limit: Duration) -> Result<Ran, Failure> {
    let place = Path::new("the output of a test");
    let mut file = tempfile::tempfile().map_err(Failure::io("keep", place))?;
    let copy = |file: &File| file.try_clone().map_err(Failure::io("keep", place));
    command.stdin(Stdio::null()).stdout(copy(&file)?).stderr(copy(&file)?);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|source| shell::cannot_start(&command, source))?;
    let (status, timed_out) = wait(&mut child, begun, limit)
        .map_err(Failure::io("wait for", Path::new(&shell::line(&command))))?;
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(Failure::io("read", place))?;
    let output = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { output, status, took: begun.elapsed(), timed_out })
}

fn wait(child: &mut Child, begun: Instant, limit: Duration) -> std::io::Result<(ExitStatus, bool)> {
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // `setsid` made the binary the leader of a session, and so of a process group.
    let pid = Pid::from_child(child);
    if kill_process_group(pid, Signal::KILL).is_err() {
        child.kill()?;
    }
    Ok((child.wait()?, true))
}

fn tell(outcome: &Outcome, ran: &Ran, libtest: &[String]) {
    let Outcome { passed, failed, .. } = outcome;
    println!("{passed:>4} passed, {:>3} failed  {:>7.2} s", failed.len(), ran.took.as_secs_f64());
    let asked = libtest.iter().any(|arg| arg.starts_with("--"));
    if !failed.is_empty() || asked {
        println!("{}", ran.output.trim_end());
    }
    if ran.timed_out {
        println!("killed: it was not done after {} minutes", LIMIT.as_secs() / 60);
    } else if !ran.status.success() {
        println!("it ended with {}", ran.status);
    }
}

/// A line without its end is shown while the tests run; if it cannot be, nothing is lost.
fn flush() {
    drop(std::io::stdout().flush());
}

/// No test binary takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = who::as_self(Path::new("/bin/sh"));
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_are_kept_in_their_order() {
        let ran = run(shell("echo a; echo b >&2; echo c; exit 3"), LIMIT).unwrap();
        assert_eq!(ran.output, "a\nb\nc\n");
        assert_eq!(ran.status.code(), Some(3));
    }

    #[test]
    fn what_hangs_is_killed_with_its_children_and_its_output_is_kept() {
        let script = "echo begun; sleep 1000 & echo $!; wait";
        let ran = run(shell(script), Duration::from_millis(500)).unwrap();
        assert!(ran.timed_out && !ran.status.success());
        let pid = ran.output.strip_prefix("begun\n").unwrap().trim();
        let gone = |pid: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        let begun = Instant::now();
        while !gone(pid) {
            assert!(begun.elapsed() < Duration::from_secs(10), "{pid} lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_child_that_lives_on_does_not_hold_us_up() {
        let begun = Instant::now();
        let ran = run(shell("sleep 20 & echo $!"), LIMIT).unwrap();
        assert!(ran.status.success() && begun.elapsed() < Duration::from_secs(15));
        let pid = ran.output.trim().parse().ok().and_then(Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
}
