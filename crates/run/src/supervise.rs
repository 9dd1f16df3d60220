//! The supervisor: one loop over the status pipe, signals, relays and the terminal.

use std::ffi::c_int;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use drybox_jail::{
    Jail, RECORD, Record, Sandbox, Signal, SignalFd, SignalSet, Told, block_signals, forget_code,
    is_ignored,
};
use drybox_spec::{Ending, NetworkEvent, Notice, SandboxSpec, Setting};
use rustix::event::{PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Signal as Kill, pidfd_send_signal};

use crate::direct::Direct;
use crate::error::RunError;
use crate::host::Host;
use crate::journal::{self, Journal};
use crate::limits;
use crate::network;
use crate::notices;
use crate::prepare::{self, Prepared};
use crate::streams::{Caller, Relay, Tty, Wiring, let_go};
use crate::view::{Pending, View};
use crate::watchdog::{Verdict, Watchdog};

mod finish;
mod forward;
mod waiting;

pub(crate) use finish::{Gone, of_status, wait_for};
use forward::{FORWARDED, To, ends, number};
use waiting::{Source, Waiting, readable};

/// How a run ended, and what is to be told of it.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// How the payload ended.
    pub ending: Ending,
    /// What was weaker than it could be, and what was withheld.
    pub notices: Vec<Notice>,
    /// What the payload reached over the network, and what it was refused, in order (I6).
    pub network: Vec<NetworkEvent>,
    /// What is pending in the workspace's box.
    pub pending: Option<Pending>,
}

/// A run that lasts longer is one to wait for.
const SETTLED: Duration = Duration::from_secs(1);
/// How long what is typed stays for others before we look whether it is for us.
const BACKGROUND: Duration = Duration::from_millis(100);

/// How long a launch may take once somebody has asked for its end.
const LAUNCH: Duration = Duration::from_secs(1);

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
/// be. *Host*, when a wall cannot be set up: the payload did not run. Or it did, and what it printed
/// could not be written ([`RunError::Lost`]).
pub fn run(spec: &SandboxSpec, host: &Host<'_>) -> Result<Outcome, RunError> {
    run_with(spec, host, &Vec::new)
}

/// As [`run`], with what the event log is to say of the spec's settings: asked for once the payload
/// runs.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    spec: &SandboxSpec,
    host: &Host<'_>,
    settings: &dyn Fn() -> Vec<Setting>,
) -> Result<Outcome, RunError> {
    let (input, output, error) =
        (rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr());
    let caller = Caller { input, output, error };
    // What the caller ignores, the payload is not told: nohup(1), `&` in a script.
    let numbers = FORWARDED.iter().map(|(signal, _)| *signal);
    // A limit on file size is to be an error of ours, and no death (setrlimit(2)).
    let numbers = numbers.chain([libc::SIGXFSZ]);
    let numbers: Vec<c_int> = numbers.filter(|signal| !is_ignored(*signal)).collect();
    let signals = SignalSet::of(&numbers);
    let fail = |what| move |errno| RunError::Supervise { what, errno };
    let before = block_signals(&signals).map_err(fail("signals cannot be blocked"))?;
    let signals = SignalFd::new(&signals).map_err(fail("no descriptor for signals"))?;

    let wiring = caller.wire(spec)?;
    let (relay, network) = network::start(spec, host)?.unzip();
    let Prepared { interior, view } = prepare::prepare(spec, host, wiring.tty.is_some(), network)?;
    let mut jail = Jail::prepare(interior)?;
    let mut arranged = limits::arrange(spec, host)?;
    if let Some(leaf) = arranged.leaf.take() {
        jail.enter_cgroup(leaf);
    }
    let direct = Direct::begin(spec, host);
    let Wiring { streams, input, input_is_spare, outputs, tty } = wiring;
    let sandbox = jail.spawn(streams)?;
    if let Some(view) = &view {
        view.tidy();
    }
    let opens_input = sandbox.opens_input;
    let watchdog = arranged.watchdog(spec, &sandbox);
    let mut notices = notices::of_run(spec, host, view.as_ref());
    notices.append(&mut arranged.notices);
    let begin_log = |journal: &mut Journal| journal.begin(spec, host, settings);
    let mut supervisor = Supervisor {
        journal: Journal::of_run(host, view.as_ref()),
        begin_log: &begin_log,
        jail: &jail,
        sandbox,
        signals: &signals,
        // Without an overlay for it the child says nothing about the file: it gets the pipe.
        input: if input_is_spare && opens_input { Input::Spare(input) } else { Input::Used(input) },
        outputs,
        tty,
        relay,
        deadline: spec.timeout.as_ref().map(|t| (Instant::now() + t.value, Ending::TimedOut)),
        gives_stdio_away: host.gives_stdio_away,
        says_refusals: host.says_refusals,
        started: false,
        asked: Asked::default(),
        unheard: None,
        background_until: None,
        settles: Some(Instant::now() + SETTLED),
        exited: None,
        ended_by: None,
        watchdog,
        notices,
    };
    let ending = supervisor.serve();
    supervisor.watchdog = None;
    if ending.is_err() {
        // Nobody supervises it any more, and `drain` waits for the end of what it prints.
        supervisor.kill(Ending::Killed);
        wait_for(&supervisor.sandbox);
    }
    let drained = supervisor.drain();
    let lost = supervisor.outputs.iter().find_map(Relay::lost);
    let lost = lost.or_else(|| supervisor.tty.as_ref().and_then(Tty::lost));
    let ending = ending.and_then(|ending| drained.and(lost.map_or(Ok(ending), Err)));
    let outcome = ending.map(|ending| supervisor.outcome(ending));
    if supervisor.started {
        begin_log(&mut supervisor.journal);
    }
    let Supervisor { mut journal, .. } = supervisor;
    // Every process of the box is gone: nobody writes to it any more.
    let (pending, not_ended) = view.map_or((None, None), View::end);
    let outcome = outcome.map(|Outcome { ending, mut notices, network, .. }| {
        let ending = limits::conclude(jail.cgroup().take(), ending, &mut notices);
        notices::of_views(spec, &jail, &mut notices);
        notices.extend(not_ended);
        notices.extend(journal.standing());
        notices.extend(direct.map(Direct::end).unwrap_or_default());
        Outcome { ending, notices, network, pending }
    });
    let outcome = match outcome {
        Ok(mut outcome) => {
            let Outcome { notices, network, pending, .. } = &outcome;
            journal::of_end(&mut journal, notices, network, pending.as_ref());
            outcome.notices.extend(journal.end(&journal::ended(outcome.ending)));
            Ok(outcome)
        }
        Err(error) => {
            // What there is to tell is the error.
            drop(journal.end(&journal::failed(&error)));
            Err(error)
        }
    };
    block_signals(&before).map_err(fail("signals cannot be unblocked"))?;
    outcome
}

struct Supervisor<'a> {
    journal: Journal,
    /// Writes the log's first line, unless it is written.
    begin_log: &'a dyn Fn(&mut Journal),
    jail: &'a Jail,
    sandbox: Sandbox,
    signals: &'a SignalFd,
    input: Input<'a>,
    outputs: Vec<Relay<'a>>,
    tty: Option<Tty<'a>>,
    /// What leads out of the box.
    relay: Option<network::Relay>,
    /// When the sandbox is killed, and what that is called.
    deadline: Option<(Instant, Ending)>,
    /// Keeps the memory, where no cgroup does.
    watchdog: Option<Watchdog>,
    gives_stdio_away: bool,
    says_refusals: bool,
    /// What the user asked for by a signal.
    asked: Asked,
    /// A signal that came before the payload did: when that was too long ago.
    unheard: Option<(Instant, Ending)>,
    /// The payload has been executed.
    started: bool,
    /// Standard input is a terminal in whose background we are: when to look again.
    background_until: Option<Instant>,
    /// When what was needed to launch is let go of; none: that is done.
    settles: Option<Instant>,
    /// The payload's wait status.
    exited: Option<c_int>,
    /// Why we killed the sandbox.
    ended_by: Option<Ending>,
    notices: Vec<Notice>,
}

/// What the user asked for by a signal.
#[derive(Default)]
struct Asked {
    /// A signal that ends most programs was passed on.
    to_end: bool,
    /// The user suspended us, and the payload was told.
    to_stop: bool,
}

/// The relay of standard input.
enum Input<'a> {
    /// Only used when the payload gets no file of its own.
    Spare(Option<Relay<'a>>),
    Used(Option<Relay<'a>>),
}

impl<'a> Supervisor<'a> {
    /// Serves until the sandbox is gone.
    fn serve(&mut self) -> Result<Ending, RunError> {
        loop {
            let ready = self.wait()?;
            self.check_deadline();
            self.check_memory()?;
            for (source, events) in ready {
                match source {
                    Source::Status => {
                        if let Some(ending) = self.take_records()? {
                            return Ok(ending);
                        }
                    }
                    Source::Signals => self.take_signals(),
                    Source::Master => self.receive_master()?,
                    Source::Relay => self.hear_relay(),
                    Source::User | Source::Payload | Source::Screen => self.pump(source, events),
                    Source::Input => self.step_input(),
                    Source::Output(index) => self.step_output(index),
                }
            }
            if self.started {
                (self.begin_log)(&mut self.journal);
                self.journal.look_around();
            }
        }
    }

    /// Takes what the relay tells, and says on the payload's terminal what it refused.
    fn hear_relay(&mut self) {
        let Some(relay) = &mut self.relay else { return };
        let refusals = relay.take_refusals();
        if let Some(tty) = self.tty.as_mut().filter(|_| self.says_refusals) {
            refusals.iter().for_each(|line| tty.say(line));
        }
    }

    /// Waits for whatever comes first, or the deadline.
    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, RunError> {
        let mut waiting = Waiting::default();
        waiting.add(Source::Status, Some(readable(self.sandbox.status.as_fd())));
        waiting.add(Source::Signals, Some(readable(self.signals.as_fd())));
        waiting.add(Source::Relay, self.relay.as_ref().and_then(network::Relay::poll));
        if let Some(tty) = &self.tty {
            let master = self.sandbox.terminal.as_ref().map(|fd| readable(fd.as_fd()));
            waiting.add(Source::Master, master);
            waiting.add(Source::User, tty.poll_user());
            waiting.add(Source::Payload, tty.poll_payload());
            waiting.add(Source::Screen, tty.poll_screen());
        }
        if let (Input::Used(Some(relay)), None) = (&self.input, self.background_until) {
            waiting.add(Source::Input, relay.poll());
        }
        for (index, relay) in self.outputs.iter().enumerate() {
            waiting.add(Source::Output(index), relay.poll());
        }
        let kill_at = |limit: Option<(Instant, Ending)>| limit.map(|(until, _)| until);
        let look_at = self.watchdog.as_ref().filter(|_| self.started).map(Watchdog::next);
        let scan_at = self.journal.looks_around_at();
        let until = [kill_at(self.deadline), kill_at(self.unheard), self.background_until];
        let until = until.into_iter().chain([look_at, scan_at, self.settles]);
        let left = until.flatten().min().map(|until| {
            let left = until.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() }
        });
        waiting
            .poll(left.as_ref())
            .map_err(|errno| RunError::Supervise { what: "poll failed", errno })
    }

    fn check_deadline(&mut self) {
        let now = Instant::now();
        let deadline = self.deadline.take_if(|(until, _)| *until <= now);
        let unheard = self.unheard.take_if(|(until, _)| *until <= now);
        if let Some((_, ending)) = deadline.or(unheard) {
            self.kill(ending);
        }
        self.background_until.take_if(|until| *until <= now);
        // Most of the program is there to launch a box, or to look through its workspace; what waits
        // for its end is little.
        if self.settles.take_if(|until| *until <= now).is_some() {
            match self.journal.is_to_look() {
                true => self.settles = now.checked_add(SETTLED),
                false => forget_code(),
            }
        }
    }

    fn check_memory(&mut self) -> Result<(), RunError> {
        // Before, init's child is a copy of init, into which nobody can look.
        let Some(watchdog) = self.watchdog.as_mut().filter(|_| self.started) else { return Ok(()) };
        match watchdog.look(Instant::now()) {
            Verdict::Fine => {}
            Verdict::TooMuch => {
                self.watchdog = None;
                self.kill(Ending::OutOfMemory);
            }
            Verdict::Blind(errno) => {
                let what = "the memory that it takes cannot be seen";
                return Err(RunError::Supervise { what, errno });
            }
        }
        Ok(())
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
                        return Err(RunError::of_child(self.jail, failed, self.started));
                    }
                    Some(Record::Told(Told::StdinRelayed)) => self.use_relay(),
                    Some(Record::Told(told)) => self.notices.extend(notices::of(told, self.jail)),
                    Some(Record::Started(_)) => {
                        self.started = true;
                        self.unheard = None;
                    }
                    Some(Record::Exited(status)) => {
                        // Init's last word: nothing comes after it but its end.
                        self.exited = Some(status);
                        return self.ending().map(Some);
                    }
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

    fn ending(&mut self) -> Result<Ending, RunError> {
        let gone = wait_for(&self.sandbox);
        if gone == Gone::NotYet {
            self.notices.push(Notice::Lingers);
        }
        let by_itself = gone == Gone::ByItself;
        match (self.ended_by, self.exited) {
            (Some(ending), _) => Ok(ending),
            (None, Some(status)) => Ok(of_status(status)),
            // Init ended in good order, and its last word did not arrive.
            (None, None) if by_itself => Err(RunError::Supervise {
                what: "how the command ended was not told",
                errno: Errno::PIPE,
            }),
            (None, None) if self.started => Ok(Ending::Killed),
            (None, None) => Err(RunError::Killed),
        }
    }

    fn use_relay(&mut self) {
        if let Input::Spare(relay) = &mut self.input {
            self.input = Input::Used(relay.take());
        }
    }

    /// Stops with the payload, so that the user's shell takes over; goes on with it. A payload that
    /// stops itself where no terminal is stops alone: our clock has to go on (LM-14).
    fn stop(&mut self) {
        let typed = self.tty.as_mut().is_some_and(Tty::typed_suspend);
        let asked = std::mem::take(&mut self.asked.to_stop) || typed;
        match &mut self.tty {
            // Only the user may hold the clock of `--timeout`.
            Some(tty) if asked || self.deadline.is_none() => {
                tty.lend();
                drybox_jail::stop_group();
                tty.take().ok();
                tty.resize();
            }
            // Whoever stopped the payload has stopped, or left alone, the rest of our group.
            None if asked => drybox_jail::stop_self(),
            _ => return,
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
                Some(To::Payload) => self.send(Signal::Payload(number(signal))),
                Some(To::Group) => {
                    match signal {
                        libc::SIGTSTP => self.asked.to_stop = true,
                        libc::SIGCONT => self.asked.to_stop = false,
                        _ => {}
                    }
                    self.send(Signal::Group(number(signal)));
                }
                None => {}
            }
            self.asked.to_end |= ends(signal);
            if !self.started && ends(signal) {
                // Init hands it to the payload once that runs. A launch that hangs ends here.
                let until = Instant::now() + LAUNCH;
                self.unheard.get_or_insert((until, Ending::Signalled(number(signal))));
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
            // The kernel tells the session's leader, which is init. A shell as leader would pass
            // it on.
            self.send(Signal::Group(number(libc::SIGHUP)));
            self.send(Signal::Group(number(libc::SIGCONT)));
            let ending = Ending::Signalled(number(libc::SIGHUP));
            let until = Instant::now() + HANG_UP;
            if self.deadline.is_none_or(|(deadline, _)| deadline > until) {
                self.deadline = Some((until, ending));
            }
        }
    }

    fn step_input(&mut self) {
        let Input::Used(Some(relay)) = &mut self.input else { return };
        if relay.reads_from_background() {
            // What is typed is for the shell in the foreground. Reading it would stop us, and with
            // us a payload that does not want any of it (SIGTTIN, termios(3)).
            self.background_until = Some(Instant::now() + BACKGROUND);
        } else if relay.step() {
            let caller = relay.caller();
            self.input = Input::Used(None);
            self.let_go(caller);
        }
    }

    fn step_output(&mut self, index: usize) {
        if let Some(relay) = self.outputs.get_mut(index)
            && relay.step()
        {
            let caller = relay.caller();
            self.let_go(caller);
        }
    }

    fn let_go(&self, caller: BorrowedFd<'_>) {
        if self.gives_stdio_away {
            let_go(caller);
        }
    }
}
