//! Process 1 of the sandbox: starts the payload, reaps, forwards signals, and ends with the
//! supervisor. It never executes anything and holds no descriptor of the host but its two pipes.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::fs::{Access, FileType, StatVfsMountFlags, access, stat, statvfs};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, getpid, setpgid, wait};
use rustix::termios::tcsetpgrp;

use crate::enter::{At, Step};
use crate::plan::{Payload, Plan, Signal};
use crate::record::{Failed, Obstacle, Record};
use crate::signals::{SignalFd, SignalSet, reset, send, use_default};
use crate::{raw, stdio, wall};

/// Runs the payload to its end. Gives back only a failure to start it.
pub(crate) fn run(plan: &Plan<'_>, given: &stdio::Given) -> Failed {
    match serve(plan, given) {
        Ok(()) => leave(0),
        Err(failed) => failed,
    }
}

/// Ends this process at once, and the kernel every other one of the sandbox
/// (pid_namespaces(7)).
pub(crate) fn leave(code: c_int) -> ! {
    // SAFETY: `_exit` has no preconditions: no handler and no destructor of the copied
    // supervisor runs.
    unsafe { libc::_exit(code) }
}

fn serve(plan: &Plan<'_>, given: &stdio::Given) -> Result<(), Failed> {
    // A caller that ignores it would have the kernel reap for us, and say nothing (sigaction(2)).
    use_default(libc::SIGCHLD).at(Step::Exec)?;
    let signals = SignalFd::new(&SignalSet::of(&[libc::SIGCHLD])).at(Step::Exec)?;
    let payload = start(&plan.payload, given)?;
    Record::Started(payload.as_raw_nonzero().get()).send(plan.channel.status);
    // A terminal stays: were it closed everywhere for a moment (a payload may open `/dev/tty`
    // again), its other end would hang up.
    let first = u32::from(given.terminal);
    // SAFETY: init uses none of 0 to 2; a reader outside must see the end of file when the
    // payload closes its own.
    unsafe { raw::close_range(first, 2) }.at(Step::Exec)?;

    let lifeline = plan.channel.lifeline;
    loop {
        let mut ready =
            [PollFd::new(&signals, PollFlags::IN), PollFd::new(&lifeline, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).at(Step::Exec),
        }
        let [signalled, spoken] = &ready;
        let ended = !spoken.revents().is_empty() && !forward(plan, payload);
        if wall!("lifeline", ended) {
            return Ok(());
        }
        if !signalled.revents().is_empty() {
            while signals.take().at(Step::Exec)?.is_some() {}
            if let Some(status) = reap(plan, payload).at(Step::Exec)? {
                Record::Exited(status).send(plan.channel.status);
                return Ok(());
            }
        }
    }
}

/// Sends on what the supervisor said; false when it is gone.
fn forward(plan: &Plan<'_>, payload: Pid) -> bool {
    let mut said = [0_u8; 64];
    let Ok(length) = rustix::io::read(plan.channel.lifeline, &mut said) else {
        return false;
    };
    let pid = payload.as_raw_nonzero().get();
    for &byte in said.iter().take(length) {
        match Signal::decode(byte) {
            Signal::Payload(signal) => send(pid, signal.into()),
            Signal::Group(signal) => send(pid.wrapping_neg(), signal.into()),
        }
    }
    length > 0
}

/// Reaps whatever ended; the payload's status when it was among them. The payload is a child until
/// then, so that "no child" (ECHILD) is a failure too: nothing would ever end the loop.
fn reap(plan: &Plan<'_>, payload: Pid) -> Result<Option<c_int>, Errno> {
    loop {
        match wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            Ok(Some((pid, status))) if pid == payload => {
                if let Some(signal) = status.stopping_signal() {
                    Record::Stopped(signal).send(plan.channel.status);
                } else if status.exited() || status.signaled() {
                    return Ok(Some(status.as_raw()));
                }
            }
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return Ok(None),
            Err(errno) => return Err(errno),
        }
    }
}

/// What the new process reads, and where it leaves its failure: it shares our memory until it
/// executes.
struct Job<'a> {
    payload: &'a Payload<'a>,
    terminal: bool,
    failed: Cell<Option<Failed>>,
}

/// Starts the payload. The new process borrows our memory (`CLONE_VM`) and we wait for its exec
/// (`CLONE_VFORK`): nothing is copied.
fn start(payload: &Payload<'_>, given: &stdio::Given) -> Result<Pid, Failed> {
    const STACK: usize = 32 * 1024;
    #[repr(align(16))]
    struct Stack(MaybeUninit<[u8; STACK]>);
    let mut stack = Stack(MaybeUninit::uninit());
    let job = Job { payload, terminal: given.terminal, failed: Cell::new(None) };
    // SAFETY: one past the end of `stack`, where a stack that grows downwards begins.
    let top = unsafe { stack.0.as_mut_ptr().cast::<u8>().add(STACK) };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let job_pointer = ptr::from_ref(&job).cast_mut().cast::<c_void>();
    // SAFETY: `top` is aligned and ours, `job` outlives the child's use of it because
    // CLONE_VFORK returns only after exec or exit, and `run_job` neither unwinds nor returns here.
    let pid = unsafe { libc::clone(run_job, top.cast(), flags, job_pointer) };
    let pid = raw::check(pid.into()).at(Step::Exec)?;
    if let Some(failed) = job.failed.take() {
        return Err(failed);
    }
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH).at(Step::Exec)
}

extern "C" fn run_job(job: *mut c_void) -> c_int {
    // SAFETY: `start` passes a pointer to a `Job` that lives until we execute or exit.
    let job = unsafe { &*job.cast::<Job<'_>>() };
    job.failed.set(Some(execute(job)));
    leave(127)
}

/// Becomes the payload; gives back why not.
fn execute(job: &Job<'_>) -> Failed {
    let prepared = setpgid(None, None)
        .and_then(|()| {
            // Every signal is still blocked, SIGTTOU too: a background process may do this then.
            if !job.terminal {
                return Ok(());
            }
            // SAFETY: `stdio::terminal` made 0 the session's terminal, and nothing closed it.
            let terminal = unsafe { BorrowedFd::borrow_raw(0) };
            tcsetpgrp(terminal, getpid())
        })
        .and_then(|()| reset());
    if let Err(errno) = prepared {
        return Failed { step: Step::Exec, index: 0, errno };
    }
    // execvp(3): a place that is not there or not ours is passed over, and "permission denied"
    // is what is told in the end if there was one.
    let mut failed = Failed { step: Step::Exec, index: 0, errno: Errno::NOENT };
    for candidate in job.payload.candidates {
        let exec = &job.payload.exec;
        // SAFETY: the path is NUL-terminated and both lists are null-terminated lists of
        // NUL-terminated strings (`PointerList`).
        unsafe { libc::execve(candidate.as_ptr(), exec.argv.as_ptr(), exec.envp.as_ptr()) };
        let errno = raw::check(-1).err().unwrap_or(Errno::IO);
        match errno {
            Errno::NOENT | Errno::NOTDIR => {
                if access(*candidate, Access::EXISTS).is_ok() {
                    let index = Obstacle::Interpreter as u16;
                    return Failed { step: Step::Exec, index, errno };
                }
            }
            Errno::ACCESS => {
                let index = obstacle(candidate).map_or(0, |obstacle| obstacle as u16);
                failed = Failed { step: Step::Exec, index, errno };
            }
            _ => {
                return Failed { step: Step::Exec, index: 0, errno };
            }
        }
    }
    failed
}

/// What "permission denied" means for this program, where the mode of a file is not the reason.
fn obstacle(program: &CStr) -> Option<Obstacle> {
    if FileType::from_raw_mode(stat(program).ok()?.st_mode) == FileType::Directory {
        return Some(Obstacle::Directory);
    }
    let mount = statvfs(program).ok()?.f_flag;
    mount.contains(StatVfsMountFlags::NOEXEC).then_some(Obstacle::NoExec)
}
