//! Kernels that lack a system call, or refuse it: the wall that is missing, why, and what helps.

use drybox_testkit::{Fault, TestEnv, Trace, is_root, testdata};

use super::{misses, rows, wall};
use crate::launch_faults::contained;

/// What a kernel answers to these calls every time, and what is said.
struct Kernel {
    calls: &'static str,
    errno: &'static str,
    wall: &'static str,
    why: &'static str,
    fix: &'static str,
}

const fn kernel(
    calls: &'static str,
    errno: &'static str,
    wall: &'static str,
    why: &'static str,
    fix: &'static str,
) -> Kernel {
    Kernel { calls, errno, wall, why, fix }
}

const OLD: &str = "does not have a system call that it needs";
const NEWER: &str = "use Linux 6.1 or newer";

#[rustfmt::skip] // one row a line
const KERNELS: &[Kernel] = &[
    kernel("clone3", "ENOSYS", "user-namespace", "has no clone3", NEWER),
    kernel("clone3", "EPERM", "user-namespace", "user namespaces are refused here", "--security-opt seccomp=unconfined"),
    kernel("clone3", "ENOSPC", "user-namespace", "a limit on namespaces is reached", "sysctl -a --pattern"),
    kernel("clone3", "EAGAIN", "user-namespace", "the user's limit on processes is reached", "ulimit -u"),
    kernel("clone3", "EINVAL", "user-namespace", "built without one of the namespaces", "CONFIG_USER_NS"),
    kernel("fsopen", "ENOSYS", "root", OLD, NEWER),
    kernel("mount_setattr", "ENOSYS", "root", OLD, NEWER),
    kernel("open_tree", "ENOSYS", "system", OLD, NEWER),
    kernel("openat2", "ENOSYS", "shares", OLD, NEWER),
    kernel("pivot_root", "EPERM", "mount-namespace", "(pivot_root)", ""),
    kernel("socket", "EPERM", "loopback", "loopback interface could not be brought up", ""),
    kernel("sethostname", "EPERM", "uts-namespace", "the host name could not be set", ""),
    kernel("capset", "EPERM", "capabilities", "capabilities could not be dropped", ""),
    kernel("close_range", "ENOSYS", "descriptors", OLD, NEWER),
    kernel("landlock_restrict_self", "EPERM", "landlock", "landlock's scopes could not be set", ""),
    kernel("seccomp", "ENOSYS", "seccomp", "the kernel has no seccomp", "CONFIG_SECCOMP_FILTER"),
    kernel("setsid", "EPERM", "launch", "no session could be made", ""),
];

#[test]
fn a_call_that_is_missing_is_told_as_the_wall_that_it_costs() {
    let env = TestEnv::new();
    let log = env.root().join("strace");
    for Kernel { calls, errno, wall: id, why, fix } in KERNELS {
        // Real root takes and maps the trees of shares before there is a child.
        let id = match (*calls, is_root()) {
            ("mount_setattr" | "open_tree", true) => "shares",
            _ => id,
        };
        let fault = Fault { call: calls, errno, nth: 0 };
        let args = ["doctor", "--json"];
        let done = contained(&env, |run| run.launch_failing(fault, &log), &args).run();
        assert!(Trace::read(&log).was_injected(), "{calls} {errno}");
        misses(&done, id, why, fix);
        // What stands behind the missing one was not tried, and is not claimed.
        let claimed: Vec<_> = rows(&done, "walls").into_iter().filter(|row| row.in_force).collect();
        assert!(claimed.is_empty(), "{calls} {errno}: {claimed:?}");
        assert!(rows(&done, "limits").iter().any(|row| row.state == "untried"));
    }
    env.expect_no_stray_process();
}

#[test]
fn a_kernel_without_landlock_is_ready_and_weaker() {
    let env = TestEnv::new();
    let log = env.root().join("strace");
    for errno in ["ENOSYS", "EOPNOTSUPP"] {
        let fault = Fault { call: "landlock_create_ruleset", errno, nth: 0 };
        let args = ["doctor", "--json"];
        let run = contained(&env, |run| run.launch_failing(fault, &log), &args);
        let done = run.run().expect_code(0);
        assert!(Trace::read(&log).was_injected());
        let row = wall(&done, "landlock");
        assert_eq!((row.state.as_str(), row.in_force), ("weaker", true), "{row:?}");
        assert!(row.why.contains("no Landlock scopes") && row.fix.contains("Linux 6.12"));
        let others = rows(&done, "walls");
        assert!(others.iter().all(|row| row.id == "landlock" || row.state == "in_force"));
    }
}

#[test]
fn every_namespace_is_tried_alone_when_all_together_are_refused() {
    let env = TestEnv::new();
    let log = env.root().join("strace");
    // The first clone3 is the box; those after it are the tries.
    for (nth, state) in [(1, "untried"), (0, "not_in_force")] {
        let fault = Fault { call: "clone3", errno: "EPERM", nth };
        let args = ["doctor", "--json"];
        let done = contained(&env, |run| run.launch_failing(fault, &log), &args).run();
        for kind in ["mount", "pid", "network", "ipc", "uts", "cgroup"] {
            let row = wall(&done, &format!("{kind}-namespace"));
            assert_eq!(row.state, state, "{nth}: {row:?}");
        }
    }
}

#[test]
fn the_page_says_what_these_kernels_are_told() {
    let page = std::fs::read_to_string(testdata("docs/doctor.md")).unwrap();
    for Kernel { calls, errno, wall, .. } in KERNELS {
        let row = page.lines().any(|line| {
            line.contains(&format!("`{calls}`")) && line.contains(errno) && line.contains(wall)
        });
        assert!(row, "docs/doctor.md has no line for {calls} {errno} {wall}");
    }
}
