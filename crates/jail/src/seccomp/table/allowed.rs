//! Calls that no traced program made, and why they are allowed all the same.

use super::{ALLOW, Family, both, late, x86};

pub(super) const FAMILIES: &[Family] = &[
    Family::new(
        ALLOW,
        "the same as a traced call, for a descriptor, a link, a mask or a vector more or less; C \
         libraries and languages choose freely among them",
        &[
            x86("select", 23),
            x86("getdents", 78),
            x86("lchown", 94),
            x86("utime", 132),
            both("lsetxattr", 189, 6),
            both("lremovexattr", 198, 15),
            both("fremovexattr", 199, 16),
            x86("utimes", 235),
            x86("futimesat", 261),
            both("faccessat", 269, 48),
            x86("signalfd", 282),
            x86("eventfd", 284),
            both("preadv", 295, 69),
            both("recvmmsg", 299, 243),
            late("openat2", 437),
            late("epoll_pwait2", 441),
            late("fchmodat2", 452),
            late("setxattrat", 463),
            late("getxattrat", 464),
            late("listxattrat", 465),
            late("removexattrat", 466),
        ],
    ),
    Family::new(
        ALLOW,
        "read-only questions about the caller, or its own settings",
        &[
            both("mincore", 27, 232),
            both("getitimer", 36, 102),
            both("getpgid", 121, 155),
            both("sched_rr_get_interval", 148, 127),
            both("timer_gettime", 224, 108),
            both("timer_getoverrun", 225, 109),
            both("ioprio_get", 252, 31),
            both("get_robust_list", 274, 100),
            both("timerfd_gettime", 287, 87),
            both("getcpu", 309, 168),
        ],
    ),
    Family::new(
        ALLOW,
        "the clock of a static program that has no vDSO",
        &[both("gettimeofday", 96, 169), x86("time", 201)],
    ),
    Family::new(
        ALLOW,
        "fork(2) of C libraries other than glibc; execveat by fexecve(3)",
        &[x86("fork", 57), both("execveat", 322, 281)],
    ),
    Family::new(
        ALLOW,
        "signals with data, or to one thread (Go, C libraries, runtimes)",
        &[
            both("rt_sigqueueinfo", 129, 138),
            both("tkill", 200, 130),
            both("rt_tgsigqueueinfo", 297, 240),
            late("pidfd_send_signal", 424),
        ],
    ),
    Family::new(
        ALLOW,
        "other users inside; without capabilities the kernel allows only what the id map holds, \
         so a refusal would tell nothing new (su, tar, package managers)",
        &[
            both("setreuid", 113, 145),
            both("setregid", 114, 143),
            both("setfsuid", 122, 151),
            both("setfsgid", 123, 152),
        ],
    ),
    Family::new(
        ALLOW,
        "barriers and keys of memory in the JVM, V8 and allocators; the shadow stack and sealing \
         of the C library",
        &[
            both("munlock", 150, 229),
            both("mlockall", 151, 230),
            both("munlockall", 152, 231),
            both("membarrier", 324, 283),
            both("mlock2", 325, 284),
            both("pkey_mprotect", 329, 288),
            both("pkey_free", 331, 290),
            late("map_shadow_stack", 453),
            late("mseal", 462),
        ],
    ),
    Family::new(
        ALLOW,
        "flushing and reading ahead of one's own files (databases, tail, dd)",
        &[both("readahead", 187, 213), both("syncfs", 306, 267)],
    ),
    Family::new(
        ALLOW,
        "copies between pipes (tee of shells written in Rust, haproxy); no page of a file is \
         mapped into the caller",
        &[both("tee", 276, 77)],
    ),
    Family::new(
        ALLOW,
        "asynchronous files: as the traced calls",
        &[both("io_cancel", 210, 3), both("io_pgetevents", 333, 292)],
    ),
    Family::new(
        ALLOW,
        "System V and POSIX message queues and semaphores of the box's own ipc namespace \
         (databases, Python's and Perl's modules)",
        &[
            both("semget", 64, 190),
            both("semop", 65, 193),
            both("semctl", 66, 191),
            both("msgget", 68, 186),
            both("msgsnd", 69, 189),
            both("msgrcv", 70, 188),
            both("msgctl", 71, 187),
            both("semtimedop", 220, 192),
            both("mq_open", 240, 180),
            both("mq_unlink", 241, 181),
            both("mq_timedsend", 242, 182),
            both("mq_timedreceive", 243, 183),
            both("mq_notify", 244, 184),
            both("mq_getsetattr", 245, 185),
        ],
    ),
    Family::new(
        ALLOW,
        "Landlock: a program that confines itself further",
        &[late("landlock_add_rule", 445), late("landlock_restrict_self", 446)],
    ),
    Family::new(
        ALLOW,
        "a debugger that writes to its child (gdb, strace): the kernel asks for ptrace access, \
         which ends at the box",
        &[both("process_vm_writev", 311, 271)],
    ),
    Family::new(ALLOW, "wine waits for several objects at once", &[late("futex_waitv", 449)]),
    Family::new(
        ALLOW,
        "the kernel's own trampolines, when the host's administrator traces a program by \
         uprobes; from anywhere else they end the caller",
        &[x86("uretprobe", 335), x86("uprobe", 336)],
    ),
];
