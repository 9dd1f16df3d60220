//! Other processes.

use rustix::io::Errno as E;

use super::{call, row};
use crate::attempts::processes;
use crate::probe::Arg::{K, N, Room};
use crate::probe::Attempt::{Act, Calls, Look, Namespace, Read};
use crate::probe::Probe;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("IP-03", "signal a process of the host",
        Calls(&[
            call("kill", libc::SYS_kill, &[K("PID"), N(0)]),
            call("tgkill", libc::SYS_tgkill, &[K("PID"), K("PID"), N(0)]),
            call("pidfd_open", libc::SYS_pidfd_open, &[K("PID"), N(0)]),
        ]),
        &[E::SRCH], "pid_namespaces(7)"),
    row("IP-05", "find the session of a process of the host",
        Calls(&[
            call("getsid", libc::SYS_getsid, &[K("PID")]),
            call("getpgid", libc::SYS_getpgid, &[K("PID")]),
            call("sched_getaffinity", libc::SYS_sched_getaffinity, &[K("PID"), N(128), Room]),
        ]),
        &[E::SRCH, E::PERM], "groups reach across namespaces"),
    row("IP-09", "be in the host's name space of System V", Namespace("ipc"), &[], "ipc_namespaces(7)"),
    row("IP-10", "have the kernel signal a process of the host", Act(processes::set_owner), &[E::SRCH, E::PERM], "fcntl(2), F_SETOWN"),
    row("IP-11", "say to be another process", Act(processes::credentials), &[E::PERM], "unix(7), SCM_CREDENTIALS").capable(),
    row("IP-12", "trace a process of the host",
        Calls(&[call("ptrace(PTRACE_SEIZE)", libc::SYS_ptrace, &[N(0x4206), K("PID"), N(0), N(0)])]),
        &[E::SRCH, E::PERM, E::NOSYS], "ptrace(2)"),
    row("IP-14", "find the session's bus and the service manager",
        Look(&["/run/dbus/system_bus_socket", "/run/systemd/private", "/run/user", "/run/docker.sock", "/run/podman",
               "/var/run/docker.sock", "/run/containerd", "/var/spool/cron", "/tmp/.X11-unix", "/run/systemd"]),
        &[E::NOENT], "landrun 43: one socket is an escape"),
    row("SV-01", "open the executable of the box's first process for writing", Act(processes::exe_of_init),
        &[E::ACCESS, E::PERM, E::ROFS, E::NOENT], "CVE-2019-5736"),
    row("SV-04", "list the descriptors of the box's first process", Read(&["/proc/{INIT}/fd/0", "/proc/{INIT}/fd", "/proc/{INIT}/fdinfo"]),
        &[E::ACCESS, E::PERM, E::NOENT], "descriptors of init"),
];
