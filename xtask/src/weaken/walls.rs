//! The walls, and who notices that one is gone.

use std::fmt;

/// Walls that are left out together, mostly one.
pub(super) struct Wall {
    /// Their names in the code (`drybox_sys::wall`), with `+` between.
    pub(super) names: String,
    pub(super) users: Users,
    pub(super) without: Without,
    /// Tests of `crates/drybox/tests/it`, of which one fails then.
    pub(super) tests: &'static [&'static str],
    /// What it covers, when not every kernel has that.
    pub(super) covers: Option<&'static str>,
    /// Tried in the quick run too.
    pub(super) quick: bool,
    /// Why two are left out together, or why one user is not asked.
    note: &'static str,
}

/// Whose boxes have the wall, or show that it is gone.
#[derive(Clone, Copy)]
pub(super) enum Users {
    Both,
    Root,
    User,
}

impl Users {
    pub(super) const fn has(self, root: bool) -> bool {
        match self {
            Self::Both => true,
            Self::Root => root,
            Self::User => !root,
        }
    }
}

/// What there is when the wall is not.
#[derive(Clone, Copy)]
pub(super) enum Without {
    AWayOut,
    /// The kernel needs it for what comes later.
    NothingStarts,
}

impl Wall {
    fn new(row: &Row) -> Self {
        Self {
            names: row.names.into(),
            users: row.users,
            without: if row.tests.is_empty() { Without::NothingStarts } else { Without::AWayOut },
            tests: row.tests,
            covers: None,
            quick: row.quick,
            note: row.note,
        }
    }

    fn mask(path: &'static str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self {
            names: format!("mask-{name}"),
            users: Users::Both,
            without: Without::AWayOut,
            tests: &[PROC],
            covers: Some(path),
            quick: name == "cmdline",
            note: "",
        }
    }

    fn call(name: &str, tests: &'static [&'static str]) -> Self {
        Self {
            names: format!("seccomp:{name}"),
            users: Users::Both,
            without: Without::AWayOut,
            tests,
            covers: None,
            quick: name == "ioctl",
            note: "",
        }
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.users {
            Users::Both => "both",
            Users::Root => "root",
            Users::User => "user",
        };
        let noticed = match self.without {
            Without::AWayOut => self.tests.join(" "),
            Without::NothingStarts => "nothing starts".into(),
        };
        write!(out, "{:<42} {who} {noticed}", self.names)?;
        if self.note.is_empty() { Ok(()) } else { write!(out, " ({})", self.note) }
    }
}

/// Every wall.
pub(super) fn all() -> Vec<Wall> {
    let rows = WALLS.iter().map(Wall::new);
    let masks = MASKS.iter().map(|path| Wall::mask(path));
    let calls = CALLS.iter().map(|(name, tests)| Wall::call(name, tests));
    rows.chain(masks).chain(calls).collect()
}

struct Row {
    names: &'static str,
    users: Users,
    /// Empty: nothing starts.
    tests: &'static [&'static str],
    quick: bool,
    note: &'static str,
}

const fn both(names: &'static str, tests: &'static [&'static str]) -> Row {
    Row { names, users: Users::Both, tests, quick: false, note: "" }
}

impl Row {
    const fn quick(mut self) -> Self {
        self.quick = true;
        self
    }

    const fn of(mut self, users: Users, note: &'static str) -> Self {
        self.users = users;
        self.note = note;
        self
    }

    const fn because(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

const WALLS: &[Row] = &[
    both("user-namespace", &[]),
    both("mount-namespace", &[]),
    both("pid-namespace", &[]),
    both(
        "network-namespace",
        &["walls::namespaces::there_is_no_network_and_no_socket_of_the_host"],
    )
    .quick(),
    both("ipc-namespace", &[NAMESPACES]),
    both("uts-namespace", &[NAMESPACES]),
    both("cgroup-namespace", &[NAMESPACES]),
    both("host-root", &["walls::filesystem::the_hosts_files_are_not_there"]).quick(),
    both("root-read-only", &[MOUNTS]).quick(),
    both("root-nosuid", &[MOUNTS]),
    both("root-nodev", &[MOUNTS]),
    both("root-noexec", &[MOUNTS]),
    both("scratch-nosuid", &[MOUNTS]),
    both("scratch-nodev", &[MOUNTS]),
    both("terminals-nosuid", &[MOUNTS]),
    both("terminals-noexec", &[MOUNTS]),
    both("proc-read-only", &[PROC]).quick(),
    both("proc-nosuid", &[MOUNTS]),
    both("proc-nodev", &[MOUNTS]),
    both("proc-noexec", &[MOUNTS]),
    both("overlay", &["walls::filesystem::a_read_only_share_leads_to_no_process_of_the_host"])
        .quick(),
    both("share-nosuid", &["walls::shares::a_share_gives_no_set_user_id_and_no_device"]),
    both("share-nodev", &["walls::shares::a_share_gives_no_set_user_id_and_no_device"]),
    both("view-nosuid", &[MOUNTS]),
    both("view-nodev", &[MOUNTS]),
    both("same-file", &["walls::shares::a_source_that_is_swapped_for_a_link_leads_nowhere_else"])
        .of(Users::User, "real root takes the tree from the descriptor that it looked at"),
    both("propagation", &["walls::shares::root_only::what_is_mounted_later_stays_outside"])
        .of(Users::Root, "only root can mount on the host, and watch"),
    both("setgroups", &[]).of(Users::User, "real root's payload has no groups to give up"),
    both("groups", &["walls::identity::root_only::the_callers_groups_do_not_enter"])
        .of(Users::Root, "a user's child may not change them"),
    both("id-range", &["walls::identity::root_only::no_process_of_a_box_is_root_on_the_host"])
        .of(Users::Root, "a user has one id"),
    both("non-dumpable", &[PROC])
        .of(Users::User, "real root's change of ids does it a second time"),
    both("coredump-filter", &[PRIVILEGES]),
    both("core-limit", &[PRIVILEGES]),
    both(
        "death-signal+lifeline",
        &["walls::leaks::a_payload_that_reads_nothing_dies_with_the_supervisor"],
    )
    .because("either ends the box"),
    both("user-namespace-limit", &["launch_faults::payload::an_undisturbed_run_has_every_wall"]),
    both("session", &["walls::namespaces::processes_of_the_host_are_out_of_reach"]),
    both("init-name", &[PROC]),
    both("command-line", &[PROC]),
    both("umask", &["walls::identity::the_callers_umask_and_signals_do_not_enter"]),
    both("keyring+seccomp:keyctl", &["walls::identity::no_key_of_the_callers_session_is_found"])
        .because("the filter refuses keyctl, so that the keyring alone shows nothing"),
    both("descriptors", &["walls::descriptors::what_the_caller_has_open_is_closed_inside"]).quick(),
    both("no-new-privileges", &[]),
    both("securebits", &[PRIVILEGES]),
    both("bounding-set", &[PRIVILEGES]).quick(),
    both("capabilities", &["walls::identity::init_has_no_capability"]),
    both(
        "landlock-scopes+network-namespace",
        &["walls::namespaces::no_abstract_socket_of_the_host_is_reached"],
    )
    .because("abstract sockets are the network namespace's too; the test takes either's answer"),
    both("seccomp", &[PRIVILEGES]).quick(),
    both("set-id-filter", &["walls::shares::no_set_user_id_file_is_made_in_a_share"]),
    both(
        "raw-input",
        &["walls::descriptors::a_file_on_standard_input_can_be_read_and_nothing_else"],
    ),
    both(
        "raw-output",
        &["walls::descriptors::a_log_on_standard_output_is_written_and_nothing_else"],
    ),
    both("environment", &["walls::descriptors::no_variable_of_the_caller_enters"]).quick(),
    both("limit-pids", &["limits::processes::forks_end_at_the_limit"])
        .of(Users::User, "real root has a cgroup, which keeps it"),
    both("limit-oom", &[DEFAULTS]),
    both("limit-scratch", &["limits::scratch_space_is_limited_in_bytes_and_files"]),
    both("limit-sigpending", &[DEFAULTS]),
    both("limit-msgqueue", &[DEFAULTS]),
    both("limit-inotify-watches", &[DEFAULTS]),
    both("limit-inotify-instances", &[DEFAULTS]),
    both("watchdog", &["limits::memory::a_heap_beyond_the_limit_ends_the_box"])
        .of(Users::User, "real root has a cgroup, which keeps it"),
    both("cgroup", &["limits::cgroups::root_only::a_box_is_in_its_cgroups_and_they_go_with_it"])
        .of(Users::Root, "a user has no cgroup to give, here"),
    both("relay-filter", &[RELAY]).quick(),
    both("relay-capabilities", &[RELAY]).of(Users::Root, "a user's relay has none to give up"),
    both(
        "relay-descriptors",
        &["egress::process::root_only::the_relay_has_nothing_of_the_caller_open"],
    )
    .of(Users::Root, "only root sees what a process that is not dumpable has open"),
    both("inner-addresses", &["egress::attempts::a_name_that_leads_inside_is_refused"]).quick(),
    both(
        "own-addresses",
        &["egress::attempts::root_only::a_name_that_leads_to_this_machine_is_refused"],
    )
    .of(Users::Root, "it takes a network namespace of the test's own"),
    both(
        "terminal-filter",
        &["terminal::shows::what_would_reach_the_users_machine_is_withheld_and_told"],
    ),
];

/// The rows of `crates/jail/src/plan/proc.rs`.
const MASKS: &[&str] = &[
    "/proc/keys",
    "/proc/key-users",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/interrupts",
    "/proc/softirqs",
    "/proc/irq",
    "/proc/acpi",
    "/proc/scsi",
    "/proc/asound",
    "/proc/bus",
    "/proc/driver",
    "/proc/fs",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/modules",
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/pressure",
    "/proc/sys/kernel/random/boot_id",
];

/// Rows of the filter's table that stand for the rest: of each kind the calls that a payload would
/// begin with, and that no missing capability would refuse anyway. The whole table is tested by an interpreter (`crates/jail/src/seccomp/tests.rs`).
const CALLS: &[(&str, &[&str])] = &[
    ("architecture", &["walls::identity::a_call_with_another_architectures_number_kills"]),
    ("ioctl", &[MOUNT_TABLE_READ_ONLY]),
    ("clone", &[PRIVILEGES]),
    ("clone3", &[PRIVILEGES]),
    ("unshare", &[PRIVILEGES]),
    ("setns", &[PRIVILEGES]),
    ("socket", &["walls::namespaces::there_is_no_network_and_no_socket_of_the_host"]),
    ("keyctl", &[PRIVILEGES]),
    ("kcmp", &[PRIVILEGES]),
    ("personality", &[PRIVILEGES]),
    ("pidfd_getfd", &[PRIVILEGES]),
    ("fsopen", &[MOUNTS]),
    ("open_tree", &[MOUNTS]),
    ("name_to_handle_at", &[MOUNTS]),
];

const DEFAULTS: &str = "limits::the_defaults_are_in_force_and_the_hosts_stay_as_they_are";
const NAMESPACES: &str = "walls::namespaces::every_namespace_is_another";
const MOUNTS: &str = "walls::filesystem::mounts_stand_as_designed_and_cannot_be_moved";
const MOUNT_TABLE_READ_ONLY: &str = "walls::filesystem::what_is_there_cannot_be_changed";
const PROC: &str = "walls::proc::proc_tells_of_the_sandbox_and_is_read_only";
const PRIVILEGES: &str = "walls::identity::the_payload_has_no_privilege_and_gets_none";
const RELAY: &str = "egress::process::the_relay_has_nothing_but_sockets_and_a_filter";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// All source text below a directory of the checkout.
    fn text_of(directory: &Path) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                text.push_str(&text_of(&path));
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
        text
    }

    fn source(rooms: &[&str]) -> String {
        rooms.iter().map(|room| text_of(&crate::shell::checkout().join(room))).collect()
    }

    /// Every name that is marked in the code as a wall.
    fn marked() -> BTreeSet<String> {
        let text = source(&["crates/sys/src", "crates/jail/src", "crates/run/src"]);
        let after = |mark: &'static str| text.split(mark).skip(1);
        let names = after("wall!(").chain(after("is_gone("));
        names
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
            .filter(|name| !name.starts_with("seccomp:"))
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn every_marked_wall_is_in_the_table_and_every_row_is_marked() {
        let mut marked = marked();
        marked.extend(["seccomp", "set-id-filter"].map(ToOwned::to_owned));
        // A row of the limits' table is a wall of its name. Of the first four few callers have more
        // than a box may take, so that nobody would notice; memory is the watchdog's.
        let limits = source(&["crates/jail/src/limits"]);
        let ids = limits.split("    row(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let ids = ids.filter(|id| !["nice", "rtprio", "nofile", "memlock", "memory"].contains(id));
        marked.extend(ids.map(|id| format!("limit-{id}")));
        let listed: BTreeSet<String> = WALLS
            .iter()
            .flat_map(|row| row.names.split('+'))
            .filter(|name| !name.starts_with("seccomp:"))
            .map(ToOwned::to_owned)
            .collect();
        assert_eq!(listed, marked);
    }

    #[test]
    fn every_mask_and_call_is_a_row_of_the_jails_tables() {
        let masks = source(&["crates/jail/src/plan"]);
        let rows: Vec<&str> = masks.split("(c\"/proc/").skip(1).collect();
        assert_eq!(rows.len(), MASKS.len());
        for path in MASKS {
            assert!(masks.contains(&format!("(c\"{path}\")")), "{path}");
        }
        let table = source(&["crates/jail/src/seccomp/table"]);
        for (name, _) in CALLS.iter().filter(|(name, _)| *name != "architecture") {
            assert!(table.contains(&format!("\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn every_test_that_is_to_notice_is_there_and_names_are_unique() {
        let tests = source(&["crates/drybox/tests/it"]);
        let walls = all();
        for test in walls.iter().flat_map(|wall| wall.tests) {
            let name = test.rsplit("::").next().unwrap();
            assert!(tests.contains(&format!("fn {name}()")), "{test}");
        }
        let names: BTreeSet<&String> = walls.iter().map(|wall| &wall.names).collect();
        assert_eq!(names.len(), walls.len());
        assert!(walls.iter().all(|wall| !wall.names.contains('/')));
    }
}
