//! What the kernel counts for the user stays there for the user.

use std::io::Read;
use std::process::Stdio;

use drybox_testkit::TestEnv;

use crate::walls::PYTHON;

/// LM-12: a payload at its limit of inotify leaves the user's own.
#[test]
fn inotify_of_the_user_works_while_a_payload_is_at_its_limit() {
    let env = TestEnv::new();
    let hog = "import ctypes, os, sys
C = ctypes.CDLL(None, use_errno=True)
n = 0
while (fd := C.inotify_init1(0)) >= 0: n += 1
print(ctypes.get_errno() == 24, n, flush=True)
sys.stdin.read()";
    let mut command = env.drybox().args(["run", "--", PYTHON, "-c", hog]).into_command();
    let mut boxed = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 64];
    let length = boxed.stdout.as_mut().unwrap().read(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said[..length]).into_owned();
    let most = std::fs::read_to_string("/proc/sys/user/max_inotify_instances").unwrap();
    let most: u32 = most.trim().parse().unwrap();
    assert_eq!(said, format!("True {}\n", most / 2));
    let own = "import ctypes
C = ctypes.CDLL(None)
fd = C.inotify_init1(0)
print(fd >= 0 and C.inotify_add_watch(fd, b'/', 0x100) > 0)";
    let done = env.command(PYTHON).args(["-c", own]).run().expect_code(0);
    assert_eq!(done.stdout, "True\n");
    drop(boxed.stdin.take());
    boxed.wait().unwrap();
}

/// LM-11: a process meets its own limit on descriptors, and the host's others do not.
#[test]
fn descriptors_end_at_the_limit() {
    let env = TestEnv::new();
    let hog = "import os, errno
n = 3
try:
    while True: os.dup(0); n += 1
except OSError as e: print(errno.errorcode[e.errno], n <= 65536)";
    let done = super::python(&env, &["--ulimit", "nofile=500"], hog).expect_code(0);
    assert_eq!(done.stdout, "EMFILE True\n");
}
