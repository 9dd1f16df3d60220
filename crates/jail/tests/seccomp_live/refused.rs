//! Calls that are refused whatever their arguments.

use std::collections::BTreeSet;

use drybox_jail::seccomp::{Answer, TABLE, Verdict};

use crate::child::{Outcome, Side, attempt, here};

/// Arguments that no call can use: no descriptor, no address, no known flag. A call that the
/// filter lets through fails, and does nothing.
const NOTHING: [u64; 6] = [u64::MAX; 6];

/// Where those would not do: the kernel would say EPERM for another reason, or take long.
const OTHERWISE: [(&str, [u64; 6]); 3] = [
    // A clock that does not exist, not a CPU clock of a process.
    ("clock_settime", [1000, u64::MAX, 0, 0, 0, 0]),
    ("clock_adjtime", [1000, u64::MAX, 0, 0, 0, 0]),
    // A module without bytes, not one as long as the memory.
    ("init_module", [u64::MAX, 0, u64::MAX, 0, 0, 0]),
];

/// Calls that a kernel may lack: it answers ENOSYS outside too, so that the filter's answer cannot
/// be told from its own.
const KERNEL_MAY_LACK: &[&str] = &[
    // Removed, or never built on 64-bit machines.
    "uselib",
    "sysfs",
    "ustat",
    "getpmsg",
    "putpmsg",
    "afs_syscall",
    "tuxcall",
    "security",
    "set_thread_area",
    "get_thread_area",
    "lookup_dcookie",
    "epoll_ctl_old",
    "epoll_wait_old",
    "vserver",
    "remap_file_pages",
    // Younger than the oldest kernel that drybox runs on, or a matter of its configuration.
    "mount_setattr",
    "quotactl_fd",
    "process_mrelease",
    "memfd_secret",
    "set_mempolicy_home_node",
    "cachestat",
    "futex_wake",
    "futex_wait",
    "futex_requeue",
    "statmount",
    "listmount",
    "lsm_get_self_attr",
    "lsm_set_self_attr",
    "lsm_list_modules",
    "open_tree_attr",
    "file_getattr",
    "file_setattr",
    "listns",
    "rseq_slice_yield",
    "mbind",
    "set_mempolicy",
    "get_mempolicy",
    "migrate_pages",
    "move_pages",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
];

mod both {
    use super::*;

    #[test]
    fn fail_inside_as_the_table_says() {
        for (name, errno) in refused() {
            assert_eq!(attempt(Side::Inside, name, args(name)), Outcome::Errno(errno), "{name}");
        }
    }
}

mod root_only {
    use super::*;

    /// The control: an ordinary user gets EPERM outside as well, from the kernel.
    #[test]
    fn do_or_fail_otherwise_outside() {
        let mut same = BTreeSet::new();
        let mut controls = 0;
        for (name, errno) in refused() {
            let outside = attempt(Side::Outside, name, args(name));
            assert!(!matches!(outside, Outcome::Signal(_)), "{name}: {outside:?}");
            if outside == Outcome::Errno(errno) {
                same.insert(name);
            } else {
                controls += 1;
            }
        }
        let lacking: BTreeSet<&str> = KERNEL_MAY_LACK.iter().copied().collect();
        let unexpected: Vec<&&str> = same.difference(&lacking).collect();
        assert!(unexpected.is_empty(), "not told apart from the kernel (root?): {unexpected:?}");
        assert!(controls >= 45, "{controls} controls");
    }
}

/// The calls of this machine that are always refused, and with which errno.
fn refused() -> Vec<(&'static str, i32)> {
    let mut refused = Vec::new();
    for family in TABLE.iter().flat_map(|families| families.iter()) {
        if let Verdict::Always(Answer::Refuse(errno)) = family.verdict {
            let calls = family.calls.iter().filter(|call| here(call).is_some());
            refused.extend(calls.map(|call| (call.name, errno as i32)));
        }
    }
    assert!(refused.len() > 80, "{} refused calls", refused.len());
    refused
}

fn args(name: &str) -> [u64; 6] {
    OTHERWISE.iter().find(|(other, _)| *other == name).map_or(NOTHING, |(_, args)| *args)
}
