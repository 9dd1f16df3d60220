//! Kernels that lack a system call, or refuse it: a table of what is promised.

use std::path::Path;

use drybox_testkit::{Fault, TestEnv, Trace, is_root};

use super::payload::{Walls, args, judge};
use super::{contained, each};

/// A kernel, by what it answers to these calls every time, and what drybox says.
struct Kernel {
    calls: &'static str,
    errno: &'static str,
    /// A part of the error, or of the note when the run goes on.
    told: &'static str,
    goes_on: bool,
}

const fn refuses(calls: &'static str, errno: &'static str, told: &'static str) -> Kernel {
    Kernel { calls, errno, told, goes_on: false }
}

const fn goes_on(calls: &'static str, errno: &'static str, told: &'static str) -> Kernel {
    Kernel { calls, errno, told, goes_on: true }
}

const NEWER: &str =
    "use Linux 6.1 or newer, or the container with --security-opt seccomp=unconfined";

const KERNELS: &[Kernel] = &[
    refuses("clone3", "ENOSYS", "no namespaces could be made (clone3)"),
    refuses("clone3", "EPERM", "user namespaces are refused here"),
    refuses("clone3", "ENOSPC", "a limit on namespaces is reached"),
    refuses("clone3", "EAGAIN", "the user's limit on processes is reached"),
    refuses("clone3", "EINVAL", "the kernel was built without one of the namespaces"),
    refuses("socket", "EPERM", "the loopback interface could not be brought up"),
    refuses("openat2", "ENOSYS", NEWER),
    refuses("fsopen", "ENOSYS", NEWER),
    refuses("fsmount", "ENOSYS", NEWER),
    refuses("fsconfig", "ENOSYS", NEWER),
    refuses("open_tree", "ENOSYS", NEWER),
    refuses("move_mount", "ENOSYS", NEWER),
    refuses("mount_setattr", "ENOSYS", NEWER),
    refuses("close_range", "ENOSYS", NEWER),
    refuses("seccomp", "ENOSYS", "the kernel has no seccomp"),
    refuses("seccomp", "EINVAL", "the seccomp filter could not be loaded"),
    refuses("pivot_root", "EPERM", "the host's root could not be left (pivot_root)"),
    refuses("capset", "EPERM", "capabilities could not be dropped"),
    refuses("sethostname", "EPERM", "the host name could not be set"),
    refuses("landlock_create_ruleset", "EPERM", "landlock's scopes could not be set"),
    refuses("landlock_restrict_self", "EPERM", "landlock's scopes could not be set"),
    goes_on(
        "landlock_create_ruleset,landlock_add_rule,landlock_restrict_self",
        "ENOSYS",
        "note: this kernel has no Landlock scopes: one wall fewer\n",
    ),
    goes_on(
        "landlock_create_ruleset",
        "EOPNOTSUPP",
        "note: this kernel has no Landlock scopes: one wall fewer\n",
    ),
    goes_on("keyctl", "ENOSYS", ""),
    goes_on("kcmp", "ENOSYS", ""),
];

#[test]
fn a_kernel_that_lacks_a_call_gets_its_own_error_and_never_a_weaker_sandbox() {
    let env = TestEnv::new();
    let args = args(&[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let walls = Walls::of(&env.drybox().args(&args).run());
    let log = env.root().join("strace");
    for Kernel { calls, errno, told, goes_on } in KERNELS {
        let fault = Fault { call: calls, errno, nth: 0 };
        let done = contained(&env, |run| run.launch_failing(fault, &log), &args).run();
        let what = format!("{calls} {errno}: {} {}", done.status, done.stderr);
        assert!(Trace::read(&log).was_injected(), "{what}");
        assert_eq!(judge(&done, &walls), Ok(()), "{what}");
        assert_eq!(done.code(), Some(if *goes_on { 0 } else { 125 }), "{what}");
        assert!(done.stderr.contains(told), "{what}");
        assert!(!told.is_empty() || done.stderr.is_empty(), "{what}");
    }
    env.expect_no_stray_process();
}

/// A call that no box is made without, and where its lack is told.
struct Needed {
    call: &'static str,
    /// A part of the error, for an ordinary user and for root; empty: not called then.
    told: (&'static str, &'static str),
}

const fn needed(call: &'static str, told: &'static str) -> Needed {
    Needed { call, told: (told, told) }
}

const fn needed_of(call: &'static str, user: &'static str, root: &'static str) -> Needed {
    Needed { call, told: (user, root) }
}

const TMPFS: &str = "no tmpfs could be mounted";
const FILLED: &str = "the root filesystem could not be filled";
const LEFT: &str = "the host's root could not be left (pivot_root)";
const SHARE: &str = "cannot share ";
const ID: &str = "the user's id could not be mapped";
const RANGE: &str = "root's id range could not be mapped";

/// Every call of the launch that has no second way. What only the C library calls is not here.
const NEEDED: &[Needed] = &[
    needed("openat2", SHARE),
    needed_of("clone", "cannot run /bin/sh", SHARE),
    needed("fsopen", TMPFS),
    needed("fsconfig", TMPFS),
    needed("fsmount", TMPFS),
    needed("move_mount", TMPFS),
    needed_of("open_tree", "a tree of the system could not be mounted: /usr", SHARE),
    needed_of("mount_setattr", "the root filesystem could not be made read-only", SHARE),
    needed("statx", "a device node could not be bound: /dev/null"),
    needed("mount", "a path of /proc could not be covered: proc/keys"),
    needed("pivot_root", LEFT),
    needed("umount2", LEFT),
    needed("fchdir", LEFT),
    needed("chdir", LEFT),
    needed("close_range", "the lifeline could not be arranged"),
    needed("seccomp", "the seccomp filter could not be loaded"),
    needed("capset", "capabilities could not be dropped"),
    needed_of("prctl", ID, RANGE),
    needed_of("setgroups", "", ID),
    needed_of("setresuid", "", RANGE),
    needed_of("setresgid", "", RANGE),
    needed("setsid", "no session could be made"),
    needed("sethostname", "the host name could not be set"),
    needed("setdomainname", "the host name could not be set"),
    needed("socket", "the loopback interface could not be brought up"),
    needed("prlimit64", "a resource limit could not be set"),
    needed("mkdirat", FILLED),
    needed("mknodat", FILLED),
    needed("symlinkat", FILLED),
    needed("execve", "cannot run /bin/sh"),
    needed("pipe2", "no pipe could be made"),
    needed("ppoll", "cannot supervise the sandbox: poll failed"),
    needed("signalfd4", "cannot supervise the sandbox: no descriptor for signals"),
    needed("wait4", "the box's first process failed while the command ran"),
];

/// The supervisor's own calls, every kernel has them: only the box's tell which kernel has.
const OF_SUPERVISOR: &[&str] = &["pipe2", "ppoll", "signalfd4", "wait4"];

#[test]
fn a_call_that_is_missing_or_forbidden_is_told_by_the_step_that_needs_it() {
    let env = TestEnv::new();
    // The steps of the jail; a box for changes would need some of these calls before.
    let args = args(&["--workspace", "ro"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let walls = Walls::of(&env.drybox().args(&args).run());
    let told = |row: &Needed| if is_root() { row.told.1 } else { row.told.0 };
    let called = NEEDED.iter().filter(|row| !told(row).is_empty());
    let rows: Vec<(&Needed, &str)> =
        called.flat_map(|row| ["ENOSYS", "EPERM"].map(|errno| (row, errno))).collect();
    each(&rows, &env, |(row, errno), log: &Path| {
        let Needed { call, .. } = row;
        let fault = Fault { call, errno, nth: 0 };
        let done = contained(&env, |run| run.launch_failing(fault, log), &args).run();
        let newer = *errno == "ENOSYS" && !OF_SUPERVISOR.contains(call) && *call != "seccomp";
        let right = Trace::read(log).was_injected()
            && judge(&done, &walls).is_ok()
            && matches!(done.code(), Some(125 | 126))
            && done.stderr.contains(told(row))
            && (!newer || done.stderr.contains(NEWER));
        if right { Ok(()) } else { Err(format!("{call} {errno}: {} {}", done.status, done.stderr)) }
    });
    env.expect_no_stray_process();
}
