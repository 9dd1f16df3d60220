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
    String::from_utf8_lossy(&bytes).lines().map(ToOwned::to_owned).collect()
}

fn mentions(pid: u32, marker: &[u8]) -> bool {
    let dir = Path::new("/proc").join(pid.to_string());
    ["cmdline", "environ"].iter().any(|file| {
        let bytes = std::fs::read(dir.join(file)).unwrap_or_default();
        bytes.windows(marker.len().max(1)).any(|window| window == marker)
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
    let command = String::from_utf8_lossy(&command).trim_end_matches('\0').replace('\0', " ");
    Some(Process { pid, parent, state, command })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_found_by_its_arguments_and_by_its_environment() {
        let marker = format!("marker-{}-a", std::process::id());
        let mut by_argument = Command::new("/bin/sh");
        let mut by_environment = Command::new("/bin/sh");
        by_argument.args(["-c", "read wait", &marker]);
        by_environment.args(["-c", "read wait"]).env("X", &marker);
        for command in [&mut by_argument, &mut by_environment] {
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            let found = appearing(marker.as_bytes());
            let of = |process: &Process| (process.pid, process.parent);
            assert_eq!(
                found.iter().map(of).collect::<Vec<_>>(),
                [(child.id(), std::process::id())]
            );
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(processes_mentioning(marker.as_bytes()), []);
        }
    }

    /// A process that was just started has no arguments yet.
    fn appearing(marker: &[u8]) -> Vec<Process> {
        let looks = (0..1000).map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            processes_mentioning(marker)
        });
        looks.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    #[test]
    fn our_mounts_have_a_root() {
        assert!(mounts_now().iter().any(|line| line.split(' ').nth(4) == Some("/")));
        assert_eq!(mounts_now(), mounts_of(std::process::id()));
    }
}
