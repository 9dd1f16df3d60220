//! The supervisor: one loop over the status pipe, signals, relays and the terminal.

use std::ffi::c_int;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use drybox_jail::{
    Jail, RECORD, Record, Sandbox, Signal, SignalFd, SignalSet, Told, block_signals,
};
use drybox_spec::{Ending, Notice, SandboxSpec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal as Kill, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use crate::error::RunError;
use crate::host::Host;
use crate::notices;
use crate::prepare;
use crate::streams::{Caller, Relay, Tty, Wiring};

/// How a run ended, and what is to be told of it.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// How the payload ended.
    pub ending: Ending,
    /// What was weaker than it could be, and what was withheld.
    pub notices: Vec<Notice>,
}

/// What a supervisor is sent, and whom it is for: the terminal's signals go to the payload's
/// process group, as the terminal itself would send them.
const FORWARDED: &[(c_int, To)] = &[
    (libc::SIGINT, To::Group),
    (libc::SIGQUIT, To::Group),
    (libc::SIGTSTP, To::Group),
    (libc::SIGTERM, To::Payload),
    (libc::SIGHUP, To::Payload),
    (libc::SIGUSR1, To::Payload),
    (libc::SIGUSR2, To::Payload),
    (libc::SIGCONT, To::Group),
    (libc::SIGWINCH, To::Terminal),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Payload,
    Group,
    /// Changes the size of the payload's terminal; the kernel tells the payload.
    Terminal,
}

/// How long a payload may go on after its terminal is gone.
const HANG_UP: Duration = Duration::from_secs(2);

/// Runs `spec` with the caller's own standard input and output, to its end.
///
/// For programs like `drybox` itself: it blocks the signals that it hands on (interrupt, terminate,
/// window size …) in the calling thread, and stops the whole process when the payload was stopped.
/// A program with more to do uses [`crate::spawn`].
///
/// # Errors
/// *User*, when the program, the working directory, a share or a descriptor is not what it has to
/// be. *Host*, when a wall cannot be set up: the payload did not run.
pub fn run(spec: &SandboxSpec, host: &Host<'_>) -> Result<Outcome, RunError> {
    let (input, output, error) =
        (rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr());
    let caller = Caller { input, output, error };
    let numbers: Vec<c_int> = FORWARDED.iter().map(|(signal, _)| *signal).collect();
    let signals = SignalSet::of(&numbers);
    let fail = |what| move |errno| RunError::Supervise { what, errno };
    let before = block_signals(&signals).map_err(fail("signals cannot be blocked"))?;
    let signals = SignalFd::new(&signals).map_err(fail("no descriptor for signals"))?;

    let wiring = caller.wire(spec)?;
    let interior = prepare::interior(spec, host, wiring.tty.is_some());
    let mut jail = Jail::prepare(interior)?;
    let Wiring { streams, input, input_is_spare, outputs, tty } = wiring;
    let sandbox = jail.spawn(streams)?;
    let mut supervisor = Supervisor {
        jail: &jail,
        sandbox,
        signals: &signals,
        input: if input_is_spare { Input::Spare(input) } else { Input::Used(input) },
        outputs,
        tty,
        deadline: spec.timeout.as_ref().map(|timeout| Instant::now() + timeout.value),
        started: false,
        exited: None,
        ended_by: None,
        notices: notices::of_spec(spec, host),
    };
    let ending = supervisor.serve();
    if ending.is_err() {
        // Nobody supervises it any more, and `drain` waits for the end of what it prints.
        supervisor.kill(Ending::Killed);
        wait_for(&supervisor.sandbox);
    }
    supervisor.drain();
    let lost = supervisor.outputs.iter().find_map(Relay::lost);
    let outcome = match (ending, lost) {
        (Ok(_), Some(errno)) => Err(RunError::Output { errno }),
        (ending, _) => ending.map(|ending| supervisor.outcome(ending)),
    };
    drop(supervisor);
    block_signals(&before).map_err(fail("signals cannot be unblocked"))?;
    outcome
}

struct Supervisor<'a> {
    jail: &'a Jail,
    sandbox: Sandbox,
    signals: &'a SignalFd,
    input: Input<'a>,
    outputs: Vec<Relay<'a>>,
    tty: Option<Tty<'a>>,
    deadline: Option<Instant>,
    /// The payload has been executed.
    started: bool,
    /// The payload's wait status.
    exited: Option<c_int>,
    /// Why we killed the sandbox.
    ended_by: Option<Ending>,
    notices: Vec<Notice>,
}

/// The relay of standard input.
enum Input<'a> {
    /// Only used when the payload gets no file of its own.
    Spare(Option<Relay<'a>>),
    Used(Option<Relay<'a>>),
}

/// What the loop waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Status,
    Signals,
    /// The terminal's master is about to arrive.
    Master,
    User,
    Payload,
    Screen,
    Input,
    Output(usize),
}

impl<'a> Supervisor<'a> {
    /// Serves until the sandbox is gone.
    fn serve(&mut self) -> Result<Ending, RunError> {
        loop {
            let ready = self.wait()?;
            self.check_deadline();
            for (source, events) in ready {
                match source {
                    Source::Status => {
                        if let Some(ending) = self.take_records()? {
                            return Ok(ending);
                        }
                    }
                    Source::Signals => self.take_signals(),
                    Source::Master => self.receive_master()?,
                    Source::User | Source::Payload | Source::Screen => self.pump(source, events),
                    Source::Input => self.step_input(),
                    Source::Output(index) => self.step_output(index),
                }
            }
        }
    }

    /// Waits for whatever comes first, or the deadline.
    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, RunError> {
        let mut waiting = Waiting::default();
        waiting.add(Source::Status, Some(readable(self.sandbox.status.as_fd())));
        waiting.add(Source::Signals, Some(readable(self.signals.as_fd())));
        if let Some(tty) = &self.tty {
            let master = self.sandbox.terminal.as_ref().map(|fd| readable(fd.as_fd()));
            waiting.add(Source::Master, master);
            waiting.add(Source::User, tty.poll_user());
            waiting.add(Source::Payload, tty.poll_payload());
            waiting.add(Source::Screen, tty.poll_screen());
        }
        if let Input::Used(Some(relay)) = &self.input {
            waiting.add(Source::Input, relay.poll());
        }
        for (index, relay) in self.outputs.iter().enumerate() {
            waiting.add(Source::Output(index), relay.poll());
        }
        let left = self.deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() }
        });
        waiting
            .poll(left.as_ref())
            .map_err(|errno| RunError::Supervise { what: "poll failed", errno })
    }

    fn check_deadline(&mut self) {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.deadline = None;
            self.kill(Ending::TimedOut);
        }
    }

    /// Kills the sandbox: its init, and with it everything (pid_namespaces(7)).
    fn kill(&mut self, because: Ending) {
        self.ended_by.get_or_insert(because);
        pidfd_send_signal(&self.sandbox.pidfd, Kill::KILL).ok();
    }

    /// Reads what the child and init say; how it ended, once they are gone.
    fn take_records(&mut self) -> Result<Option<Ending>, RunError> {
        loop {
            let mut bytes = [0_u8; RECORD];
            match rustix::io::read(&self.sandbox.status, &mut bytes) {
                Ok(0) => return self.ending().map(Some),
                Ok(_) => match Record::decode(bytes) {
                    Some(Record::Failed(failed)) => {
                        wait_for(&self.sandbox);
                        return Err(self.jail.explain(failed).into());
                    }
                    Some(Record::Told(Told::StdinRelayed)) => self.use_relay(),
                    Some(Record::Told(told)) => self.notices.extend(notices::of(told, self.jail)),
                    Some(Record::Started(_)) => self.started = true,
                    Some(Record::Exited(status)) => self.exited = Some(status),
                    Some(Record::Stopped(_)) => self.stop(),
                    _ => {}
                },
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    return Err(RunError::Supervise { what: "the status pipe failed", errno });
                }
            }
        }
    }

    fn ending(&self) -> Result<Ending, RunError> {
        wait_for(&self.sandbox);
        match (self.ended_by, self.exited) {
            (Some(ending), _) => Ok(ending),
            (None, Some(status)) => Ok(of_status(status)),
            (None, None) if self.started => Ok(Ending::Killed),
            (None, None) => Err(RunError::Killed),
        }
    }

    fn use_relay(&mut self) {
        if let Input::Spare(relay) = &mut self.input {
            self.input = Input::Used(relay.take());
        }
    }

    /// Stops with the payload, so that the user's shell takes over; goes on with it.
    fn stop(&mut self) {
        if let Some(tty) = &mut self.tty {
            tty.lend();
        }
        drybox_jail::stop_self();
        if let Some(tty) = &mut self.tty {
            tty.take().ok();
            tty.resize();
        }
        self.send(Signal::Group(number(libc::SIGCONT)));
    }

    fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.take() {
            let to = FORWARDED.iter().find(|(forwarded, _)| *forwarded == signal);
            match to.map(|(_, to)| to) {
                Some(To::Terminal) => {
                    if let Some(tty) = &self.tty {
                        tty.resize();
                    }
                }
                // Nobody is there yet who could take it.
                Some(_) if !self.started && ends(signal) => {
                    self.kill(Ending::Signalled(number(signal)));
                }
                Some(To::Payload) => self.send(Signal::Payload(number(signal))),
                Some(To::Group) => self.send(Signal::Group(number(signal))),
                None => {}
            }
        }
    }

    fn send(&self, signal: Signal) {
        // An init that is gone takes no signals any more.
        rustix::io::write(&self.sandbox.lifeline, &[signal.encode()]).ok();
    }

    fn receive_master(&mut self) -> Result<(), RunError> {
        let fail = |errno| RunError::Supervise { what: "the terminal did not arrive", errno };
        if let (Some(socket), Some(tty)) = (self.sandbox.terminal.take(), &mut self.tty) {
            match tty.receive(socket.as_fd()) {
                // The child failed before: its record says where.
                Err(Errno::NOTTY) => {}
                done => done.map_err(fail)?,
            }
        }
        Ok(())
    }

    fn pump(&mut self, source: Source, events: PollFlags) {
        let Some(tty) = &mut self.tty else { return };
        let payload = if source == Source::Payload { events } else { PollFlags::empty() };
        if !tty.pump(source == Source::User, payload, source == Source::Screen) {
            // The user's terminal is gone.
            tty.hang_up();
            self.deadline.get_or_insert_with(|| Instant::now() + HANG_UP);
        }
    }

    fn step_input(&mut self) {
        if let Input::Used(relay) = &mut self.input
            && relay.as_mut().is_some_and(Relay::step)
        {
            *relay = None;
        }
    }

    fn step_output(&mut self, index: usize) {
        if let Some(relay) = self.outputs.get_mut(index) {
            relay.step();
        }
    }

    /// Passes on what was printed before the end, and gives the terminal back. A signal ends it:
    /// nobody may read any more.
    fn drain(&mut self) {
        if let Some(tty) = &mut self.tty {
            tty.drain();
            tty.give_back();
        }
        self.input = Input::Used(None);
        let mut patient = true;
        while patient && self.outputs.iter().any(|relay| relay.poll().is_some()) {
            let mut waiting = Waiting::default();
            waiting.add(Source::Signals, Some(readable(self.signals.as_fd())));
            for (index, relay) in self.outputs.iter().enumerate() {
                waiting.add(Source::Output(index), relay.poll());
            }
            let Ok(ready) = waiting.poll(None) else { break };
            for (source, _) in ready {
                match source {
                    Source::Output(index) => self.step_output(index),
                    _ => patient = !matches!(self.signals.take(), Ok(Some(s)) if ends(s)),
                }
            }
        }
        for relay in &self.outputs {
            relay.reset_terminal();
        }
    }

    fn outcome(&mut self, ending: Ending) -> Outcome {
        let of_tty = self.tty.as_ref().and_then(Tty::withheld);
        let withheld = of_tty.into_iter().chain(self.outputs.iter().filter_map(Relay::withheld));
        let withheld = withheld.filter(|withheld| !withheld.is_routine());
        self.notices.extend(withheld.map(|w| Notice::Withheld { what: w.to_string() }));
        let unmapped = self.jail.unmapped_trees();
        if unmapped > 0 {
            self.notices.push(Notice::NoIdMap { trees: unmapped });
        }
        Outcome { ending, notices: std::mem::take(&mut self.notices) }
    }
}

/// Descriptors to wait for, each with its meaning.
#[derive(Default)]
struct Waiting<'a> {
    sources: Vec<Source>,
    fds: Vec<PollFd<'a>>,
}

impl<'a> Waiting<'a> {
    fn add(&mut self, source: Source, fd: Option<PollFd<'a>>) {
        if let Some(fd) = fd {
            self.sources.push(source);
            self.fds.push(fd);
        }
    }

    /// Those that are ready; none when the time is over.
    fn poll(mut self, timeout: Option<&Timespec>) -> Result<Vec<(Source, PollFlags)>, Errno> {
        match poll(&mut self.fds, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let events = self.fds.iter().map(PollFd::revents);
        let ready = self.sources.into_iter().zip(events);
        Ok(ready.filter(|(_, events)| !events.is_empty()).collect())
    }
}

/// Waits until the init is reaped: then the kernel has ended every process of its namespace, and
/// let go of its mounts (pid_namespaces(7)).
pub(crate) fn wait_for(sandbox: &Sandbox) {
    let init = WaitId::PidFd(sandbox.pidfd.as_fd());
    while matches!(waitid(init.clone(), WaitIdOptions::EXITED), Err(Errno::INTR)) {}
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}

/// Signals that end a process that does nothing about them.
const fn ends(signal: c_int) -> bool {
    matches!(signal, libc::SIGINT | libc::SIGTERM | libc::SIGHUP | libc::SIGQUIT)
}

/// A signal's number fits a byte: the last is 64.
fn number(signal: c_int) -> u8 {
    u8::try_from(signal).unwrap_or_default()
}

/// A wait status, as wait(2) encodes it: the low seven bits are the signal, the next byte the code.
pub(crate) fn of_status(status: c_int) -> Ending {
    let [low, code, ..] = status.to_le_bytes();
    match low & 0x7f {
        0 => Ending::Exited(code),
        signal => Ending::Signalled(signal),
    }
}
