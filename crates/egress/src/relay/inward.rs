//! Ways in: what connects to a published port of the host is connected to the box's own loopback.
//!
//! A socket belongs to the network namespace that it was made in, and the relay is in another one.
//! So the box's first process made some, and the relay uses each again when its connection is over:
//! a TCP socket that is disconnected is as good as new (connect(2), `AF_UNSPEC`).

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use drybox_spec::{Publish, Verdict, Visit};
use rustix::net::{connect_unspec, sockopt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::copy::{Carried, Copy, End};
use super::speech::Speech;
use super::{Relay, millis};

/// Unused sockets of the box's network namespace.
#[derive(Debug)]
pub(super) struct Inward {
    v4: Vec<OwnedFd>,
    v6: Vec<OwnedFd>,
}

/// Those that no connection has; one of each family at a time.
#[derive(Debug)]
struct Pool {
    sockets: RefCell<Inward>,
    free: Semaphore,
}

impl Inward {
    pub(super) const fn new() -> Self {
        Self { v4: Vec::new(), v6: Vec::new() }
    }

    pub(super) fn add(&mut self, socket: OwnedFd) -> io::Result<()> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        match sockopt::socket_domain(&socket)? == rustix::net::AddressFamily::INET6 {
            true => self.v6.push(socket),
            false => self.v4.push(socket),
        }
        Ok(())
    }
}

/// Serves every published port; each ends with the task that it is.
pub(super) fn spawn(
    relay: &Rc<Relay>,
    sockets: Inward,
    published: Vec<(Publish, OwnedFd)>,
    tasks: &mut tokio::task::JoinSet<()>,
) {
    let free = Semaphore::new(sockets.v4.len());
    let pool = Rc::new(Pool { sockets: RefCell::new(sockets), free });
    for (publish, listener) in published {
        tasks.spawn_local(accept(Rc::clone(relay), Rc::clone(&pool), publish, listener));
    }
}

async fn accept(relay: Rc<Relay>, pool: Rc<Pool>, publish: Publish, listener: OwnedFd) {
    let listener = TcpListener::from(listener);
    let Ok(()) = listener.set_nonblocking(true) else { return };
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        // Who comes when every socket is in use waits to be accepted.
        let Ok(room) = pool.free.acquire().await else { return };
        let Ok((visitor, from)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        room.forget();
        let open = relay.enter();
        let (relay, pool) = (Rc::clone(&relay), Rc::clone(&pool));
        tokio::task::spawn_local(async move {
            let _open = open;
            serve(&relay, &pool, publish, visitor, from).await;
            pool.free.add_permits(1);
        });
    }
}

async fn serve(relay: &Relay, pool: &Pool, publish: Publish, visitor: TcpStream, from: SocketAddr) {
    let began = Instant::now();
    let carried = Carried::default();
    let mut ending = relay.ending.clone();
    let whole =
        timeout(relay.settings.bounds.total, visit(relay, pool, publish, visitor, &carried));
    let end = tokio::select! {
        end = whole => end.unwrap_or(End::Done),
        _ = ending.changed() => End::Done,
    };
    let (verdict, why) = match end {
        End::Failed(why) => (Verdict::Failed, why),
        _ => (Verdict::Allowed, format!("--publish {publish}")),
    };
    relay.reporter.tell_visit(Visit {
        verdict,
        from,
        port: publish.inside,
        why,
        sent: carried.sent.get(),
        received: carried.received.get(),
        began: millis(began.saturating_duration_since(relay.began)),
        took: millis(began.elapsed()),
    });
}

/// One connection: to whichever of the two loopbacks is listened at.
async fn visit(
    relay: &Relay,
    pool: &Pool,
    publish: Publish,
    visitor: TcpStream,
    carried: &Carried,
) -> End {
    let mut why = String::new();
    for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let Some(lent) = pool.lend(loopback) else { continue };
        let inside = match lent.connect(SocketAddr::new(loopback, publish.inside)).await {
            Ok(inside) => inside,
            Err(error) => {
                // Of two answers the first is told: fewer servers listen at IPv6 alone.
                if why.is_empty() {
                    why = error.to_string();
                }
                continue;
            }
        };
        visitor.set_nodelay(true).ok();
        inside.set_nodelay(true).ok();
        let copy = Copy { relay, client: &inside, server: &visitor, host: None, carried };
        return copy.run(Speech::Open, Vec::new(), Vec::new()).await;
    }
    super::connection::reset(visitor);
    End::Failed(why)
}

/// A socket out of the pool; it goes back as if it had never been used.
#[derive(Debug)]
struct Lent<'a> {
    pool: &'a Pool,
    socket: Option<OwnedFd>,
    is_v6: bool,
}

impl Pool {
    fn lend(&self, to: IpAddr) -> Option<Lent<'_>> {
        let mut sockets = self.sockets.borrow_mut();
        let is_v6 = to.is_ipv6();
        let socket = if is_v6 { sockets.v6.pop() } else { sockets.v4.pop() };
        socket.map(|socket| Lent { pool: self, socket: Some(socket), is_v6 })
    }
}

impl Lent<'_> {
    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let copy = rustix::io::fcntl_dupfd_cloexec(socket.as_fd(), 3)?;
        TcpSocket::from_std_stream(std::net::TcpStream::from(copy)).connect(to).await
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        // What is left of the connection ends with it, as an error for the server inside.
        connect_unspec(&socket).ok();
        // Reading it takes it away: it was of that connection.
        sockopt::socket_error(&socket).map(drop).ok();
        let mut sockets = self.pool.sockets.borrow_mut();
        if self.is_v6 { sockets.v6.push(socket) } else { sockets.v4.push(socket) }
    }
}
