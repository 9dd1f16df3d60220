//! Memory, in every form in which a box can take it.

use drybox_testkit::TestEnv;

use super::{expect_out_of_memory, python};

/// What a hog does once it has what it wanted: a limit that is kept by looking needs a look.
const WAIT: &str = "
import time; print('had it', flush=True); time.sleep(30)";

fn is_ended(hog: &str) {
    let env = TestEnv::new();
    let flags = ["--memory", "64m", "--memory-swap", "64m", "--timeout", "60"];
    let hog = format!("{hog}{WAIT}");
    expect_out_of_memory(python(&env, &flags, &hog), "64m");
    env.expect_no_stray_process();
}

/// LM-03
#[test]
fn a_heap_beyond_the_limit_ends_the_box() {
    is_ended("hog = bytearray(160 << 20)");
}

/// LM-04: no process's size tells of it.
#[test]
fn a_memory_file_that_is_not_mapped_counts() {
    is_ended(
        "import os
fd = os.memfd_create('hog')
for n in range(160): os.write(fd, b'x' * (1 << 20))",
    );
}

/// LM-04
#[test]
fn a_mapping_whose_file_is_closed_counts() {
    is_ended(
        "import mmap
hog = mmap.mmap(-1, 160 << 20)
for n in range(0, 160 << 20, 4096): hog[n] = 1",
    );
}

/// LM-07: what is in /tmp is memory, though nobody has it open.
#[test]
fn files_in_scratch_space_count() {
    is_ended(
        "hog = bytearray(40 << 20)
with open('/tmp/hog', 'wb', 0) as f:
    for n in range(60): f.write(b'x' * (1 << 20))",
    );
}

/// LM-07: so it is in scratch space of its own.
#[test]
fn files_in_further_scratch_space_count() {
    let env = TestEnv::new();
    let flags = ["-m", "64m", "--memory-swap=64m", "--tmpfs", "/x:size=1g", "--timeout", "60"];
    let hog = "with open('/x/hog', 'wb', 0) as f:
    for n in range(160): f.write(b'x' * (1 << 20))";
    expect_out_of_memory(python(&env, &flags, &format!("{hog}{WAIT}")), "64m");
}

#[test]
fn many_small_processes_are_added_up() {
    let env = TestEnv::new();
    let hogs = "import os, time
for n in range(12):
    if os.fork() == 0:
        hog = bytearray(16 << 20)
        time.sleep(30)
        os._exit(0)
import sys
for n in range(12):
    pid, status = os.wait()
    if status: os.kill(os.getpid(), 9)";
    let flags = ["--memory", "64m", "--memory-swap", "64m", "--timeout", "60"];
    expect_out_of_memory(python(&env, &flags, hogs), "64m");
}

/// Memory that a fork shares is counted once.
#[test]
fn what_children_share_is_not_too_much() {
    let env = TestEnv::new();
    let shared = "import os, time
have = bytearray(40 << 20)
for n in range(6):
    if os.fork() == 0:
        time.sleep(1.5)
        os._exit(0)
for n in range(6): os.wait()
print('all')";
    let done = python(&env, &["--memory", "96m"], shared).expect_code(0);
    assert_eq!(done.stdout, "all\n");
}

#[test]
fn a_limit_of_0_is_none_and_less_than_a_program_needs_is_an_error() {
    let env = TestEnv::new();
    let some = "hog = bytearray(96 << 20); print(len(hog))";
    assert_eq!(python(&env, &["-m", "0"], some).expect_code(0).stderr, "");
    let refused = |flags: &[&str]| python(&env, flags, "").expect_code(125).stderr;
    assert!(refused(&["-m", "1m"]).contains("cannot use --memory 1m"));
    assert!(
        refused(&["--memory-swap", "1g"]).contains("cannot use --memory-swap with no --memory")
    );
    let less = refused(&["-m", "1g", "--memory-swap", "512m"]);
    assert!(less.contains("cannot use --memory-swap with a larger --memory"), "{less}");
    assert!(refused(&["--cpus", "much"]).contains("cannot use --cpus much"));
    assert!(refused(&["--pids-limit", "-2"]).contains("cannot use --pids-limit -2"));
    assert!(refused(&["--storage-opt", "inodes=1"]).contains("known are size="));
}

mod user_only {
    use super::*;

    /// Without a cgroup the limit is kept by looking, and that is said, once.
    #[test]
    fn without_a_cgroup_it_is_said_who_keeps_it() {
        let env = TestEnv::new();
        let told = python(&env, &["-m", "64m"], "").expect_code(0).stderr;
        assert_eq!(told.matches("note: --memory is kept by looking").count(), 1, "{told}");
        assert!(told.contains("the kernel keeps it with: "), "{told}");
        assert_eq!(python(&env, &[], "").expect_code(0).stderr, "", "the control");
        let json = env.drybox().args(["run", "--json", "-m", "64m", "--", "true"]).run();
        let json = json.expect_code(0).stderr;
        assert!(json.contains(r#""notice":"memory_watched""#), "{json}");
    }

    #[test]
    fn processor_time_without_a_cgroup_is_refused_with_the_command_that_helps() {
        let env = TestEnv::new();
        let told = python(&env, &["--cpus", "0.5"], "").expect_code(125).stderr;
        assert!(told.starts_with("error: cannot keep --cpus\n  cause: "), "{told}");
        assert!(told.contains("  fix:   "), "{told}");
    }
}
