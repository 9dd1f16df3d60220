//! What a caller hands down: limits, signals, descriptors, masks.

use drybox_testkit::{Done, TestEnv, drybox_bin, require};

use super::expect_error;

/// Runs drybox from a shell that first did `setup`.
fn after(env: &TestEnv, setup: &str, args: &[&str]) -> Done {
    let shell = env.command(require("bash")).args(["-c", &format!("{setup}\nexec \"$@\""), "bash"]);
    shell.arg(drybox_bin()).args(args).run()
}

/// Not by way of a shell: dash unblocks every signal when it starts.
const SIGNALS: [&str; 4] = ["/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];
const NO_SIGNALS: &str = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";

#[test]
fn a_caller_that_ignores_sigchld_sees_the_run_end() {
    let env = TestEnv::new();
    for setup in ["trap '' CHLD", "trap '' CHLD HUP INT QUIT TERM PIPE TSTP TTIN TTOU USR1"] {
        let args: Vec<&str> = ["run", "--"].into_iter().chain(SIGNALS).collect();
        assert_eq!(after(&env, setup, &args).expect_code(0).stdout, NO_SIGNALS);
        let done = after(&env, setup, &["run", "--", "/bin/sh", "-c", "exit 7"]);
        done.expect_code(7);
    }
}

/// Two that the C library keeps for itself, and that it lets nobody reset (NPTL's 32 and 33).
#[test]
fn a_caller_that_ignores_every_signal_does_not_hand_that_down() {
    let env = TestEnv::new();
    let number = if cfg!(target_arch = "x86_64") { 13 } else { 134 };
    let script = format!(
        "import ctypes, os, sys
libc = ctypes.CDLL(None)
ignore = (ctypes.c_uint64 * 4)(1, 0, 0, 0)
for signal in range(1, 65): libc.syscall({number}, signal, ignore, None, 8)
os.execv(sys.argv[1], sys.argv[1:])"
    );
    let ignoring = || env.command(require("python3")).args(["-c", &script]);
    let done = ignoring().arg(drybox_bin()).args(["run", "--"]).args(SIGNALS).run();
    assert_eq!(done.expect_code(0).stdout, NO_SIGNALS);
    // The control: python does ignore them.
    assert!(ignoring().args(SIGNALS).run().stdout.contains("SigIgn:\tffffffff"));
}

#[test]
fn a_caller_that_blocks_every_signal_does_not_hand_that_down() {
    let env = TestEnv::new();
    let blocking = || env.command(require("env")).args(["--block-signal", "--"]);
    let done = blocking().arg(drybox_bin()).args(["run", "--"]).args(SIGNALS).run();
    assert_eq!(done.expect_code(0).stdout, NO_SIGNALS);
    // The control: env does block them.
    assert!(!blocking().args(SIGNALS).run().stdout.contains("SigBlk:\t0000000000000000"));
}

#[test]
fn two_hundred_open_descriptors_stay_outside() {
    let env = TestEnv::new();
    env.write("secret", "x");
    let open = "for i in {3..200}; do eval \"exec $i<secret\"; done";
    let script = "for fd in /proc/self/fd/*; do [ -e $fd ] && echo ${fd##*/}; done; true";
    let done = after(&env, open, &["run", "--", "/bin/sh", "-c", script]);
    assert_eq!(done.expect_code(0).stdout, "0\n1\n2\n");
    // The control.
    let shell = env.command(require("bash")).args(["-c", &format!("{open}; {script}")]);
    assert!(shell.run().stdout.lines().count() >= 200);
}

#[test]
fn closed_standard_descriptors_are_the_sandboxs_null() {
    let env = TestEnv::new();
    let script = "readlink /proc/self/fd/0 | grep -qx /dev/null || exit 1
        [ -c /dev/stdout ] && [ -c /dev/stderr ] && echo x && exit 7";
    let done = after(&env, "exec <&- >&- 2>&-", &["run", "--", "/bin/sh", "-c", script]);
    assert_eq!(done.code(), Some(7));
}

#[test]
fn a_low_limit_on_descriptors_is_an_error_or_no_hindrance() {
    let env = TestEnv::new();
    let run = |limit: u32| {
        let setup = format!("ulimit -n {limit}");
        after(&env, &setup, &["run", "--", "/bin/echo", "ran"])
    };
    let mut refused = 0;
    for limit in 8..40 {
        let done = run(limit);
        if done.code() == Some(0) {
            assert_eq!(done.stdout, "ran\n");
        } else {
            refused += 1;
            expect_error(&done, 125, &["(os error 24)"; 0]);
            let told = ["the limit on open files is too low", "Too many open files"];
            assert!(told.iter().any(|told| done.stderr.contains(told)), "{}", done.stderr);
        }
    }
    assert!(refused >= 8 && run(64).code() == Some(0), "{refused}");
}

#[test]
fn the_callers_umask_priority_and_small_limits_do_not_hinder() {
    let env = TestEnv::new();
    let script = "umask; ulimit -c; nice; stat -c %a /tmp /home/agent /etc/passwd";
    for setup in [
        "umask 077; renice -n 7 $$ >/dev/null",
        "umask 777; ulimit -c 0; renice -n 7 $$ >/dev/null",
    ] {
        let done = after(&env, setup, &["run", "--", "/bin/sh", "-c", script]).expect_code(0);
        let lines: Vec<&str> = done.stdout.lines().collect();
        assert_eq!((lines[0], lines[2]), ("0022", "7"), "{}", done.stdout);
        assert!(["0", "1"].contains(&lines[1]), "{}", done.stdout);
        assert_eq!(lines[3..], ["1777", "700", "644"]);
    }
    for setup in ["ulimit -s 128", "ulimit -l 0", "ulimit -t 2", "ulimit -q 0"] {
        after(&env, setup, &["run", "--", "/bin/true"]).expect_code(0);
    }
}

#[test]
fn a_limit_on_file_size_below_our_own_files_is_told() {
    let env = TestEnv::new();
    let done = after(&env, "ulimit -f 0", &["run", "--", "/bin/true"]);
    expect_error(&done, 125, &["File too large", "fix:   ulimit -f unlimited"]);
}

mod user_only {
    use super::*;

    #[test]
    fn a_limit_on_processes_that_is_reached_is_told() {
        let env = TestEnv::new();
        let prlimit = env.command(require("prlimit")).args(["--nproc=1"]).arg(drybox_bin());
        let done = prlimit.args(["run", "--", "/bin/true"]).run();
        // It counts all processes of the user: the clone, the thread or the payload meets it.
        if done.code() != Some(0) {
            assert!([Some(125), Some(126)].contains(&done.code()), "{}", done.stderr);
            assert!(
                done.stderr.contains("the user's limit on processes is reached"),
                "{}",
                done.stderr
            );
            assert!(done.stderr.contains("fix:   ulimit -u"), "{}", done.stderr);
        } else {
            panic!("the limit was not met");
        }
    }
}
