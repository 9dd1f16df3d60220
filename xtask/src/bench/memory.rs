//! Group `memory`: an idle box, and five hundred at once.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::Scope;
use super::engines::{APART, Engine, PEER};
use super::report::{Group, Line, Over};
use super::stats::Summary;
use crate::failure::Failure;
use crate::shell;

/// A payload that says that it runs, and then only waits.
const IDLE: &[&str] = &["sh", "-c", "echo up; exec sleep 1000"];
const AT_ONCE: usize = 500;

pub(super) fn memory(scope: &Scope) -> Result<Group, Failure> {
    let mut group = Group::new("memory", "a box that does nothing, and many", "", Over::ItOverBase);
    for engine in [&APART, &PEER] {
        if let Err(why) = engine.check(&scope.places)? {
            group.missing.push(format!("{}: {why}", engine.name));
            continue;
        }
        let idle = Boxes::start(engine, scope, 1)?;
        let mut line = |what: &str, value: f64, unit: &str| {
            let name = format!("{}: {what}", engine.name);
            let summary = Summary::once(value);
            group.lines.push(Line { name, unit: unit.into(), summary, ratio: None });
        };
        let (helpers, hidden) = idle.helpers();
        line("supervisor of an idle box, PSS", idle.supervisor(), "KiB");
        let of_all =
            if hidden { "its helpers that may be looked into, PSS" } else { "its helpers, PSS" };
        line(of_all, helpers, "KiB");
        drop(idle);

        // What came before is given back by the kernel a while after it ended.
        std::thread::sleep(Duration::from_secs(2));
        let before = available()?;
        let many = Boxes::start(engine, scope, AT_ONCE)?;
        line(&format!("of {AT_ONCE} at once, running"), count(many.running), "boxes");
        line("until the last of them ran", many.took.as_secs_f64() * 1000.0, "ms");
        line("memory of the machine, a box", (before - available()?) / count(AT_ONCE), "KiB");
        drop(many);
    }
    Ok(group)
}

/// Boxes that are idle; killed when dropped.
struct Boxes {
    children: Vec<Child>,
    running: usize,
    took: Duration,
}

impl Boxes {
    fn start(engine: &Engine, scope: &Scope, count: usize) -> Result<Self, Failure> {
        let begun = Instant::now();
        let mut boxes = Self { children: Vec::new(), running: 0, took: Duration::ZERO };
        for _ in 0..count {
            let Some(mut command) = engine.command(IDLE, &scope.places) else { break };
            let child = command.stdout(Stdio::piped()).spawn();
            boxes.children.push(child.map_err(|source| shell::cannot_start(&command, source))?);
        }
        for child in &mut boxes.children {
            let mut said = [0; 2];
            let up = child.stdout.as_mut().is_some_and(|out| out.read_exact(&mut said).is_ok());
            boxes.running = boxes.running.saturating_add(usize::from(up && said == *b"up"));
        }
        boxes.took = begun.elapsed();
        Ok(boxes)
    }

    fn supervisor(&self) -> f64 {
        self.children.first().and_then(|child| pss(child.id())).unwrap_or_default()
    }

    /// What runs beside the supervisor and the payload, and whether one of them is hidden from us
    /// (a process that is not dumpable, for an ordinary user).
    fn helpers(&self) -> (f64, bool) {
        let mut sum = 0.0;
        let mut hidden = false;
        let mut open: Vec<u32> =
            self.children.iter().flat_map(|child| children(child.id())).collect();
        while let Some(pid) = open.pop() {
            open.extend(children(pid));
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if ["sleep", "sh"].contains(&name.trim_end()) {
                continue;
            }
            match pss(pid) {
                Some(size) => sum += size,
                None => hidden = true,
            }
        }
        (sum, hidden)
    }
}

impl Drop for Boxes {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.kill());
        }
        for child in &mut self.children {
            drop(child.wait());
        }
    }
}

/// Proportional set size in KiB (proc_pid_smaps(5)).
fn pss(pid: u32) -> Option<f64> {
    field(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss:")
}

fn available() -> Result<f64, Failure> {
    let path = std::path::Path::new("/proc/meminfo");
    let text = std::fs::read_to_string(path).map_err(Failure::io("read", path))?;
    Ok(field(&text, "MemAvailable:").unwrap_or_default())
}

fn field(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "55-56 ---p [rollup]\nRss:    2048 kB\nPss_Dirty: 1 kB\nPss:     1024 kB\n";
        assert_eq!(field(text, "Pss:"), Some(1024.0));
        assert_eq!(field(text, "Swap:"), None);
        assert!(pss(std::process::id()).unwrap() > 0.0);
    }
}
