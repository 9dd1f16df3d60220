//! Boxes whose supervisor was killed: the lock of their changes is free at once, their last process
//! is gone some milliseconds later.

use std::time::{Duration, Instant};

/// Waits until no box is left whose supervisor is gone; false: one is there still.
///
/// Init sees its supervisor's end and ends, and is there for others to see until the kernel has ended
/// every process of its namespace (pid_namespaces(7)). Processes of another pid namespace that uses
/// the same folder of boxes cannot be seen.
pub(super) fn are_gone() -> bool {
    let until = Instant::now() + PATIENCE;
    while any_orphan() {
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(TURN);
    }
    true
}

fn any_orphan() -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else { return false };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(look).any(|(name, parent)| {
        // One that a program's own supervisor serves is alive; what calls itself so inside of a box
        // has a parent there.
        name == INIT && !look(parent).is_some_and(|(name, _)| name == INIT || name == OURS)
    })
}

/// A process's name and its parent (proc_pid_stat(5)).
fn look(pid: u32) -> Option<(Vec<u8>, u32)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(&stat)
}

fn parse(stat: &[u8]) -> Option<(Vec<u8>, u32)> {
    let open = stat.iter().position(|&byte| byte == b'(')?;
    // The name may hold brackets itself.
    let close = stat.iter().rposition(|&byte| byte == b')')?;
    let name = stat.get(open.saturating_add(1)..close)?;
    let rest = std::str::from_utf8(stat.get(close.saturating_add(1)..)?).ok()?;
    Some((name.to_vec(), rest.split_whitespace().nth(1)?.parse().ok()?))
}

const INIT: &[u8] = b"drybox-init";
const OURS: &[u8] = b"drybox";
const PATIENCE: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        assert_eq!(parse(b"12 (a) b (c)) S 7 1 1"), Some((b"a) b (c)".to_vec(), 7)));
        assert_eq!(parse(b"12 (a"), None);
        let own = look(std::process::id()).unwrap();
        assert_eq!(own.1, std::os::unix::process::parent_id());
    }
}
