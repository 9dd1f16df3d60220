//! Copies both ways between two sockets. Bytes lie in a buffer that all share, and in one of the
//! connection's own only while the other side does not take them.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::Duration;

use drybox_spec::Layer;
use rustix::net::{Shutdown, shutdown};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::Relay;
use super::speech::Speech;

/// What a connection has carried.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Out of the box.
    pub(super) sent: Cell<u64>,
    /// Into it.
    pub(super) received: Cell<u64>,
    /// What allowed it.
    pub(super) permit: RefCell<String>,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was connected, and is over.
    Done,
    /// It was closed before it said anything.
    Silent,
    Refused(Layer, String),
    Failed(String),
}

impl End {
    pub(super) fn new(layer: Layer, why: &str) -> Self {
        Self::Refused(layer, why.to_owned())
    }
}

/// Two sockets, and what counts.
pub(super) struct Copy<'a> {
    pub(super) relay: &'a Relay,
    pub(super) client: &'a TcpStream,
    pub(super) server: &'a TcpStream,
    /// Whose upload is counted; none: who is connected came to the box, and may take what it gives.
    pub(super) host: Option<&'a str>,
    pub(super) carried: &'a Carried,
}

impl Copy<'_> {
    /// Copies until both sides are done, or one of them is gone.
    pub(super) async fn run(&self, speech: Speech, ready: Vec<u8>, held: Vec<u8>) -> End {
        let last = Cell::new(Instant::now());
        let both = async {
            // What must not go on ends both directions.
            tokio::try_join!(self.out(speech, ready, held, &last), self.back(&last)).map(drop)
        };
        let ended = tokio::select! {
            ended = both => ended,
            () = idle(&last, self.relay.settings.bounds.idle) => Err(End::new(Layer::Limit, "nothing came for too long")),
        };
        ended.err().unwrap_or(End::Done)
    }

    /// From the box: `ready` was checked, `held` has to wait for more.
    async fn out(
        &self,
        mut speech: Speech,
        mut ready: Vec<u8>,
        mut held: Vec<u8>,
        last: &Cell<Instant>,
    ) -> Result<(), End> {
        loop {
            self.count_upload(ready.len())?;
            if self.write(self.server, &ready, last).await.is_err() {
                return self.give_up();
            }
            add(&self.carried.sent, ready.len());
            self.relay.pace(ready.len()).await;
            last.set(Instant::now());
            if speech.is_open() {
                return self.out_open(last).await;
            }
            match self.read(self.client, &mut held, last).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => return self.give_up(),
            }
            let may = speech.advance(&held);
            let may = may.map_err(|why| End::Refused(speech.layer(), why.to_string()))?;
            ready = held.drain(..may.min(held.len())).collect();
        }
        shutdown(self.server, Shutdown::Write).ok();
        Ok(())
    }

    /// From the box, once nothing is left to be checked.
    async fn out_open(&self, last: &Cell<Instant>) -> Result<(), End> {
        loop {
            let mut refused = None;
            let count = |length| match self.count_upload(length) {
                Ok(()) => true,
                Err(end) => {
                    refused = Some(end);
                    false
                }
            };
            match self.pass(self.client, self.server, &self.carried.sent, last, count).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return refused.map_or_else(|| self.give_up(), Err),
            }
        }
        shutdown(self.server, Shutdown::Write).ok();
        Ok(())
    }

    /// Into the box.
    async fn back(&self, last: &Cell<Instant>) -> Result<(), End> {
        loop {
            match self.pass(self.server, self.client, &self.carried.received, last, |_| true).await
            {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return self.give_up(),
            }
        }
        shutdown(self.client, Shutdown::Write).ok();
        Ok(())
    }

    /// One side is gone: so is the other, and whoever waits for it hears that.
    fn give_up(&self) -> Result<(), End> {
        shutdown(self.client, Shutdown::Both).ok();
        shutdown(self.server, Shutdown::Both).ok();
        Ok(())
    }

    /// Reads once and writes all of it; false at the end of file.
    async fn pass(
        &self,
        from: &TcpStream,
        to: &TcpStream,
        counter: &Cell<u64>,
        last: &Cell<Instant>,
        count: impl FnOnce(usize) -> bool,
    ) -> io::Result<bool> {
        from.readable().await?;
        let (rest, moved) = {
            let mut scratch = self.relay.scratch.borrow_mut();
            let length = match from.try_read(&mut scratch) {
                Ok(0) => return Ok(false),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            if !count(length) {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            add(counter, length);
            let bytes = scratch.get(..length).unwrap_or_default();
            let written = match to.try_write(bytes) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            };
            (bytes.get(written..).unwrap_or_default().to_vec(), length)
        };
        last.set(Instant::now());
        self.write(to, &rest, last).await?;
        self.relay.pace(moved).await;
        last.set(Instant::now());
        Ok(true)
    }

    /// Reads more behind what is held.
    async fn read(
        &self,
        from: &TcpStream,
        held: &mut Vec<u8>,
        last: &Cell<Instant>,
    ) -> io::Result<usize> {
        loop {
            from.readable().await?;
            let mut scratch = self.relay.scratch.borrow_mut();
            match from.try_read(&mut scratch) {
                Ok(length) => {
                    last.set(Instant::now());
                    held.extend_from_slice(scratch.get(..length).unwrap_or_default());
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn write(&self, to: &TcpStream, bytes: &[u8], last: &Cell<Instant>) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            to.writable().await?;
            match to.try_write(rest) {
                Ok(written) => {
                    last.set(Instant::now());
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn count_upload(&self, length: usize) -> Result<(), End> {
        let Some(host) = self.host else { return Ok(()) };
        let mut uploaded = self.relay.uploaded.borrow_mut();
        let limit = self.relay.settings.max_upload.0;
        // A key is only made for a host that was connected to.
        let so_far = uploaded.entry(host.to_owned()).or_default();
        let after = so_far.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if after > limit {
            return Err(End::Refused(
                Layer::Limit,
                format!("more than {limit} bytes to it (--max-upload)"),
            ));
        }
        *so_far = after;
        Ok(())
    }
}

impl Relay {
    /// Waits as long as so many bytes take at the limit, with what others carried before them.
    async fn pace(&self, bytes: usize) {
        let Some(limit) = self.settings.net_limit else { return };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let micros = bytes.saturating_mul(1_000_000).checked_div(limit.0).unwrap_or(u64::MAX);
        let from = self.carried_until.get().max(Instant::now());
        let until = from + Duration::from_micros(micros).min(LONGEST_WAIT);
        self.carried_until.set(until);
        sleep_until(until).await;
    }
}

/// Ends once nothing has moved for so long.
async fn idle(last: &Cell<Instant>, limit: Duration) {
    loop {
        let due = last.get() + limit;
        if due <= Instant::now() {
            return;
        }
        sleep_until(due).await;
    }
}

/// No sum of instants overflows.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

fn add(counter: &Cell<u64>, length: usize) {
    counter.set(counter.get().saturating_add(u64::try_from(length).unwrap_or(0)));
}
