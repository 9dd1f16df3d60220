//! The network, without any.

use rustix::io::Errno as E;

use super::row;
use crate::attempts::network;
use crate::probe::Attempt::{Act, Look, Namespace, Sockets};
use crate::probe::Probe;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("NT-01", "find a way to the world (no packet is sent)", Act(network::world), &[E::NETUNREACH, E::PERM, E::ACCESS, E::AFNOSUPPORT],
        "an empty network namespace"),
    row("NT-02", "connect to a service of the host on its loopback", Act(network::loopback), &[E::CONNREFUSED, E::NETUNREACH, E::PERM, E::ACCESS],
        "CVE-2025-9074"),
    row("NT-03", "connect to a socket without a file", Act(network::abstract_socket), &[E::CONNREFUSED, E::PERM, E::ACCESS], "CVE-2020-15257"),
    row("NT-04", "connect to a socket outside of the workspace", Act(network::named_socket), &[E::NOENT, E::CONNREFUSED, E::PERM, E::ACCESS],
        "one socket is an escape: landrun 43"),
    row("NT-05", "change interfaces", Act(network::set_link), &[E::PERM, E::AFNOSUPPORT], "rtnetlink(7)").capable(),
    row("NT-06", "see interfaces of the host", Act(network::interfaces), &[], "addresses name the machine"),
    row("NT-10", "find a way to everybody nearby (no packet is sent)", Act(network::multicast),
        &[E::NETUNREACH, E::PERM, E::ACCESS, E::AFNOSUPPORT], "multicast DNS"),
    row("NT-11", "send with the first packet of a connection", Act(network::fast_open), &[E::CONNREFUSED, E::NETUNREACH, E::PERM, E::ACCESS],
        "MSG_FASTOPEN avoids hooks of connect"),
    row("NT-12", "ping", Sockets(&[(2, 2, 1), (10, 2, 58)]), &[E::PERM, E::ACCESS, E::PROTONOSUPPORT, E::AFNOSUPPORT], "icmp(7)"),
    row("NT-13", "reach the machine below", Sockets(&[(40, 15, 0), (43, 15, 0)]), &[E::PERM, E::AFNOSUPPORT], "vsock(7) knows no network namespace"),
    row("NT-15", "find the host's resolvers",
        Look(&["/run/nscd/socket", "/var/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve", "/run/avahi-daemon/socket"]),
        &[E::NOENT], "names leave by a resolver of the host"),
    row("NT-16", "be in the host's network namespace", Namespace("net"), &[], "network_namespaces(7)"),
    row("NT-20", "open more ways with one connection", Sockets(&[(2, 1, 262)]), &[E::PROTONOSUPPORT, E::PERM, E::NETUNREACH], "RFC 8684"),
];
