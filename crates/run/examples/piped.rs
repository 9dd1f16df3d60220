//! Runs untrusted code from a Rust program: text in, text out, and a limit on its time.
//!
//! ```sh
//! cargo run -p drybox-run --example piped < README.md
//! ```
#![expect(clippy::print_stdout, reason = "it shows what came back")]

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use drybox_run::{Host, Stdio, spawn};
use drybox_spec::{Command, Ending, SandboxSpec, Shown, ToolChains, Workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let text = io::read_to_string(io::stdin())?;
    // Stands for the program that is not trusted: a formatter, a linter, generated code.
    let untrusted = ["sh", "-c", "tr -cs '[:alpha:]' ' ' | wc -w"];
    let answer = transform(&untrusted, &text)?;
    println!("{}", Shown(answer.output.trim_end()));
    if answer.ending != Ending::Exited(0) {
        println!("it ended with code {}: {}", answer.ending.code(), Shown(&answer.complaints));
    }
    Ok(())
}

/// What an untrusted program made of a text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) output: String,
    /// What it said on standard error.
    pub(crate) complaints: String,
    pub(crate) ending: Ending,
}

/// Gives `text` to an untrusted program and takes what it prints.
pub(crate) fn transform(command: &[&str], text: &str) -> Result<Answer, Box<dyn Error>> {
    // What the box is. Nothing of this process's environment, files or network enters: the
    // program sees the host's `/usr`, an empty directory as its workspace, and three pipes.
    let spec = SandboxSpec::builder(Command::argv(command.iter().copied())?)
        .workspace(Workspace::Empty)
        .tool_chains(ToolChains::Hidden)
        .timeout(Duration::from_secs(10))
        .build();

    // What a run has to know of this process. The closure is asked for HOME and the like; it could
    // as well be a map.
    let env = |name: &str| std::env::var_os(name);
    let host = Host::of_process(&env)?;

    // From here on the program runs. Dropping `child`, by an early return too, kills it with
    // everything that it started.
    let mut child = spawn(&spec, &host, [Stdio::Piped, Stdio::Piped, Stdio::Piped])?;
    let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("a pipe that was asked for is there".into());
    };

    // Three pipes, three threads: a pipe holds 64 KiB, and whoever waits for one while another is
    // full waits for ever.
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(move || {
            // A program that does not read to the end is no error. Dropping `stdin` ends its input.
            stdin.write_all(text.as_bytes()).ok();
        });
        let errors = scope.spawn(|| stderr.read_to_end(&mut complaints));
        stdout.read_to_end(&mut output)?;
        errors.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
    })?;

    // Hostile bytes: they may be no text, and may draw on a terminal. `main` shows them through
    // `Shown`, never as they are.
    Ok(Answer {
        output: String::from_utf8_lossy(&output).into_owned(),
        complaints: String::from_utf8_lossy(&complaints).into_owned(),
        ending: child.wait()?,
    })
}
