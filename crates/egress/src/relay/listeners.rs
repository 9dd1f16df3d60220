//! The sockets that the box's first process made, and who serves each.

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use drybox_spec::Publish;
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketType, recvmsg, sockopt,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::inward::{self, Inward};
use super::{Relay, connection, dns};
use crate::dns::Families;

/// Sockets in the box's network namespace.
#[derive(Debug)]
pub(super) struct Listeners {
    relayed: Vec<TcpListener>,
    dns_udp: Vec<UdpSocket>,
    dns_tcp: Vec<TcpListener>,
    inward: Inward,
    /// The file in the box that says what was refused.
    pub(super) refusals: Option<OwnedFd>,
    pub(super) families: Families,
}

/// The tasks that accept.
#[derive(Debug)]
pub(super) struct Serving(JoinSet<()>);

impl Listeners {
    /// Takes every socket that comes, until the end of file.
    pub(super) fn receive(channel: impl AsFd) -> io::Result<Self> {
        let mut all = Self {
            relayed: Vec::new(),
            dns_udp: Vec::new(),
            dns_tcp: Vec::new(),
            inward: Inward::new(),
            refusals: None,
            families: Families::V4,
        };
        while let Some(socket) = next(&channel)? {
            all.add(socket)?;
        }
        Ok(all)
    }

    fn add(&mut self, socket: OwnedFd) -> io::Result<()> {
        let kind = match sockopt::socket_type(&socket) {
            Ok(kind) => kind,
            Err(Errno::NOTSOCK) => {
                self.refusals = Some(socket);
                return Ok(());
            }
            Err(errno) => return Err(errno.into()),
        };
        if kind == SocketType::DGRAM {
            let socket = UdpSocket::from(socket);
            socket.set_nonblocking(true)?;
            if socket.local_addr()?.is_ipv6() {
                self.families = Families::Both;
            }
            self.dns_udp.push(socket);
            return Ok(());
        }
        if !sockopt::socket_acceptconn(&socket)? {
            return self.inward.add(socket);
        }
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        match listener.local_addr()?.port() {
            DNS => self.dns_tcp.push(listener),
            _ => self.relayed.push(listener),
        }
        Ok(())
    }

    /// Serves each.
    pub(super) fn spawn(self, relay: &Rc<Relay>, published: Vec<(Publish, OwnedFd)>) -> Serving {
        let mut tasks = JoinSet::new();
        inward::spawn(relay, self.inward, published, &mut tasks);
        for listener in self.relayed {
            tasks.spawn_local(accept(Rc::clone(relay), listener, Kind::Relayed));
        }
        for listener in self.dns_tcp {
            tasks.spawn_local(accept(Rc::clone(relay), listener, Kind::Dns));
        }
        for socket in self.dns_udp {
            tasks.spawn_local(dns::serve_udp(Rc::clone(relay), socket));
        }
        Serving(tasks)
    }
}

impl Serving {
    /// Nothing more is accepted.
    pub(super) fn abort(mut self) {
        self.0.abort_all();
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Relayed,
    Dns,
}

async fn accept(relay: Rc<Relay>, listener: TcpListener, kind: Kind) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(_) => {
                // A connection that was gone again, or no descriptors: the next may do better.
                sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Ok(destination): io::Result<SocketAddr> = client.local_addr() else { continue };
        match kind {
            Kind::Relayed => connection::spawn(&relay, client, destination),
            Kind::Dns => dns::spawn_tcp(&relay, client),
        }
    }
}

/// The next socket; none at the end of file.
fn next(channel: &impl AsFd) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    loop {
        match recvmsg(channel, &mut [IoSliceMut::new(&mut byte)], &mut control, flags) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(message) if message.bytes == 0 => return Ok(None),
            Ok(_) => break,
        }
    }
    let socket = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    socket.map(Some).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

const DNS: u16 = 53;
