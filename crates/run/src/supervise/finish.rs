//! The end of a run: what was printed is passed on, the terminal given back, init waited for.

use std::ffi::c_int;
use std::os::fd::AsFd;

use drybox_jail::Sandbox;
use drybox_spec::{Ending, Notice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::forward::ends;
use super::waiting::{Source, Waiting, readable};
use super::{Input, Outcome, Supervisor};
use crate::error::RunError;
use crate::network;
use crate::notices;
use crate::streams::{Relay, Tty};

/// How long the last words wait for somebody who takes some of them.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// How long what a box printed may take to arrive once all of its processes are gone: a terminal's
/// bytes are passed on by the kernel's workers (pty(7)), a pipe's are there.
const SETTLED: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

impl Supervisor<'_> {
    /// Passes on what was printed before the end, and gives the terminal back. Nobody may read any
    /// more: a signal ends it, and when one has ended the run it does not wait for long. Nobody may
    /// end it either: descriptors that were sent over sockets and not received outlive the box.
    pub(super) fn drain(&mut self) -> Result<(), RunError> {
        self.input = Input::Used(None);
        // A payload may be over before its terminal was looked at.
        let mut failed = self.receive_master().err();
        let mut patient = true;
        while patient && self.has_output() {
            let patience = if self.asked.to_end {
                Some(PATIENCE)
            } else {
                (!self.has_unwritten()).then_some(SETTLED)
            };
            let mut waiting = Waiting::default();
            waiting.add(Source::Signals, Some(readable(self.signals.as_fd())));
            if let Some(tty) = &self.tty {
                waiting.add(Source::Payload, tty.poll_payload());
                waiting.add(Source::Screen, tty.poll_screen());
            }
            for (index, relay) in self.outputs.iter().enumerate() {
                waiting.add(Source::Output(index), relay.poll());
            }
            let ready = match waiting.poll(patience.as_ref()) {
                Ok(ready) => ready,
                Err(errno) => {
                    failed = Some(RunError::Supervise { what: "poll failed", errno });
                    break;
                }
            };
            patient = !(ready.is_empty() && patience.is_some());
            for (source, events) in ready {
                match source {
                    Source::Output(index) => self.step_output(index),
                    Source::Payload | Source::Screen => self.pump(source, events),
                    _ => patient = !matches!(self.signals.take(), Ok(Some(s)) if ends(s)),
                }
            }
        }
        if let Some(tty) = &mut self.tty {
            tty.give_back();
        }
        for relay in &self.outputs {
            relay.reset_terminal();
        }
        failed.map_or(Ok(()), Err)
    }

    /// The caller has yet to take something, as slowly as it likes.
    fn has_unwritten(&self) -> bool {
        self.tty.as_ref().is_some_and(|tty| tty.poll_screen().is_some())
            || self.outputs.iter().any(Relay::has_unwritten)
    }

    fn has_output(&self) -> bool {
        let tty = self.tty.as_ref();
        tty.is_some_and(|tty| tty.poll_screen().is_some() || tty.poll_payload().is_some())
            || self.outputs.iter().any(|relay| relay.poll().is_some())
    }

    pub(super) fn outcome(&mut self, ending: Ending) -> Outcome {
        let of_tty = self.tty.as_ref().and_then(Tty::withheld);
        let withheld = of_tty.into_iter().chain(self.outputs.iter().filter_map(Relay::withheld));
        let withheld = withheld.filter(|withheld| !withheld.is_routine());
        self.notices.extend(withheld.map(|w| Notice::Withheld { what: w.to_string() }));
        self.notices.extend(notices::of_plan(self.jail));
        let told = self.relay.take().map(network::Relay::finish).unwrap_or_default();
        self.notices.extend(told.notices);
        let notices = std::mem::take(&mut self.notices);
        Outcome { ending, notices, network: told.events, pending: None }
    }
}

/// How the sandbox went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Init ended by itself.
    ByItself,
    /// It was killed.
    Killed,
    /// It is not: a process of the box sleeps where no signal reaches it (a dead NFS or FUSE
    /// server, a frozen cgroup). The kernel ends it as soon as it wakes.
    NotYet,
}

/// How long a sandbox may take to be gone, once its init has ended or was killed.
const GONE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// Waits until the init is reaped: then the kernel has ended every process of its namespace, and
/// let go of its mounts (pid_namespaces(7)).
pub(crate) fn wait_for(sandbox: &Sandbox) -> Gone {
    let mut ready = [PollFd::from_borrowed_fd(sandbox.pidfd.as_fd(), PollFlags::IN)];
    let options = loop {
        match poll(&mut ready, Some(&GONE)) {
            Err(Errno::INTR) => {}
            Ok(0) => break WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
            // A poll that fails cannot tell: it is waited for all the same.
            _ => break WaitIdOptions::EXITED,
        }
    };
    let init = WaitId::PidFd(sandbox.pidfd.as_fd());
    let end = loop {
        match waitid(init.clone(), options) {
            Err(Errno::INTR) => {}
            end => break end,
        }
    };
    forget_sockets();
    match end {
        Ok(Some(status)) if status.exited() => Gone::ByItself,
        Ok(None) => Gone::NotYet,
        _ => Gone::Killed,
    }
}

/// Sockets that were sent over each other stay, and with them every file that was sent along, until
/// some unix socket of the machine is closed: then the kernel looks for them (`unix_gc`, Linux
/// `net/unix/garbage.c`). A box would leave its pipes and its memory behind.
fn forget_sockets() {
    drop(socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None));
}

/// A wait status, as wait(2) encodes it: the low seven bits are the signal, the next byte the code.
pub(crate) fn of_status(status: c_int) -> Ending {
    let [low, code, ..] = status.to_le_bytes();
    match low & 0x7f {
        0 => Ending::Exited(code),
        signal => Ending::Signalled(signal),
    }
}
