//! Every system call of the launch fails once: parent, child and init.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use drybox_testkit::{Call, Done, Fault, Snapshot, TestEnv, Trace, mounts_now};

use super::payload::{Walls, args, judge};
use super::{contained, each};

/// Calls that are not made to fail, and why: the fault would be one that no kernel has.
const CANNOT_FAIL: &[(&str, &str)] = &[
    ("brk", "it answers with the old end of the heap, never with an error"),
    ("close", "the descriptor is released whatever it answers; an injected one would leak it"),
    ("exit", "it does not come back"),
    ("exit_group", "it does not come back"),
    ("getegid", "getuid(2): these are always successful"),
    ("geteuid", "getuid(2): these are always successful"),
    ("getgid", "getuid(2): these are always successful"),
    ("getpid", "getpid(2): always successful"),
    ("getppid", "getpid(2): always successful"),
    ("gettid", "gettid(2): always successful"),
    ("getuid", "getuid(2): these are always successful"),
    ("kill", "of an own child: only a child that is not there is refused"),
    ("set_tid_address", "always successful"),
    ("umask", "umask(2): always successful"),
];

/// What the first and the last of a call are made to answer.
const ERRORS: &[&str] = &["ENOSYS", "EPERM", "ENOSPC", "EINTR", "EAGAIN"];
/// What those between answer.
const FEWER: &[&str] = &["EPERM", "ENOSPC"];
/// What all answer in the second launch, which differs from the first in a part.
const ONE: &[&str] = &["EPERM"];

type Errors = &'static [&'static str];

/// One call that fails.
#[derive(Debug)]
struct Point {
    call: String,
    nth: u32,
    errno: &'static str,
    /// It is made before `main`, by the C library and Rust's runtime: these abort.
    before_main: bool,
}

impl Point {
    fn all(trace: &Trace, ends: Errors, between: Errors) -> Vec<Self> {
        let mut most: BTreeMap<&str, u32> = BTreeMap::new();
        for of_one in by_process(trace.calls()).values() {
            for (call, count) in counts(of_one.iter().copied()) {
                let known = most.entry(call).or_default();
                *known = count.max(*known);
            }
        }
        let runtime = counts(before_main(trace));
        let wanted =
            most.into_iter().filter(|(call, _)| CANNOT_FAIL.iter().all(|(c, _)| c != call));
        let points = wanted.flat_map(|(call, most)| {
            let before_main = runtime.get(call).copied().unwrap_or_default();
            (1..=most).flat_map(move |nth| {
                let errors = if nth == 1 || nth == most { ends } else { between };
                errors.iter().map(move |errno| Self {
                    call: call.to_owned(),
                    nth,
                    errno,
                    before_main: nth <= before_main,
                })
            })
        });
        points.collect()
    }
}

fn by_process(calls: &[Call]) -> BTreeMap<u32, Vec<&Call>> {
    let mut processes: BTreeMap<u32, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        processes.entry(call.pid).or_default().push(call);
    }
    processes
}

fn counts<'a>(calls: impl Iterator<Item = &'a Call>) -> BTreeMap<&'a str, u32> {
    let mut counts = BTreeMap::new();
    for call in calls {
        let count: &mut u32 = counts.entry(call.name.as_str()).or_default();
        *count += 1;
    }
    counts
}

/// What the C library and Rust's runtime call before `main`, whose first call is geteuid(2).
fn before_main(trace: &Trace) -> impl Iterator<Item = &Call> {
    trace.calls().iter().take_while(|call| call.name != "geteuid")
}

/// Judges one run; how it ended.
fn outcome(point: &Point, done: &Done, trace: &Trace, walls: &Walls) -> Result<(), String> {
    let judged = judge(done, walls);
    if judged.is_ok() {
        return Ok(());
    }
    let quiet = done.stdout.is_empty();
    // The C library and Rust's runtime abort before there is a `main`, and so a sandbox.
    if point.before_main && quiet && !trace.calls().iter().any(|call| call.name == "clone3") {
        return Ok(());
    }
    let injected = |call: &&Call| call.line.ends_with("(INJECTED)");
    let in_message = trace.calls().iter().filter(injected).any(|c| c.line.starts_with("write(2,"));
    // The supervisor copies what the payload prints and says: that is after its launch.
    let parent = trace.calls().first().map(|call| call.pid);
    let launched = trace.calls().iter().skip_while(|call| call.name != "clone3");
    let copying = launched.filter(injected).any(|call| Some(call.pid) == parent);
    match (point.call.as_str(), done.code()) {
        // The same fault met our own error message: each process counts its calls for itself.
        ("write", Some(125..=127)) if in_message => walls.holds_so_far(&done.stdout, ""),
        // Init could not say how the payload ended.
        ("write", Some(125)) if done.stderr.contains("how the command ended was not told") => {
            Ok(())
        }
        // Then the payload may fail as it likes.
        ("read" | "write", Some(0..=124)) if copying => walls.holds_so_far(&done.stdout, ""),
        _ => judged,
    }
}

#[test]
fn a_call_that_fails_ends_in_an_error_or_leaves_every_wall() {
    fail_each(&[], ERRORS, FEWER);
}

#[test]
fn so_it_does_with_a_terminal_and_shares_of_every_kind() {
    let flags = ["-t", "-v", "./d:/x", "-v", "./f:/y:ro", "--tmpfs", "/z", "--shm-size", "1m"];
    fail_each(&flags, ONE, ONE);
}

fn fail_each(flags: &[&str], ends: Errors, between: Errors) {
    let env = TestEnv::new();
    env.write("f", "content");
    env.write("d/f", "content");
    let args = args(flags);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let log = env.root().join("strace");
    let done = contained(&env, |run| run.launch_traced(&log), &args).run();
    let walls = Walls::of(&done);
    let points = Point::all(&Trace::read(&log), ends, between);
    assert!(points.len() > 500, "{}", points.len());
    std::fs::remove_file(&log).unwrap();

    let (mounts, tree) = (mounts_now(), Snapshot::of(env.work()));
    let met = AtomicUsize::new(0);
    each(&points, &env, |point, log: &Path| {
        let Point { call, nth, errno, .. } = point;
        let fault = Fault { call, errno, nth: *nth };
        // A box is for one run at a time.
        let data = log.with_extension("data");
        let run = contained(&env, |run| run.launch_failing(fault, log), &args);
        let run = run.env("XDG_DATA_HOME", data);
        let done = run.limit(Duration::from_secs(20)).run();
        let trace = Trace::read(log);
        met.fetch_add(usize::from(trace.was_injected()), Ordering::Relaxed);
        outcome(point, &done, &trace, &walls)
            .map_err(|told| format!("{call} {nth} {errno}: {told}"))
    });
    // How often the supervisor waits, reads and writes differs from run to run; all else is met.
    let (met, all) = (met.into_inner(), points.len());
    assert!(met * 20 > all * 12, "{met} of {all}");
    env.expect_no_stray_process();
    tree.expect_same(&Snapshot::of(env.work()));
    assert_eq!(mounts, mounts_now());
}
