//! How many system calls a launch makes, by phase and name: exact, so that a call more is seen.
//!
//! The host is a made-up one, for what the launch does depends on what the host has: an empty root
//! with a user's own `/proc` and `/dev`. `DRYBOX_BLESS=1` writes the table anew.

use std::collections::BTreeMap;
use std::fmt::Write;

use drybox_testkit::{Call, Run, TestEnv, Trace, drybox_bin, expect_golden, require};

/// An empty host with nothing but drybox on it, in `/work`, which is empty; drybox's folder of boxes
/// is not there yet.
fn on_an_empty_host(env: &TestEnv) -> Run {
    let mut run = env.command(require("bwrap")).args(["--unshare-user", "--tmpfs", "/"]);
    for dir in ["/etc", "/sys", "/tmp", "/work", "/usr/bin", "/home"] {
        run = run.args(["--dir", dir]);
    }
    run = run.arg("--ro-bind").arg(drybox_bin()).arg("/usr/bin/drybox");
    run.args(["--symlink", "usr/bin", "/bin", "--bind", "/proc", "/proc"])
        .args(["--dev-bind", "/dev", "/dev", "--chdir", "/work"])
        .args(["--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/home"])
        .arg("/usr/bin/drybox")
}

/// The phases of a launch, as a trace tells them apart.
struct Phases<'a> {
    before_clone: Vec<&'a Call>,
    stage: Vec<&'a Call>,
    to_payload: Vec<&'a Call>,
    payload: Vec<&'a Call>,
}

impl<'a> Phases<'a> {
    /// The C library's and Rust's start, which is not ours, is left out, and what follows the clone
    /// in the parent: how often it waits depends on timing.
    fn of(trace: &'a Trace) -> Self {
        let ours = trace.calls().iter().skip_while(|call| {
            !(call.name == "execve" && call.line.contains("\"/usr/bin/drybox\", \"run\""))
        });
        let ours: Vec<&Call> = ours.collect();
        // The surroundings' own process waits meanwhile.
        let outer = trace.calls().first().unwrap().pid;
        let mut processes: Vec<u32> = Vec::new();
        for call in &ours {
            if call.pid != outer && !processes.contains(&call.pid) {
                processes.push(call.pid);
            }
        }
        let [parent, child, payload]: [u32; 3] = processes.try_into().unwrap();
        let of = |pid| ours.iter().copied().filter(move |call| call.pid == pid);
        let until = |calls: &mut dyn Iterator<Item = &'a Call>, last: &str| {
            let mut taken = Vec::new();
            for call in calls {
                taken.push(call);
                if call.name == last {
                    break;
                }
            }
            taken
        };
        let before_clone = &mut of(parent).skip_while(|call| call.name != "geteuid");
        let (stage, payload) = (&mut of(child), &mut of(payload));
        Self {
            before_clone: until(before_clone, "clone3"),
            stage: until(stage, "seccomp"),
            to_payload: until(stage, "clone"),
            payload: until(payload, "execve"),
        }
    }
}

/// The table, what depends on the kernel taken out: its capabilities, and what its `/proc` has.
fn table(phases: &Phases<'_>) -> String {
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap();
    let capabilities = last.trim().parse::<usize>().unwrap() + 1;
    let mut text = String::new();
    for (title, calls) in [
        ("before the clone", &phases.before_clone),
        ("the child's stage", &phases.stage),
        ("init, to the payload's clone", &phases.to_payload),
        ("the payload, to its exec", &phases.payload),
    ] {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for call in calls {
            *counts.entry(call.name.as_str()).or_default() += 1;
        }
        let mut rows = String::new();
        let mut fixed = 0;
        for (call, count) in counts {
            let (count, kernels) = match call {
                // The child mounts by descriptor; mount(2) itself only covers paths of /proc.
                "mount" => (0, " + 1 a mask"),
                "prctl" if count > capabilities => (count - capabilities, " + 1 a capability"),
                _ => (count, ""),
            };
            fixed += count;
            writeln!(rows, "  {call} {count}{kernels}").unwrap();
        }
        write!(text, "{title}: {fixed}\n{rows}").unwrap();
    }
    text
}

mod user_only {
    use super::*;

    #[test]
    fn a_launch_makes_exactly_these_system_calls() {
        let env = TestEnv::new();
        let log = env.root().join("strace");
        let run = on_an_empty_host(&env).args(["run", "--", "/bin/drybox", "--version"]);
        let done = run.traced(&log).run().expect_code(0);
        assert!(done.stdout.starts_with("drybox "), "{}", done.stdout);
        let trace = Trace::read(&log);
        let phases = Phases::of(&trace);
        let golden = format!("crates/drybox/tests/golden/launch-{}.txt", std::env::consts::ARCH);
        expect_golden(golden, &table(&phases));
        // Whoever allocates grows the heap sooner or later; `no_std` without `alloc` forbids it.
        for call in phases.stage.iter().chain(&phases.to_payload) {
            assert!(!["brk", "mmap", "munmap"].contains(&call.name.as_str()), "{}", call.line);
        }
    }
}
