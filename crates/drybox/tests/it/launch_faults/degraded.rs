//! Kernels that lack a system call, or refuse it: a table of what is promised.

use drybox_testkit::{Fault, TestEnv, Trace};

use super::contained;
use super::payload::{Walls, args, judge};

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
