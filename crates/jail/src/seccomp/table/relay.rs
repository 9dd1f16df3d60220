//! What the relay may do: sockets, memory and time. It reads what the payload sends, and opens no
//! file, starts no program and looks at no process.

use super::{ALLOW, Answer, Clause, Cond, Errno, Family, Rule, Verdict};
use super::{arg, both, one, x86};

pub(super) const FAMILIES: &[Family] = &[
    Family::new(
        ALLOW,
        "bytes between descriptors that are open",
        &[
            both("read", 0, 63),
            both("write", 1, 64),
            both("readv", 19, 65),
            both("writev", 20, 66),
            both("close", 3, 57),
            both("fcntl", 72, 25),
            both("ioctl", 16, 29),
        ],
    ),
    Family::new(
        ALLOW,
        "connections: those of the box, those to hosts, and questions to name servers",
        &[
            both("accept4", 288, 242),
            both("connect", 42, 203),
            both("bind", 49, 200),
            both("getsockname", 51, 204),
            both("getpeername", 52, 205),
            both("getsockopt", 55, 209),
            both("setsockopt", 54, 208),
            both("shutdown", 48, 210),
            both("sendto", 44, 206),
            both("recvfrom", 45, 207),
            both("sendmsg", 46, 211),
            both("recvmsg", 47, 212),
            both("sendmmsg", 307, 269),
            both("recvmmsg", 299, 243),
        ],
    ),
    Family::new(Verdict::By(&INTERNET), "IPv4 and IPv6 alone", &[both("socket", 41, 198)]),
    Family::new(
        ALLOW,
        "waiting",
        &[
            x86("epoll_wait", 232),
            both("epoll_pwait", 281, 22),
            both("epoll_ctl", 233, 21),
            both("futex", 202, 98),
            both("clock_nanosleep", 230, 115),
            both("clock_gettime", 228, 113),
            both("restart_syscall", 219, 128),
            both("sched_yield", 24, 124),
        ],
    ),
    Family::new(
        ALLOW,
        "memory",
        &[
            both("mmap", 9, 222),
            both("munmap", 11, 215),
            both("mremap", 25, 216),
            both("mprotect", 10, 226),
            both("madvise", 28, 233),
            both("brk", 12, 214),
        ],
    ),
    Family::new(
        ALLOW,
        "random numbers, and an end",
        &[
            both("getrandom", 318, 278),
            both("getpid", 39, 172),
            both("gettid", 186, 178),
            both("tgkill", 234, 131),
            both("rt_sigaction", 13, 134),
            both("rt_sigprocmask", 14, 135),
            both("rt_sigreturn", 15, 139),
            both("sigaltstack", 131, 132),
            both("exit", 60, 93),
            both("exit_group", 231, 94),
        ],
    ),
];

/// `AF_INET` and `AF_INET6`; what the kernel makes of type and protocol is TCP or UDP, for it takes
/// a privilege to get anything else.
const INTERNET: Rule = Rule::new(
    &[Clause::new(&[Cond::In(arg(0), &[one(2), one(10)])], Answer::Allow)],
    Answer::Refuse(Errno::NoFamily),
);
