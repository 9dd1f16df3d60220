//! One run of the probe somewhere, with limits: whoever runs it is not trusted.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use drybox_spec::Shown;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::canaries::{Canaries, Seen, work_once};

/// What came of it.
#[derive(Debug)]
pub(super) struct Trial {
    /// What was printed, at most [`MOST`] bytes.
    pub(super) output: Vec<u8>,
    /// Why it may not be believed to be all.
    pub(super) error: Option<String>,
    /// What the host met meanwhile.
    pub(super) seen: Seen,
}

/// Runs a command line in the workspace.
pub(super) fn run(canaries: &Canaries, argv: &[OsString]) -> Trial {
    let none = |error| Trial { output: Vec::new(), error: Some(error), seen: Seen::default() };
    let Some((program, args)) = argv.split_first() else {
        return none("there is no command".to_owned());
    };
    let shown = |error: io::Error| format!("{}: {error}", Shown(program.as_encoded_bytes()));
    let (input, log) = match canaries.input().and_then(|input| Ok((input, canaries.log()?))) {
        Ok(files) => files,
        Err(error) => return none(format!("the canaries are gone: {error}")),
    };
    let mut command = Command::new(program);
    command.args(args).current_dir(canaries.work()).envs(canaries.variables());
    command.stdin(input).stdout(Stdio::piped()).stderr(log);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return none(shown(error)),
    };
    let host = Host::start(canaries.work());
    let (output, problem) = read(canaries, &mut child);
    let status = end(&mut child, problem.is_some());
    let seen = host.stop();
    let error = problem.map(ToOwned::to_owned).or_else(|| complaint(canaries, status));
    Trial { output, error, seen }
}

/// Reads until the end, or until it is too much or too late.
fn read(canaries: &Canaries, child: &mut Child) -> (Vec<u8>, Option<&'static str>) {
    let mut output = Vec::new();
    let Some(mut pipe) = child.stdout.take() else { return (output, Some("it has no output")) };
    let begun = Instant::now();
    let mut piece = [0_u8; 1 << 14];
    let tick = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    loop {
        if begun.elapsed() > LONGEST {
            return (output, Some("it did not end in time"));
        }
        if output.len() > MOST || canaries.size_of_log() > LARGEST_LOG {
            output.truncate(MOST);
            return (output, Some("it printed too much"));
        }
        match poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&tick)) {
            Ok(0) => {}
            _ => match pipe.read(&mut piece) {
                Ok(0) => return (output, None),
                Ok(count) => output.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return (output, Some("its output cannot be read")),
            },
        }
    }
}

/// Waits a little after the end of the output, then kills.
fn end(child: &mut Child, at_once: bool) -> Option<ExitStatus> {
    let begun = Instant::now();
    while !at_once && begun.elapsed() < Duration::from_secs(10) {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    child.kill().ok();
    child.wait().ok()
}

fn complaint(canaries: &Canaries, status: Option<ExitStatus>) -> Option<String> {
    let status = status.filter(|status| !status.success())?;
    Some(format!("{status}: {}", Shown(canaries.complaint())))
}

/// The host, at work.
struct Host {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Seen>,
}

impl Host {
    fn start(work: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            while !ends.load(Ordering::Acquire) {
                work_once(&work, &mut seen);
                thread::sleep(Duration::from_millis(10));
            }
            seen
        });
        Self { stop, thread }
    }

    fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap_or_default()
    }
}

/// In bytes: some hundred lines are far less.
const MOST: usize = 1 << 20;
const LARGEST_LOG: u64 = 1 << 22;
/// The attempts take seconds; an engine may start slowly.
const LONGEST: Duration = Duration::from_secs(180);
