//! What is seen and typed: size, colours, keys, floods, and what the filter keeps back.

use std::time::{Duration, Instant};

use drybox_testkit::{Pty, Size, TestEnv};

use super::restore::contains;
use super::{LONG, run, sh};

#[test]
fn the_payload_has_a_terminal_of_its_own() {
    let env = TestEnv::new();
    let mut pty =
        sh(&env, "tty; test -t 0 && test -t 1 && test -t 2 && echo al''l > /dev/tty; echo $TERM");
    pty.expect("/dev/pts/0\r\n");
    pty.expect("all\r\n");
    pty.expect("xterm-256color");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn colours_are_shown() {
    let env = TestEnv::new();
    let mut pty = run(&env, &["--", "ls", "--color=auto", "-d", "/usr"]);
    assert_eq!(pty.wait(LONG).code(), Some(0));
    assert!(contains(pty.output(), b"\x1b[01;34m/usr"));
}

#[test]
fn the_size_is_the_users_and_follows_it() {
    let env = TestEnv::new();
    // The signal may come once more than the size changes: what counts is the size.
    let script = "trap 's=$(stty size); echo $s; [ \"$s\" != \"40 132\" ] || exit 3' WINCH
        stty size; while :; do sleep 0.05; done";
    let command = env.drybox().args(["run", "--", "bash", "-c", script]);
    let mut pty = Pty::start_sized(command, Size { rows: 31, cols: 97 });
    pty.expect("31 97");
    pty.resize(Size { rows: 40, cols: 132 });
    pty.expect("40 132");
    assert_eq!(pty.wait(LONG).code(), Some(3));
}

#[test]
fn keys_that_were_typed_ahead_arrive() {
    let env = TestEnv::new();
    let mut pty = super::outer(&env);
    pty.send("\"$D\" run -- sh -c 'read -r a; read -r b; echo \"<$b-$a>\"'\nfirst\nsecond\n");
    pty.expect("<second-first>");
}

#[test]
fn the_end_of_input_is_a_key() {
    let env = TestEnv::new();
    let mut pty = run(&env, &["--", "cat"]);
    pty.send("word\n");
    pty.expect("word\r\nword\r\n");
    pty.send("\x04");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn a_hundred_kilobytes_are_pasted_whole() {
    let env = TestEnv::new();
    let script = "stty raw -echo; echo re''ady; head -c 102400 | cksum";
    let mut pty = sh(&env, script);
    pty.expect("ready");
    let paste: String = (0..12_800).map(|n| format!("{n:07}\r")).collect();
    assert_eq!(paste.len(), 102_400);
    // In pieces, as a terminal writes: it waits where nobody reads.
    for piece in paste.as_bytes().chunks(1024) {
        pty.send(piece);
    }
    let plain = env.command("cksum").input(paste).run().expect_code(0);
    pty.expect(plain.stdout.trim_end());
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn ctrl_c_ends_a_flood() {
    let env = TestEnv::new();
    let mut pty = run(&env, &["--", "yes"]);
    pty.expect("y\r\ny\r\n");
    for _ in 0..200 {
        pty.settle(Duration::ZERO);
    }
    pty.send("\x03");
    let begun = Instant::now();
    assert_eq!(pty.wait(LONG).code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_terminal_that_shows_nothing_more_can_be_left() {
    let env = TestEnv::new();
    let mut pty = run(&env, &["--", "yes"]);
    pty.expect("y\r\ny\r\n");
    // Nobody reads: the user's terminal is full, and the supervisor must still hear.
    std::thread::sleep(Duration::from_millis(500));
    rustix::process::kill_process(pty.pid(), rustix::process::Signal::TERM).unwrap();
    let begun = Instant::now();
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pty.pid())).unwrap();
        if stat.contains(") Z ") || env.stray_processes().len() <= 1 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the payload lives on: {stat}");
    }
    assert_eq!(pty.wait(LONG).code(), Some(143));
}

#[test]
fn what_would_reach_the_users_machine_is_withheld_and_told() {
    let env = TestEnv::new();
    let print = "printf 'a\\033]0;title\\007b\\033]52;c;eA==\\007c\\033[21td\\n'";
    let mut pty = sh(&env, print);
    pty.expect("abcd\r\n");
    pty.expect("1 title, 1 clipboard write, 1 query withheld");
    assert_eq!(pty.wait(LONG).code(), Some(0));
    // The control: the same is shown when the user lifts the filter, and is not told.
    let mut pty = run(&env, &["--raw-terminal", "--", "sh", "-c", print]);
    pty.expect("a\x1b]0;title\x07b\x1b]52;c;eA==\x07c\x1b[21td\r\n");
    assert_eq!(pty.wait(LONG).code(), Some(0));
    assert!(!contains(pty.output(), b"withheld"));
}

#[test]
fn a_terminal_that_all_inside_have_closed_can_be_opened_again() {
    let env = TestEnv::new();
    let mut pty = sh(&env, "exec < /dev/null > /dev/null 2>&1; sleep 0.5; echo ag''ain > /dev/tty");
    pty.expect("again");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn the_last_words_are_shown() {
    let env = TestEnv::new();
    for _ in 0..20 {
        let mut pty = run(&env, &["--", "seq", "-s", " ", "20000"]);
        pty.expect(" 19999 20000");
        assert_eq!(pty.wait(LONG).code(), Some(0));
    }
    for _ in 0..50 {
        let mut pty = run(&env, &["--", "echo", "short"]);
        pty.expect("short\r\n");
        // A box is for one run at a time.
        assert_eq!(pty.wait(LONG).code(), Some(0));
    }
}
