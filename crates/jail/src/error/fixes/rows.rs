//! The known causes: a table and nothing else.

use drybox_sys::Step as Inside;
use rustix::io::Errno;

use super::super::Step;

/// One known cause. The first row that matches decides.
pub(super) struct Row {
    /// None: whatever the step.
    pub(super) step: Option<Step>,
    pub(super) errno: Errno,
    /// What has to be so on the host for the row to apply.
    pub(super) fact: Option<Fact>,
    pub(super) why: &'static str,
    pub(super) fix: Option<&'static str>,
}

/// Something that a file of the host says; it chooses between causes and never decides a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The file begins so.
    Begins(&'static str, &'static str),
    /// The file holds this somewhere.
    Holds(&'static str, &'static str),
}

use Fact::{Begins, Holds};

const fn row(step: Step, errno: Errno, why: &'static str, fix: &'static str) -> Row {
    Row { step: Some(step), errno, fact: None, why, fix: Some(fix) }
}

const fn anywhere(errno: Errno, why: &'static str, fix: &'static str) -> Row {
    Row { step: None, errno, fact: None, why, fix: Some(fix) }
}

const fn when(fact: Fact, row: Row) -> Row {
    Row { fact: Some(fact), ..row }
}

const MAX_USER: Fact = Begins("/proc/sys/user/max_user_namespaces", "0\n");
const MAX_NET: Fact = Begins("/proc/sys/user/max_net_namespaces", "0\n");
const MAX_PID: Fact = Begins("/proc/sys/user/max_pid_namespaces", "0\n");
const MAX_MNT: Fact = Begins("/proc/sys/user/max_mnt_namespaces", "0\n");
const CLONE_SYSCTL: Fact = Begins("/proc/sys/kernel/unprivileged_userns_clone", "0");
const APPARMOR: Fact = Begins("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1");
/// WSL 1 calls itself `4.4.0-19041-Microsoft`, WSL 2 `…-microsoft-standard-WSL2`.
const WSL1: Fact = Holds("/proc/sys/kernel/osrelease", "-Microsoft");
/// proc_pid_status(5): a seccomp filter is on drybox itself.
const FILTERED: Fact = Holds("/proc/self/status", "\nSeccomp:\t2\n");

const WSL1_WHY: &str = "this is WSL 1, which has no Linux kernel and no namespaces";
const WSL1_FIX: &str = "wsl --set-version DISTRIBUTION 2, in Windows";

const FILTERED_WHY: &str = "a seccomp filter around drybox, as of a container or another sandbox, \
    refuses namespaces";
const FILTERED_FIX: &str = "run drybox outside of it, or the container with --security-opt \
    seccomp=unconfined";

const APPARMOR_WHY: &str = "AppArmor takes the capabilities of unprivileged user namespaces \
    (kernel.apparmor_restrict_unprivileged_userns is 1)";
const APPARMOR_FIX: &str = "drybox doctor --fix, which gives drybox alone an AppArmor profile";

const INIT: Fact = Begins("/proc/1/comm", "drybox-init");

const NO_PROC_WHY: &str = "no /proc is mounted here, as in a bare chroot";
const NO_PROC_FIX: &str = "mount -t proc proc /proc";

const NO_RANGE_WHY: &str = "this root is the host's, in a user namespace without other ids to give \
    away: the payload would have to be the host's root";
const NO_RANGE_FIX: &str = "run drybox outside of that namespace, or as an ordinary user";

pub(super) const ROWS: &[Row] = &[
    when(
        MAX_USER,
        row(
            Step::Clone,
            Errno::NOSPC,
            "the limit user.max_user_namespaces is 0",
            "sudo sysctl user.max_user_namespaces=15000",
        ),
    ),
    when(
        MAX_NET,
        row(
            Step::Clone,
            Errno::NOSPC,
            "the limit user.max_net_namespaces is 0",
            "sudo sysctl user.max_net_namespaces=15000",
        ),
    ),
    when(
        MAX_PID,
        row(
            Step::Clone,
            Errno::NOSPC,
            "the limit user.max_pid_namespaces is 0",
            "sudo sysctl user.max_pid_namespaces=15000",
        ),
    ),
    when(
        MAX_MNT,
        row(
            Step::Clone,
            Errno::NOSPC,
            "the limit user.max_mnt_namespaces is 0",
            "sudo sysctl user.max_mnt_namespaces=15000",
        ),
    ),
    row(
        Step::Clone,
        Errno::NOSPC,
        "a limit on namespaces is reached, or they are nested 32 deep",
        "sysctl -a --pattern 'user.max_.*_namespaces', and raise the one that is small",
    ),
    when(
        CLONE_SYSCTL,
        row(
            Step::Clone,
            Errno::PERM,
            "unprivileged user namespaces are off (kernel.unprivileged_userns_clone is 0)",
            "sudo sysctl kernel.unprivileged_userns_clone=1",
        ),
    ),
    when(WSL1, row(Step::Clone, Errno::PERM, WSL1_WHY, WSL1_FIX)),
    when(FILTERED, row(Step::Clone, Errno::PERM, FILTERED_WHY, FILTERED_FIX)),
    row(
        Step::Clone,
        Errno::PERM,
        "user namespaces are refused here: a container's seccomp profile, a chroot, or an LSM",
        "run drybox on the host, or the container with --security-opt seccomp=unconfined",
    ),
    when(
        INIT,
        row(
            Step::Clone,
            Errno::NOSYS,
            "this is a box already, and a box does not start another one",
            "run drybox outside, or the command without it",
        ),
    ),
    when(WSL1, row(Step::Clone, Errno::NOSYS, WSL1_WHY, WSL1_FIX)),
    when(WSL1, row(Step::Clone, Errno::INVAL, WSL1_WHY, WSL1_FIX)),
    when(FILTERED, row(Step::Clone, Errno::NOSYS, FILTERED_WHY, FILTERED_FIX)),
    row(
        Step::Clone,
        Errno::NOSYS,
        "the kernel or a container's seccomp profile has no clone3",
        "use Linux 6.1 or newer, or the container with --security-opt seccomp=unconfined",
    ),
    row(
        Step::Inside(Inside::Cgroup),
        Errno::NODEV,
        "it was removed a moment ago: by whatever manages the cgroups here",
        "run again; a scope of its own is left alone: systemd-run --scope -p Delegate=yes",
    ),
    row(Step::Maps, Errno::NOENT, NO_PROC_WHY, NO_PROC_FIX),
    row(Step::Inside(Inside::Identity), Errno::NOENT, NO_PROC_WHY, NO_PROC_FIX),
    row(
        Step::Inside(Inside::Identity),
        Errno::ROFS,
        "/proc is mounted read-only here: nobody can map an id",
        "mount a /proc that can be written: mount -t proc proc /proc",
    ),
    row(Step::Maps, Errno::INVAL, NO_RANGE_WHY, NO_RANGE_FIX),
    row(Step::Maps, Errno::PERM, NO_RANGE_WHY, NO_RANGE_FIX),
    row(
        Step::Clone,
        Errno::INVAL,
        "the kernel was built without one of the namespaces",
        "use a kernel with CONFIG_USER_NS, CONFIG_NET_NS, CONFIG_PID_NS and CONFIG_IPC_NS",
    ),
    when(
        APPARMOR,
        row(Step::Inside(Inside::NestedNamespaces), Errno::ACCESS, APPARMOR_WHY, APPARMOR_FIX),
    ),
    row(
        Step::Inside(Inside::Scratch),
        Errno::NOENT,
        "there is no directory /sys here, on which the root filesystem is put together",
        "mkdir /sys",
    ),
    when(APPARMOR, row(Step::Inside(Inside::Scratch), Errno::PERM, APPARMOR_WHY, APPARMOR_FIX)),
    when(APPARMOR, row(Step::Inside(Inside::Identity), Errno::PERM, APPARMOR_WHY, APPARMOR_FIX)),
    row(
        Step::Inside(Inside::Proc),
        Errno::PERM,
        "parts of the host's /proc are covered, as in a container: the kernel allows no second one",
        "run the container with --security-opt unmask=/proc/*",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::STALE,
        "it is not what it was a moment ago: somebody swapped it during the launch",
        "look at who writes there, and run again",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::NOENT,
        "its place is not there inside: it lies in another share, which has no such directory",
        "make the directory in the share, or choose another place",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::LOOP,
        "its place is a symbolic link inside another share",
        "choose a place that is no link",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::NOSPC,
        "the limit fs.mount-max on mounts is reached",
        "sudo sysctl fs.mount-max=100000",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::BUSY,
        "an earlier run in this box was killed, and is still ending",
        "run again in a moment",
    ),
    row(
        Step::Inside(Inside::Mount),
        Errno::INVAL,
        "an overlay cannot work there: it lies on another overlay, on a network or FAT disk, or has \
         mounts below",
        "work in a copy of the directory on an ordinary disk, or --workspace ro; for the place of \
         changes --rm, which is memory, or XDG_DATA_HOME=DIR",
    ),
    row(
        Step::Changes,
        Errno::INVAL,
        "its filesystem has no id-mapped mounts, which a box of root's needs",
        "--rm for changes in memory, or XDG_DATA_HOME=DIR on an ordinary disk",
    ),
    row(
        Step::Inside(Inside::Skeleton),
        Errno::FBIG,
        "the limit on file size is too low",
        "ulimit -f unlimited",
    ),
    row(
        Step::Inside(Inside::Skeleton),
        Errno::NOSPC,
        "the scratch space is too small for what stands in every box",
        "--storage-opt size=16m, or more --memory",
    ),
    row(
        Step::Inside(Inside::Seccomp),
        Errno::NOSYS,
        "the kernel has no seccomp",
        "use a kernel with CONFIG_SECCOMP_FILTER",
    ),
    row(
        Step::Inside(Inside::Workdir),
        Errno::NOENT,
        "there is no such directory inside",
        "share it with -v, or choose another with -w",
    ),
    row(
        Step::Inside(Inside::Limits),
        Errno::PERM,
        "a hard limit can only be lowered",
        "ask for no more than `ulimit -H -a` shows",
    ),
    row(
        Step::Identity,
        Errno::RANGE,
        "real root's payload has the ids 0 to 65535",
        "choose a -u UID:GID below 65536",
    ),
    row(
        Step::Share,
        Errno::NOTSUP,
        "it is a socket, FIFO or device: it would lead out of the sandbox",
        "share a directory or a file",
    ),
    row(
        Step::Share,
        Errno::LOOP,
        "a symbolic link is on the way: it was put there a moment ago, or the path was not resolved",
        "name the path without links: realpath PATH",
    ),
    row(
        Step::Share,
        Errno::NOENT,
        "there is no such file or directory",
        "make it first: drybox creates nothing on the host",
    ),
    row(
        Step::Inside(Inside::Exec),
        Errno::NOENT,
        "there is no such program inside",
        "see what is: drybox run -- sh -c 'echo $PATH; ls /usr/local/bin'; share more with -v",
    ),
    row(
        Step::Inside(Inside::Exec),
        Errno::ACCESS,
        "it is not executable",
        "chmod +x it, or name its interpreter: drybox run -- sh FILE",
    ),
    row(
        Step::Inside(Inside::Exec),
        Errno::NOEXEC,
        "it is no program for this machine, and has no #! line",
        "name its interpreter: drybox run -- sh FILE",
    ),
    row(
        Step::Inside(Inside::Exec),
        Errno::TOOBIG,
        "its arguments and environment are too long",
        "pass less, or a file",
    ),
    // What means the same wherever it happens.
    anywhere(
        Errno::NOSYS,
        "the kernel, or a seccomp profile around drybox, does not have a system call that it needs",
        "use Linux 6.1 or newer, or the container with --security-opt seccomp=unconfined",
    ),
    anywhere(
        Errno::AGAIN,
        "the user's limit on processes is reached",
        "ulimit -u, and raise it in /etc/security/limits.conf",
    ),
    anywhere(
        Errno::MFILE,
        "the limit on open files is too low",
        "ulimit -n 256, or whatever is more",
    ),
    anywhere(
        Errno::NFILE,
        "the limit on open files of the whole system is reached",
        "sudo sysctl fs.file-max=1000000",
    ),
    anywhere(Errno::NOMEM, "there is no memory left", "end other programs, and run again"),
];
