//! What bounds a box, and who keeps it: a table, and one interpreter.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use drybox_spec::Shown;
use rustix::fs::{AtFlags, CWD, Mode, mkdir, unlinkat};
use rustix::io::Errno;

use super::inside::Inside;
use super::walls::inside_mounts;
use super::{Finding, Limit, State, mounts};
use crate::host::Host;

/// One limit.
struct Row {
    id: &'static str,
    what: &'static str,
    kept_by: &'static str,
    seen: Seen,
}

/// How it is found out.
enum Seen {
    /// A line of `/proc/self/limits` inside: the resource, and soft and hard limit.
    Resource(&'static str, &'static str),
    /// An option of the root filesystem, a tmpfs.
    Scratch(&'static str),
    /// Kept when it is asked for, with this flag.
    Asked,
    /// A cgroup of a box's own can be made here.
    Cgroup,
    /// Nobody keeps it; what helps.
    Nobody(&'static str, &'static str),
}

const ROWS: &[Row] = &[
    Row {
        id: "crash-dumps",
        what: "no crash dump, and no helper of the host's for one",
        kept_by: "setrlimit(2)",
        seen: Seen::Resource("Max core file size", "1"),
    },
    Row {
        id: "scratch-bytes",
        what: "bytes in /tmp, /run, /home/agent and /dev/shm together",
        kept_by: "the size of a tmpfs",
        seen: Seen::Scratch("size="),
    },
    Row {
        id: "scratch-files",
        what: "files in them",
        kept_by: "the inodes of a tmpfs",
        seen: Seen::Scratch("nr_inodes="),
    },
    Row {
        id: "time",
        what: "time, with --timeout",
        kept_by: "drybox, which kills the box",
        seen: Seen::Asked,
    },
    Row {
        id: "resources",
        what: "what --ulimit names, for each process",
        kept_by: "setrlimit(2)",
        seen: Seen::Asked,
    },
    Row {
        id: "cgroup",
        what: "a cgroup of a box's own can be made",
        kept_by: "cgroup v2",
        seen: Seen::Cgroup,
    },
    Row {
        id: "memory",
        what: "memory of all its processes",
        kept_by: "",
        seen: Seen::Nobody(
            "nothing adds up what its processes use",
            "--ulimit data=BYTES for each",
        ),
    },
    Row {
        id: "processes",
        what: "how many processes",
        kept_by: "",
        seen: Seen::Nobody("only your own limit counts, for all of yours", "--ulimit nproc=N"),
    },
    Row {
        id: "cpu",
        what: "share of the processors",
        kept_by: "",
        seen: Seen::Nobody(
            "a box may use all of them",
            "--ulimit cpu=SECONDS for each, nice drybox run",
        ),
    },
];

/// Every limit; without a look from inside, what a box would show is not known.
pub(super) fn look(inside: Option<&Inside>, host: &Host<'_>, root: &Path) -> Vec<Limit> {
    ROWS.iter().map(|row| limit(row, inside, host, root)).collect()
}

fn limit(row: &Row, inside: Option<&Inside>, host: &Host<'_>, root: &Path) -> Limit {
    let finding = Finding::new(row.id, row.what, State::InForce);
    let seen = |shows: &dyn Fn(&Inside) -> bool| match inside {
        None => Finding { state: State::Untried, ..finding.clone() },
        Some(inside) if shows(inside) => finding.clone(),
        Some(_) => Finding { state: State::NotInForce, ..finding.clone() }
            .why("the kernel does not show it inside")
            .fix("drybox doctor --json, and report it as a bug of drybox"),
    };
    let finding = match row.seen {
        Seen::Resource(name, value) => seen(&|inside| {
            let lines = inside.section("limits").iter();
            let mut values = lines.filter_map(|line| line.strip_prefix(name));
            values
                .next()
                .is_some_and(|values| values.split_whitespace().take(2).all(|found| found == value))
        }),
        Seen::Scratch(option) => seen(&|inside| {
            let root = inside_mounts(inside).find(|mount| mount.at.as_os_str() == "/");
            root.is_some_and(|root| {
                root.of_filesystem.split(',').any(|found| found.starts_with(option))
            })
        }),
        Seen::Asked => finding,
        Seen::Cgroup => cgroup(finding, host, root),
        Seen::Nobody(why, fix) => Finding { state: State::NotInForce, ..finding }.why(why).fix(fix),
    };
    Limit { finding, kept_by: row.kept_by }
}

const NO_CGROUP_FIX: &str = "systemd-run --user --scope -p Delegate=yes drybox run -- CMD";

fn cgroup(finding: Finding, host: &Host<'_>, root: &Path) -> Finding {
    let none = Finding { state: State::NotInForce, ..finding.clone() }.fix(NO_CGROUP_FIX);
    let Some(own) = own_cgroup(root) else {
        return none.why("this process is in no cgroup v2, or none is mounted");
    };
    // A name of this process's own; another run of doctor has another one.
    let leaf = own.join(format!("drybox-doctor-{}-{}", host.invoker.uid, std::process::id()));
    match try_directory(&leaf) {
        Ok(()) => finding,
        Err(errno) => none.why(format!(
            "no cgroup can be made below {}: {}",
            Shown(own.as_os_str().as_bytes()),
            std::io::Error::from(errno)
        )),
    }
}

/// Makes a directory and removes it: the only way to know is to do it (NFS, LSMs, delegation).
fn try_directory(leaf: &Path) -> Result<(), Errno> {
    mkdir(leaf, Mode::from_raw_mode(0o755))?;
    unlinkat(CWD, leaf, AtFlags::REMOVEDIR)
}

/// The directory of this process's cgroup (cgroups(7)).
fn own_cgroup(root: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = mounts::of_host(root);
    let mount = mounts.iter().find(|mount| mount.kind == "cgroup2")?;
    let below = Path::new(own).strip_prefix(&mount.root).ok()?;
    // A path that climbs out is one of a cgroup outside of this namespace.
    let climbs = below.components().any(|part| part == std::path::Component::ParentDir);
    let at = mount.at.strip_prefix("/").ok()?;
    (!climbs).then(|| root.join(at).join(below))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A host of the test's own: a cgroupfs made of directories.
    fn fixture(cgroup: &str, mount_root: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proc/self")).unwrap();
        fs::create_dir_all(root.path().join("sys/fs/cgroup/user/a")).unwrap();
        fs::write(root.path().join("proc/self/cgroup"), cgroup).unwrap();
        let line = format!("1 2 3:4 {mount_root} /sys/fs/cgroup rw - cgroup2 none rw\n");
        fs::write(root.path().join("proc/self/mountinfo"), line).unwrap();
        root
    }

    fn state(root: &Path) -> Finding {
        let env = |_: &str| None;
        let host = Host::of_process(&env).unwrap();
        cgroup(Finding::new("cgroup", "x", State::InForce), &host, root)
    }

    #[test]
    fn a_cgroup_is_really_made_and_removed() {
        let root = fixture("5:pids:/x\n0::/user/a\n", "/");
        let own = root.path().join("sys/fs/cgroup/user/a");
        assert_eq!(state(root.path()).state, State::InForce);
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
        // The control: where none can be made, the errno and the fix are told.
        fs::remove_dir(&own).unwrap();
        let told = state(root.path());
        assert_eq!(told.state, State::NotInForce);
        assert!(told.why.unwrap().contains("No such file"), "the errno");
        assert_eq!(told.fix.unwrap(), NO_CGROUP_FIX);
    }

    #[test]
    fn a_cgroup_outside_of_what_is_mounted_is_none() {
        for (cgroup, mount_root) in
            [("1:cpu:/\n", "/"), ("", "/"), ("0::/other\n", "/user"), ("0::/../user/a\n", "/")]
        {
            let root = fixture(cgroup, mount_root);
            let told = state(root.path());
            assert_eq!(told.state, State::NotInForce, "{cgroup} {mount_root}");
            assert!(told.why.unwrap().starts_with("this process is in no cgroup v2"));
        }
    }

    #[test]
    fn without_a_box_what_it_would_show_is_not_claimed() {
        let env = |_: &str| None;
        let host = Host::of_process(&env).unwrap();
        let limits = look(None, &host, Path::new("/"));
        let untried = |limit: &&Limit| limit.finding.state == State::Untried;
        assert_eq!(limits.iter().filter(untried).count(), 3);
    }
}
