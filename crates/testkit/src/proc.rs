//! Looks into `/proc`: what lives on, what is mounted.

use std::path::Path;

use crate::OrFail;

/// A process, as `/proc` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number in our pid namespace.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// One letter: `R`, `S`, `D`, `T` … (proc_pid_stat(5)). Zombies are never listed.
    pub state: char,
    /// Its arguments, joined by spaces.
    pub command: String,
}

/// Processes whose arguments or environment hold `marker`, the caller aside.
///
/// A process whose environment we may not read (non-dumpable, another user's) is still found by
/// its arguments; a fork that did not exec has those of its parent.
///
/// # Source
/// proc_pid_environ(5), proc_pid_cmdline(5).
#[must_use]
pub fn processes_mentioning(marker: &[u8]) -> Vec<Process> {
    let me = std::process::id();
    let entries = std::fs::read_dir("/proc").or_fail("list /proc");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut found: Vec<Process> = pids
        .filter(|pid| *pid != me && mentions(*pid, marker))
        // A process that has just ended has no stat any more.
        .filter_map(|pid| process(pid).filter(|process| !matches!(process.state, 'Z' | 'X')))
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// The lines of our own mountinfo, in order.
#[must_use]
pub fn mounts_now() -> Vec<String> {
    mounts_of("self")
}

/// The lines of a process's mountinfo: what its mount namespace holds.
///
/// # Source
/// proc_pid_mountinfo(5).
#[must_use]
#[track_caller]
pub fn mounts_of(pid: impl std::fmt::Display) -> Vec<String> {
    let path = format!("/proc/{pid}/mountinfo");
    let bytes = std::fs::read(&path).or_fail(format_args!("read {path}"));
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(ToOwned::to_owned)
        .collect()
}

fn mentions(pid: u32, marker: &[u8]) -> bool {
    let dir = Path::new("/proc").join(pid.to_string());
    ["cmdline", "environ"].iter().any(|file| {
        let bytes = std::fs::read(dir.join(file)).unwrap_or_default();
        bytes
            .windows(marker.len().max(1))
            .any(|window| window == marker)
    })
}

fn process(pid: u32) -> Option<Process> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name, in brackets, may hold anything; what follows the last bracket is numbers.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command)
        .trim_end_matches('\0')
        .replace('\0', " ");
    Some(Process {
        pid,
        parent,
        state,
        command,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_arguments_and_by_its_environment() {
        let marker = format!("marker-{}-a", std::process::id());
        let argument = format!("sleep 100; : {marker}");
        let mut by_argument = std::process::Command::new("/bin/sh");
        let mut by_environment = std::process::Command::new("/bin/sleep");
        by_argument.args(["-c", &argument]);
        by_environment.arg("100").env("X", &marker);
        for command in [&mut by_argument, &mut by_environment] {
            let mut child = command.spawn().unwrap();
            let found = processes_mentioning(marker.as_bytes());
            // The shell's own child has the marker in neither.
            assert!(
                found.iter().any(|process| process.pid == child.id()),
                "{found:?}"
            );
            assert!(
                found
                    .iter()
                    .all(|process| process.parent == std::process::id())
            );
            for child in children_of(child.id()) {
                rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(processes_mentioning(marker.as_bytes()), []);
        }
    }

    fn children_of(pid: u32) -> Vec<rustix::process::Pid> {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = std::fs::read_to_string(path).unwrap();
        let pids = children.split_whitespace().map(|pid| pid.parse().unwrap());
        pids.filter_map(rustix::process::Pid::from_raw).collect()
    }

    #[test]
    fn our_mounts_have_a_root() {
        assert!(
            mounts_now()
                .iter()
                .any(|line| line.split(' ').nth(4) == Some("/"))
        );
        assert_eq!(mounts_now(), mounts_of(std::process::id()));
    }
}
