//! Forks and threads.

use std::process::Stdio;
use std::time::{Duration, Instant};

use drybox_testkit::TestEnv;

use super::python;
use crate::walls::PYTHON;

/// Counts what can be made until the kernel says EAGAIN, itself included.
const FORKS: &str = "import os, signal, errno
n = 1
try:
    while n < 200:
        if os.fork() == 0: signal.pause()
        n += 1
except OSError as e: print(errno.errorcode[e.errno], n)
else: print('all', n)";

/// LM-01: a fork bomb ends at the limit, exactly, with init beside it.
#[test]
fn forks_end_at_the_limit() {
    let env = TestEnv::new();
    let made = |limit| python(&env, &["--pids-limit", limit], FORKS).expect_code(0).stdout;
    assert_eq!(made("50"), "EAGAIN 50\n");
    assert_eq!(made("80"), "EAGAIN 80\n");
    // The control: what a box has by default is more.
    assert_eq!(python(&env, &[], FORKS).expect_code(0).stdout, "all 200\n");
    env.expect_no_stray_process();
}

/// LM-01: threads are counted as processes are.
#[test]
fn threads_end_at_the_limit() {
    let env = TestEnv::new();
    let threads = "import threading
stop, n = threading.Event(), 1
try:
    while n < 200:
        threading.Thread(target=stop.wait, daemon=True).start()
        n += 1
except RuntimeError: print('refused', n)
else: print('all', n)
stop.set()";
    let made = |limit| python(&env, &["--pids-limit", limit], threads).expect_code(0).stdout;
    assert_eq!(made("40"), "refused 40\n");
    assert_eq!(made("0"), "all 200\n", "the control");
}

/// LM-02: what the user runs outside is not counted, and goes on.
#[test]
fn the_users_own_processes_are_not_counted() {
    let env = TestEnv::new();
    let children: Vec<_> = (0..60)
        .map(|_| env.command("/bin/sleep").arg("100").into_command().spawn().unwrap())
        .collect();
    let made = python(&env, &["--pids-limit", "50"], FORKS).expect_code(0).stdout;
    assert_eq!(made, "EAGAIN 50\n");
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// LM-01: while a bomb goes off, another shell still starts at once.
#[test]
fn a_shell_starts_while_a_bomb_goes_off() {
    let env = TestEnv::new();
    let bomb = "import os
print('up', flush=True)
while True:
    try: os.fork()
    except OSError: pass";
    let run = env.drybox().args(["run", "--pids-limit", "300", "--timeout", "60", "--"]);
    let mut command = run.args([PYTHON, "-c", bomb]).into_command();
    let mut boxed = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut up = [0; 3];
    std::io::Read::read_exact(boxed.stdout.as_mut().unwrap(), &mut up).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    // Other tests load the machine as well: the quickest of some.
    let quickest = (0..8).map(|_| {
        let begun = Instant::now();
        env.command("/bin/sh").args(["-c", "/bin/true"]).run().expect_code(0);
        begun.elapsed()
    });
    let quickest = quickest.min().unwrap();
    boxed.kill().unwrap();
    boxed.wait().unwrap();
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
    // Each of the bomb's processes has to run once more, to its end.
    let begun = Instant::now();
    while !env.stray_processes().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(40), "it does not end");
    }
}

/// LM-01: ten thousand orphans, which init has to reap: more than there may be at a time.
#[test]
fn ten_thousand_orphans_are_reaped() {
    let env = TestEnv::new();
    let orphans = "import os
for n in range(10000):
    if (child := os.fork()) == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
print('all')";
    let done = python(&env, &["--pids-limit", "400"], orphans).expect_code(0);
    assert_eq!(done.stdout, "all\n");
    env.expect_no_stray_process();
}

/// A child that nobody waits for counts until its parent does.
#[test]
fn zombies_are_counted() {
    let env = TestEnv::new();
    let zombies = FORKS.replace("signal.pause()", "os._exit(0)");
    let done = python(&env, &["--pids-limit", "50"], &zombies).expect_code(0);
    assert_eq!(done.stdout, "EAGAIN 50\n");
}
