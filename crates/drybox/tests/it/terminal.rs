//! The terminal, as somebody who sits at it meets it (design §4; TT-01 to TT-14).

use std::time::Duration;

use drybox_testkit::{Pty, TestEnv, drybox_bin};
use rustix::termios::Termios;

mod jobs;
mod programs;
mod restore;
mod shows;
mod streams;

pub(crate) const LONG: Duration = Duration::from_secs(20);

/// `drybox run WORDS` on a terminal.
#[track_caller]
pub(crate) fn run(env: &TestEnv, words: &[&str]) -> Pty {
    Pty::start(env.drybox().arg("run").args(words))
}

/// A shell script in a box on a terminal.
#[track_caller]
pub(crate) fn sh(env: &TestEnv, script: &str) -> Pty {
    run(env, &["--", "sh", "-c", script])
}

/// The user's own interactive shell, where `$D` is the executable. It is at its prompt.
#[track_caller]
pub(crate) fn outer(env: &TestEnv) -> Pty {
    let shell = env.command("/bin/bash").args(["--norc", "--noprofile", "--noediting", "-i"]);
    let mut pty = Pty::start(shell.env("D", drybox_bin()).env("PS1", "outer> "));
    pty.expect("outer> ");
    pty
}

/// What a program may change of a terminal, and has to give back.
pub(crate) fn modes(settings: &Termios) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        settings.input_modes, settings.output_modes, settings.control_modes, settings.local_modes
    )
}
