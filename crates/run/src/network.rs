//! The relay of a box whose spec names hosts: a process beside the supervisor, forked before the box
//! is, so that it knows nothing of it but the sockets that the box's first process hands out.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use drybox_egress::{Bounds, Judges, NameServers, Settings, Wires, class_of, is_own, serve};
use drybox_jail::{Network, Worker, confine, seccomp, wall, worker};
use drybox_spec::{NetworkEvent, Notice, Publish, SandboxSpec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, pidfd_send_signal};

use crate::error::RunError;
use crate::host::Host;

/// A running relay. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Relay {
    worker: Option<Worker>,
    lifeline: Option<OwnedFd>,
    report: OwnedFd,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    told: Told,
    /// Refusals that were said while the box ran.
    said: Vec<String>,
    ended: bool,
}

/// What the relay told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<NetworkEvent>,
    pub(crate) notices: Vec<Notice>,
}

/// Starts a relay, and gives what the box needs of it; none: the spec has no network.
pub(crate) fn start(
    spec: &SandboxSpec,
    host: &Host<'_>,
) -> Result<Option<(Relay, Network)>, RunError> {
    let leads_out = spec.doors.value.has_network();
    if !leads_out && spec.publish.is_empty() {
        return Ok(None);
    }
    let fail = |what| move |errno| RunError::Supervise { what, errno };
    let no_pipe = fail("no pipe to the relay could be made");
    let name_servers = if leads_out { name_servers(host)? } else { NameServers::Nobody };
    let listeners = listeners(spec)?;
    let (ours, boxes) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(no_pipe)?;
    let (report, report_end) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    let (lifeline_end, lifeline) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    rustix::io::ioctl_fionbio(&report, true).map_err(no_pipe)?;
    let settings = Settings {
        doors: spec.doors.value.clone(),
        max_upload: spec.max_upload.value,
        net_limit: spec.net_limit.as_ref().map(|limit| limit.value),
        name_servers,
        bounds: Bounds::default(),
        judges: Judges {
            class_of: |address| wall!("inner-addresses", class_of(address)),
            is_own: |address| wall!("own-addresses", is_own(address)),
        },
    };
    let mut keep = vec![ours.as_fd(), report_end.as_fd(), lifeline_end.as_fd()];
    keep.extend(listeners.iter().map(|(_, listener)| listener.as_fd()));
    let worker = worker(&keep, || {
        let wires = (|| {
            Ok::<_, Errno>(Wires {
                published: listeners
                    .iter()
                    .map(|(to, fd)| Ok((*to, rustix::io::fcntl_dupfd_cloexec(fd, 3)?)))
                    .collect::<Result<_, Errno>>()?,
                listeners: rustix::io::fcntl_dupfd_cloexec(&ours, 3)?,
                report: rustix::io::fcntl_dupfd_cloexec(&report_end, 3)?,
                lifeline: rustix::io::fcntl_dupfd_cloexec(&lifeline_end, 3)?,
            })
        })();
        if let Ok(wires) = wires {
            let lock = || confine(seccomp::RELAY).map_err(io::Error::from);
            // Its end is told by the end of what it reports.
            serve(settings, wires, lock).ok();
        }
    })
    .map_err(fail("no process for the relay could be made"))?;
    let relay = Relay {
        worker: Some(worker),
        lifeline: Some(lifeline),
        report,
        partial: Vec::new(),
        told: Told::default(),
        said: Vec::new(),
        ended: false,
    };
    let network = Network {
        ways_out: leads_out.then(|| spec.doors.value.ports()),
        ways_in: if spec.publish.is_empty() { 0 } else { WAYS_IN },
        relay: Arc::new(boxes),
    };
    Ok(Some((relay, network)))
}

/// A listening socket for each published port.
fn listeners(spec: &SandboxSpec) -> Result<Vec<(Publish, OwnedFd)>, RunError> {
    let listen = |publish: &Publish| match TcpListener::bind(publish.outside) {
        Ok(listener) => Ok((*publish, OwnedFd::from(listener))),
        Err(error) => Err(RunError::Publish {
            publish: *publish,
            errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
        }),
    };
    spec.publish.iter().map(|publish| listen(&publish.value)).collect()
}

/// Those that the caller named, else the host's.
fn name_servers(host: &Host<'_>) -> Result<NameServers, RunError> {
    if let Some(server) = host.name_server {
        return Ok(NameServers::One(server));
    }
    let read = || -> Result<Vec<u8>, Errno> {
        let file = open(RESOLV_CONF, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let mut text = vec![0; LONGEST];
        let length = rustix::io::read(&file, &mut text)?;
        text.truncate(length);
        Ok(text)
    };
    read().map(NameServers::Configured).map_err(|errno| RunError::NameServers { errno })
}

impl Relay {
    /// What to wait for; none: it has ended.
    pub(crate) fn poll(&self) -> Option<PollFd<'_>> {
        (!self.ended).then(|| PollFd::from_borrowed_fd(self.report.as_fd(), PollFlags::IN))
    }

    /// Takes what it told; `false` once it has ended.
    pub(crate) fn take(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        loop {
            match rustix::io::read(&self.report, &mut bytes) {
                Ok(0) => {
                    self.ended = true;
                    return false;
                }
                Ok(length) => self.read(bytes.get(..length).unwrap_or_default()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Err(_) => {
                    self.ended = true;
                    return false;
                }
            }
        }
    }

    /// Takes what it told, and gives the refusals among it that are new: a few in a run.
    pub(crate) fn take_refusals(&mut self) -> Vec<String> {
        let known = self.told.events.len();
        self.take();
        let events = self.told.events.get(known..).unwrap_or_default();
        let mut new = Vec::new();
        for event in events {
            let NetworkEvent::Attempt(attempt) = event else { continue };
            let refusal = attempt.refusal().filter(|line| !self.said.contains(line));
            if let Some(line) = refusal.filter(|_| self.said.len() < MOST_SAID) {
                self.said.push(line.clone());
                new.push(line);
            }
        }
        new
    }

    /// Ends it, and gives everything that it told.
    pub(crate) fn finish(mut self) -> Told {
        if self.ended {
            self.told.notices.push(Notice::RelayEnded);
        }
        self.last_words();
        std::mem::take(&mut self.told)
    }

    /// Ends it, for the box has ended, and hears it out.
    pub(crate) fn last_words(&mut self) -> &[NetworkEvent] {
        self.lifeline = None;
        while !self.ended && ready(self.report.as_fd()) && self.take() {}
        self.told()
    }

    /// What it has told so far.
    pub(crate) fn told(&self) -> &[NetworkEvent] {
        &self.told.events
    }

    fn read(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.partial.len().saturating_add(part.len()) <= LONGEST_LINE {
                self.partial.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial);
                // The relay read what the payload sent: its words are not trusted either.
                self.told.events.extend(serde_json::from_slice::<NetworkEvent>(&line));
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.lifeline = None;
        if let Some(worker) = self.worker.take() {
            if !self.ended {
                pidfd_send_signal(&worker.pidfd, Signal::KILL).ok();
            }
            worker.wait();
        }
    }
}

/// Whether something comes within the time that its last words may take.
fn ready(report: BorrowedFd<'_>) -> bool {
    let patience = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut fds = [PollFd::from_borrowed_fd(report, PollFlags::IN)];
    loop {
        match poll(&mut fds, Some(&patience)) {
            Err(Errno::INTR) => {}
            done => return done.is_ok_and(|ready| ready > 0),
        }
    }
}

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Refusals that are said on a terminal while a box runs; the summary has all.
const MOST_SAID: usize = 20;
/// Connections at a time to all published ports together; more wait.
const WAYS_IN: u16 = 128;
const LONGEST: usize = 64 * 1024;
const LONGEST_LINE: usize = 4096;
