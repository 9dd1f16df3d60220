//! What a box may take. Each bomb here is a small one, with a small limit.

use std::time::Duration;

use drybox_testkit::{Done, TestEnv};

use crate::walls::PYTHON;

mod cgroups;
mod faults;
mod host;
mod memory;
mod processes;

/// Runs a program of Python in a box with these flags.
fn python(env: &TestEnv, flags: &[&str], program: &str) -> Done {
    let run = env.drybox().arg("run").args(flags).args(["--", PYTHON, "-c", program]);
    run.limit(Duration::from_secs(100)).run()
}

/// The box was ended because it took too much memory, and that is told.
#[track_caller]
fn expect_out_of_memory(done: Done, limit: &str) {
    let done = done.expect_code(137);
    let told = format!("note: killed: it took more than {limit} (--memory)\n");
    assert!(done.stderr.ends_with(&told), "{}", done.stderr);
}

#[test]
fn the_defaults_are_in_force_and_the_hosts_stay_as_they_are() {
    let env = TestEnv::new();
    let look = "import resource as r
def read(path): return open(path).read().strip()
for path in ['kernel/pid_max', 'user/max_inotify_watches', 'user/max_inotify_instances']:
    print(read('/proc/sys/' + path))
print(read('/proc/self/oom_score_adj'), read('/proc/1/oom_score_adj'))
for limit in [r.RLIMIT_NPROC, r.RLIMIT_NOFILE, r.RLIMIT_MEMLOCK, r.RLIMIT_SIGPENDING,
              r.RLIMIT_MSGQUEUE, r.RLIMIT_RTPRIO, r.RLIMIT_NICE]:
    hard = r.getrlimit(limit)[1]
    print(hard if hard >= 0 else 1 << 62)";
    let numbers = |done: Done| -> Vec<u64> {
        let words = done.stdout.split_whitespace().map(|word| word.parse().unwrap());
        words.collect()
    };
    let outside = numbers(env.command(PYTHON).args(["-c", look]).run().expect_code(0));
    let inside = numbers(python(&env, &[], look).expect_code(0));
    let [pid_max, watches, instances, oom, oom_of_init, nproc, rest @ ..] = inside.as_slice()
    else {
        panic!("{inside:?}");
    };
    assert_eq!(*pid_max, 4398);
    assert_eq!((*watches, *instances), (outside[1] / 2, outside[2] / 2));
    assert_eq!((*oom, *oom_of_init), (1000, 1000));
    assert_eq!(*nproc, outside[5].min(4097));
    let most = [1 << 16, 64 << 20, (outside[8] / 2).min(1 << 14), outside[9] / 2, 0, 0];
    for ((inside, outside), most) in rest.iter().zip(&outside[6..]).zip(most) {
        assert_eq!(*inside, most.min(*outside), "{rest:?}");
    }
    // The control: the host's own are others, and still the same.
    assert_ne!(outside[0], 4398);
    assert_eq!(outside, numbers(env.command(PYTHON).args(["-c", look]).run()));
}

#[test]
fn ulimit_host_gives_the_callers_own() {
    let env = TestEnv::new();
    let look = "import resource as r; print(r.getrlimit(r.RLIMIT_SIGPENDING)[1])";
    let outside = env.command(PYTHON).args(["-c", look]).run().expect_code(0).stdout;
    assert_eq!(python(&env, &["--ulimit", "host"], look).expect_code(0).stdout, outside);
    assert_ne!(python(&env, &[], look).expect_code(0).stdout, outside, "the control");
}

#[test]
fn scratch_space_is_limited_in_bytes_and_files() {
    let env = TestEnv::new();
    let fill = "import os, errno
def fill(path):
    try:
        with open(path, 'wb', 0) as f:
            for n in range(64): f.write(b'x' * (1 << 20))
    except OSError as e: print(errno.errorcode[e.errno], os.stat(path).st_size <= 8 << 20)
    os.truncate(path, 0)
for place in ['/tmp', '/run', os.environ['HOME'], '/dev/shm', '/x']: fill(place + '/full')
for place in ['/', '/dev/shm', '/x', '/y']: print(os.statvfs(place).f_files <= 1 << 20)";
    let flags = ["--storage-opt", "size=8m", "--tmpfs", "/x:size=4m", "--tmpfs", "/y"];
    let done = python(&env, &flags, fill).expect_code(0);
    assert_eq!(done.stdout, "ENOSPC True\n".repeat(5) + &"True\n".repeat(4));
    // The control: the same bytes fit by default.
    let done = python(&env, &["--tmpfs", "/x", "--tmpfs", "/y"], fill).expect_code(0);
    assert_eq!(done.stdout, "True\n".repeat(4));
}

#[test]
fn what_a_box_may_take_is_explained_with_its_source() {
    let env = TestEnv::new();
    let flags =
        "run --explain -m 1g --memory-swap 2g --cpus 1.5 --pids-limit -1 --storage-opt size=8m";
    let told = env.drybox().args(flags.split(' ')).run().expect_code(0).stdout;
    let told: String = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for row in [
        "memory 1073741824 bytes --memory",
        "memory-swap 2147483648 bytes --memory-swap",
        "cpus 150000 us of each 100000 --cpus",
        "pids-limit unlimited --pids-limit",
        "storage 8388608 bytes --storage-opt",
        "ulimits yours, lowered default",
    ] {
        assert!(told.contains(row), "{row}: {told}");
    }
}
