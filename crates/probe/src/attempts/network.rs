//! Attempts on the network. None sends a packet beyond the loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, bind, connect, netlink, recv,
    send, sendto, socket,
};

use super::files::socket_in;
use super::identity::refused;
use super::one;
use crate::attempt::{Step, judge};
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::{Scene, read_some};

/// To connect a datagram socket only looks for a way; nothing is sent. The addresses are for
/// documentation (RFC 5737, RFC 3849).
pub(crate) fn world(_: &Child, _: &Scene, held: Held) -> Finding {
    let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
    let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9));
    ways(&[v4, v6], held)
}

pub(crate) fn multicast(_: &Child, _: &Scene, held: Held) -> Finding {
    ways(
        &[IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), IpAddr::V4(Ipv4Addr::new(239, 1, 2, 3))],
        held,
    )
}

fn ways(addresses: &[IpAddr], held: Held) -> Finding {
    let steps: Vec<Step> = addresses
        .iter()
        .map(|address| {
            let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
            let got = socket(family, SocketType::DGRAM, None)
                .and_then(|socket| connect(&socket, &SocketAddr::new(*address, 9)));
            (format!("way to {address}"), got)
        })
        .collect();
    judge(&steps, held)
}

pub(crate) fn loopback(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(port) = port(scene) else { return Finding::skipped("no service to aim at") };
    let steps: Vec<Step> = [[127, 0, 0, 1], [0, 0, 0, 0], [127, 1, 2, 3]]
        .iter()
        .map(|address| {
            let address = SocketAddr::new(IpAddr::V4((*address).into()), port);
            let got = socket(AddressFamily::INET, SocketType::STREAM, None)
                .and_then(|socket| connect(&socket, &address));
            (format!("connect {address}"), got)
        })
        .collect();
    judge(&steps, held)
}

pub(crate) fn fast_open(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(port) = port(scene) else { return Finding::skipped("no service to aim at") };
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    // MSG_FASTOPEN of linux/socket.h, which rustix does not name.
    let flags = SendFlags::from_bits_retain(0x2000_0000) | SendFlags::NOSIGNAL;
    let got = socket(AddressFamily::INET, SocketType::STREAM, None)
        .and_then(|socket| sendto(&socket, b"x", flags, &address));
    one("sendto(MSG_FASTOPEN)", got.map(drop), held)
}

fn port(scene: &Scene) -> Option<u16> {
    u16::try_from(scene.number("PORT")?).ok()
}

pub(crate) fn abstract_socket(_: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(name) = scene.get("MARK") else { return Finding::skipped("no service to aim at") };
    let got = SocketAddrUnix::new_abstract_name(name).and_then(|address| {
        let client = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        connect(&client, &address)
    });
    one("connect", got, held)
}

pub(crate) fn named_socket(_: &Child, scene: &Scene, held: Held) -> Finding {
    match scene.path("{OUTSIDE}/socket") {
        Some(path) => one("connect", socket_in(&path), held),
        None => Finding::skipped("no service to aim at"),
    }
}

pub(crate) fn interfaces(_: &Child, _: &Scene, _: Held) -> Finding {
    let text = match read_some("/proc/net/dev".as_ref()) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(errno) => {
            return Finding::held(format!("/proc/net/dev: {}", crate::errno::name(errno)));
        }
    };
    let names = text.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim);
    let names: Vec<&str> = names.filter(|name| *name != "lo").collect();
    match names.is_empty() {
        true => Finding::held("lo alone"),
        false => Finding::open(format!("also {}", names.join(" "))),
    }
}

/// Changes an interface that does not exist: whoever may, is told so.
pub(crate) fn set_link(_: &Child, _: &Scene, held: Held) -> Finding {
    let kind = SocketType::RAW;
    let socket = match socket(AddressFamily::NETLINK, kind, None) {
        Ok(socket) => socket,
        Err(errno) => return refused("socket", errno, held),
    };
    let answer = bind(&socket, &netlink::SocketAddrNetlink::new(0, 0))
        .and_then(|()| send(&socket, &set_link_message(), SendFlags::empty()))
        .and_then(|_| {
            let mut answer = [0_u8; 512];
            let (count, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
            Ok(answer.get(..count).unwrap_or_default().to_vec())
        });
    let error = answer.map(|bytes| {
        // struct nlmsghdr, then an int of struct nlmsgerr.
        let number = bytes.get(16..20).and_then(|four| <[u8; 4]>::try_from(four).ok());
        number.map_or(0, i32::from_ne_bytes)
    });
    let got = match error {
        Ok(0) => Ok(()),
        Ok(error) => Err(Errno::from_raw_os_error(error.wrapping_neg())),
        Err(errno) => Err(errno),
    };
    one("RTM_SETLINK", got, held)
}

/// nlmsghdr: RTM_SETLINK, REQUEST | ACK; ifinfomsg: an index that no interface has.
fn set_link_message() -> Vec<u8> {
    let mut message = Vec::with_capacity(32);
    message.extend_from_slice(&32_u32.to_ne_bytes());
    message.extend_from_slice(&19_u16.to_ne_bytes());
    message.extend_from_slice(&5_u16.to_ne_bytes());
    message.extend_from_slice(&1_u32.to_ne_bytes());
    message.extend_from_slice(&0_u32.to_ne_bytes());
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&0x3fff_fffe_u32.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message
}
