//! What descriptors 0 to 2 can be, what the payload gets, and what arrives (design §4, FD-03 to
//! FD-08, FD-18, FD-19, FD-22).

use drybox_testkit::{Done, Run, TestEnv, drybox_bin};

mod bytes;
mod callers;
mod input;
mod output;
mod sockets;

/// A script in bash, where `$D` is the executable and `$PROBE` a Python program that says what
/// one descriptor is and allows.
pub(crate) fn script(env: &TestEnv, text: &str) -> Run {
    let run = env.command("/bin/bash").args(["-c", text]);
    run.env("D", drybox_bin()).env("PROBE", PROBE)
}

/// A script that has to succeed.
#[track_caller]
pub(crate) fn succeeds(env: &TestEnv, text: &str) -> Done {
    let done = script(env, text).run().expect_code(0);
    env.expect_no_stray_process();
    done
}

/// Arguments: the descriptor, and the one to report to. Words: what it is; what opening it again
/// for writing, changing its mode, cutting it and locking it answers; then what can be read.
const PROBE: &str = r#"
import os, sys, fcntl, stat, errno
fd, report = int(sys.argv[1]), int(sys.argv[2])
def answer(action):
    try:
        action()
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
status = os.fstat(fd)
mode = status.st_mode
kinds = {stat.S_IFIFO: "pipe", stat.S_IFREG: "file", stat.S_IFCHR: "char",
         stat.S_IFSOCK: "socket", stat.S_IFDIR: "directory"}
kind = kinds[stat.S_IFMT(mode)]
if kind == "char" and status.st_rdev == os.makedev(1, 3):
    kind = "null"
content = b""
try:
    if fd == 0:
        content = os.read(fd, 32)
except OSError as error:
    content = errno.errorcode[error.errno].encode()
path = "/proc/self/fd/%d" % fd
words = [
    kind,
    "reopen=" + answer(lambda: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))),
    "chmod=" + answer(lambda: os.fchmod(fd, stat.S_IMODE(mode))),
    "cut=" + answer(lambda: os.ftruncate(fd, 0)),
    "lock=" + answer(lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
]
line = (" ".join(words) + " " + ascii(content) + "\n").encode()
while line:
    line = line[os.write(report, line):]
"#;
