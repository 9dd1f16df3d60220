//! The walls of a box: a table, and one interpreter of what was seen from inside.

mod shares;

use std::path::Path;

use drybox_jail::{ChildStep as In, Namespace, Step};
use drybox_spec::Notice;
use rustix::fs::readlink;

use super::inside::Inside;
use super::mounts::{Mounted, mounted};
use super::{Finding, State};
use crate::host::Host;

/// One wall.
#[derive(Debug)]
pub struct Wall {
    /// Stable name.
    pub id: &'static str,
    /// What it is, as a noun.
    pub what: &'static str,
    /// The steps of the launch that build it: one that fails is this wall missing.
    pub steps: &'static [Step],
    seen: Seen,
}

/// How the wall shows inside.
#[derive(Debug)]
enum Seen {
    /// It does not: the launch fails without it.
    Started,
    /// The look went through.
    Looked,
    /// A namespace that is not ours.
    Namespace(Namespace, &'static str),
    /// A section of one line.
    Line(&'static str, &'static str),
    /// Fields of `/proc/self/status` with this value.
    Status(&'static [&'static str], &'static str),
    /// A mount of this kind (any: `*`), read-only or not.
    Mount { at: &'static str, kind: &'static str, read_only: bool },
    /// No interface but the loopback.
    OnlyLoopback,
    /// Read-only shares are overlays.
    Overlays,
    /// Files of shares have owners inside.
    Owners,
    /// Landlock's scopes.
    Scopes,
}

impl Wall {
    /// The namespace that it is.
    pub(super) const fn namespace(&self) -> Option<Namespace> {
        match self.seen {
            Seen::Namespace(namespace, _) => Some(namespace),
            _ => None,
        }
    }
}

const fn row(id: &'static str, what: &'static str, steps: &'static [Step], seen: Seen) -> Wall {
    Wall { id, what, steps, seen }
}

/// The kernel's own word for none, in `Cap*` of proc_pid_status(5).
const NONE: &str = "0000000000000000";
const SETS: &[&str] = &["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

/// Every wall, the launch itself first.
#[rustfmt::skip] // one row a line
pub const WALLS: &[Wall] = &[
    row("launch", "a box starts", &[Step::Channels, Step::Inside(In::Session), Step::Inside(In::Workdir), Step::Inside(In::Limits), Step::Inside(In::Exec)], Seen::Looked),
    row("user-namespace", "ids of its own", &[Step::Identity, Step::Clone, Step::Maps, Step::Inside(In::Identity)], Seen::Namespace(Namespace::User, "user")),
    row("nested-namespaces", "no user namespace below it", &[Step::Inside(In::NestedNamespaces)], Seen::Line("nested", "0")),
    row("mount-namespace", "the host's root left behind", &[Step::Inside(In::Pivot)], Seen::Namespace(Namespace::Mount, "mnt")),
    row("root", "a root filesystem of its own, read-only", &[Step::Inside(In::Scratch), Step::Inside(In::Skeleton), Step::Inside(In::Seal)], Seen::Mount { at: "/", kind: "tmpfs", read_only: true }),
    row("system", "the system's programs, read-only", &[Step::Inside(In::System)], Seen::Mount { at: "/usr", kind: "*", read_only: true }),
    row("shares", "read-only shares as overlays: no socket, lock or watch leads out", &[Step::Share, Step::Inside(In::Mount)], Seen::Overlays),
    row("owners", "shared files with their owner", &[], Seen::Owners),
    row("pid-namespace", "processes of its own", &[], Seen::Namespace(Namespace::Pid, "pid")),
    row("init", "a first process of drybox's own, which ends with it", &[], Seen::Line("init", "drybox-init")),
    row("proc", "a /proc of its own, read-only", &[Step::Inside(In::Proc)], Seen::Mount { at: "/proc", kind: "proc", read_only: true }),
    row("proc-covers", "covers over what /proc tells of the host", &[Step::Inside(In::Mask)], Seen::Line("covered", "0")),
    row("network-namespace", "no network of the host", &[], Seen::Namespace(Namespace::Network, "net")),
    row("loopback", "a loopback and no other interface", &[Step::Inside(In::Network), Step::Inside(In::Egress)], Seen::OnlyLoopback),
    row("ipc-namespace", "no shared memory or queues of the host", &[], Seen::Namespace(Namespace::Ipc, "ipc")),
    row("uts-namespace", "a host name of its own", &[Step::Inside(In::Hostname)], Seen::Namespace(Namespace::Uts, "uts")),
    row("cgroup-namespace", "no sight of the host's cgroups", &[Step::Inside(In::Cgroup)], Seen::Namespace(Namespace::Cgroup, "cgroup")),
    row("devices", "device nodes that were verified, and no others", &[Step::Inside(In::Device)], Seen::Mount { at: "/dev/null", kind: "*", read_only: false }),
    row("terminals", "terminals of its own", &[Step::Inside(In::Terminals)], Seen::Mount { at: "/dev/pts", kind: "devpts", read_only: false }),
    row("keyring", "a session keyring of its own", &[Step::Inside(In::Keyring)], Seen::Started),
    row("descriptors", "no open file of the caller", &[Step::Inside(In::Lifeline), Step::Inside(In::Stdin), Step::Inside(In::Stdio), Step::Inside(In::Descriptors)], Seen::Started),
    row("capabilities", "no capability, and none to be had", &[Step::Inside(In::Capabilities)], Seen::Status(SETS, NONE)),
    row("no-new-privileges", "set-user-id programs without effect", &[], Seen::Status(&["NoNewPrivs"], "1")),
    row("landlock", "Landlock's scopes: signals and abstract sockets a second time", &[Step::Inside(In::Landlock)], Seen::Scopes),
    row("seccomp", "the filter of system calls", &[Step::Inside(In::Seccomp)], Seen::Status(&["Seccomp"], "2")),
];

/// The walls of a box that started.
pub(super) fn look(inside: &Inside, host: &Host<'_>, root: &Path) -> Vec<Finding> {
    WALLS.iter().map(|wall| finding(wall, inside, host, root)).collect()
}

fn finding(wall: &Wall, inside: &Inside, host: &Host<'_>, root: &Path) -> Finding {
    let in_force = Finding::new(wall.id, wall.what, State::InForce);
    let shows = match &wall.seen {
        Seen::Started => return in_force,
        Seen::Overlays => return shares::finding(in_force, inside, host, root),
        Seen::Owners => return shares::owners(in_force, &inside.notices),
        Seen::Scopes => return scopes(in_force, &inside.notices),
        Seen::Looked => {
            let told = "it started, and /bin/sh and cat inside could not look around";
            return match inside.is_whole() {
                true => in_force,
                false => Finding { state: State::NotInForce, ..in_force }
                    .why(told)
                    .fix("drybox run -- /bin/sh -c 'cat /proc/self/status'"),
            };
        }
        Seen::Namespace(_, name) => another_namespace(inside, name),
        Seen::Line(section, line) => inside.section(section) == [*line],
        Seen::Status(names, value) => names.iter().all(|name| inside.status(name) == Some(*value)),
        Seen::Mount { at, kind, read_only } => inside_mounts(inside)
            .filter(|mount| mount.at.as_os_str() == *at)
            .last()
            .is_some_and(|mount| {
                (*kind == "*" || mount.kind == *kind) && (!read_only || mount.is_read_only())
            }),
        Seen::OnlyLoopback => only_loopback(inside.section("network")),
    };
    match (shows, inside.is_whole()) {
        (true, _) => in_force,
        (false, false) => Finding { state: State::Untried, ..in_force }.why("see launch"),
        (false, true) => Finding { state: State::NotInForce, ..in_force }
            .why("it was set up, and the kernel does not show it inside")
            .fix("drybox doctor --json, and report it as a bug of drybox"),
    }
}

/// The link of a namespace is its number: `net:[4026531840]`.
fn another_namespace(inside: &Inside, name: &str) -> bool {
    let theirs = inside
        .section("namespaces")
        .iter()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(":[")));
    let ours = readlink(format!("/proc/self/ns/{name}"), Vec::new());
    match (theirs, ours) {
        (Some(theirs), Ok(ours)) => theirs.as_bytes() != ours.as_bytes(),
        _ => false,
    }
}

fn only_loopback(lines: &[String]) -> bool {
    let interfaces = lines.iter().filter_map(|line| line.split_once(':'));
    let names: Vec<&str> = interfaces.map(|(name, _)| name.trim()).collect();
    names == ["lo"]
}

pub(super) fn inside_mounts(inside: &Inside) -> impl Iterator<Item = Mounted> {
    inside.section("mountinfo").iter().filter_map(|line| mounted(line))
}

fn scopes(finding: Finding, notices: &[Notice]) -> Finding {
    match notices.contains(&Notice::NoLandlockScope) {
        false => finding,
        true => Finding { state: State::Weaker, ..finding }
            .why("the kernel has no Landlock scopes; the namespaces stand alone there")
            .fix("use Linux 6.12 or newer, with landlock in lsm= of its command line"),
    }
}

#[cfg(test)]
mod tests;
