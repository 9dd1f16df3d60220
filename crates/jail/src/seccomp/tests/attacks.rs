//! What must hold whatever the table says, with numbers from the kernel's headers written out.

use super::{ALLOW, Answer, Arch, ENOSYS, EPERM, Errno, call, call_number, run};
use crate::seccomp::interpret::Data;
use crate::seccomp::tests::PROGRAMS;

const GARBAGE: u64 = 0xdead_beef_0000_0000;
const NOFAMILY: Option<Answer> = Some(Answer::Refuse(Errno::NoFamily));
const NOPROTO: Option<Answer> = Some(Answer::Refuse(Errno::NoProto));
const NOTTY: Option<Answer> = Some(Answer::Refuse(Errno::NotTty));
const INVALID: Option<Answer> = Some(Answer::Refuse(Errno::Invalid));

#[test]
fn another_architecture_is_killed_whatever_it_calls() {
    // AUDIT_ARCH_I386, ARM, X86_64, AARCH64, RISCV64, 0, and ours with a flag flipped.
    let archs = [0x4000_0003, 0x4000_0028, 0xc000_003e, 0xc000_00b7, 0xc000_00f3, 0, 0x3e, 0xb7];
    for (ours, program) in PROGRAMS {
        for arch in archs.into_iter().filter(|&arch| arch != ours.audit()) {
            for nr in 0..600 {
                let run = run(program, Data { nr, arch, args: [0; 6] });
                assert_eq!(run.answer(), None, "{ours:?}: {arch:#x} {nr}");
            }
        }
    }
}

#[test]
fn x32_and_unknown_numbers_are_enosys() {
    for nr in (0..600).map(|nr| nr | 0x4000_0000).chain([512, 547, 1023, 1024, u32::MAX]) {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            assert_eq!(call_number(arch, nr, [0; 6]).answer(), ENOSYS, "{arch:?} {nr:#x}");
        }
    }
    // Numbers that the kernel has not given away yet.
    for nr in 472..600 {
        assert_eq!(call_number(Arch::X86_64, nr, [0; 6]).answer(), ENOSYS, "{nr}");
    }
}

#[test]
fn no_request_that_types_into_a_terminal_or_changes_it_for_others() {
    // TIOCSTI, TIOCLINUX, TIOCCONS, TIOCGSERIAL, TIOCSSERIAL, TIOCSETD.
    for request in [0x5412, 0x541c, 0x541d, 0x541e, 0x541f, 0x5423] {
        for upper in [0, GARBAGE, 1 << 32, u64::MAX << 32] {
            assert_eq!(call("ioctl", &[0, request | upper]), NOTTY, "{request:#x}");
        }
    }
    // TCGETS passes with any upper half: the kernel does not look at it.
    assert_eq!(call("ioctl", &[0, 0x5401 | GARBAGE]), ALLOW);
}

#[test]
fn no_request_of_a_driver_or_file_system() {
    let requests: [(&str, u64); 20] = [
        ("SIOCSIFFLAGS", 0x8914),
        ("SIOCSIFADDR", 0x8916),
        ("SIOCADDRT", 0x890b),
        ("SIOCETHTOOL", 0x8946),
        ("SIOCBRADDBR", 0x89a0),
        ("FS_IOC_SETFLAGS", 0x4008_6602),
        ("FS_IOC_FSSETXATTR", 0x401c_5820),
        ("FS_IOC_FIEMAP", 0xc020_660b),
        ("FS_IOC_ENABLE_VERITY", 0x4080_6685),
        ("FIFREEZE", 0xc004_5877),
        ("FITRIM", 0xc018_5879),
        ("FIBMAP", 1),
        ("EXT4_IOC_MOVE_EXT", 0xc028_660f),
        ("BTRFS_IOC_SNAP_CREATE", 0x5000_9401),
        ("FIDEDUPERANGE", 0xc018_9436),
        ("BLKRRPART", 0x125f),
        ("KVM_CREATE_VM", 0xae01),
        ("TUNSETIFF", 0x4004_54ca),
        ("LOOP_SET_FD", 0x4c00),
        ("NS_GET_PARENT", 0xb702),
    ];
    for (name, request) in requests {
        assert_eq!(call("ioctl", &[0, request]), NOTTY, "{name}");
    }
}

#[test]
fn no_new_namespace_by_any_flag() {
    let new = [17_u32, 25, 26, 27, 28, 29, 30];
    for bit in new {
        for more in [0, 17, 0x0001_0f00, GARBAGE, u64::from(u32::MAX)] {
            assert_eq!(call("clone", &[1 << bit | more]), EPERM, "bit {bit} with {more:#x}");
        }
    }
    for bit in (0..32).filter(|bit| !new.contains(bit)) {
        assert_eq!(call("clone", &[1 << bit]), ALLOW, "bit {bit}");
    }
    for bit in 32..64 {
        assert_eq!(call("clone", &[1 << bit | 17]), ALLOW, "bit {bit}: the kernel drops it");
    }
    assert_eq!(call("clone3", &[0x1000, 88]), ENOSYS);
    assert_eq!(call("unshare", &[0x1000_0000]), EPERM);
    assert_eq!(call("setns", &[3, 0]), EPERM);
}

#[test]
fn sockets_are_unix_tcp_udp_and_routing_questions() {
    for upper in [0, GARBAGE] {
        for family in 0..64_u64 {
            for kind in 0..16_u64 {
                for flags in [0, 0o4000, 0o200_0000] {
                    for protocol in 0..264_u64 {
                        let expected = match (family, kind, protocol) {
                            (1, ..) | (2 | 10, 1 | 2, 0 | 6 | 17) | (16, _, 0) => ALLOW,
                            (2 | 10, 1 | 2, _) => NOPROTO,
                            (2 | 10, ..) => EPERM,
                            _ => NOFAMILY,
                        };
                        let args = [family | upper, kind | flags | upper, protocol | upper];
                        let got = call_number(Arch::X86_64, 41, pad(args)).answer();
                        assert_eq!(got, expected, "socket{args:x?}");
                    }
                }
            }
            let pair = if family == 1 { ALLOW } else { NOFAMILY };
            assert_eq!(call("socketpair", &[family | upper, 1, 0]), pair, "{family}");
        }
    }
}

#[test]
fn socket_options_that_load_programs_or_protocols_are_refused() {
    let nooption = Some(Answer::Refuse(Errno::NoProtoOpt));
    for upper in [0, GARBAGE] {
        let set = |level: u64, option: u64| call("setsockopt", &[3, level | upper, option | upper]);
        // SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF.
        for option in [50, 51, 52] {
            assert_eq!(set(1, option), EPERM, "{option}");
        }
        assert_eq!(set(6, 31), nooption, "TCP_ULP");
        assert_eq!(set(17, 100), nooption, "UDP_ENCAP");
        // SO_REUSEADDR, TCP_NODELAY, TCP_KEEPIDLE, UDP_SEGMENT, IPV6_V6ONLY, and the refused
        // numbers on a level where they mean something else.
        for (level, option) in [(1, 2), (6, 1), (6, 4), (17, 103), (41, 26), (0, 50), (1, 31)] {
            assert_eq!(set(level, option), ALLOW, "{level} {option}");
        }
    }
}

#[test]
fn the_core_limit_stays_as_the_jail_set_it() {
    let new = 0x7fff_0000_0000;
    for resource in 0..32_u64 {
        for upper in [0, GARBAGE] {
            let expected = if resource == 4 { Some(Answer::Pretend) } else { ALLOW };
            let resource = resource | upper;
            assert_eq!(call("setrlimit", &[resource, new]), expected);
            // A pointer whose lower half is zero is a pointer.
            for new in [new, 0x1000, 1 << 32] {
                assert_eq!(call("prlimit64", &[0, resource, new, 0]), expected, "{new:#x}");
            }
            assert_eq!(call("prlimit64", &[0, resource, 0, new]), ALLOW, "a question");
        }
    }
}

#[test]
fn limits_and_priority_of_init_cannot_be_changed() {
    let (new, eperm) = (0x7fff_0000_0000, Some(Answer::Refuse(Errno::Perm)));
    for upper in [0, GARBAGE] {
        let init = 1 | upper;
        for call_of_init in
            ["sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr"]
        {
            assert_eq!(call(call_of_init, &[init, 5, new]), eperm, "{call_of_init}");
            for own in [0, 2, 1 << 16] {
                assert_eq!(call(call_of_init, &[own | upper, 5, new]), ALLOW, "{call_of_init}");
            }
        }
        // RLIMIT_NOFILE.
        assert_eq!(call("prlimit64", &[init, 7, new, 0]), eperm);
        assert_eq!(call("prlimit64", &[init, 7, 0, new]), ALLOW, "a question");
        assert_eq!(call("prlimit64", &[2 | upper, 7, new, 0]), ALLOW);
        assert_eq!(call("setpriority", &[upper, init, 19]), eperm);
        assert_eq!(call("setpriority", &[upper, 0, 19]), ALLOW);
        for many in [1, 2] {
            assert_eq!(call("setpriority", &[many | upper, 0, 19]), eperm);
        }
    }
}

#[test]
fn options_of_a_process_are_an_allow_list() {
    let allowed =
        |option: u64| matches!(option, 1..=30 | 36..=56 | 0x4155_5856 | 0x5356_4d41 | 0x5961_6d61);
    // PR_SET_MM is 35, PR_SET_IO_FLUSHER 57, PR_SET_SYSCALL_USER_DISPATCH 59, PR_SCHED_CORE 62.
    for option in (0..128).chain([0x4155_5856, 0x5356_4d41, 0x5961_6d61, 0x5961_6d62]) {
        let expected = if allowed(option) { ALLOW } else { INVALID };
        assert_eq!(call("prctl", &[option | GARBAGE]), expected, "{option:#x}");
    }
    assert_eq!(call("arch_prctl", &[0x1012 | GARBAGE]), INVALID, "ARCH_SET_CPUID");
    assert_eq!(call("arch_prctl", &[0x1002]), ALLOW, "ARCH_SET_FS");
    // READ_IMPLIES_EXEC, PER_LINUX32, UNAME26, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT.
    for persona in [0x40_0000, 8, 0x2_0000, 0x10_0000, 0x20_0000, 0x44_0000] {
        assert_eq!(call("personality", &[persona]), EPERM, "{persona:#x}");
    }
    for persona in [0, 0x4_0000, 0xffff_ffff, 0xffff_ffff_ffff_ffff] {
        assert_eq!(call("personality", &[persona]), ALLOW, "{persona:#x}");
    }
}

#[test]
fn filters_of_the_payload_may_not_listen() {
    for flags in 0..64_u64 {
        let expected = if flags & 8 != 0 { INVALID } else { ALLOW };
        for operation in 0..4 {
            assert_eq!(call("seccomp", &[operation, flags | GARBAGE]), expected, "{flags:#x}");
        }
    }
}

fn pad<const N: usize>(args: [u64; N]) -> [u64; 6] {
    std::array::from_fn(|index| args.get(index).copied().unwrap_or(0))
}
