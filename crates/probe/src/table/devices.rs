//! Devices.

use rustix::io::Errno as E;

use super::row;
use crate::attempts::files;
use crate::probe::Arg::{N, Room};
use crate::probe::Attempt::{Act, Device, Ioctls, Look};
use crate::probe::{On, Probe};

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("DV-02", "find memory, disks and the kernel's log",
        Look(&["/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/nvme0n1",
               "/dev/loop0", "/dev/loop-control", "/dev/mapper/control", "/dev/ram0"]),
        &[E::NOENT], "the disk below every file system"),
    row("DV-03", "find devices that are interfaces to the kernel",
        Look(&["/dev/fuse", "/dev/net/tun", "/dev/kvm", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/vsock", "/dev/userfaultfd"]),
        &[E::NOENT], "attack surface"),
    row("DV-04", "find graphics cards", Look(&["/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/accel"]),
        &[E::NOENT], "CVE-2024-0132, CVE-2025-23266"),
    row("DV-05", "find keyboards, cameras, microphones",
        Look(&["/dev/uinput", "/dev/input", "/dev/hidraw0", "/dev/bus/usb", "/dev/video0", "/dev/snd", "/dev/rtc0", "/dev/hpet", "/dev/tty0", "/dev/ttyS0"]),
        &[E::NOENT], "typing and spying"),
    row("DV-06", "share the host's terminals", Device(&["/dev/pts"]), &[], "a devpts of the box's own"),
    row("DV-08", "make a node for the kernel's memory", Act(files::char_node), &[E::PERM], "tar archives hold such"),
    row("DV-10", "feed the random generator",
        Ioctls(On::File("/dev/urandom"), &[("RNDADDTOENTCNT", 0x4004_5201, Room), ("RNDADDENTROPY", 0x4008_5203, N(1))]),
        &[E::PERM, E::NOTTY], "random(4)"),
    row("DV-11", "change the host's /dev/null", Act(files::touch_null), &[E::PERM, E::ROFS],
        "bind mounts share the inode"),
    row("DV-12", "share memory with the host's programs", Device(&["/dev/shm", "/dev/mqueue"]), &[], "shm_overview(7)"),
    row("DV-13", "find the host's console", Look(&["/dev/console"]), &[E::NOENT], "CVE-2025-52565"),
];
