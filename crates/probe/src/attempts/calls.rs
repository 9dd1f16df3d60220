//! Calls that need something made before.

use std::os::fd::AsRawFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::identity::refused;
use super::one;
use crate::attempt::{Step, judge};
use crate::line::Finding;
use crate::probe::Held;
use crate::raw::Child;
use crate::scene::Scene;

/// getpid(2) of i386.
pub(crate) fn gate32(child: &Child, _: &Scene, held: Held) -> Finding {
    if cfg!(not(target_arch = "x86_64")) {
        return Finding::skipped("this machine has no such gate");
    }
    one("int 0x80 getpid", child.call32(20).map(drop), held)
}

/// Every number but unix, inet, inet6 and netlink, with a type that does not exist.
pub(crate) fn families(child: &Child, _: &Scene, held: Held) -> Finding {
    let used = [1, 2, 10, 16];
    let others = (0..46_i64).filter(|family| !used.contains(family));
    let steps: Vec<Step> = others
        .map(|family| {
            let got = child.call(libc::SYS_socket, [family, 15, 0, 0, 0, 0]);
            (format!("socket({family})"), got.map(drop))
        })
        .collect();
    judge(&steps, held)
}

/// TCP_ULP without a name: nothing is loaded.
pub(crate) fn upper_protocol(child: &Child, _: &Scene, held: Held) -> Finding {
    option(child, held, SocketType::STREAM, [6, 31, 0])
}

/// UDP_ENCAP, switched off.
pub(crate) fn encapsulate(child: &Child, _: &Scene, held: Held) -> Finding {
    option(child, held, SocketType::DGRAM, [17, 100, 4])
}

fn option(child: &Child, held: Held, kind: SocketType, [level, name, length]: [i64; 3]) -> Finding {
    let socket = match socket(AddressFamily::INET, kind, None) {
        Ok(socket) => socket,
        Err(errno) => return refused("socket", errno, &[Errno::PERM, Errno::AFNOSUPPORT]),
    };
    let zero = [0_u8; 8];
    let Ok(address) = i64::try_from(zero.as_ptr().addr()) else { return Finding::skipped("") };
    let fd = socket.as_raw_fd().into();
    let got = child.call(libc::SYS_setsockopt, [fd, level, name, address, length, 0]).map(drop);
    one("setsockopt", got, held)
}

/// Into a page that no process has: whoever may, gets EFAULT, and nothing is changed.
pub(crate) fn write_memory(child: &Child, scene: &Scene, held: Held) -> Finding {
    let Some(pid) = scene.number("INIT") else { return Finding::skipped("no process to aim at") };
    let bytes = [0_u8; 8];
    let Ok(address) = u64::try_from(bytes.as_ptr().addr()) else { return Finding::skipped("") };
    // struct iovec: address and length.
    let (ours, theirs) = ([address, 8], [16_u64, 8]);
    let of = |piece: &[u64; 2]| i64::try_from(piece.as_ptr().addr()).unwrap_or_default();
    let args = [pid, of(&ours), 1, of(&theirs), 1, 0];
    let steps: [Step; 2] = [
        ("process_vm_readv".to_owned(), child.call(libc::SYS_process_vm_readv, args).map(drop)),
        ("process_vm_writev".to_owned(), child.call(libc::SYS_process_vm_writev, args).map(drop)),
    ];
    judge(&steps, held)
}

/// The first descriptors of init: pipes to the supervisor.
pub(crate) fn steal(child: &Child, scene: &Scene, held: Held) -> Finding {
    let pid = scene.number("INIT").and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let Some(pid) = pid else { return Finding::skipped("no process to aim at") };
    let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => pidfd,
        Err(errno) => return refused("pidfd_open", errno, held),
    };
    let steps: Vec<Step> = (0..3)
        .map(|number| {
            let fd = pidfd.as_raw_fd().into();
            let got = child.call(libc::SYS_pidfd_getfd, [fd, number, 0, 0, 0, 0]);
            (format!("pidfd_getfd({number})"), got.map(drop))
        })
        .collect();
    judge(&steps, held)
}
