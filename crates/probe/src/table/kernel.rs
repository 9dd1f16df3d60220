//! Sockets and requests that lead into rarely used parts of the kernel, and limits of a process.

use rustix::io::Errno as E;

use super::call;
use super::row;
use crate::attempts::{calls, processes};
use crate::probe::Arg::{N, Room};
use crate::probe::Attempt::{Act, Calls, Ioctls, Sockets};
use crate::probe::{On, Probe};

/// No socket has this type: see `Attempt::Sockets`.
const NONE: i64 = 15;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("SC-19", "ask for a socket of any family that a box has no use for", Act(calls::families), &[E::AFNOSUPPORT, E::PERM, E::ACCESS],
        "socket(2) loads modules"),
    row("SC-20", "use the kernel's ciphers", Sockets(&[(38, NONE, 0)]), &[E::AFNOSUPPORT, E::PERM], "CVE-2026-31431"),
    row("SC-21", "ask for sockets of rare families",
        Sockets(&[(33, NONE, 0), (41, NONE, 0), (30, NONE, 0), (43, NONE, 0), (29, NONE, 0), (31, NONE, 0), (39, NONE, 0),
                  (42, NONE, 0), (21, NONE, 0), (44, NONE, 0), (15, NONE, 0), (24, NONE, 0), (27, NONE, 0), (35, NONE, 0),
                  (36, NONE, 0), (45, NONE, 0)]),
        &[E::AFNOSUPPORT, E::PERM], "CVE-2026-43500"),
    row("SC-22", "ask for a socket to the machine below", Sockets(&[(40, NONE, 0)]), &[E::AFNOSUPPORT, E::PERM],
        "CVE-2024-50264, CVE-2025-21756"),
    row("SC-23", "ask for raw sockets", Sockets(&[(2, 3, 1), (2, 3, 255), (10, 3, 58), (17, 3, 0)]),
        &[E::PERM, E::AFNOSUPPORT, E::PROTONOSUPPORT], "CVE-2020-14386").capable(),
    row("SC-24", "ask the kernel's subsystems",
        Sockets(&[(16, NONE, 4), (16, NONE, 6), (16, NONE, 9), (16, NONE, 11), (16, NONE, 12), (16, NONE, 15), (16, NONE, 16), (16, NONE, 21)]),
        &[E::AFNOSUPPORT, E::PERM, E::PROTONOSUPPORT], "CVE-2026-43284, CVE-2024-1086"),
    row("SC-25", "use other protocols than TCP and UDP", Sockets(&[(2, 1, 262), (2, 1, 300), (10, 1, 262)]),
        &[E::PROTONOSUPPORT, E::PERM], "CVE-2017-6074"),
    row("SC-26", "put a protocol on top of TCP",
        Act(calls::upper_protocol), &[E::NOPROTOOPT, E::PERM], "CVE-2026-46300, CVE-2025-39946"),
    row("SC-27", "have UDP carry another protocol", Act(calls::encapsulate), &[E::NOPROTOOPT, E::PERM], "CVE-2026-43284"),
    row("SC-32", "change what a terminal is by a number whose upper half is set",
        Ioctls(On::Terminal, &[("TIOCSETD|1<<32", 1 << 32 | 0x5423, Room)]),
        &[E::NOTTY, E::PERM], "CVE-2023-28100"),
    row("SC-33", "ask drivers of the network",
        Ioctls(On::Socket, &[("SIOCETHTOOL", 0x8946, N(0)), ("SIOCSIFFLAGS", 0x8914, N(0)), ("SIOCADDRT", 0x890b, N(0)),
                             ("SIOCBRADDBR", 0x89a0, N(0))]),
        &[E::NOTTY, E::PERM], "ioctls reach drivers"),
    row("SC-34", "change how the kernel treats the process",
        Calls(&[
            call("prctl(PR_SET_SYSCALL_USER_DISPATCH)", libc::SYS_prctl, &[N(59), N(0), N(0), N(0), N(0)]),
            call("prctl(PR_SET_MM)", libc::SYS_prctl, &[N(35), N(99), N(0), N(0), N(0)]),
        ]),
        &[E::INVAL, E::PERM], "prctl(2)"),
    row("SC-38", "have the host's crash helper run", Act(processes::core_limit), &[], "CVE-2025-4598, CVE-2025-5054"),
    row("SC-39", "be scheduled before everybody", Act(processes::scheduler), &[E::PERM, E::INVAL], "sched(7)"),
    row("SC-40", "change limits of the box's first process", Act(processes::limits_of_init), &[E::PERM, E::SRCH], "prlimit(2)"),
    row("TT-01", "type into the terminal",
        Ioctls(On::Terminal, &[("TIOCSTI", 0x5412, Room), ("TIOCSTI|1<<32", 1 << 32 | 0x5412, Room)]),
        &[E::NOTTY, E::PERM, E::IO], "CVE-2017-5226, CVE-2019-10063"),
    row("TT-04", "load a line discipline",
        Ioctls(On::Terminal, &[("TIOCSETD", 0x5423, Room)]), &[E::NOTTY, E::PERM], "CVE-2023-6546"),
];
