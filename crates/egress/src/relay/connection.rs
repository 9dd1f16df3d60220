//! One connection of the box, from its first byte to what is told of it.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use drybox_spec::{Attempt, DnsName, Layer, Verdict};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::copy::{Carried, Copy, End};
use super::speech::{Speech, Unfit};
use super::{Relay, Settings, millis};
use crate::admission::{Named, Refusal, Target};

/// Serves a connection that was made to `destination`.
pub(super) fn spawn(relay: &Rc<Relay>, client: TcpStream, destination: SocketAddr) {
    let began = Instant::now();
    if relay.open.get() >= relay.settings.bounds.connections {
        reset(client);
        let of = Of { name: None, address: Some(destination.ip()), port: destination.port() };
        relay.tell(
            &of,
            &End::new(Layer::Limit, "too many connections at a time"),
            &Carried::default(),
            began,
        );
        return;
    }
    let open = relay.enter();
    let relay = Rc::clone(relay);
    tokio::task::spawn_local(async move {
        let _open = open;
        let mut of = Of {
            name: None,
            address: Some(destination.ip().to_canonical()),
            port: destination.port(),
        };
        let carried = Carried::default();
        let mut ending = relay.ending.clone();
        let whole = timeout(
            relay.settings.bounds.total,
            relay.serve(client, destination, &mut of, &carried),
        );
        let end = tokio::select! {
            end = whole => end.unwrap_or_else(|_| End::new(Layer::Limit, "it was open for too long")),
            // The box is gone: whatever was connected was carried.
            _ = ending.changed() => End::Done,
        };
        relay.tell(&of, &end, &carried, began);
    });
}

/// Whom a connection is for, as far as it is known.
#[derive(Debug)]
struct Of {
    name: Option<DnsName>,
    address: Option<IpAddr>,
    port: u16,
}

impl Relay {
    async fn serve(
        &self,
        client: TcpStream,
        destination: SocketAddr,
        of: &mut Of,
        carried: &Carried,
    ) -> End {
        let named = {
            let Settings { doors, judges, .. } = &self.settings;
            Named::of(destination, &self.names.borrow(), doors, judges)
        };
        let named = match named {
            Ok(named) => named,
            Err((name, why)) => {
                // An address inside means nothing outside.
                of.address = of.address.filter(|_| name.is_none());
                of.name = name;
                reset(client);
                return End::refused(why);
            }
        };
        if let Target::Name(name) = named.target() {
            of.name = Some(name.clone());
            of.address = None;
        }
        let mut speech = Speech::of(&named);
        let (mut ready, mut held) = (Vec::new(), Vec::new());
        if speech.comes_first() {
            let said = self.hear(&client, &mut speech, &mut held);
            match timeout(self.settings.bounds.hello, said).await {
                Err(_) => {
                    reset(client);
                    return End::new(Layer::Limit, "it did not say which host it is for");
                }
                Ok(Ok(may)) if may > 0 => ready = held.drain(..may.min(held.len())).collect(),
                Ok(Ok(_)) => return End::Silent,
                Ok(Err(why)) => {
                    let why = why.to_string();
                    refuse(client, speech.layer(), &why, of).await;
                    return End::Refused(speech.layer(), why);
                }
            }
        }
        let found = match named.target() {
            Target::Address(_) => Vec::new(),
            Target::Name(name) => match self.upstream.addresses_of(name).await {
                Ok(found) => found,
                Err(why) => {
                    reset(client);
                    return End::Failed(why.to_owned());
                }
            },
        };
        carried.permit.replace(named.permit().to_owned());
        let Settings { doors, judges, .. } = &self.settings;
        let admitted = match named.resolved(found).admit(doors, judges) {
            Ok(admitted) => admitted,
            Err(why) => {
                reset(client);
                return End::refused(why);
            }
        };
        let server = match admitted.connect().await {
            Ok(server) => server,
            Err(error) => {
                reset(client);
                return End::Failed(error.to_string());
            }
        };
        of.address = server.peer_addr().ok().map(|peer| peer.ip());
        // Small questions and answers are not held back.
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let host =
            of.name.as_ref().map_or_else(|| destination.ip().to_string(), ToString::to_string);
        let host = Some(host.as_str());
        let copy = Copy { relay: self, client: &client, server: &server, host, carried };
        let end = copy.run(speech, ready, held).await;
        if let End::Refused(layer, why) = &end {
            reset(server);
            match carried.received.get() {
                0 => refuse(client, *layer, why, of).await,
                _ => reset(client),
            }
        }
        end
    }

    /// Reads until so many of the bytes that are held may go on; 0: it ended before.
    async fn hear(
        &self,
        client: &TcpStream,
        speech: &mut Speech,
        held: &mut Vec<u8>,
    ) -> Result<usize, Unfit> {
        while client.readable().await.is_ok() {
            {
                let mut scratch = self.scratch.borrow_mut();
                match client.try_read(&mut scratch) {
                    Ok(0) => break,
                    Ok(length) => held.extend_from_slice(scratch.get(..length).unwrap_or_default()),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                    Err(_) => break,
                }
            }
            match speech.advance(held)? {
                0 => {}
                may => return Ok(may),
            }
        }
        Ok(0)
    }

    fn tell(&self, of: &Of, end: &End, carried: &Carried, began: Instant) {
        let permit = carried.permit.take();
        let (verdict, layer, why) = match end {
            End::Silent => return,
            End::Done => (Verdict::Allowed, Layer::Policy, permit),
            End::Refused(layer, why) => (Verdict::Refused, *layer, why.clone()),
            End::Failed(why) => (Verdict::Failed, Layer::Upstream, why.clone()),
        };
        self.reporter.tell(Attempt {
            verdict,
            layer,
            name: of.name.as_ref().map(ToString::to_string),
            address: of.address,
            port: Some(of.port),
            why,
            sent: carried.sent.get(),
            received: carried.received.get(),
            began: millis(began.saturating_duration_since(self.began)),
            took: millis(began.elapsed()),
        });
    }

    /// Milliseconds since the relay began.
    pub(super) fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }

    /// Counts a connection as open until the result is dropped.
    pub(super) fn enter(self: &Rc<Self>) -> Open {
        self.open.set(self.open.get().saturating_add(1));
        Open(Rc::clone(self))
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct Open(Rc<Relay>);

impl Drop for Open {
    fn drop(&mut self) {
        let open: &Cell<usize> = &self.0.open;
        open.set(open.get().saturating_sub(1));
    }
}

impl End {
    fn refused(why: Refusal) -> Self {
        match why {
            Refusal::NoAddress => Self::Failed(why.to_string()),
            why => Self::Refused(why.layer(), why.to_string()),
        }
    }
}

/// Ends a connection so that the program sees an error and not an end.
pub(super) fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).ok();
    drop(stream);
}

/// Says it in the client's own protocol, and waits a moment for it to be heard: what arrives
/// unread resets the connection, and the words with it.
async fn refuse(client: TcpStream, layer: Layer, why: &str, of: &Of) {
    let name = of.name.as_ref().map(DnsName::as_str).unwrap_or_default();
    match layer {
        Layer::Http => {
            let text =
                format!("refused by drybox: this connection is to {name}:{}, and {why}\n", of.port);
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            client.try_write(answer.as_bytes()).ok();
        }
        Layer::Tls => {
            client.try_write(ACCESS_DENIED).ok();
        }
        _ => return reset(client),
    }
    rustix::net::shutdown(&client, rustix::net::Shutdown::Write).ok();
    let heard = async {
        let mut unread = [0; 1024];
        while client.readable().await.is_ok() {
            match client.try_read(&mut unread) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    timeout(HEARD, heard).await.ok();
}

const HEARD: Duration = Duration::from_millis(500);

/// A fatal alert (RFC 8446, 6.2).
const ACCESS_DENIED: &[u8] = &[21, 3, 3, 0, 2, 2, 49];
