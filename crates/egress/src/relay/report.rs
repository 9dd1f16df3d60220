//! What is told of the box's attempts: bounded, and never in the way of them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;

use drybox_spec::{Attempt, NetworkEvent, Visit};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Takes what is told.
#[derive(Debug)]
pub(super) struct Reporter {
    lines: Sender<NetworkEvent>,
    told: Cell<u64>,
    untold: std::rc::Rc<Cell<u64>>,
    /// The file inside that says what was refused.
    inside: Option<OwnedFd>,
    /// Its lines: each stands there once.
    said: RefCell<HashSet<String>>,
    /// Names that were asked for and refused: each is told once.
    refused_names: RefCell<HashSet<String>>,
}

impl Reporter {
    /// A reporter, and what writes for it until it is dropped.
    pub(super) fn new(pipe: OwnedFd) -> io::Result<(Self, impl Future<Output = ()>)> {
        let pipe = pipe::Sender::from_owned_fd(pipe)?;
        let (lines, waiting) = mpsc::channel(WAITING);
        let untold = std::rc::Rc::new(Cell::new(0));
        let writer = write(pipe, waiting, std::rc::Rc::clone(&untold));
        let reporter = Self {
            lines,
            told: Cell::new(0),
            untold,
            inside: None,
            said: RefCell::default(),
            refused_names: RefCell::default(),
        };
        Ok((reporter, writer))
    }

    /// Says refusals in this file as well, which is the box's.
    pub(super) fn say_in(&mut self, file: OwnedFd) {
        self.inside = Some(file);
    }

    /// Tells one attempt.
    pub(super) fn tell(&self, attempt: Attempt) {
        if let (Some(file), Some(line)) = (&self.inside, attempt.refusal()) {
            let mut said = self.said.borrow_mut();
            if said.len() < MOST_NAMES && said.insert(line.clone()) {
                // A payload that filled its own disk has no room for it.
                rustix::io::write(file, (line + "\n").as_bytes()).ok();
            }
        }
        self.send(NetworkEvent::Attempt(attempt));
    }

    /// Tells who came in.
    pub(super) fn tell_visit(&self, visit: Visit) {
        self.send(NetworkEvent::Visit(visit));
    }

    fn send(&self, event: NetworkEvent) {
        let room = self.told.get() < MOST;
        if room && self.lines.try_send(event).is_ok() {
            self.told.set(self.told.get().saturating_add(1));
        } else {
            self.untold.set(self.untold.get().saturating_add(1));
        }
    }

    /// Whether a name that was refused is to be told: once, and not endlessly many.
    pub(super) fn is_news(&self, name: &str) -> bool {
        let mut names = self.refused_names.borrow_mut();
        names.len() < MOST_NAMES && names.insert(name.to_owned())
    }
}

async fn write(
    pipe: pipe::Sender,
    mut lines: Receiver<NetworkEvent>,
    untold: std::rc::Rc<Cell<u64>>,
) {
    while let Some(event) = lines.recv().await {
        if write_line(&pipe, &event).await.is_err() {
            return;
        }
    }
    let attempts = untold.get();
    if attempts > 0 {
        write_line(&pipe, &NetworkEvent::Untold { attempts }).await.ok();
    }
}

async fn write_line(pipe: &pipe::Sender, event: &NetworkEvent) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        pipe.writable().await?;
        match pipe.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Attempts that are told one by one; the rest are counted.
const MOST: u64 = 5_000;

/// Attempts that wait for a reader: at the end of a box all of its connections end at once.
const WAITING: usize = 4_096;

const MOST_NAMES: usize = 1_000;
