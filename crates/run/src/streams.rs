//! The caller's descriptors 0 to 2, and what the payload gets instead (design §4, FD-03 to FD-08,
//! FD-22): never a terminal, file, directory or socket itself.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use drybox_jail::{FileId, FileInput, Stream, Streams, same_description, wall};
use drybox_spec::{HostPath, SandboxSpec, Stdin, Terminal};
use rustix::fs::{
    FileType, Mode, OFlags, SeekFrom, fcntl_getfl, fstat, major, minor, open, readlink, seek,
};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use rustix::termios::{isatty, tcgetpgrp};

use crate::error::{RunError, Why};

mod relay;
mod tty;

pub(crate) use relay::Relay;
pub(crate) use tty::Tty;

/// The caller's three descriptors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) input: BorrowedFd<'a>,
    pub(crate) output: BorrowedFd<'a>,
    pub(crate) error: BorrowedFd<'a>,
}

/// What the payload gets, and what the supervisor has to copy.
#[derive(Debug)]
pub(crate) struct Wiring<'a> {
    pub(crate) streams: Streams,
    /// Copies standard input, once it is known that the payload has no file of its own.
    pub(crate) input: Option<Relay<'a>>,
    /// Whether `input` is only for when a file cannot be opened again.
    pub(crate) input_is_spare: bool,
    /// Copies standard output and error.
    pub(crate) outputs: Vec<Relay<'a>>,
    /// The user's terminal, when the payload has one of its own.
    pub(crate) tty: Option<Tty<'a>>,
}

impl<'a> Caller<'a> {
    /// Whether the payload gets a terminal of its own.
    pub(crate) fn wants_terminal(&self, spec: &SandboxSpec) -> bool {
        match spec.terminal.value {
            // In a shell's background nobody types and nobody looks at a whole screen; with a
            // terminal the run would only be stopped there.
            Terminal::Auto | Terminal::AutoRaw => {
                isatty(self.input) && isatty(self.output) && in_foreground(self.input)
            }
            Terminal::Filtered | Terminal::Raw => true,
            _ => false,
        }
    }

    /// Looks at each descriptor, and makes the pipes.
    pub(crate) fn wire(self, spec: &SandboxSpec) -> Result<Wiring<'a>, RunError> {
        let raw = matches!(spec.terminal.value, Terminal::Raw | Terminal::AutoRaw);
        if self.wants_terminal(spec) {
            return self.wire_terminal(spec, raw);
        }
        let (input, copied, spare) = match spec.stdin.value {
            Stdin::Forward => self.wire_input()?,
            Stdin::Empty => (Stream::Null, None, false),
        };
        let mut outputs = Vec::new();
        let output = wire_output(self.output, "standard output", raw, &mut outputs)?;
        let error = match &output {
            Stream::Pipe(pipe) if keep_order(self.output, self.error) => {
                Stream::Pipe(pipe.try_clone().map_err(no_pipe)?)
            }
            _ => wire_output(self.error, "standard error", raw, &mut outputs)?,
        };
        Ok(Wiring {
            streams: Streams::Each { input, output, error },
            input: copied,
            input_is_spare: spare,
            outputs,
            tty: None,
        })
    }

    fn wire_terminal(self, spec: &SandboxSpec, raw: bool) -> Result<Wiring<'a>, RunError> {
        let mut outputs = Vec::new();
        let on_terminal =
            isatty(self.error) && (!isatty(self.output) || same_terminal(self.output, self.error));
        let error = if on_terminal || same_description(self.output, self.error) {
            None
        } else {
            Some(wire_output(self.error, "standard error", raw, &mut outputs)?)
        };
        let forward = spec.stdin.value == Stdin::Forward;
        let filtered = wall!("terminal-filter", !raw);
        Ok(Wiring {
            streams: Streams::Terminal { error },
            input: None,
            input_is_spare: false,
            outputs,
            tty: Some(Tty::new(self.input, self.output, !filtered, forward)),
        })
    }

    fn wire_input(self) -> Result<(Stream, Option<Relay<'a>>, bool), RunError> {
        let caller = self.input;
        #[cfg(drybox_weaken)]
        if drybox_jail::is_gone("raw-input") {
            let raw = rustix::io::fcntl_dupfd_cloexec(caller, 3).map_err(no_pipe)?;
            return Ok((Stream::Pipe(raw), None, false));
        }
        if access_mode(caller) == Ok(OFlags::WRONLY) {
            return Ok((Stream::Null, None, false));
        }
        let relayed = || -> Result<_, RunError> {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
            let relay = Relay::into_box(caller, write).map_err(no_pipe)?;
            Ok((read, relay))
        };
        Ok(match Nature::of(caller) {
            Nature::Null | Nature::Closed => (Stream::Null, None, false),
            Nature::Directory => return Err(refuse_directory("standard input")),
            Nature::File => {
                let (read, relay) = relayed()?;
                match file_input(caller) {
                    Some(file) => (Stream::File(file, read), Some(relay), true),
                    None => (Stream::Pipe(read), Some(relay), false),
                }
            }
            Nature::Other => {
                let (read, relay) = relayed()?;
                (Stream::Pipe(read), Some(relay), false)
            }
        })
    }
}

fn wire_output<'a>(
    caller: BorrowedFd<'a>,
    name: &'static str,
    raw: bool,
    outputs: &mut Vec<Relay<'a>>,
) -> Result<Stream, RunError> {
    #[cfg(drybox_weaken)]
    if drybox_jail::is_gone("raw-output") {
        return Ok(Stream::Pipe(rustix::io::fcntl_dupfd_cloexec(caller, 3).map_err(no_pipe)?));
    }
    match Nature::of(caller) {
        Nature::Null | Nature::Closed => return Ok(Stream::Null),
        Nature::Directory => return Err(refuse_directory(name)),
        Nature::File | Nature::Other => {}
    }
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    let filter = wall!("terminal-filter", isatty(caller) && !raw);
    outputs.push(Relay::out_of_box(read, caller, filter).map_err(no_pipe)?);
    Ok(Stream::Pipe(write))
}

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Null,
    File,
    Directory,
    Closed,
    /// A pipe, socket, terminal or other device. Pipes too: whoever has one end of a pipe and its
    /// owner's number may open the other (proc_pid_fd(5)), and write what the caller reads next.
    Other,
}

impl Nature {
    fn of(fd: BorrowedFd<'_>) -> Self {
        let stat = match fstat(fd) {
            Ok(stat) => stat,
            Err(Errno::BADF) => return Self::Closed,
            // Whatever it is, it is open: a relay finds out what can be done with it.
            Err(_) => return Self::Other,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            // Linux `Documentation/admin-guide/devices.txt`.
            FileType::CharacterDevice if (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3) => {
                Self::Null
            }
            _ => Self::Other,
        }
    }
}

/// Whether what is written to both ends up in one order: one description, one pipe, or one file
/// that both are appended to.
fn keep_order(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> bool {
    let appends = |fd| fcntl_getfl(fd).is_ok_and(|flags| flags.contains(OFlags::APPEND));
    let one_file = || match (fstat(a), fstat(b)) {
        (Ok(a), Ok(b)) => ((a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)).then_some(a.st_mode),
        _ => None,
    };
    same_description(a, b)
        || one_file().is_some_and(|mode| {
            FileType::from_raw_mode(mode).is_fifo() || (appends(a) && appends(b))
        })
}

/// Whether these are one terminal, under whatever name.
fn same_terminal(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> bool {
    let device = |fd| fstat(fd).map(|stat| (major(stat.st_rdev), minor(stat.st_rdev)));
    // `/dev/tty` is our controlling one (tty(4)), which we are at.
    matches!((device(a), device(b)), (Ok(a), Ok(b)) if a == b || [a, b].contains(&(5, 0)))
}

/// False when `fd` is our terminal and another process group reads from it. One that is not our
/// controlling terminal has no foreground that could be ours.
fn in_foreground(fd: BorrowedFd<'_>) -> bool {
    tcgetpgrp(fd).map_or(true, |group| group == rustix::process::getpgrp())
}

/// A terminal for writing, with flags of its own: it does not block, and the caller's still does.
/// None when it is not ours to open.
fn own_terminal(terminal: BorrowedFd<'_>) -> Option<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    open(proc_path(terminal).as_str(), flags, Mode::empty()).ok()
}

/// What a descriptor was opened for.
fn access_mode(fd: BorrowedFd<'_>) -> Result<OFlags, Errno> {
    Ok(fcntl_getfl(fd)? & OFlags::RWMODE)
}

/// Puts the null device in the place of standard input or output: we hold the caller's no longer.
pub(crate) fn let_go(fd: BorrowedFd<'_>) {
    use std::os::fd::AsRawFd as _;
    let null = || open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    match fd.as_raw_fd() {
        0 => null().and_then(dup2_stdin).ok(),
        1 => null().and_then(dup2_stdout).ok(),
        _ => None,
    };
}

/// A regular file that is open for reading, if its name still leads to it.
fn file_input(file: BorrowedFd<'_>) -> Option<FileInput> {
    let stat = fstat(file).ok()?;
    let link = readlink(proc_path(file).as_str(), Vec::new()).ok()?;
    let path = HostPath::parse(std::ffi::OsStr::from_bytes(link.as_bytes()).as_bytes()).ok()?;
    let offset = seek(file, SeekFrom::Current(0)).ok()?;
    Some(FileInput { path, id: FileId { device: stat.st_dev, inode: stat.st_ino }, offset })
}

fn proc_path(fd: BorrowedFd<'_>) -> String {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn refuse_directory(stream: &'static str) -> RunError {
    RunError::Stream {
        stream,
        source: Why::new("it is a directory: from it the whole tree above could be reached"),
        fix: "redirect a file or a pipe, or share the directory with -v",
    }
}

fn no_pipe(errno: impl Into<std::io::Error>) -> RunError {
    let error: std::io::Error = errno.into();
    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
    RunError::Supervise { what: "no pipe could be made", errno }
}
