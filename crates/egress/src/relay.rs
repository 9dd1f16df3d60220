//! The relay: sockets that listen in the box's network namespace, and the host's network.
//!
//! One thread, one loop, in a process of its own that has nothing else. What a box can make it
//! hold is bounded: a connection has no buffer of its own while nothing is in it.

mod connection;
mod copy;
mod dns;
mod inward;
mod listeners;
mod report;
mod speech;
mod upstream;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use drybox_spec::{ByteSize, Doors, Publish};
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::admission::Judges;
use crate::dns::Families;
use crate::names::Names;
use listeners::Listeners;
use report::Reporter;
pub use upstream::NameServers;
use upstream::Upstream;

/// What the relay is to do.
#[derive(Debug)]
pub struct Settings {
    /// What may be reached.
    pub doors: Doors,
    /// Bytes that may leave for each host.
    pub max_upload: ByteSize,
    /// Bytes a second in both directions of all connections together; none: as many as there are.
    pub net_limit: Option<ByteSize>,
    /// Who knows the addresses of names.
    pub name_servers: NameServers,
    /// Bounds on connections.
    pub bounds: Bounds,
    /// Who says what an address is.
    pub judges: Judges,
}

/// How many connections, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time; each takes two descriptors.
    pub connections: usize,
    /// Until a client has said which name it is for.
    pub hello: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
    /// Altogether.
    pub total: Duration,
}

/// The relay's descriptors.
#[derive(Debug)]
pub struct Wires {
    /// Gives the sockets and the file for refusals, one a message, then end of file (`SCM_RIGHTS`,
    /// unix(7)).
    pub listeners: OwnedFd,
    /// Sockets of the host that listen, and where what connects to them leads.
    pub published: Vec<(Publish, OwnedFd)>,
    /// Takes what is told: one [`drybox_spec::NetworkEvent`] a line, as JSON.
    pub report: OwnedFd,
    /// Its end of file ends the relay.
    pub lifeline: OwnedFd,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 10_240,
            hello: Duration::from_secs(10),
            // A model may think for minutes before its first word.
            idle: Duration::from_secs(30 * 60),
            total: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Serves a box until its lifeline ends. `lock` is called before the first byte of the box comes:
/// from then on sockets, memory and time are all that is asked for.
///
/// # Errors
/// *Host*, when the loop cannot be set up. Nothing is reachable then.
pub fn serve(
    settings: Settings,
    wires: Wires,
    lock: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let tasks = LocalSet::new();
    runtime.block_on(tasks.run_until(async move {
        let upstream = Upstream::new(&settings.name_servers)?;
        let lifeline = pipe::Receiver::from_owned_fd(wires.lifeline)?;
        let (mut reporter, writer) = Reporter::new(wires.report)?;
        lock()?;
        let mut listeners = Listeners::receive(&wires.listeners)?;
        if let Some(file) = listeners.refusals.take() {
            reporter.say_in(file);
        }
        drop(wires.listeners);
        let writer = tokio::task::spawn_local(writer);
        let (end, ending) = watch::channel(false);
        let relay = Rc::new(Relay {
            families: listeners.families,
            settings,
            upstream,
            reporter,
            names: RefCell::default(),
            uploaded: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            open: Cell::new(0),
            carried_until: Cell::new(Instant::now()),
            ending,
            began: Instant::now(),
        });
        let serving = listeners.spawn(&relay, wires.published);
        ended(&lifeline).await;
        end.send_replace(true);
        serving.abort();
        // The connections tell what they carried.
        let until = Instant::now() + LAST_WORDS;
        while relay.open.get() > 0 && Instant::now() < until {
            sleep(Duration::from_millis(1)).await;
        }
        drop(relay);
        tokio::time::timeout(LAST_WORDS, writer).await.map(drop).or(Ok(()))
    }))
}

/// Waits for the end of a pipe.
async fn ended(lifeline: &pipe::Receiver) {
    let mut byte = [0];
    while lifeline.readable().await.is_ok() {
        match lifeline.try_read(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(1) => {}
            _ => return,
        }
    }
}

/// What every task of the relay shares.
#[derive(Debug)]
pub(crate) struct Relay {
    settings: Settings,
    families: Families,
    upstream: Upstream,
    reporter: Reporter,
    names: RefCell<Names>,
    /// Bytes that left, for each host.
    uploaded: RefCell<HashMap<String, u64>>,
    /// What is on its way between two sockets at this moment.
    scratch: RefCell<Box<[u8]>>,
    /// Connections that are open.
    open: Cell<usize>,
    /// When what was carried so far would have been carried at the limit.
    carried_until: Cell<Instant>,
    ending: watch::Receiver<bool>,
    began: Instant,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Bytes that are read at a time.
const SCRATCH: usize = 128 * 1024;

const LAST_WORDS: Duration = Duration::from_millis(500);
