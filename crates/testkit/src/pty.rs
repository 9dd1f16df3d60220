//! A terminal: drives a program as a person would.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use drybox_spec::Shown;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};

use crate::{OrFail, Run, require};

/// A program on a terminal of its own: the other end of a pty, its controlling terminal.
///
/// What it prints is read while a method waits. Dropped, it hangs up, which ends the program.
#[derive(Debug)]
pub struct Pty {
    child: Child,
    terminal: Option<File>,
    output: Vec<u8>,
    /// What comes before was seen by an `expect`.
    seen: usize,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub cols: u16,
}

impl Pty {
    /// Starts a program on a new terminal of 24 × 80.
    #[must_use]
    #[track_caller]
    pub fn start(run: Run) -> Self {
        Self::start_sized(run, Size { rows: 24, cols: 80 })
    }

    /// Starts a program on a new terminal.
    #[must_use]
    #[track_caller]
    pub fn start_sized(run: Run, size: Size) -> Self {
        let (ours, theirs) = open().or_fail("open a pty");
        tcsetwinsize(&ours, size.into()).or_fail("size a pty");
        // `setsid --ctty` makes the session and execs: the child is the program itself. Done by
        // a program because between fork and exec there is no safe Rust.
        let setsid = require("setsid");
        let wrapped = run.map_command(|program| {
            let mut command = Command::new(setsid);
            command.arg("--ctty").arg(program.get_program()).args(program.get_args());
            command
        });
        let mut command = wrapped.into_command();
        let clone = || theirs.try_clone().or_fail("copy a descriptor");
        command.stdin(clone()).stdout(clone()).stderr(clone());
        let child = command.spawn().or_fail(format_args!("start {command:?}"));
        Self { child, terminal: Some(ours.into()), output: Vec::new(), seen: 0 }
    }

    /// Types.
    #[track_caller]
    pub fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.terminal().write_all(keys.as_ref()).or_fail("type");
    }

    /// Waits, at most 20 seconds, until the program has printed `text` after what the last
    /// `expect` saw. Fails with all that it printed.
    #[track_caller]
    pub fn expect(&mut self, text: impl AsRef<[u8]>) {
        self.expect_within(text, Duration::from_secs(20));
    }

    /// [`Self::expect`] with a limit of its own.
    #[track_caller]
    pub fn expect_within(&mut self, text: impl AsRef<[u8]>, limit: Duration) {
        let text = text.as_ref();
        let begun = Instant::now();
        loop {
            let fresh = self.output.get(self.seen..).unwrap_or_default();
            if let Some(at) = fresh.windows(text.len().max(1)).position(|window| window == text) {
                self.seen = self.seen.saturating_add(at).saturating_add(text.len());
                return;
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() || self.read(left) == Heard::End {
                panic!("{} did not come; the terminal has:\n{}", Shown(text), self.transcript());
            }
        }
    }

    /// Reads whatever comes until the program has been silent for `time`.
    pub fn settle(&mut self, time: Duration) {
        while self.read(time) == Heard::Something {}
    }

    /// Everything that the program printed and was read so far, raw.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Changes the size; the foreground processes get SIGWINCH.
    #[track_caller]
    pub fn resize(&mut self, size: Size) {
        tcsetwinsize(self.terminal(), size.into()).or_fail("resize a pty");
    }

    /// The terminal's settings: raw mode, echo.
    #[must_use]
    #[track_caller]
    pub fn settings(&mut self) -> Termios {
        tcgetattr(self.terminal()).or_fail("read a terminal's settings")
    }

    /// The process group that reads the keyboard.
    #[must_use]
    #[track_caller]
    pub fn foreground(&mut self) -> Pid {
        tcgetpgrp(self.terminal()).or_fail("ask for the foreground process group")
    }

    /// The program's process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Takes the terminal away, as a closed window does: the program gets SIGHUP.
    pub fn hang_up(&mut self) {
        self.terminal = None;
    }

    /// Waits, at most `limit`, until the program has ended; reads what it still prints.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().or_fail("wait for a child") {
                self.settle(Duration::ZERO);
                return status;
            }
            if begun.elapsed() > limit {
                panic!("it did not end; the terminal has:\n{}", self.transcript());
            }
            if self.read(TICK) == Heard::End {
                std::thread::sleep(TICK);
            }
        }
    }

    #[track_caller]
    fn terminal(&mut self) -> &mut File {
        match &mut self.terminal {
            Some(terminal) => terminal,
            None => panic!("this terminal was hung up"),
        }
    }

    /// Reads once, when something comes in time.
    fn read(&mut self, time: Duration) -> Heard {
        let Some(terminal) = &mut self.terminal else {
            return Heard::End;
        };
        let timeout = Timespec::try_from(time).ok();
        let mut polled = [PollFd::new(terminal, PollFlags::IN)];
        match poll(&mut polled, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Heard::Nothing,
            Ok(_) | Err(_) => {}
        }
        let mut chunk = [0_u8; 4096];
        // EIO: nobody has the other end open any more.
        match terminal.read(&mut chunk) {
            Ok(0) | Err(_) => Heard::End,
            Ok(n) => {
                self.output.extend_from_slice(chunk.get(..n).unwrap_or_default());
                Heard::Something
            }
        }
    }

    /// What was printed, safe to show, a line a line.
    fn transcript(&self) -> String {
        let mut text = String::new();
        for line in self.output.split(|byte| *byte == b'\n') {
            text.push_str(&format!("  | {}\n", Shown(line)));
        }
        text
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // A group that is gone already (ESRCH) is what we want.
        let _gone = kill_process_group(self.pid(), Signal::KILL);
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl From<Size> for Winsize {
    fn from(size: Size) -> Self {
        Self { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Something,
    Nothing,
    End,
}

/// Our end and the program's end, neither of them our controlling terminal.
fn open() -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, flags)?;
    Ok((ours, theirs))
}

const TICK: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use rustix::termios::LocalModes;

    use super::*;
    use crate::TestEnv;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(env: &TestEnv, script: &str) -> Pty {
        Pty::start(env.command("/bin/sh").args(["-c", script]))
    }

    #[test]
    fn the_program_has_a_controlling_terminal_of_its_own() {
        let env = TestEnv::new();
        let mut pty = shell(&env, "echo yes > /dev/tty; test -t 0 && test -t 1 && test -t 2");
        pty.expect("yes");
        assert!(pty.wait(LONG).success());
    }

    #[test]
    fn keys_reach_the_program_and_ctrl_c_is_a_signal() {
        let env = TestEnv::new();
        // A loop: a signal just before the shell forks would wait for the whole of one long sleep.
        let script = "trap 'echo caught; exit 5' INT; echo ready; read x; echo got $x; \
                      while :; do sleep 0.05; done";
        let mut pty = shell(&env, script);
        pty.expect("ready");
        pty.send("word\n");
        pty.expect("got word");
        assert_eq!(pty.foreground(), pty.pid());
        pty.send("\x03");
        pty.expect("caught");
        assert_eq!(pty.wait(LONG).code(), Some(5));
    }

    #[test]
    fn the_size_is_seen_and_its_change_is_signalled() {
        let env = TestEnv::new();
        let script = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done";
        let run = env.command("/bin/sh").args(["-c", script]);
        let mut pty = Pty::start_sized(run, Size { rows: 10, cols: 33 });
        pty.expect("10 33");
        pty.resize(Size { rows: 11, cols: 44 });
        pty.expect("11 44");
        assert!(pty.wait(LONG).success());
    }

    #[test]
    fn settings_are_those_that_the_program_made() {
        let env = TestEnv::new();
        let mut pty = shell(&env, "echo a; read x; stty -echo; echo b; read x");
        pty.expect("a");
        assert!(pty.settings().local_modes.contains(LocalModes::ECHO));
        pty.send("\n");
        pty.expect("b");
        assert!(!pty.settings().local_modes.contains(LocalModes::ECHO));
    }

    #[test]
    fn a_hang_up_ends_the_program() {
        let env = TestEnv::new();
        let mut pty = shell(&env, "echo ready; exec sleep 100");
        pty.expect("ready");
        pty.hang_up();
        assert!(!pty.wait(LONG).success());
        env.expect_no_stray_process();
    }

    #[test]
    fn what_does_not_come_fails_with_what_came() {
        let env = TestEnv::new();
        let mut pty = shell(&env, "printf 'one\\033[2J'; sleep 100");
        let expect = std::panic::AssertUnwindSafe(|| pty.expect_within("two", TICK * 100));
        let panic = std::panic::catch_unwind(expect).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("one\\x1b[2J"), "{text}");
        drop(pty);
        env.expect_no_stray_process();
    }
}
