//! A box as a child of a program that uses this library: [`spawn`], with pipes.

use std::ffi::c_int;
use std::fs::File;
use std::os::fd::OwnedFd;

use drybox_jail::RECORD;
use drybox_jail::{Jail, Record, Sandbox, Signal, Stream, Streams, Told};
use drybox_spec::{Ending, Notice, SandboxSpec};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal as Kill, pidfd_send_signal};

use crate::error::RunError;
use crate::host::Host;
use crate::supervise::{of_status, wait_for};
use crate::{notices, prepare};

/// What a box gets on one of its standard descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// The sandbox's `/dev/null`.
    Null,
    /// A pipe, whose other end is in [`Child`].
    Piped,
}

/// A running box. Dropping it ends the box and everything in it.
#[derive(Debug)]
#[must_use]
pub struct Child {
    /// Written here, read by the payload.
    pub stdin: Option<File>,
    /// Written by the payload.
    pub stdout: Option<File>,
    /// Written by the payload.
    pub stderr: Option<File>,
    jail: Jail,
    sandbox: Sandbox,
    started: bool,
    exited: Option<c_int>,
    notices: Vec<Notice>,
}

/// Starts `spec` with these standard descriptors, and returns once the payload has been executed.
///
/// # Errors
/// As [`crate::run`]: the payload did not run.
pub fn spawn(spec: &SandboxSpec, host: &Host<'_>, stdio: [Stdio; 3]) -> Result<Child, RunError> {
    let [input, output, error] = stdio;
    let (input, stdin) = pipe(input, Direction::In)?;
    let (output, stdout) = pipe(output, Direction::Out)?;
    let (error, stderr) = pipe(error, Direction::Out)?;
    let mut jail = Jail::prepare(prepare::interior(spec, host, false))?;
    let sandbox = jail.spawn(Streams::Each { input, output, error })?;
    let mut child = Child {
        stdin,
        stdout,
        stderr,
        jail,
        sandbox,
        started: false,
        exited: None,
        notices: notices::of_spec(spec, host),
    };
    while !child.started && !child.take_record()? {}
    if child.started { Ok(child) } else { Err(RunError::Killed) }
}

impl Child {
    /// Waits for the end of the payload, and so of the box.
    ///
    /// Read [`Child::stdout`] to its end first, or in another thread: a full pipe stops the
    /// payload.
    ///
    /// # Errors
    /// *Host*, when the kernel refuses to wait.
    pub fn wait(&mut self) -> Result<Ending, RunError> {
        self.stdin = None;
        while !self.take_record()? {}
        Ok(self.exited.map_or(Ending::Killed, of_status))
    }

    /// Sends a signal to the payload; one that is gone is no error.
    pub fn signal(&self, signal: u8) {
        rustix::io::write(&self.sandbox.lifeline, &[Signal::Payload(signal).encode()]).ok();
    }

    /// Kills the box and everything in it.
    pub fn kill(&self) {
        pidfd_send_signal(&self.sandbox.pidfd, Kill::KILL).ok();
    }

    /// What is weaker than it could be.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Takes one record; true when there will be no more.
    fn take_record(&mut self) -> Result<bool, RunError> {
        let fail = |errno| RunError::Supervise { what: "the status pipe failed", errno };
        let mut bytes = [0_u8; RECORD];
        match rustix::io::read(&self.sandbox.status, &mut bytes) {
            Ok(0) => {
                wait_for(&self.sandbox);
                return Ok(true);
            }
            Ok(_) => match Record::decode(bytes) {
                Some(Record::Failed(failed)) => {
                    wait_for(&self.sandbox);
                    return Err(self.jail.explain(failed).into());
                }
                Some(Record::Started(_)) => self.started = true,
                Some(Record::Exited(status)) => self.exited = Some(status),
                Some(Record::Told(Told::StdinRelayed)) => {}
                Some(Record::Told(told)) => self.notices.extend(notices::of(told, &self.jail)),
                _ => {}
            },
            Err(Errno::AGAIN) => {
                let mut ready = [PollFd::new(&self.sandbox.status, PollFlags::IN)];
                match poll(&mut ready, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(errno) => return Err(fail(errno)),
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(fail(errno)),
        }
        Ok(false)
    }
}

enum Direction {
    In,
    Out,
}

fn pipe(stdio: Stdio, direction: Direction) -> Result<(Stream, Option<File>), RunError> {
    if stdio == Stdio::Null {
        return Ok((Stream::Null, None));
    }
    let (read, write): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC)
        .map_err(|errno| RunError::Supervise { what: "no pipe could be made", errno })?;
    let (theirs, ours) = match direction {
        Direction::In => (read, write),
        Direction::Out => (write, read),
    };
    Ok((Stream::Pipe(theirs), Some(File::from(ours))))
}
