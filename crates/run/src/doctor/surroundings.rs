//! What is beside the box: drybox's own file, the home, limits and settings of the host. Nothing
//! here decides whether a box starts.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use drybox_spec::{Facts, HostPath, Own, ShellWords, Shown};
use rustix::fs::{Access, access, stat};
use rustix::process::{Resource, getrlimit};

use super::{Finding, State, mounts};
use crate::host::Host;

/// One check.
struct Check {
    id: &'static str,
    what: &'static str,
    /// Why it is weaker and what helps; none: all is well.
    look: fn(&Around<'_>) -> Option<(String, String)>,
}

/// What a check may look at.
struct Around<'a> {
    facts: &'a Facts<'a>,
    host: &'a Host<'a>,
    root: &'a Path,
}

const CHECKS: &[Check] = &[
    Check {
        id: "executable",
        what: "drybox's own file, which only its owner may change",
        look: executable,
    },
    Check { id: "home", what: "a home, for tool chains", look: home },
    Check { id: "namespace-limits", what: "room for more namespaces", look: namespace_limits },
    Check { id: "process-limit", what: "room for more processes", look: process_limit },
    Check {
        id: "ptrace",
        what: "your other programs may not look into drybox (yama)",
        look: ptrace,
    },
    Check { id: "id-range", what: "a range of ids, for images with several users", look: id_range },
    Check { id: "var-tmp", what: "/var/tmp on a disk, for large scratch files", look: var_tmp },
];

pub(super) fn look(facts: &Facts<'_>, host: &Host<'_>, root: &Path) -> Vec<Finding> {
    let around = Around { facts, host, root };
    let row = |check: &Check| {
        let good = Finding::new(check.id, check.what, State::InForce);
        match (check.look)(&around) {
            None => good,
            Some((why, fix)) => Finding { state: State::Weaker, ..good }.why(why).fix(fix),
        }
    };
    CHECKS.iter().map(row).collect()
}

fn executable(around: &Around<'_>) -> Option<(String, String)> {
    let path = around.facts.host.own(Own::Executable)?;
    let mode = stat(path.as_c_str()).ok()?.st_mode;
    writable_or_set_id(mode, &path)
}

fn writable_or_set_id(mode: u32, path: &HostPath) -> Option<(String, String)> {
    const SET_ID: u32 = 0o6000;
    const OTHERS_WRITE: u32 = 0o022;
    let words = ShellWords(&[path.as_bytes()]);
    let shown = Shown(path.as_bytes());
    if mode & SET_ID != 0 {
        return Some((format!("{shown} is set-user-id"), format!("sudo chmod ug-s {words}")));
    }
    (mode & OTHERS_WRITE != 0).then(|| {
        let why = format!("others may write {shown}, and so what guards the next run");
        (why, format!("chmod go-w {words}"))
    })
}

fn home(around: &Around<'_>) -> Option<(String, String)> {
    let Some(home) = &around.host.home else {
        let why = "no home is known: no tool chain can be found";
        return Some((why.to_owned(), "export HOME=/path/to/your/home".to_owned()));
    };
    let errno = access(home.as_c_str(), Access::READ_OK | Access::EXEC_OK).err()?;
    let (shown, words) = (Shown(home.as_bytes()), ShellWords(&[home.as_bytes()]));
    let why = format!(
        "{shown} cannot be read ({}): no tool chain can be found",
        std::io::Error::from(errno)
    );
    Some((why, format!("ls -ld {words}, and make it yours or set HOME")))
}

/// Fewer than this many boxes at once is few.
const FEW: u64 = 64;

fn namespace_limits(around: &Around<'_>) -> Option<(String, String)> {
    ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"].iter().find_map(|kind| {
        let name = format!("user.max_{kind}_namespaces");
        let limit: u64 =
            setting(around.root, &format!("user/max_{kind}_namespaces"))?.parse().ok()?;
        (limit < FEW).then(|| (format!("{name} is {limit}"), format!("sudo sysctl {name}=15000")))
    })
}

fn process_limit(_: &Around<'_>) -> Option<(String, String)> {
    let limit = getrlimit(Resource::Nproc).current.filter(|&limit| limit < FEW)?;
    let why = format!("you may have {limit} processes, those in boxes included");
    Some((why, "ulimit -u unlimited, or raise nproc in /etc/security/limits.conf".to_owned()))
}

fn ptrace(around: &Around<'_>) -> Option<(String, String)> {
    (setting(around.root, "kernel/yama/ptrace_scope")? == "0").then(|| {
        let why = "kernel.yama.ptrace_scope is 0: a program of yours outside of a box may";
        (why.to_owned(), "sudo sysctl kernel.yama.ptrace_scope=1".to_owned())
    })
}

fn id_range(around: &Around<'_>) -> Option<(String, String)> {
    let uid = around.host.invoker.uid;
    if uid == 0 {
        return None;
    }
    let user = (around.host.env)("USER").map(|user| user.as_bytes().to_vec()).unwrap_or_default();
    let uid = uid.to_string();
    let bytes = fs::read(around.root.join("etc/subuid")).unwrap_or_default();
    let mut names =
        bytes.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&b| b == b':').next());
    let has = names.any(|name| !name.is_empty() && (name == user || name == uid.as_bytes()));
    let user = if user.is_empty() { uid.into_bytes() } else { user };
    (!has).then(|| {
        let range = "--add-subuids 100000-165535 --add-subgids 100000-165535";
        let why = "/etc/subuid has no line for you; boxes of the host's programs need none";
        (why.to_owned(), format!("sudo usermod {range} {}", ShellWords(&[user])))
    })
}

fn var_tmp(around: &Around<'_>) -> Option<(String, String)> {
    let mounts = mounts::of_host(around.root);
    let kind = &mounts::holder(&mounts, Path::new("/var/tmp"))?.kind;
    (kind == "tmpfs").then(|| {
        let why = "/var/tmp is a tmpfs: what is put there takes memory";
        (why.to_owned(), "sudo systemctl mask var-tmp.mount, or a disk in /etc/fstab".to_owned())
    })
}

/// Facts of the host, escaped.
pub(super) fn facts(host: &Host<'_>, root: &Path) -> Vec<(&'static str, String)> {
    let shown = |text: &str| Shown(text.trim()).to_string();
    let release = fs::read_to_string(root.join("etc/os-release")).unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let mounts = mounts::of_host(root);
    let workspace = mounts::holder(&mounts, host.cwd.as_path());
    let kernel = setting(root, "kernel/osrelease").unwrap_or_default();
    let mut facts = vec![
        ("kernel", shown(&kernel)),
        ("distribution", shown(name.unwrap_or_default().trim_matches('"'))),
        ("workspace on", shown(workspace.map_or("", |mount| mount.kind.as_str()))),
    ];
    facts.extend(groups(host).map(|groups| ("groups that stay yours inside", groups)));
    facts.extend(around_us(root, &kernel).map(|what| ("inside of", what.to_owned())));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// The supplementary groups: a map of one id cannot drop them (user_namespaces(7)), so that in
/// what is shared their permissions count. Real root's payload has none.
fn groups(host: &Host<'_>) -> Option<String> {
    let groups = rustix::process::getgroups().unwrap_or_default();
    let own = |gid: &u32| *gid != host.invoker.gid;
    let groups: Vec<String> =
        groups.iter().map(|gid| gid.as_raw()).filter(own).map(|gid| gid.to_string()).collect();
    (!groups.is_empty() && !host.invoker.has_range).then(|| groups.join(" "))
}

/// What other container this is in, by the marks that engines leave.
fn around_us(root: &Path, kernel: &str) -> Option<&'static str> {
    const MARKS: &[(&str, &str)] = &[
        (".dockerenv", "a Docker container"),
        ("run/.containerenv", "a podman container"),
        ("run/systemd/container", "a container"),
    ];
    let mark = MARKS.iter().find(|(file, _)| root.join(file).exists());
    match mark {
        Some((_, what)) => Some(what),
        None if kernel.contains("microsoft-standard") => Some("WSL 2"),
        None if kernel.contains("-Microsoft") => Some("WSL 1"),
        None => None,
    }
}

/// A value of sysctl(8).
fn setting(root: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(root.join("proc/sys").join(name)).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests;
