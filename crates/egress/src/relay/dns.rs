//! The box's name server.

use std::cell::Cell;
use std::net::UdpSocket;
use std::rc::Rc;
use std::time::Duration;

use drybox_spec::{Attempt, Layer, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::Relay;
use crate::dns::{LONGEST, answer};
use crate::names::NoAddress;

/// Answers datagrams; a flood is slowed down, and its rest dropped by the kernel.
pub(super) async fn serve_udp(relay: Rc<Relay>, socket: UdpSocket) {
    let Ok(socket) = tokio::net::UdpSocket::from_std(socket) else { return };
    let mut packet = vec![0; LONGEST];
    let pace = Pace::default();
    loop {
        let Ok((length, from)) = socket.recv_from(&mut packet).await else {
            // An ICMP error of an earlier reply.
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        pace.keep().await;
        if let Some(reply) = relay.look_up(packet.get(..length).unwrap_or_default()) {
            // Whoever does not take it has asked in vain.
            socket.send_to(&reply, from).await.ok();
        }
    }
}

/// Answers one connection's queries, each behind its length (RFC 7766).
pub(super) fn spawn_tcp(relay: &Rc<Relay>, mut client: TcpStream) {
    if relay.open.get() >= relay.settings.bounds.connections {
        return;
    }
    let open = relay.enter();
    let relay = Rc::clone(relay);
    tokio::task::spawn_local(async move {
        let _open = open;
        let pace = Pace::default();
        let mut ending = relay.ending.clone();
        loop {
            let turn = timeout(IDLE, one(&relay, &mut client));
            tokio::select! {
                done = turn => if !matches!(done, Ok(Some(()))) { return },
                _ = ending.changed() => return,
            }
            pace.keep().await;
        }
    });
}

/// One query; none: the connection is over.
async fn one(relay: &Relay, client: &mut TcpStream) -> Option<()> {
    let length = usize::from(client.read_u16().await.ok()?);
    if length > LONGEST {
        return None;
    }
    let mut packet = vec![0; length];
    client.read_exact(&mut packet).await.ok()?;
    let reply = relay.look_up(&packet)?;
    let length = u16::try_from(reply.len()).ok()?;
    client.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat()).await.ok()
}

impl Relay {
    fn look_up(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let mut names = self.names.borrow_mut();
        let answer = answer(packet, &self.settings.doors, &mut names, self.families);
        if let Some((name, why)) = answer.refused
            && self.reporter.is_news(name.as_str())
        {
            self.reporter.tell(Attempt {
                verdict: Verdict::Refused,
                layer: Layer::Dns,
                name: Some(name.to_string()),
                address: None,
                port: None,
                why: of(why).to_owned(),
                sent: 0,
                received: 0,
                began: self.now(),
                took: 0,
            });
        }
        answer.reply
    }
}

const fn of(why: NoAddress) -> &'static str {
    match why {
        NoAddress::NotAllowed => Attempt::NOT_ALLOWED,
        NoAddress::TooLong => "it is too long for a name below a wildcard",
        NoAddress::TooMany => "too many names were asked for",
    }
}

/// So many queries a second, and more at once.
struct Pace {
    since: Instant,
    taken: Cell<u32>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { since: Instant::now(), taken: Cell::new(0) }
    }
}

impl Pace {
    async fn keep(&self) {
        let taken = self.taken.get().saturating_add(1);
        self.taken.set(taken);
        let due = EACH.saturating_mul(taken.saturating_sub(AT_ONCE));
        let early = due.saturating_sub(self.since.elapsed());
        if !early.is_zero() {
            sleep(early).await;
        }
    }
}

const AT_ONCE: u32 = 2_000;
const EACH: Duration = Duration::from_micros(2_000);
const IDLE: Duration = Duration::from_secs(10);
