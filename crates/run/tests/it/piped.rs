//! `spawn`: pipes, endings, errors, and what is left when the caller lets go.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use drybox_run::{Child, Host, RunError, Stdio, spawn};
use drybox_spec::{
    Access, BoxPath, Command, Ending, HostPath, Notice, Report as _, SandboxSpec, Share,
    SpecBuilder, ToolChains, Workspace,
};
use drybox_testkit::{TestEnv, processes_mentioning};

use crate::example;

pub(crate) fn builder(command: &[&str]) -> SpecBuilder {
    SandboxSpec::builder(Command::argv(command.iter().copied()).unwrap())
        .workspace(Workspace::Empty)
        .tool_chains(ToolChains::Hidden)
}

pub(crate) fn start(spec: &SandboxSpec, stdio: [Stdio; 3]) -> Result<Child, RunError> {
    let env = |name: &str| std::env::var_os(name);
    spawn(spec, &Host::of_process(&env)?, stdio)
}

/// Runs a shell script and gives what it printed, and how it ended.
pub(crate) fn shell(script: &str) -> (String, Ending) {
    let spec = builder(&["sh", "-c", script]).build();
    let mut child = start(&spec, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    (printed, child.wait().unwrap())
}

#[test]
fn the_example_gives_text_and_takes_text() {
    let answer = example::transform(&["sh", "-c", "sort; echo done >&2"], "b\na\n").unwrap();
    assert_eq!((answer.output.as_str(), answer.complaints.as_str()), ("a\nb\n", "done\n"));
    assert_eq!(answer.ending, Ending::Exited(0));
}

#[test]
fn more_than_a_pipe_holds_goes_through_the_example() {
    let text = "x".repeat(1 << 20);
    let script = "head -c 1048576 /dev/zero >&2; cat";
    let answer = example::transform(&["sh", "-c", script], &text).unwrap();
    assert!(answer.output == text);
    assert_eq!(answer.complaints.len(), 1 << 20);
}

#[test]
fn a_program_that_does_not_read_is_no_error() {
    let answer = example::transform(&["true"], &"x".repeat(1 << 20)).unwrap();
    assert_eq!(answer.ending, Ending::Exited(0));
}

#[test]
fn endings_are_the_payloads() {
    assert_eq!(shell("exit 7").1, Ending::Exited(7));
    assert_eq!(shell("kill -TERM $$").1, Ending::Signalled(15));
}

#[test]
fn nothing_of_the_caller_enters() {
    // cargo sets it for every test: here it is, and inside it is not.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let (printed, ending) = shell("echo ${CARGO_MANIFEST_DIR-unset}; ls /proc/self/fd | wc -l");
    // Three, and the one with which ls reads the directory.
    assert_eq!((printed.as_str(), ending), ("unset\n4\n", Ending::Exited(0)));
}

#[test]
fn a_share_is_seen_and_cannot_be_written() {
    let env = TestEnv::new();
    std::fs::write(env.work().join("file"), "content").unwrap();
    let share = Share {
        source: HostPath::parse(env.work().as_os_str().as_encoded_bytes()).unwrap(),
        target: BoxPath::parse(b"/data").unwrap(),
        access: Access::ReadOnly,
    };
    let script = "cat /data/file; touch /data/file 2>&1";
    let spec = builder(&["sh", "-c", script]).share(share).build();
    let mut child = start(&spec, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(
        printed.starts_with("content") && printed.contains("Read-only file system"),
        "{printed}"
    );
    assert_eq!(child.wait().unwrap(), Ending::Exited(1));
}

#[test]
fn a_program_that_is_not_there_is_told_as_such() {
    let error = start(&builder(&["no-such-program"]).build(), [Stdio::Null; 3]).unwrap_err();
    assert_eq!(error.exit_code(), 127);
    assert_eq!(error.to_string(), "cannot run no-such-program");
    assert!(error.fix().is_some());
}

#[test]
fn the_timeout_ends_a_caller_that_reads() {
    let spec = builder(&["sleep", "1000"]).timeout(Duration::from_millis(300)).build();
    let begun = Instant::now();
    let mut child = start(&spec, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
    let mut printed = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap(), Ending::TimedOut);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_box_that_ends_in_time_is_not_timed_out() {
    let spec = builder(&["true"]).timeout(Duration::from_secs(600)).build();
    let mut child = start(&spec, [Stdio::Null; 3]).unwrap();
    assert_eq!(child.wait().unwrap(), Ending::Exited(0));
    assert_eq!(child.wait().unwrap(), Ending::Exited(0));
}

#[test]
fn a_signal_reaches_the_payload_and_a_kill_the_box() {
    let spec = builder(&["sleep", "1000"]).build();
    let mut child = start(&spec, [Stdio::Null; 3]).unwrap();
    child.signal(15);
    assert_eq!(child.wait().unwrap(), Ending::Signalled(15));
    let mut child = start(&spec, [Stdio::Null; 3]).unwrap();
    child.kill();
    assert_eq!(child.wait().unwrap(), Ending::Killed);
}

#[test]
fn the_end_can_be_polled_for() {
    use rustix::event::{PollFd, PollFlags, poll};
    let spec = builder(&["cat"]).build();
    let mut child = start(&spec, [Stdio::Piped, Stdio::Null, Stdio::Null]).unwrap();
    let ended = |child: &Child| {
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::from_borrowed_fd(child.as_fd(), PollFlags::IN)], Some(&now)).unwrap()
    };
    assert_eq!(ended(&child), 0);
    assert_eq!(child.wait().unwrap(), Ending::Exited(0));
    assert_eq!(ended(&child), 1);
}

#[test]
fn a_box_that_is_dropped_is_gone() {
    let env = TestEnv::new();
    let marker = env.marker().to_str().unwrap();
    let script = format!("setsid sh -c 'sleep 1000; : {marker}' & echo; sleep 1000; : {marker}");
    let spec = builder(&["sh", "-c", &script]).build();
    let mut child = start(&spec, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
    let mut first = [0];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    // The control: they are seen, once each has become its program.
    let begun = Instant::now();
    while processes_mentioning(marker.as_bytes()).len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(5), "they are not seen");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(child);
    assert_eq!(processes_mentioning(marker.as_bytes()), []);
}

#[test]
fn a_current_directory_that_is_no_project_is_not_shown() {
    let spec = SandboxSpec::builder(Command::argv(["sh", "-c", "pwd; ls"]).unwrap())
        .tool_chains(ToolChains::Hidden)
        .build();
    let env = TestEnv::new();
    std::fs::write(env.work().join("file"), "").unwrap();
    let none = |_: &str| None;
    let mut host = Host::of_process(&none).unwrap();
    let mut seen = |cwd: &[u8], home: &[u8]| {
        host.cwd = HostPath::parse(cwd).unwrap();
        host.home = HostPath::parse(home).ok();
        let mut child = spawn(&spec, &host, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
        let mut printed = String::new();
        child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(child.wait().unwrap(), Ending::Exited(0));
        (printed, child.notices().to_vec())
    };
    let work = env.work();
    let work = work.to_str().unwrap();
    // The control: a project is shown.
    let (printed, notices) = seen(work.as_bytes(), b"/nonexistent");
    assert!(printed == format!("{work}\nfile\n") && notices.is_empty(), "{printed} {notices:?}");
    for (cwd, home) in [(work, work), ("/", "/root"), ("/root", "/home/u"), ("/proc", "/root")] {
        let (printed, notices) = seen(cwd.as_bytes(), home.as_bytes());
        assert_eq!(printed, "/work\n", "{cwd}");
        assert!(matches!(notices.as_slice(), [Notice::WorkspaceHidden { .. }]), "{notices:?}");
    }
}

mod root_only {
    use super::*;

    /// Real root's launch switches crash dumps off for a moment, for the whole process (core(5)).
    #[test]
    fn launches_at_the_same_time_leave_the_process_as_it_was() {
        drybox_testkit::need_root();
        let filter_of = |process: &str| {
            std::fs::read_to_string(format!("/proc/{process}/coredump_filter")).unwrap()
        };
        // What we inherited; our own may be off at this moment, for another test's launch.
        let before = filter_of(&std::os::unix::process::parent_id().to_string());
        let spec = builder(&["true"]).build();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let ending = start(&spec, [Stdio::Null; 3]).unwrap().wait().unwrap();
                        assert_eq!(ending, Ending::Exited(0));
                    }
                });
            }
        });
        let begun = Instant::now();
        while filter_of("self") != before {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} {before}", filter_of("self"));
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
