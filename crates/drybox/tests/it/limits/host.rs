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

/// What a supervisor that only waits keeps of its own code: the launch is over.
#[test]
fn a_supervisor_that_waits_lets_go_of_its_code() {
    let env = TestEnv::new();
    let command = env.drybox().args(["run", "--", "/bin/sh", "-c", "echo up; read end"]);
    let mut command = command.into_command();
    let mut boxed = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut up = [0; 3];
    boxed.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    // Of the whole: how much there is depends on the build.
    let code = |word: &str| -> u64 {
        let maps = std::fs::read_to_string(format!("/proc/{}/smaps", boxed.id())).unwrap();
        let mut lines = maps.lines().skip_while(|line| !line.contains(" r-xp "));
        let rss = lines.find_map(|line| line.strip_prefix(word)).unwrap();
        rss.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let begun = std::time::Instant::now();
    while code("Rss:") > code("Size:") / 2 {
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(30),
            "{} KiB of code",
            code("Rss:")
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    drop(boxed.stdin.take());
    boxed.wait().unwrap();
}
