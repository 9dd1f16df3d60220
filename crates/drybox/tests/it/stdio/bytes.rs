//! Bytes: all of them, in order, no faster than they are taken, and not at the price of a busy loop.

use std::fs;
use std::time::Duration;

use drybox_testkit::TestEnv;

use super::{script, succeeds};

/// Four megabytes of every byte, in no order that a buffer of any size would repeat.
fn noise() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(4 << 20).collect()
}

#[test]
fn megabytes_go_both_ways_unchanged() {
    let noise = noise();
    for shell in [
        "cat in | X | cat > out",
        "X < in > out",
        "cat in | X > out",
        "X < in | cat > out",
        "X < in >> out",
        "mkfifo p q; cat in > p & cat q > out & X < p > q; wait",
        "X < in 2> out >&2",
    ] {
        let env = TestEnv::new();
        env.write("in", &noise);
        succeeds(&env, &shell.replace('X', "\"$D\" run -- cat"));
        let out = fs::read(env.work().join("out")).unwrap();
        assert!(out == noise, "{shell}: {} bytes of {}", out.len(), noise.len());
    }
}

#[test]
fn relayed_input_arrives_whole_and_ends() {
    let env = TestEnv::new();
    env.write("in", noise());
    let text = "exec 3< in; rm in; \"$D\" run -- cksum <&3; cksum /dev/fd/3";
    let told = succeeds(&env, text);
    let sums: Vec<&str> = told.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    // What was relayed has been read: nothing is left for the second.
    assert_eq!(sums.len(), 2);
    env.write("in", noise());
    let plain = succeeds(&env, "cksum < in");
    assert_eq!(Some(&sums[0]), plain.stdout.split(' ').next().as_ref());
}

#[test]
fn a_reader_that_waits_makes_the_payload_wait() {
    let env = TestEnv::new();
    // The payload counts what it could write, while nobody reads for a second.
    let payload = "import os, time
os.set_blocking(1, False)
count, end = 0, time.time() + 1
while time.time() < end:
    try:
        count += os.write(1, b'x' * 4096)
    except BlockingIOError:
        time.sleep(0.01)
os.write(2, b'%d\\n' % count)";
    for redirect in ["| { sleep 1.5; cat > /dev/null; }", "> p"] {
        let prefix =
            if redirect == "> p" { "mkfifo p; { sleep 1.5; cat; } < p > /dev/null & " } else { "" };
        let text =
            format!("{prefix}\"$D\" run -- /usr/bin/python3 -c \"{payload}\" {redirect}; wait");
        let told = succeeds(&env, &text);
        let count: u64 = told.stderr.trim_end().parse().unwrap();
        // A pipe of ours, what the relay holds, and the caller's pipe.
        assert!((1..=3 * 65536).contains(&count), "{redirect}: {count}");
    }
}

#[test]
fn flags_that_the_payload_sets_are_not_the_callers() {
    let env = TestEnv::new();
    let set = "import fcntl, os
for fd in (0, 1, 2): fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)";
    let see = "import fcntl; print([fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (0, 1, 2)], file=open('flags', 'a'))";
    let see = |n: &str| format!("/usr/bin/python3 -c \"{}\"", see.replace("flags", n));
    for (shell, wrap) in [
        ("cat f | { S; W; T; } 2>&1 | cat", true),
        ("{ S; W; T; } < f > g 2> h", true),
        ("{ S; W; T; } < f >> g 2>> h", true),
        ("cat f | { S; W; T; } 2>&1 | cat", false),
    ] {
        env.write("f", "x");
        for name in ["before", "after"] {
            fs::write(env.work().join(name), "").unwrap();
        }
        let run = if wrap { "\"$D\" run --" } else { "env" };
        let text = shell
            .replace("W;", &format!("{run} /usr/bin/python3 -c \"{set}\";"))
            .replace("{ S;", &format!("{{ {};", see("before")))
            .replace("T;", &format!("{};", see("after")));
        succeeds(&env, &text);
        let flags = |name| fs::read_to_string(env.work().join(name)).unwrap();
        // The control: without a box the caller's flags do change.
        assert_eq!(flags("before") == flags("after"), wrap, "{shell}: {}", flags("after"));
    }
}

#[test]
fn an_idle_supervisor_uses_no_processor() {
    // A relay each way, one whose end is gone, one with nobody to read, one without input.
    for shell in [
        "sleep 2 | X | cat",
        "X < /dev/zero > log",
        "X <&- >&- 2>&-",
        "mkfifo p; exec 4<> p; X < p > p",
        "yes | X > /dev/null",
        "X 2>&1 | :",
    ] {
        let env = TestEnv::new();
        let command = "\"$D\" run -- sleep 1.5";
        let text =
            format!("{{ {}; }} & sleep 1; times > t; wait; times", shell.replace('X', command));
        let ticks = r"
            for p in /proc/[0-9]*; do
                if [ -r $p/environ ] && tr '\0' '\n' < $p/environ 2> /dev/null |
                    grep -q $DRYBOX_TEST_ID && grep -qa -- drybox $p/cmdline; then
                    read -r stat < $p/stat; set -- ${stat##*) }; echo $((${12} + ${13}))
                fi
            done 2> /dev/null";
        let text = text.replace("times > t", &format!("{{ {ticks}; }} > t")).replace("; times", "");
        script(&env, &text).limit(Duration::from_secs(20)).run();
        let used = fs::read_to_string(env.work().join("t")).unwrap();
        let used: Vec<u32> = used.lines().map(|line| line.parse().unwrap()).collect();
        // Ticks are 10 ms: a busy loop would have about a hundred by now.
        assert!(!used.is_empty() && used.iter().all(|ticks| *ticks < 20), "{shell}: {used:?}");
    }
}

#[test]
fn a_hundred_megabytes_take_a_small_multiple_of_a_plain_pipe() {
    let env = TestEnv::new();
    // One file, relayed out; the plain pipeline has a copying program at the same place.
    let make = "head -c 104857600 /dev/zero";
    let ours = format!("X={make}; \"$D\" run -- $X > log; rm log");
    let plain = format!("{make} | cat > log; rm log");
    let best = |text: &str| (0..3).map(|_| succeeds(&env, text).took).min().unwrap();
    let (plain, ours) = (best(&plain), best(&ours));
    assert!(ours < plain * 4 + Duration::from_millis(200), "plain {plain:?}, relayed {ours:?}");
    // A pipe is the caller's own: nothing is copied.
    let direct = best(&format!("\"$D\" run -- {make} | cat > log; rm log"));
    assert!(direct < plain * 2 + Duration::from_millis(200), "plain {plain:?}, direct {direct:?}");
}
