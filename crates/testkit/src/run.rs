//! Runs a program to its end, with its output captured and a time limit: a test never hangs.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drybox_spec::Shown;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::OrFail;

/// A program to run.
#[derive(Debug)]
#[must_use]
pub struct Run {
    command: Command,
    input: Vec<u8>,
    limit: Duration,
}

/// A program that has ended.
#[derive(Debug, Clone)]
pub struct Done {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed, invalid UTF-8 replaced.
    pub stdout: String,
    /// What it complained of, invalid UTF-8 replaced.
    pub stderr: String,
    /// What it printed.
    pub raw_stdout: Vec<u8>,
    /// From its start to its end.
    pub took: Duration,
    what: String,
}

impl Run {
    /// A program with an empty environment; [`TestEnv`](crate::TestEnv) gives it one.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env_clear();
        Self { command, input: Vec::new(), limit: Duration::from_secs(60) }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets its current directory.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// What it reads on its standard input (a pipe); nothing by default.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Fails the test when it takes longer; a minute by default.
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Wraps the command in another one, which gets its environment and current directory.
    pub(crate) fn map_command(mut self, wrap: impl FnOnce(&Command) -> Command) -> Self {
        let mut command = wrap(&self.command);
        command.env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(dir) = self.command.get_current_dir() {
            command.current_dir(dir);
        }
        self.command = command;
        self
    }

    /// The bare command, for tests of other kinds of stdio.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it in a process group of its own. What is still there when the limit is over is
    /// killed, and the test fails with what was printed so far.
    #[track_caller]
    pub fn run(mut self) -> Done {
        let what = format!("{:?}", self.command);
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let child = self.command.process_group(0).spawn();
        let mut child = child.or_fail(format_args!("start {what}"));
        feed(&mut child, self.input);
        let stdout = Reader::of(child.stdout.take());
        let stderr = Reader::of(child.stderr.take());
        let until = begun.checked_add(self.limit).unwrap_or(begun);
        let closed = stdout.closed_by(until) && stderr.closed_by(until);
        let status = wait(&mut child, until);
        let took = begun.elapsed();
        let (stdout, stderr) = (stdout.bytes(), stderr.bytes());
        match status.filter(|_| closed) {
            Some(status) => Done {
                status,
                stdout: String::from_utf8_lossy(&stdout).into_owned(),
                stderr: String::from_utf8_lossy(&stderr).into_owned(),
                raw_stdout: stdout,
                took,
                what,
            },
            None => {
                kill(&mut child);
                let held = if status.is_some() { "left its output open" } else { "did not end" };
                let (stdout, stderr) = (Shown(stdout), Shown(stderr));
                panic!("{what} {held} within {:?}\nstdout: {stdout}\nstderr: {stderr}", self.limit)
            }
        }
    }
}

impl Done {
    /// The exit code; none when a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Fails, with all it printed, unless it exited with `code`.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is the purpose")]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(
            self.code() == Some(code),
            "{}: {}, not exit code {code}\nstdout: {}\nstderr: {}",
            self.what,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Collects one stream in a thread, so that a full pipe never blocks the program.
struct Reader {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Reader {
    fn of<R: Read + Send + 'static>(stream: Option<R>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (done, end) = channel::<()>();
        let kept = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let _done = done; // dropped at the end of the stream
            let copied = stream.map(|mut stream| std::io::copy(&mut stream, &mut Kept(kept)));
            copied.transpose().is_ok()
        });
        Self { bytes, end }
    }

    fn closed_by(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        matches!(self.end.recv_timeout(left), Err(RecvTimeoutError::Disconnected))
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Appends what is written.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A program that does not read its input is no failure: the pipe breaks, the thread ends.
fn feed(child: &mut Child, input: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || stdin.write_all(&input).is_ok());
    }
}

fn wait(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait().or_fail("wait for a child") {
            Some(status) => return Some(status),
            None if Instant::now() >= until => return None,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn kill(child: &mut Child) {
    // An empty group (ESRCH) is what we want.
    let _gone = kill_process_group(Pid::from_child(child), Signal::KILL);
    drop(child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestEnv;

    #[test]
    fn both_streams_and_the_code_are_captured() {
        let env = TestEnv::new();
        let script = "cat; echo err >&2; exit 7";
        let done = env.command("/bin/sh").args(["-c", script]).input("in").run().expect_code(7);
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("in", "err\n"));
    }

    #[test]
    fn more_than_a_pipe_holds_goes_both_ways() {
        let env = TestEnv::new();
        let input = vec![b'x'; 1 << 20];
        let done = env.command("/bin/cat").input(input.clone()).run().expect_code(0);
        assert!(done.raw_stdout == input);
    }

    #[test]
    fn a_signal_is_told() {
        let env = TestEnv::new();
        let done = env.command("/bin/sh").args(["-c", "kill -TERM $$"]).run();
        assert_eq!((done.code(), done.signal()), (None, Some(15)));
    }

    #[test]
    fn what_does_not_end_is_killed_and_its_output_is_shown() {
        for (script, told) in [
            ("echo so far; sleep 99", "did not end"),
            ("sleep 99 & echo so far", "left its output open"),
        ] {
            let env = TestEnv::new();
            let run = env.command("/bin/sh").args(["-c", script]).limit(Duration::from_millis(300));
            let run = std::panic::AssertUnwindSafe(run);
            let panic = std::panic::catch_unwind(move || { run }.0.run()).unwrap_err();
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.contains(told) && text.contains("so far"), "{text}");
            env.expect_no_stray_process();
        }
    }
}
