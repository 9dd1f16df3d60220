//! What the kernel was asked, and what happens when it says no: runs under strace(1).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::{OrFail, Run, require};

/// A system call that fails instead of doing its work, by its name and its turn in the process
/// that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault<'a> {
    /// As strace names it; several, with commas between.
    pub call: &'a str,
    /// `ENOSYS`, `EPERM`, …
    pub errno: &'a str,
    /// The first is 1; each process and thread counts for itself. 0: every time.
    pub nth: u32,
}

impl Fault<'_> {
    fn flag(self) -> String {
        let Fault { call, errno, nth } = self;
        if nth == 0 {
            format!("--inject={call}:error={errno}")
        } else {
            format!("--inject={call}:error={errno}:when={nth}")
        }
    }
}

/// Lets every process go that executes a program: of a sandbox only the launch is traced and
/// disturbed, not the payload. The program that is run itself is traced.
const UNTIL_EXEC: &str = "--detach-on=execve";

/// The system calls of a run, in the order in which they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    calls: Vec<Call>,
}

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The process or thread that made it.
    pub pid: u32,
    /// As strace names it.
    pub name: String,
    /// The line of strace: arguments and, when it was not interrupted, the result.
    pub line: String,
}

impl Run {
    /// The same run, its system calls and those of its children written to `log`.
    pub fn traced(self, log: impl AsRef<Path>) -> Self {
        self.under_strace(log.as_ref(), &[])
    }

    /// The same run with a system call that fails; [`Trace::was_injected`] says whether it did.
    pub fn failing(self, fault: Fault<'_>, log: impl AsRef<Path>) -> Self {
        self.under_strace(log.as_ref(), &[&fault.flag()])
    }

    /// As [`Run::traced`], but what a child executes is let go.
    pub fn launch_traced(self, log: impl AsRef<Path>) -> Self {
        self.under_strace(log.as_ref(), &[UNTIL_EXEC])
    }

    /// As [`Run::failing`], but what a child executes is let go.
    pub fn launch_failing(self, fault: Fault<'_>, log: impl AsRef<Path>) -> Self {
        self.under_strace(log.as_ref(), &[UNTIL_EXEC, &fault.flag()])
    }

    /// The same run, killed (SIGKILL) in the process that makes this call, when it makes it for the
    /// `nth` time: parent, child or thread, whoever gets there. What a child executes is let go.
    pub fn launch_killed(self, call: &str, nth: u32, log: impl AsRef<Path>) -> Self {
        let inject = format!("--inject={call}:signal=KILL:when={nth}");
        self.under_strace(log.as_ref(), &[UNTIL_EXEC, &inject])
    }

    #[track_caller]
    fn under_strace(self, log: &Path, flags: &[&str]) -> Self {
        let strace = require("strace");
        self.map_command(|program| {
            let mut command = Command::new(strace);
            // Long strings: a path that is cut off cannot be told from another one.
            command.args(["--follow-forks", "--quiet=all", "--string-limit=256"]).args(flags);
            command.arg("--output").arg(log).arg("--");
            command.arg(program.get_program()).args(program.get_args());
            command
        })
    }
}

impl Trace {
    /// Reads what a run under strace left.
    #[must_use]
    #[track_caller]
    pub fn read(log: impl AsRef<Path>) -> Self {
        let log = log.as_ref();
        let bytes = std::fs::read(log).or_fail(format_args!("read {}", log.display()));
        Self { calls: String::from_utf8_lossy(&bytes).lines().filter_map(call).collect() }
    }

    /// Every call, in order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How often each call was made.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.calls {
            let count: &mut usize = counts.entry(call.name.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// True when a [`Fault`] was met. A fault that was not proves nothing.
    #[must_use]
    pub fn was_injected(&self) -> bool {
        self.calls.iter().any(|call| call.line.ends_with("(INJECTED)"))
    }
}

/// A line that begins or resumes a call: "PID name(args) = result". The second half of an
/// interrupted call only tells whether it was injected.
fn call(line: &str) -> Option<Call> {
    let (pid, line) = line.split_once(' ')?;
    let line = line.trim_start();
    let name = match line.strip_prefix("<... ") {
        Some(resumed) if line.ends_with("(INJECTED)") => resumed.split(' ').next()?,
        Some(_) => return None,
        None => line.split_once('(')?.0,
    };
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let call = Call { pid: pid.parse().ok()?, name: name.into(), line: line.into() };
    is_name.then_some(call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestEnv;

    #[test]
    fn calls_of_children_are_counted() {
        let env = TestEnv::new();
        let log = env.root().join("log");
        let script = "mkdir a; mkdir b; true";
        env.command("/bin/sh").args(["-c", script]).traced(&log).run().expect_code(0);
        let trace = Trace::read(&log);
        assert_eq!(trace.counts().get("mkdir"), Some(&2), "{:?}", trace.counts());
        assert!(
            trace.calls().iter().any(|call| call.name == "mkdir" && call.line.contains("\"b\""))
        );
        assert!(!trace.was_injected());
    }

    #[test]
    fn a_call_fails_in_its_turn_and_the_trace_says_so() {
        let env = TestEnv::new();
        let log = env.root().join("log");
        let mkdir = || env.command("/bin/mkdir").args(["a", "b", "c"]);
        let fault = Fault { call: "mkdir", errno: "ENOSPC", nth: 2 };
        let done = mkdir().failing(fault, &log).run().expect_code(1);
        assert!(done.stderr.contains("No space left"), "{}", done.stderr);
        assert!(Trace::read(&log).was_injected());
        let made = ["a", "b", "c"].map(|name| env.work().join(name).exists());
        assert_eq!(made, [true, false, true]);
    }

    #[test]
    fn what_a_child_executes_is_let_go() {
        let env = TestEnv::new();
        let log = env.root().join("log");
        let fault = Fault { call: "mkdir", errno: "ENOSPC", nth: 0 };
        let shell = || env.command("/bin/sh").args(["-c", "mkdir a; true"]);
        let done = shell().launch_failing(fault, &log).run().expect_code(0);
        assert_eq!(done.stderr, "");
        assert!(!Trace::read(&log).was_injected());
        // The control: with the child traced, it fails.
        let done = shell().failing(fault, &log).run().expect_code(0);
        assert!(done.stderr.contains("No space left"), "{}", done.stderr);
    }

    #[test]
    fn a_call_kills_in_its_turn() {
        let env = TestEnv::new();
        let log = env.root().join("log");
        let mkdir = env.command("/bin/mkdir").args(["a", "b", "c"]);
        let done = mkdir.launch_killed("mkdir", 2, &log).run();
        // strace ends as its program did.
        assert_eq!(done.signal(), Some(9));
        assert!(env.work().join("a").exists() && !env.work().join("c").exists());
    }

    #[test]
    fn a_fault_that_was_not_met_is_told() {
        let env = TestEnv::new();
        let log = env.root().join("log");
        let fault = Fault { call: "mkdir", errno: "ENOSPC", nth: 9 };
        env.command("/bin/mkdir").arg("a").failing(fault, &log).run().expect_code(0);
        assert!(!Trace::read(&log).was_injected());
    }

    #[test]
    fn both_halves_of_an_interrupted_call_are_one_call() {
        assert_eq!(call("12 read(0,  <unfinished ...>").unwrap().name, "read");
        assert_eq!(call("12 <... read resumed>\"\", 10) = 0"), None);
        assert_eq!(call("12 --- SIGCHLD {si_signo=SIGCHLD} ---"), None);
        assert_eq!(call("12 +++ exited with 0 +++"), None);
    }
}
