//! The box's network: everything is local to it, and sockets listen there for the relay outside.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, open as open_file, stat};
use rustix::io::{Errno, IoSlice};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, bind, listen, recv, send, sendmsg, socket_with, sockopt,
};

use crate::plan::Network;

type Result<T> = core::result::Result<T, Errno>;

/// Where every connection comes from, and where the name server is. Both are the interface's own,
/// so that programs which look whether there is a network see one (getaddrinfo(3),
/// `AI_ADDRCONFIG`).
const OWN_V4: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const OWN_V6: Ipv6Addr = Ipv6Addr::new(0xfd64, 0x7279, 0x626f, 0x7800, 0, 0, 0xc612, 1);

const DNS: u16 = 53;
const LOOPBACK: u32 = 1;

/// Gives the relay its sockets.
pub(crate) fn open(network: &Network<'_>) -> Result<()> {
    if let Some(ports) = network.ways_out {
        lead_out(network, ports)?;
        if let Ok(Some(file)) = refusals() {
            give(network, &file)?;
        }
    }
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        for _ in 0..network.ways_in {
            match socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None) {
                Ok(socket) => give(network, &socket)?,
                Err(Errno::AFNOSUPPORT) => break,
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// The file in which the relay says what it refused; none: a share or scratch space of the user's
/// stands there.
fn refusals() -> Result<Option<OwnedFd>> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open_file(REFUSALS, flags, Mode::empty())?;
    let is_ours = fstat(&file)?.st_dev == stat(c"/")?.st_dev;
    Ok(is_ours.then_some(file))
}

/// Makes every address local, and hands the sockets that listen to the relay. The payload can take
/// none of their ports and change no route: it has no capability for either.
fn lead_out(network: &Network<'_>, ports: &[u16]) -> Result<()> {
    // Protocol 0 is `NETLINK_ROUTE`.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    ask(socket.as_fd(), &address(Family::V4(OWN_V4)))?;
    ask(socket.as_fd(), &route(Family::V4(OWN_V4)))?;
    // Without it IPv6 leads nowhere at all, which is as good as refused.
    let has_v6 = ask(socket.as_fd(), &address(Family::V6(OWN_V6))).is_ok()
        && ask(socket.as_fd(), &route(Family::V6(OWN_V6))).is_ok();
    drop(socket);

    give(network, &datagrams(Family::V4(OWN_V4))?)?;
    give(network, &listener(Family::V4(OWN_V4), DNS)?)?;
    if has_v6 {
        give(network, &datagrams(Family::V6(OWN_V6))?)?;
        give(network, &listener(Family::V6(OWN_V6), DNS)?)?;
    }
    for &port in ports {
        give(network, &listener(Family::V4(Ipv4Addr::UNSPECIFIED), port)?)?;
        if has_v6 {
            give(network, &listener(Family::V6(Ipv6Addr::UNSPECIFIED), port)?)?;
        }
    }
    Ok(())
}

/// An address of one of the two families.
#[derive(Clone, Copy)]
enum Family {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

fn listener(address: Family, port: u16) -> Result<OwnedFd> {
    let socket = bound(address, port, SocketType::STREAM)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

fn datagrams(address: Family) -> Result<OwnedFd> {
    bound(address, DNS, SocketType::DGRAM)
}

/// Without `SO_REUSEADDR` and `SO_REUSEPORT`: nobody can take a part of it (NT-08).
fn bound(address: Family, port: u16, kind: SocketType) -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    match address {
        Family::V4(address) => {
            let socket = socket_with(AddressFamily::INET, kind, flags, None)?;
            bind(&socket, &SocketAddrV4::new(address, port))?;
            Ok(socket)
        }
        Family::V6(address) => {
            let socket = socket_with(AddressFamily::INET6, kind, flags, None)?;
            sockopt::set_ipv6_v6only(&socket, true)?;
            bind(&socket, &SocketAddrV6::new(address, port, 0, 0))?;
            Ok(socket)
        }
    }
}

/// Sends one descriptor on its way.
fn give(network: &Network<'_>, socket: &OwnedFd) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = [socket.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&rights)) {
        return Err(Errno::NOBUFS);
    }
    sendmsg(network.relay, &[IoSlice::new(b"s")], &mut control, SendFlags::NOSIGNAL).map(drop)
}

/// Sends a request to the kernel and takes its answer (netlink(7)).
fn ask(socket: BorrowedFd<'_>, request: &Request) -> Result<()> {
    send(socket, request.bytes(), SendFlags::empty())?;
    let mut answer = [0_u8; 256];
    let (length, _) = recv(socket, &mut answer, RecvFlags::empty())?;
    // `nlmsghdr`, then `nlmsgerr`, which begins with a negated errno; 0 is "done".
    let code = answer.get(..length).and_then(|answer| answer.get(16..20));
    let code = code.and_then(|code| <[u8; 4]>::try_from(code).ok()).ok_or(Errno::BADMSG)?;
    match i32::from_ne_bytes(code) {
        0 => Ok(()),
        code => Err(Errno::from_raw_os_error(code.saturating_neg())),
    }
}

/// The interface's own address: `RTM_NEWADDR` of rtnetlink(7).
fn address(own: Family) -> Request {
    const RTM_NEWADDR: u16 = 20;
    /// No detection of duplicates: it is in use at once.
    const IFA_F_NODAD: u8 = 2;
    const IFA_LOCAL: u16 = 2;
    let mut request = Request::new(RTM_NEWADDR);
    // `struct ifaddrmsg`: family, prefix, flags, scope, interface.
    request.put(&[own.number(), own.width(), IFA_F_NODAD, 0]);
    request.put(&LOOPBACK.to_ne_bytes());
    request.attribute(IFA_LOCAL, own);
    request
}

/// Every address is this machine's: `RTM_NEWROUTE` of rtnetlink(7). What is connected to is seen by
/// the socket that listens (getsockname(2)).
fn route(from: Family) -> Request {
    const RTM_NEWROUTE: u16 = 24;
    const RT_TABLE_LOCAL: u8 = 255;
    const RTPROT_BOOT: u8 = 3;
    const RT_SCOPE_HOST: u8 = 254;
    const RTN_LOCAL: u8 = 2;
    const RTA_OIF: u16 = 4;
    const RTA_PREFSRC: u16 = 7;
    let mut request = Request::new(RTM_NEWROUTE);
    // `struct rtmsg`: family, widths of destination (0: all) and source, service, table,
    // protocol, scope, type, flags.
    request.put(&[from.number(), 0, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL]);
    request.put(&[0; 4]);
    request.put(&8_u16.to_ne_bytes());
    request.put(&RTA_OIF.to_ne_bytes());
    request.put(&LOOPBACK.to_ne_bytes());
    // Without it the source is the destination, and a program could connect to itself.
    request.attribute(RTA_PREFSRC, from);
    request
}

/// A netlink message under construction.
struct Request {
    bytes: [u8; 96],
    length: usize,
}

impl Request {
    fn new(kind: u16) -> Self {
        /// Request, acknowledge, exclusive, create (linux/netlink.h).
        const FLAGS: u16 = 0x1 | 0x4 | 0x200 | 0x400;
        let mut request = Self { bytes: [0; 96], length: 0 };
        // `struct nlmsghdr`: length (at the end), type, flags, sequence, port.
        request.put(&[0; 4]);
        request.put(&kind.to_ne_bytes());
        request.put(&FLAGS.to_ne_bytes());
        request.put(&[0; 8]);
        request
    }

    fn put(&mut self, bytes: &[u8]) {
        let rest = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (to, from) in rest.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.length = self.length.saturating_add(bytes.len());
        if let (Some(to), Ok(length)) = (self.bytes.first_chunk_mut(), u32::try_from(self.length)) {
            *to = length.to_ne_bytes();
        }
    }

    /// An address behind its `struct rtattr`.
    fn attribute(&mut self, kind: u16, address: Family) {
        let length: u16 = match address {
            Family::V4(_) => 8,
            Family::V6(_) => 20,
        };
        self.put(&length.to_ne_bytes());
        self.put(&kind.to_ne_bytes());
        match address {
            Family::V4(address) => self.put(&address.octets()),
            Family::V6(address) => self.put(&address.octets()),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Family {
    /// `AF_INET`, `AF_INET6`.
    const fn number(self) -> u8 {
        match self {
            Self::V4(_) => 2,
            Self::V6(_) => 10,
        }
    }

    const fn width(self) -> u8 {
        match self {
            Self::V4(_) => 32,
            Self::V6(_) => 128,
        }
    }
}

/// A file of the root's own tmpfs, as the plan made it.
const REFUSALS: &CStr = c"/run/drybox/refused";

/// Connections that wait to be accepted; the kernel has a lower limit of its own (`somaxconn`).
const BACKLOG: i32 = 4096;
