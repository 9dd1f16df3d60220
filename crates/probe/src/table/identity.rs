//! Who the payload is, and what it may become.

use rustix::io::Errno as E;

use super::{call, row};
use crate::attempts::{calls, identity, namespaces};
use crate::probe::Arg::{K, N};
use crate::probe::Attempt::{Act, Calls, Ioctls};
use crate::probe::{On, Probe};

#[rustfmt::skip] // one row a few lines, in columns
pub(super) const PROBES: &[Probe] = &[
    row("ID-01", "have a capability in any set", Act(identity::capabilities), &[], "CVE-2022-24769"),
    row("ID-02", "gain privileges by a program, or make any system call", Act(identity::no_new_privileges), &[],
        "prctl(2), seccomp(2)"),
    row("ID-03", "unlock the secure bits",
        Calls(&[
            call("prctl(PR_SET_SECUREBITS)", libc::SYS_prctl, &[N(28), N(0), N(0), N(0), N(0)]),
            call("prctl(PR_CAP_AMBIENT_RAISE)", libc::SYS_prctl, &[N(47), N(2), N(0), N(0), N(0)]),
        ]),
        &[E::PERM, E::INVAL], "capabilities(7)").capable(),
    row("ID-04", "run a set-user-id program with its owner's rights", Act(identity::set_user_id), &[],
        "no_new_privs and nosuid"),
    row("ID-06", "drop a group that forbids",
        Calls(&[call("setgroups", libc::SYS_setgroups, &[N(0), N(0)])]), &[E::PERM], "CVE-2014-8989"),
    row("ID-08", "become another user", Act(identity::become_another), &[E::PERM, E::INVAL], "setresuid(2)"),
    row("ID-09", "make namespaces",
        Calls(&[
            call("unshare(CLONE_NEWUSER)", libc::SYS_unshare, &[N(0x1000_0000)]),
            call("unshare(CLONE_NEWNS)", libc::SYS_unshare, &[N(0x2_0000)]),
            call("unshare(CLONE_NEWNET)", libc::SYS_unshare, &[N(0x4000_0000)]),
            call("unshare(CLONE_NEWPID)", libc::SYS_unshare, &[N(0x2000_0000)]),
            call("unshare(CLONE_NEWIPC)", libc::SYS_unshare, &[N(0x800_0000)]),
            call("unshare(CLONE_NEWUTS)", libc::SYS_unshare, &[N(0x400_0000)]),
            call("unshare(CLONE_NEWCGROUP)", libc::SYS_unshare, &[N(0x200_0000)]),
            call("unshare(CLONE_NEWTIME)", libc::SYS_unshare, &[N(0x80)]),
        ]),
        &[E::PERM, E::NOSYS, E::NOSPC], "CVE-2026-43284 begins with two namespaces"),
    row("ID-10", "make a process in a new user namespace", Act(namespaces::clone), &[E::PERM, E::NOSPC], "clone(2)"),
    row("ID-11", "clone with flags that no filter can read",
        Calls(&[call("clone3", libc::SYS_clone3, &[N(0), N(0)])]), &[E::NOSYS, E::PERM], "clone3(2)"),
    row("ID-12", "be allowed a user namespace by the kernel", Act(identity::limit_of_namespaces), &[],
        "a second wall behind the filter"),
    row("ID-13", "enter a namespace by its file", Act(namespaces::enter), &[E::PERM], "setns(2)"),
    row("ID-14", "walk from namespace to namespace",
        Ioctls(On::Namespace("pid"), &[("NS_GET_USERNS", 0xb701, N(0)), ("NS_GET_PARENT", 0xb702, N(0))]),
        &[E::NOTTY, E::PERM], "ioctl_nsfs(2)"),
    row("ID-15", "take the network namespace out of a socket",
        Ioctls(On::Socket, &[("SIOCGSKNS", 0x894c, N(0))]), &[E::NOTTY, E::PERM], "ioctl(2)").capable(),
    row("ID-16", "trace the box's first process",
        Calls(&[call("ptrace(PTRACE_SEIZE)", libc::SYS_ptrace, &[N(0x4206), K("INIT"), N(0), N(0)])]),
        &[E::PERM, E::SRCH, E::NOSYS], "ptrace(2)"),
    row("ID-17", "make memory executable by a personality",
        Calls(&[call("personality(READ_IMPLIES_EXEC)", libc::SYS_personality, &[N(0x40_0000)])]),
        &[E::PERM, E::NOSYS, E::INVAL], "personality(2)"),
    row("ID-19", "be root on the host", Act(identity::kernel_root), &[],
        "user 0 of the host may write its settings without a capability"),
    row("ID-24", "hand a keyring to the parent",
        Calls(&[call("keyctl(KEYCTL_SESSION_TO_PARENT)", libc::SYS_keyctl, &[N(18), N(0), N(0), N(0), N(0)])]),
        &[E::PERM, E::NOSYS], "CVE-2024-42318"),
    row("ID-26", "decide over other processes' system calls",
        Calls(&[call("seccomp(NEW_LISTENER)", libc::SYS_seccomp, &[N(1), N(8), N(0)])]),
        &[E::INVAL, E::BUSY, E::PERM, E::NOSYS], "seccomp_unotify(2)"),
    row("SV-03", "write the memory of the box's first process",
        Act(calls::write_memory),
        &[E::PERM, E::NOSYS, E::SRCH], "process_vm_readv(2)"),
];
