//! Calls whose arguments decide.

use std::fs::File;
use std::io::Error;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::child::{Outcome, Side, attempt, in_child, number, raw};

const GARBAGE: u64 = 0xdead_beef_0000_0000;

/// A call that fails inside with `errno`, and outside in another way, or not at all.
fn only_outside(name: &str, args: &[u64], errno: i32) {
    let outside = attempt(Side::Outside, name, pad(args));
    assert_ne!(outside, Outcome::Errno(errno), "{name} {args:x?}: no control");
    assert_eq!(attempt(Side::Inside, name, pad(args)), Outcome::Errno(errno), "{name} {args:x?}");
}

/// A call that succeeds on both sides.
fn on_both_sides(name: &str, args: &[u64]) {
    for side in [Side::Outside, Side::Inside] {
        assert_eq!(attempt(side, name, pad(args)), Outcome::Done, "{name} {args:x?} {side:?}");
    }
}

mod both {
    use super::*;

    #[test]
    fn a_terminal_can_be_used_but_not_typed_into() {
        let (_main, terminal) = terminal();
        let fd = u64::try_from(terminal.as_raw_fd()).unwrap();
        let mut buffer = [0_u64; 16];
        let memory = address(&mut buffer);
        on_both_sides("ioctl", &[fd, libc::TIOCGWINSZ, memory]);
        on_both_sides("ioctl", &[fd, libc::TCGETS, memory]);
        on_both_sides("ioctl", &[fd, libc::TIOCGWINSZ | GARBAGE, memory]);
        // Line discipline 0 is the one in force.
        let mut tty = [0_u64; 1];
        only_outside("ioctl", &[fd, libc::TIOCSETD, address(&mut tty)], libc::ENOTTY);
        // EIO or success, as dev.tty.legacy_tiocsti has it.
        for upper in [0, GARBAGE, 1 << 32] {
            let byte = address(&mut tty);
            only_outside("ioctl", &[fd, libc::TIOCSTI | upper, byte], libc::ENOTTY);
        }
    }

    #[test]
    fn no_namespace_can_be_made() {
        // CLONE_THREAD without CLONE_SIGHAND: the kernel says EINVAL, and no process is made.
        for bit in [17, 25, 26, 27, 28, 29, 30] {
            let flags = 1 << bit | u64::try_from(libc::CLONE_THREAD).unwrap();
            only_outside("clone", &[flags], libc::EPERM);
            only_outside("clone", &[flags | GARBAGE], libc::EPERM);
        }
    }

    #[test]
    fn only_sockets_of_the_list_can_be_made() {
        for (family, kind, protocol) in
            [(1, 1, 0), (1, 2, 0), (1, 5, 0), (2, 1, 0), (2, 2, 17), (16, 3, 0)]
        {
            on_both_sides("socket", &[family, kind | 0o200_0000, protocol]);
            on_both_sides("socket", &[family | GARBAGE, kind | GARBAGE, protocol | GARBAGE]);
        }
        // NETLINK_GENERIC, NETLINK_SOCK_DIAG and NETLINK_KOBJECT_UEVENT.
        for protocol in [16, 4, 15] {
            only_outside("socket", &[16, 3, protocol], libc::EAFNOSUPPORT);
            only_outside("socket", &[16 | GARBAGE, 3, protocol | GARBAGE], libc::EAFNOSUPPORT);
        }
        // Ping: EACCES or success, as net.ipv4.ping_group_range has it.
        only_outside("socket", &[2, 2, 1], libc::EPROTONOSUPPORT);
        // AF_PACKET: EPERM for a user, success for root.
        only_outside("socket", &[17, 3, 0], libc::EAFNOSUPPORT);
        let mut pair = [0_u64; 1];
        on_both_sides("socketpair", &[1, 1, 0, address(&mut pair)]);
        only_outside("socketpair", &[2, 1, 0, address(&mut pair)], libc::EAFNOSUPPORT);
    }

    #[test]
    fn sockets_take_no_programs_and_no_upper_layers() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut value = [1_u64; 4];
        let fd = |fd: RawFd| u64::try_from(fd).unwrap();
        let set = |fd, level: u64, option: u64, value| [fd, level, option, value, 4];
        let (tcp, udp) = (fd(tcp.as_raw_fd()), fd(udp.as_raw_fd()));
        on_both_sides("setsockopt", &set(tcp, 6, 1, address(&mut value)));
        on_both_sides("setsockopt", &set(udp, 1, 2, address(&mut value)));
        // TCP_ULP of no name, UDP_ENCAP of no kind, a BPF program that is no descriptor.
        only_outside("setsockopt", &set(tcp, 6, 31, address(&mut value)), libc::ENOPROTOOPT);
        only_outside("setsockopt", &set(tcp, 1, 52, address(&mut value)), libc::EPERM);
        only_outside("setsockopt", &set(tcp, 1, 50 | GARBAGE, address(&mut value)), libc::EPERM);
        let mut encap = [0_u64; 1];
        only_outside("setsockopt", &set(udp, 17, 100, address(&mut encap)), libc::ENOPROTOOPT);
    }

    #[test]
    fn options_of_a_process_are_those_of_the_list() {
        let mut name = [u64::from(b'x'); 2];
        on_both_sides("prctl", &[15, address(&mut name)]);
        // PR_TASK_PERF_EVENTS_DISABLE is 31.
        only_outside("prctl", &[31], libc::EINVAL);
        on_both_sides("personality", &[0x4_0000]);
        on_both_sides("personality", &[0xffff_ffff]);
        only_outside("personality", &[8], libc::EPERM);
        only_outside("personality", &[0x40_0000 | GARBAGE], libc::EPERM);
        // SECCOMP_GET_ACTION_AVAIL; SECCOMP_FILTER_FLAG_NEW_LISTENER without a program.
        let mut action = [u64::from(libc::SECCOMP_RET_ALLOW); 1];
        on_both_sides("seccomp", &[2, 0, address(&mut action)]);
        only_outside("seccomp", &[1, 8, 0], libc::EINVAL);
    }

    #[test]
    fn the_core_limit_seems_to_change_and_does_not() {
        assert_ne!(hard_limit(), Some(0), "no control: the hard limit is zero already");
        for (call, resource) in [("setrlimit", 0), ("prlimit64", 1)] {
            for (side, changed) in [(Side::Outside, true), (Side::Inside, false)] {
                let number = number(call);
                let outcome = in_child(side, || {
                    let mut new = [0_u64; 2];
                    let mut args = [0; 6];
                    args[resource] = 4;
                    args[resource + 1] = address(&mut new);
                    let said = raw(number, args);
                    if said != 0 {
                        return said;
                    }
                    if hard_limit() == Some(0) { 100 } else { 101 }
                });
                let limit_is_new = Outcome::Errno(if changed { 100 } else { 101 });
                assert_eq!(outcome, limit_is_new, "{call} {side:?}");
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_32_bit_gate_ends_the_process() {
        let outside = in_child(Side::Outside, getpid_by_the_32_bit_gate);
        // Without IA32 emulation the gate is not there at all.
        let closed = Outcome::Signal(libc::SIGSEGV);
        assert!(outside == Outcome::Done || outside == closed, "{outside:?}");
        let expected =
            if outside == Outcome::Done { Outcome::Signal(libc::SIGSYS) } else { closed };
        assert_eq!(in_child(Side::Inside, getpid_by_the_32_bit_gate), expected);
    }
}

mod root_only {
    use super::*;

    #[test]
    fn raw_sockets_and_disk_flushing_are_refused_to_root_too() {
        only_outside("socket", &[2, 3, 1], libc::EPERM);
        only_outside("socket", &[10, 3, 58], libc::EPERM);
        // PR_SET_IO_FLUSHER.
        only_outside("prctl", &[57, 1, 0, 0, 0], libc::EINVAL);
    }
}

/// The hard core limit, asked with a null pointer for the new one.
fn hard_limit() -> Option<u64> {
    let mut old = [u64::MAX; 2];
    let asked = raw(libc::SYS_prlimit64, [0, 4, 0, address(&mut old), 0, 0]);
    (asked == 0).then_some(old[1])
}

#[cfg(target_arch = "x86_64")]
fn getpid_by_the_32_bit_gate() -> i32 {
    let result: i32;
    // SAFETY: getpid (20 in the i386 table) takes no argument and touches no memory.
    unsafe { std::arch::asm!("int 0x80", inlateout("eax") 20 => result, options(nostack)) };
    i32::from(result <= 0)
}

/// A new terminal: its main side, and the side of the programs.
fn terminal() -> (OwnedFd, File) {
    // SAFETY: posix_openpt(3) has no precondition.
    let main = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) };
    assert!(main >= 0, "posix_openpt: {}", Error::last_os_error());
    // SAFETY: the descriptor was made above and belongs to nobody else.
    let main = unsafe { OwnedFd::from_raw_fd(main) };
    // SAFETY: the descriptor is open.
    let unlocked = unsafe { libc::unlockpt(main.as_raw_fd()) };
    assert_eq!(unlocked, 0, "unlockpt: {}", Error::last_os_error());
    let flags = libc::O_RDWR | libc::O_NOCTTY;
    // SAFETY: the descriptor is open, and TIOCGPTPEER takes flags.
    let peer = unsafe { libc::ioctl(main.as_raw_fd(), libc::TIOCGPTPEER, flags) };
    assert!(peer >= 0, "TIOCGPTPEER: {}", Error::last_os_error());
    // SAFETY: the descriptor was made above and belongs to nobody else.
    (main, unsafe { File::from_raw_fd(peer) })
}

fn address<const N: usize>(buffer: &mut [u64; N]) -> u64 {
    buffer.as_mut_ptr().expose_provenance() as u64
}

fn pad(args: &[u64]) -> [u64; 6] {
    std::array::from_fn(|index| args.get(index).copied().unwrap_or(0))
}
