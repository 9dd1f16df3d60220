//! A box as a child of a program that uses this library: [`spawn`], with pipes.

use std::ffi::c_int;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use drybox_jail::{Jail, RECORD, Record, Sandbox, Signal, Stream, Streams, Told};
use drybox_spec::{Ending, NetworkEvent, Notice, SandboxSpec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal as Kill, pidfd_send_signal};

use crate::error::RunError;
use crate::host::Host;
use crate::journal::{self, Journal};
use crate::prepare::Prepared;
use crate::supervise::{of_status, wait_for};
use crate::view::View;
use crate::watchdog::{Verdict, Watchdog};
use crate::{limits, network, notices, prepare};

/// What a box gets on one of its standard descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stdio {
    /// The sandbox's `/dev/null`.
    Null,
    /// A pipe, whose other end is in [`Child`].
    Piped,
}

/// A running box.
///
/// Dropping it kills the box and everything in it, and waits until the kernel has let go of it. Its
/// descriptor ([`AsFd`]) is readable once the box has ended (pidfd_open(2)).
///
/// The box's first process is a child of the calling one. A program that reaps every child
/// (`waitpid(-1)`) takes nothing from it: how the payload ended is told by a pipe.
#[derive(Debug)]
#[must_use = "a box that is dropped is killed"]
pub struct Child {
    /// What is written here, the payload reads; with [`Stdio::Piped`]. Drop it for the payload to
    /// see the end of its input.
    pub stdin: Option<File>,
    /// What the payload prints; with [`Stdio::Piped`]. These are bytes of an untrusted program: no
    /// filter has seen them.
    pub stdout: Option<File>,
    /// What the payload prints as errors; with [`Stdio::Piped`], and a pipe of its own: the order
    /// between the two streams is lost.
    pub stderr: Option<File>,
    jail: Jail,
    sandbox: Sandbox,
    relay: Option<network::Relay>,
    started: bool,
    exited: Option<c_int>,
    /// Why the box ended: what the watching thread says, else how the payload did.
    ended_by: Arc<OnceLock<Result<Ending, Errno>>>,
    /// What the cgroup says to that, once.
    concluded: Option<Ending>,
    notices: Vec<Notice>,
    /// Brought to its end after the box is gone.
    view: Option<View>,
    journal: Option<Journal>,
}

/// Starts `spec` with these standard descriptors (0, 1 and 2), and returns once the payload has
/// been executed.
///
/// May be called from any thread of any program. `stdio` alone says what the descriptors are: the
/// spec's terminal and stdin count for [`crate::run`]. The spec's timeout begins when the payload
/// has been started; a thread of the caller's process keeps it, and the limit on memory where no
/// cgroup does.
///
/// ```
/// use drybox_run::{Host, Stdio, spawn};
/// use drybox_spec::{Command, Ending, SandboxSpec, ToolChains, Workspace};
/// use std::io::Read as _;
///
/// let env = |name: &str| std::env::var_os(name);
/// let host = Host::of_process(&env)?;
/// let spec = SandboxSpec::builder(Command::argv(["echo", "hello"])?)
///     .workspace(Workspace::Empty)
///     .tool_chains(ToolChains::Hidden)
///     .build();
/// let mut child = spawn(&spec, &host, [Stdio::Null, Stdio::Piped, Stdio::Null])?;
/// let mut printed = String::new();
/// child.stdout.take().unwrap().read_to_string(&mut printed)?;
/// assert_eq!(child.wait()?, Ending::Exited(0));
/// assert_eq!(printed, "hello\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// *User*, when the program, the working directory or a share is not what it has to be. *Host*,
/// when a wall cannot be set up. In both cases the payload did not run, and nothing is left of the
/// box.
pub fn spawn(spec: &SandboxSpec, host: &Host<'_>, stdio: [Stdio; 3]) -> Result<Child, RunError> {
    let [input, output, error] = stdio;
    let (input, stdin) = pipe(input, Direction::In)?;
    let (output, stdout) = pipe(output, Direction::Out)?;
    let (error, stderr) = pipe(error, Direction::Out)?;
    let (relay, network) = network::start(spec, host)?.unzip();
    let Prepared { interior, view } = prepare::prepare(spec, host, false, network)?;
    let mut jail = Jail::prepare(interior)?;
    let mut arranged = limits::arrange(spec, host)?;
    if let Some(leaf) = arranged.leaf.take() {
        jail.enter_cgroup(leaf);
    }
    let mut notices = notices::of_run(spec, host, view.as_ref());
    notices.extend(notices::of_plan(&jail));
    notices.append(&mut arranged.notices);
    let sandbox = jail.spawn(Streams::Each { input, output, error })?;
    let watchdog = arranged.watchdog(spec, &sandbox);
    let mut child = Child {
        stdin,
        stdout,
        stderr,
        jail,
        sandbox,
        relay,
        started: false,
        exited: None,
        ended_by: Arc::default(),
        concluded: None,
        notices,
        journal: Some(Journal::of_run(host, view.as_ref())),
        view,
    };
    notices::of_views(spec, &child.jail, &mut child.notices);
    while !child.started && !child.take_record()? {}
    if !child.started {
        return Err(RunError::Killed);
    }
    if let Some(journal) = &mut child.journal {
        journal.begin(spec, host, &Vec::new);
    }
    let deadline = spec.timeout.as_ref().and_then(|limit| Instant::now().checked_add(limit.value));
    if deadline.is_some() || watchdog.is_some() {
        child.watch(deadline, watchdog)?;
    }
    Ok(child)
}

impl Child {
    /// Closes [`Child::stdin`] and waits for the end of the payload, and so of the box. Asked
    /// again, it says the same.
    ///
    /// Read [`Child::stdout`] and [`Child::stderr`] to their ends first, or in other threads: a
    /// full pipe stops the payload.
    ///
    /// # Errors
    /// *Host*, when the kernel refuses to wait.
    pub fn wait(&mut self) -> Result<Ending, RunError> {
        self.stdin = None;
        while !self.take_record()? {}
        let of_itself = self.exited.map_or(Ending::Killed, of_status);
        let ended_by = *self.ended_by.get_or_init(|| Ok(of_itself));
        let what = "the memory that it takes cannot be seen";
        let ending = ended_by.map_err(|errno| RunError::Supervise { what, errno })?;
        let concluded = limits::conclude(self.jail.cgroup().take(), ending, &mut self.notices);
        Ok(*self.concluded.get_or_insert(concluded))
    }

    /// Sends a signal to the payload (1 to 64, signal(7)); one that is gone is no error.
    pub fn signal(&self, signal: u8) {
        rustix::io::write(&self.sandbox.lifeline, &[Signal::Payload(signal).encode()]).ok();
    }

    /// Kills the box and everything in it; [`Child::wait`] then says [`Ending::Killed`].
    pub fn kill(&self) {
        pidfd_send_signal(&self.sandbox.pidfd, Kill::KILL).ok();
    }

    /// Keeps the deadline and the memory. In a thread: the caller may be blocked in a read.
    fn watch(
        &self,
        deadline: Option<Instant>,
        mut watchdog: Option<Watchdog>,
    ) -> Result<(), RunError> {
        let fail = |errno| RunError::Supervise { what: "the limits cannot be kept", errno };
        let pidfd = rustix::io::fcntl_dupfd_cloexec(&self.sandbox.pidfd, 3).map_err(fail)?;
        let ended_by = Arc::clone(&self.ended_by);
        let watch = move || {
            let because = loop {
                let look = watchdog.as_ref().map(Watchdog::next);
                if ended_before(pidfd.as_fd(), deadline.into_iter().chain(look).min()) {
                    return;
                }
                if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    break Ok(Ending::TimedOut);
                }
                match watchdog.as_mut().map(|dog| dog.look(Instant::now())) {
                    Some(Verdict::TooMuch) => break Ok(Ending::OutOfMemory),
                    Some(Verdict::Blind(errno)) => break Err(errno),
                    Some(Verdict::Fine) | None => {}
                }
            };
            if ended_by.set(because).is_ok() {
                pidfd_send_signal(&pidfd, Kill::KILL).ok();
            }
        };
        let builder = thread::Builder::new().name("drybox-limits".to_owned());
        let watcher = builder.spawn(watch);
        watcher.map(drop).map_err(|error| fail(Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }

    /// What the payload reached over the network, and what it was refused; whole once the box has
    /// ended. Nothing when the spec names no host.
    pub fn network(&mut self) -> &[NetworkEvent] {
        let over = self.exited.is_some();
        let Some(relay) = &mut self.relay else { return &[] };
        if over {
            return relay.last_words();
        }
        relay.take();
        relay.told()
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
                    return Err(RunError::of_child(&self.jail, failed, self.started));
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

impl AsFd for Child {
    /// The pidfd of the box's first process: readable once the box has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sandbox.pidfd.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        wait_for(&self.sandbox);
        let (pending, not_ended) = self.view.take().map_or((None, None), View::end);
        self.notices.extend(not_ended);
        let Some(mut journal) = self.journal.take() else { return };
        let network = self.relay.as_mut().map(network::Relay::last_words).unwrap_or_default();
        journal::of_end(&mut journal, &self.notices, network, pending.as_ref());
        let of_itself = self.exited.map_or(Ending::Killed, of_status);
        let ending = self.concluded.or_else(|| self.ended_by.get().copied()?.ok());
        // Nobody is there to be told that it could not be written.
        drop(journal.end(&journal::ended(ending.unwrap_or(of_itself))));
    }
}

/// Whether a process ends before `until`, by a clock that nobody sets.
fn ended_before(pidfd: BorrowedFd<'_>, until: Option<Instant>) -> bool {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs().cast_signed(),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut ready = [PollFd::from_borrowed_fd(pidfd, PollFlags::IN)];
        match poll(&mut ready, left.as_ref()) {
            Ok(0) => return false,
            Err(Errno::INTR) => {}
            // A poll that fails cannot tell: the limit is kept rather than forgotten.
            Err(_) => return false,
            Ok(_) => return true,
        }
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
