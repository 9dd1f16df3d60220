//! System calls: the kernel's attack surface.

use rustix::io::Errno as E;

use super::{call, row, x86};
use crate::attempts::calls;
use crate::probe::Arg::{K, N, P, Room};
use crate::probe::Attempt::{Act, Calls, Sockets};
use crate::probe::Probe;

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("SC-02", "call by the gate for 32-bit programs", Act(calls::gate32), &[E::NOSYS], "a filter that forgets the architecture"),
    row("SC-03", "call by x32 numbers",
        Calls(&[x86("x32 getpid", 0x4000_0000 | 39, &[])]), &[E::NOSYS, E::PERM], "seccomp(2)"),
    row("SC-04", "hide an argument in its upper half",
        Sockets(&[(1 << 32 | 16, 3, 15), (16, 1 << 32 | 3, 15), (1 << 32 | 38, 15, 0)]),
        &[E::AFNOSUPPORT, E::PERM, E::INVAL], "CVE-2019-10063"),
    row("SC-05", "make a ring of calls that no filter sees",
        Calls(&[
            call("io_uring_setup", libc::SYS_io_uring_setup, &[N(1), N(0)]),
            call("io_uring_enter", libc::SYS_io_uring_enter, &[N(-1), N(0), N(0), N(0), N(0), N(0)]),
            call("io_uring_register", libc::SYS_io_uring_register, &[N(-1), N(0), N(0), N(0)]),
        ]),
        &[E::NOSYS, E::PERM], "CVE-2023-2598, CVE-2024-0582"),
    row("SC-06", "load a program into the kernel",
        Calls(&[
            call("bpf", libc::SYS_bpf, &[N(-1), N(0), N(0)]),
            call("setsockopt(SO_ATTACH_BPF)", libc::SYS_setsockopt, &[N(-1), N(1), N(50), N(0), N(0)]),
        ]),
        &[E::PERM, E::NOSYS], "CVE-2021-3490, CVE-2022-23222"),
    row("SC-07", "use the kernel's counters",
        Calls(&[call("perf_event_open", libc::SYS_perf_event_open, &[N(0), N(0), N(-1), N(-1), N(0)])]),
        &[E::PERM, E::NOSYS], "CVE-2023-2235"),
    row("SC-08", "hold page faults",
        Calls(&[call("userfaultfd", libc::SYS_userfaultfd, &[N(1)])]), &[E::PERM, E::NOSYS], "races that are won at will"),
    row("SC-09", "use the user's keys",
        Calls(&[
            call("keyctl(KEYCTL_GET_KEYRING_ID)", libc::SYS_keyctl, &[N(0), N(-3), N(0), N(0), N(0)]),
            call("add_key", libc::SYS_add_key, &[N(0), N(0), N(0), N(0), N(-3)]),
            call("request_key", libc::SYS_request_key, &[N(0), N(0), N(0), N(0)]),
        ]),
        &[E::PERM, E::NOSYS], "CVE-2016-0728"),
    row("SC-11", "call what is the administrator's, with arguments that do nothing",
        Calls(&[
            call("init_module", libc::SYS_init_module, &[N(0), N(0), P(c"")]),
            call("delete_module", libc::SYS_delete_module, &[P(c""), N(0)]),
            call("kexec_load", libc::SYS_kexec_load, &[N(0), N(999), N(0), N(-1)]),
            call("reboot", libc::SYS_reboot, &[N(0), N(0), N(0), N(0)]),
            call("swapon", libc::SYS_swapon, &[P(c""), N(0)]),
            call("swapoff", libc::SYS_swapoff, &[P(c"")]),
            call("acct", libc::SYS_acct, &[P(c"")]),
            call("quotactl", libc::SYS_quotactl, &[N(-1), N(0), N(0), N(0)]),
            call("settimeofday", libc::SYS_settimeofday, &[N(0), N(0)]),
            call("clock_settime", libc::SYS_clock_settime, &[N(0), N(0)]),
            call("adjtimex", libc::SYS_adjtimex, &[N(0)]),
            call("sethostname", libc::SYS_sethostname, &[N(0), N(-1)]),
            call("setdomainname", libc::SYS_setdomainname, &[N(0), N(-1)]),
        ]),
        &[E::PERM, E::NOSYS], "the default filters of container engines"),
    row("SC-13", "reach into the box's first process",
        Calls(&[
            call("kcmp", libc::SYS_kcmp, &[K("INIT"), K("INIT"), N(1), N(0), N(0)]),
            call("process_madvise", libc::SYS_process_madvise, &[N(-1), Room, N(1), N(20), N(0)]),
            call("process_mrelease", libc::SYS_process_mrelease, &[N(-1), N(0)]),
            call("pidfd_getfd", libc::SYS_pidfd_getfd, &[N(-1), N(0), N(0)]),
        ]),
        &[E::PERM, E::NOSYS, E::SRCH], "descriptors of init"),
    row("IP-04", "take a descriptor out of the box's first process", Act(calls::steal), &[E::PERM, E::NOSYS, E::SRCH],
        "pidfd_getfd(2)"),
    row("SC-14", "move memory of other processes",
        Calls(&[
            call("move_pages", libc::SYS_move_pages, &[N(0), N(0), N(0), N(0), N(0), N(0)]),
            call("migrate_pages", libc::SYS_migrate_pages, &[N(0), N(0), N(0), N(0)]),
            call("set_mempolicy", libc::SYS_set_mempolicy, &[N(0), N(0), N(0)]),
        ]),
        &[E::PERM, E::NOSYS], "the default filters of container engines"),
    row("SC-15", "get memory that no limit counts",
        Calls(&[call("memfd_secret", libc::SYS_memfd_secret, &[N(0)])]), &[E::NOSYS, E::PERM], "memfd_secret(2)"),
    row("SC-16", "call what is long out of use",
        Calls(&[
            x86("modify_ldt", 154, &[N(0), N(0), N(0)]),
            x86("sysfs", 139, &[N(3), N(0), N(0)]),
            x86("ustat", 136, &[N(0), N(0)]),
            x86("iopl", 172, &[N(0)]),
            x86("ioperm", 173, &[N(0), N(0), N(0)]),
        ]),
        &[E::NOSYS, E::PERM], "CVE-2015-5157"),
    row("SC-17", "call what helps to win by other ways",
        Calls(&[
            call("fanotify_mark", libc::SYS_fanotify_mark, &[N(-1), N(0), N(0), N(-1), N(0)]),
            call("remap_file_pages", libc::SYS_remap_file_pages, &[N(0), N(0), N(0), N(0), N(0)]),
        ]),
        &[E::NOSYS, E::PERM], "attack surface"),
    row("SC-18", "call what is new in the kernel",
        Calls(&[
            call("lsm_get_self_attr", 459, &[N(0), N(0), N(0), N(0)]),
            call("lsm_set_self_attr", 460, &[N(0), N(0), N(0), N(0)]),
            call("statmount", 457, &[N(0), N(0), N(0), N(0)]),
            call("listmount", 458, &[N(0), N(0), N(0), N(0)]),
            call("file_getattr", 468, &[N(-1), N(0), N(0), N(0), N(0)]),
            call("file_setattr", 469, &[N(-1), N(0), N(0), N(0), N(0)]),
            call("listns", 470, &[N(0), N(0), N(0), N(0)]),
        ]),
        &[E::NOSYS, E::PERM], "each new call is refused until somebody needs it"),
    row("SC-28", "give pages to a pipe",
        Calls(&[call("vmsplice", libc::SYS_vmsplice, &[N(-1), N(0), N(0), N(0)])]), &[E::NOSYS, E::PERM], "CVE-2008-0600, CVE-2022-0847"),
    row("IL-07", "read the kernel's log",
        Calls(&[call("syslog(SIZE_BUFFER)", libc::SYS_syslog, &[N(10), N(0), N(0)])]), &[E::PERM, E::NOSYS], "syslog(2)"),
    row("IL-08", "read the user's keyring",
        Calls(&[call("keyctl(KEYCTL_DESCRIBE)", libc::SYS_keyctl, &[N(6), N(-3), N(0), N(0), N(0)])]),
        &[E::PERM, E::NOSYS], "keys belong to a user, not to a container"),
];
