//! What tells one host or user from another.

use rustix::io::Errno as E;

use super::row;
use crate::probe::Attempt::{Look, Same};
use crate::probe::Probe;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("IL-02", "learn the host's name", Same(&["/proc/sys/kernel/hostname", "/etc/hostname"]), &[], "uts_namespaces(7)"),
    row("IL-03", "learn who has an account", Same(&["/etc/passwd", "/etc/group"]), &[], "nothing enters unnamed"),
    row("IL-04", "learn the machine's own number",
        Look(&["/etc/machine-id", "/var/lib/dbus/machine-id", "/sys/class/dmi/id/product_uuid", "/proc/device-tree"]), &[E::NOENT], "machine-id(5)"),
    row("IL-12", "learn what is installed", Look(&["/var/lib/dpkg", "/var/lib/rpm", "/var/lib/apt", "/var/cache"]), &[E::NOENT],
        "names of packages with known holes"),
    row("IL-15", "learn the host's resolvers and names", Same(&["/etc/resolv.conf", "/etc/hosts"]), &[], "internal names"),
];
