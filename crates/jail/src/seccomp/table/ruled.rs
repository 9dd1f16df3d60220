//! Calls whose arguments decide.

use super::{Answer, Clause, Cond, Errno, Family, Rule, Span, Verdict};
use super::{arg, bits, both, one, x86};

pub(super) const FAMILIES: &[Family] = &[
    Family::new(
        Verdict::By(&IOCTL),
        "terminals, pipes and sockets are asked through it; every driver of the host has requests \
         of its own, TIOCSTI and TIOCLINUX type into the user's terminal (CVE-2017-5226, \
         CVE-2023-28100), TIOCSETD loads line disciplines (CVE-2023-6546); the answer of a file \
         that is no terminal",
        &[both("ioctl", 16, 29)],
    ),
    Family::new(
        Verdict::By(&CLONE),
        "every new process and thread; a new user namespace would give back capabilities, and \
         with them most of the kernel's attack surface",
        &[both("clone", 56, 220)],
    ),
    Family::new(
        Verdict::By(&SOCKET),
        "unix, TCP, UDP and the list of interfaces; socket(2) loads the module of any family and \
         protocol that is asked for: packet, vsock, alg (CVE-2026-31431), rxrpc, xfrm, netfilter",
        &[both("socket", 41, 198)],
    ),
    Family::new(
        Verdict::By(&SOCKETPAIR),
        "node gives its children unix sockets; TIPC has socket pairs too",
        &[both("socketpair", 53, 199)],
    ),
    Family::new(
        Verdict::By(&SETSOCKOPT),
        "servers and clients; refused are programs for the kernel's BPF machine (CVE-2021-3490), \
         upper layer protocols such as espintcp and tls (CVE-2026-46300, CVE-2025-39946; TLS \
         libraries then encrypt by themselves) and ESP in UDP (CVE-2026-43284)",
        &[both("setsockopt", 54, 208)],
    ),
    Family::new(
        Verdict::By(&PRCTL),
        "names of threads, death signals, no_new_privs; refused as by an older kernel: \
         PR_SET_MM, PR_TASK_PERF_EVENTS, PR_SET_IO_FLUSHER, PR_SET_SYSCALL_USER_DISPATCH, \
         PR_SCHED_CORE and what comes next",
        &[both("prctl", 157, 167)],
    ),
    Family::new(
        Verdict::By(&ARCH_PRCTL),
        "the C library's thread pointer and shadow stack, AMX for numerics; refused: CPUID \
         faults, address masks, checkpoint helpers",
        &[x86("arch_prctl", 158)],
    ),
    Family::new(
        Verdict::By(&PERSONALITY),
        "gdb starts programs without address randomisation; other personalities make memory \
         executable (READ_IMPLIES_EXEC) or lie about the kernel",
        &[both("personality", 135, 92)],
    ),
    Family::new(
        Verdict::By(&SETRLIMIT),
        "shells and servers; a core limit other than 1 would start the host's crash helper as \
         root (CVE-2025-4598), and ssh-agent and gpg-agent exit when they cannot set it: so it \
         seems to succeed",
        &[both("setrlimit", 160, 164)],
    ),
    Family::new(
        Verdict::By(&PRLIMIT64),
        "what the C library makes of getrlimit and setrlimit; as setrlimit. Init is the payload's \
         own user's, and without descriptors or processor time it could not tell how the run ended",
        &[both("prlimit64", 302, 261)],
    ),
    Family::new(
        Verdict::By(&SCHEDULING),
        "schedulers and processors of the box's processes; of its init, which at the lowest \
         priority would not end the box in time, no",
        &[
            both("sched_setparam", 142, 118),
            both("sched_setscheduler", 144, 119),
            both("sched_setaffinity", 203, 122),
            both("sched_setattr", 314, 274),
        ],
    ),
    Family::new(
        Verdict::By(&PRIORITY),
        "nice; as the scheduler's calls. A group or a user may hold init too (setpgid(2) lets the \
         payload into its group)",
        &[both("setpriority", 141, 140)],
    ),
    Family::new(
        Verdict::By(&SECCOMP),
        "programs that confine themselves (chromium, openssh, man, file): filters only ever \
         refuse more. Refused as by Linux 4: a listener, of which a chain of filters can have \
         only one, and which no traced program needs",
        &[both("seccomp", 317, 277)],
    ),
];

/// ioctl(fd, unsigned int request, …).
const IOCTL: Rule = Rule::new(&[Clause::new(&[Cond::In(arg(1), REQUESTS)], Answer::Allow)], NOTTY);

/// Requests of ioctl_tty(2), of sockets (netdevice(7), reads alone) and of files.
const REQUESTS: &[Span] = &[
    // TCGETS to TIOCOUTQ: settings, flush, break, controlling terminal, process group.
    Span(0x5401, 0x5411),
    // Not TIOCSTI. TIOCGWINSZ to FIONREAD: window size, modem lines (a pty has none).
    Span(0x5413, 0x541b),
    // Not TIOCLINUX, TIOCCONS, TIOC[GS]SERIAL. TIOCPKT, FIONBIO, TIOCNOTTY.
    Span(0x5420, 0x5422),
    // Not TIOCSETD. TIOCGETD to TIOCGSID.
    Span(0x5424, 0x5429),
    // TIOCGPTPEER.
    one(0x5441),
    // FIONCLEX, FIOCLEX, FIOASYNC.
    Span(0x5450, 0x5452),
    // SIOCGIFNAME, (SIOCSIFLINK, which no kernel carries out,) SIOCGIFCONF, SIOCGIFFLAGS,
    // SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX.
    Span(0x8910, 0x8913),
    one(0x8915),
    one(0x8919),
    one(0x891b),
    one(0x8921),
    one(0x8927),
    one(0x8933),
    // TIOCSPTLCK.
    one(0x4004_5431),
    // FICLONE: cp, which falls back to a copy that reaches the same code of the file system.
    one(0x4004_9409),
    // TCSETS2, TCSETSW2, TCSETSF2: tcsetattr(3) since glibc 2.42.
    Span(0x402c_542b, 0x402c_542d),
    // TIOCGPTN.
    one(0x8004_5430),
    // FS_IOC_GETFLAGS.
    one(0x8008_6601),
    // TCGETS2.
    one(0x802c_542a),
];

/// clone(unsigned long flags, …): the kernel drops the upper half, and the lowest byte is the
/// exit signal, so that CLONE_NEWTIME (0x80) cannot be asked for here.
const CLONE: Rule = Rule::new(&[Clause::new(&[Cond::AnyBit(bits(0, NAMESPACES))], PERM)], OK);

/// CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET.
const NAMESPACES: u32 = 0x7e02_0000;

/// socket(int family, int type, int protocol); the type's upper bits are SOCK_CLOEXEC and
/// SOCK_NONBLOCK.
const SOCKET: Rule = Rule::new(
    &[
        Clause::new(&[Cond::In(arg(0), AF_UNIX)], OK),
        Clause::new(&[Cond::In(arg(0), AF_NETLINK), Cond::In(arg(2), NETLINK_ROUTE)], OK),
        Clause::new(&[Cond::NotIn(arg(0), AF_INET)], Answer::Refuse(Errno::NoFamily)),
        Clause::new(&[Cond::NotIn(bits(1, 0xf), STREAM_OR_DATAGRAM)], PERM),
        Clause::new(&[Cond::NotIn(arg(2), ANY_TCP_UDP)], Answer::Refuse(Errno::NoProto)),
    ],
    OK,
);

const AF_UNIX: &[Span] = &[one(1)];
const AF_NETLINK: &[Span] = &[one(16)];
const NETLINK_ROUTE: &[Span] = &[one(0)];
/// AF_INET, AF_INET6.
const AF_INET: &[Span] = &[one(2), one(10)];
const STREAM_OR_DATAGRAM: &[Span] = &[Span(1, 2)];
/// The type's own protocol, IPPROTO_TCP, IPPROTO_UDP. No ICMP: with `ping_group_range` as it is in
/// a new network namespace, the kernel refuses it anyway. No MPTCP: Go then uses TCP.
const ANY_TCP_UDP: &[Span] = &[one(0), one(6), one(17)];

/// socketpair(int family, …).
const SOCKETPAIR: Rule =
    Rule::new(&[Clause::new(&[Cond::NotIn(arg(0), AF_UNIX)], Answer::Refuse(Errno::NoFamily))], OK);

/// setsockopt(int fd, int level, int option, …).
const SETSOCKOPT: Rule = Rule::new(
    &[
        // SOL_SOCKET: SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF and _EBPF. SO_ATTACH_FILTER takes
        // what seccomp(2) takes.
        Clause::new(&[Cond::In(arg(1), &[one(1)]), Cond::In(arg(2), ATTACH)], PERM),
        // SOL_TCP: TCP_ULP.
        Clause::new(&[Cond::In(arg(1), &[one(6)]), Cond::In(arg(2), &[one(31)])], NOOPT),
        // SOL_UDP: UDP_ENCAP.
        Clause::new(&[Cond::In(arg(1), &[one(17)]), Cond::In(arg(2), &[one(100)])], NOOPT),
    ],
    OK,
);

const ATTACH: &[Span] = &[Span(50, 52)];

/// prctl(int option, …).
const PRCTL: Rule = Rule::new(&[Clause::new(&[Cond::In(arg(0), OPTIONS)], OK)], INVALID);

const OPTIONS: &[Span] = &[
    // PR_SET_PDEATHSIG to PR_GET_TIMERSLACK: of the caller alone, or (securebits, bounding set)
    // guarded by capabilities that the payload lacks.
    Span(1, 30),
    // PR_SET_CHILD_SUBREAPER to PR_GET_TAGGED_ADDR_CTRL, with PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT
    // (read by su and sh), vector lengths, speculation, pointer keys and tags.
    Span(36, 56),
    // PR_GET_AUXV.
    one(0x4155_5856),
    // PR_SET_VMA: names of memory, by allocators and the JVM.
    one(0x5356_4d41),
    // PR_SET_PTRACER: crash handlers.
    one(0x5961_6d61),
];

/// arch_prctl(int option, …).
const ARCH_PRCTL: Rule = Rule::new(&[Clause::new(&[Cond::In(arg(0), X86_OPTIONS)], OK)], INVALID);

const X86_OPTIONS: &[Span] = &[
    // ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS.
    Span(0x1001, 0x1004),
    // ARCH_GET_XCOMP_SUPP to ARCH_REQ_XCOMP_GUEST_PERM.
    Span(0x1021, 0x1025),
    // ARCH_SHSTK_ENABLE to ARCH_SHSTK_STATUS.
    Span(0x5001, 0x5005),
];

/// personality(unsigned int): PER_LINUX, ADDR_NO_RANDOMIZE, and the question for the current one.
const PERSONALITY: Rule = Rule::new(&[Clause::new(&[Cond::In(arg(0), PERSONAS)], OK)], PERM);

const PERSONAS: &[Span] = &[one(0), one(0x4_0000), one(u32::MAX)];

/// setrlimit(unsigned int resource, …).
const SETRLIMIT: Rule =
    Rule::new(&[Clause::new(&[Cond::In(arg(0), RLIMIT_CORE)], Answer::Pretend)], OK);

/// prlimit64(pid, unsigned int resource, new, old): only with a new limit.
const PRLIMIT64: Rule = Rule::new(
    &[
        Clause::new(&[Cond::In(arg(1), RLIMIT_CORE), Cond::NotNull(2)], Answer::Pretend),
        Clause::new(&[Cond::In(arg(0), INIT), Cond::NotNull(2)], PERM),
    ],
    OK,
);

/// Process 1: no filter can be got round by another number, as there is one pid namespace.
const INIT: &[Span] = &[one(1)];

const SCHEDULING: Rule = Rule::new(&[Clause::new(&[Cond::In(arg(0), INIT)], PERM)], OK);

/// (`PRIO_PROCESS`, `PRIO_PGRP` or `PRIO_USER`; which; nice)
const PRIORITY: Rule = Rule::new(
    &[
        Clause::new(&[Cond::In(arg(0), &[Span(1, 2)])], PERM),
        Clause::new(&[Cond::In(arg(1), INIT)], PERM),
    ],
    OK,
);

const RLIMIT_CORE: &[Span] = &[one(4)];

/// seccomp(unsigned int operation, unsigned int flags, …): SECCOMP_FILTER_FLAG_NEW_LISTENER.
const SECCOMP: Rule = Rule::new(&[Clause::new(&[Cond::AnyBit(bits(1, 1 << 3))], INVALID)], OK);

const OK: Answer = Answer::Allow;
const PERM: Answer = Answer::Refuse(Errno::Perm);
const INVALID: Answer = Answer::Refuse(Errno::Invalid);
const NOTTY: Answer = Answer::Refuse(Errno::NotTty);
const NOOPT: Answer = Answer::Refuse(Errno::NoProtoOpt);
