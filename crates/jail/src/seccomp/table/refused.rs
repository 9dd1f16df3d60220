//! Calls that are refused, and how real programs cope.

use super::{ENOSYS, EPERM, Family, both, late, x86};

pub(super) const FAMILIES: &[Family] = &[
    Family::new(
        EPERM,
        "mounts would rearrange or uncover what the box is made of; without capabilities the \
         kernel refuses them too (flatpak's filter once forgot some, CVE-2021-41133)",
        &[
            both("pivot_root", 155, 41),
            both("chroot", 161, 51),
            both("mount", 165, 40),
            both("umount2", 166, 39),
        ],
    ),
    Family::new(
        ENOSYS,
        "the newer mount calls; mount(8) and libmount then use mount(2), and fail with EPERM",
        &[
            late("open_tree", 428),
            late("move_mount", 429),
            late("fsopen", 430),
            late("fsconfig", 431),
            late("fsmount", 432),
            late("fspick", 433),
            late("mount_setattr", 442),
            late("statmount", 457),
            late("listmount", 458),
            late("open_tree_attr", 467),
            late("listns", 470),
        ],
    ),
    Family::new(
        EPERM,
        "namespaces give back capabilities, and with them most of the kernel's attack surface; \
         programs that would confine themselves with them (bwrap, chromium without --no-sandbox) \
         say that they cannot",
        &[both("unshare", 272, 97), both("setns", 308, 268)],
    ),
    Family::new(
        ENOSYS,
        "its flags lie in memory, where a filter cannot look; every C library and Go falls back \
         to clone",
        &[late("clone3", 435)],
    ),
    Family::new(
        EPERM,
        "the administrator's: modules, another kernel, swap, quota, accounting, clocks, names, \
         ports, consoles, the kernel's log; the kernel says the same without capabilities. The \
         four that newer kernels lack are answered like their neighbours",
        &[
            both("syslog", 103, 116),
            both("vhangup", 153, 58),
            x86("modify_ldt", 154),
            x86("_sysctl", 156),
            both("adjtimex", 159, 171),
            both("acct", 163, 89),
            both("settimeofday", 164, 170),
            both("swapon", 167, 224),
            both("swapoff", 168, 225),
            both("reboot", 169, 142),
            both("sethostname", 170, 161),
            both("setdomainname", 171, 162),
            x86("iopl", 172),
            x86("ioperm", 173),
            x86("create_module", 174),
            both("init_module", 175, 105),
            both("delete_module", 176, 106),
            x86("get_kernel_syms", 177),
            x86("query_module", 178),
            both("quotactl", 179, 60),
            both("nfsservctl", 180, 42),
            both("clock_settime", 227, 112),
            both("kexec_load", 246, 104),
            both("clock_adjtime", 305, 266),
            both("finit_module", 313, 273),
            both("kexec_file_load", 320, 294),
        ],
    ),
    Family::new(ENOSYS, "as quotactl, by descriptor", &[late("quotactl_fd", 443)]),
    Family::new(
        EPERM,
        "programs in the kernel (CVE-2021-3490, CVE-2022-23222), its counters (CVE-2023-2235), \
         and page faults that wait for the payload, with which races are won; many hosts refuse \
         them to users with the same errno, and tools say so",
        &[both("perf_event_open", 298, 241), both("bpf", 321, 280), both("userfaultfd", 323, 282)],
    ),
    Family::new(
        ENOSYS,
        "its rings carry out calls that no filter sees (CVE-2023-2598, CVE-2024-0582); node, \
         databases and runtimes then use epoll, libaio or threads",
        &[late("io_uring_setup", 425), late("io_uring_enter", 426), late("io_uring_register", 427)],
    ),
    Family::new(
        ENOSYS,
        "keys belong to the user, not to the box (CVE-2016-0728); Kerberos and others then keep \
         their secrets in files",
        &[both("add_key", 248, 217), both("request_key", 249, 218), both("keyctl", 250, 219)],
    ),
    Family::new(
        EPERM,
        "watching or opening files of a whole file system by handle (the Docker escape of 2014); \
         systemd and others fall back",
        &[
            both("fanotify_init", 300, 262),
            both("fanotify_mark", 301, 263),
            both("name_to_handle_at", 303, 264),
            both("open_by_handle_at", 304, 265),
        ],
    ),
    Family::new(
        EPERM,
        "comparing what two processes hold; graphics drivers and systemd fall back",
        &[both("kcmp", 312, 272)],
    ),
    Family::new(
        ENOSYS,
        "taking descriptors out of, reclaiming and advising other processes: memory killers and \
         checkpoints, no traced program",
        &[late("pidfd_getfd", 438), late("process_madvise", 440), late("process_mrelease", 448)],
    ),
    Family::new(
        ENOSYS,
        "placing memory on nodes of a machine: as a kernel without NUMA; the JVM, numactl, \
         databases then run without",
        &[
            both("mbind", 237, 235),
            both("set_mempolicy", 238, 237),
            both("get_mempolicy", 239, 236),
            both("migrate_pages", 256, 238),
            both("move_pages", 279, 239),
            late("set_mempolicy_home_node", 450),
        ],
    ),
    Family::new(
        ENOSYS,
        "maps the caller's pages into a pipe (CVE-2008-0600); programs fall back to write",
        &[both("vmsplice", 278, 75)],
    ),
    Family::new(
        ENOSYS,
        "memory that no limit counts; no traced program",
        &[late("memfd_secret", 447)],
    ),
    Family::new(
        ENOSYS,
        "tells what others read lately, by the page cache (CVE-2025-21691); no traced program",
        &[late("cachestat", 451)],
    ),
    Family::new(
        ENOSYS,
        "younger than the programs that would need it: refused until one of them does",
        &[
            late("futex_wake", 454),
            late("futex_wait", 455),
            late("futex_requeue", 456),
            late("lsm_get_self_attr", 459),
            late("lsm_set_self_attr", 460),
            late("lsm_list_modules", 461),
            late("file_getattr", 468),
            late("file_setattr", 469),
            late("rseq_slice_yield", 471),
        ],
    ),
    Family::new(
        ENOSYS,
        "long out of use, and out of most kernels",
        &[
            x86("uselib", 134),
            x86("ustat", 136),
            x86("sysfs", 139),
            x86("getpmsg", 181),
            x86("putpmsg", 182),
            x86("afs_syscall", 183),
            x86("tuxcall", 184),
            x86("security", 185),
            x86("set_thread_area", 205),
            x86("get_thread_area", 211),
            both("lookup_dcookie", 212, 18),
            x86("epoll_ctl_old", 214),
            x86("epoll_wait_old", 215),
            both("remap_file_pages", 216, 234),
            x86("vserver", 236),
        ],
    ),
];
