//! Real programs at a terminal, driven as a person would.

use std::fs;
use std::time::Duration;

use drybox_testkit::{Size, TestEnv, require};

use super::{LONG, outer, run};

/// What a person does with a program: in turn, keys, and what has to be seen then.
struct Session {
    name: &'static str,
    command: &'static [&'static str],
    steps: &'static [(&'static str, &'static str)],
    code: i32,
}

const SESSIONS: &[Session] = &[
    Session {
        name: "bash",
        command: &["--", "bash", "--norc", "-i"],
        steps: &[("", "$"), ("echo a$((40 + 2))\n", "a42"), ("exit 5\n", "exit")],
        code: 5,
    },
    Session {
        name: "the user's shell",
        command: &[],
        steps: &[
            ("", "drybox:"),
            ("echo a$((40 + 2))\n", "a42"),
            ("ls --color -d /usr\n", "\x1b[01;34m"),
        ],
        code: -1,
    },
    Session {
        name: "python3",
        command: &["--", "/usr/bin/python3"],
        steps: &[("", ">>> "), ("6 * 7\n", "42\r\n"), ("\x04", "")],
        code: 0,
    },
    Session {
        name: "node",
        command: &["--", "/usr/bin/node"],
        steps: &[("", "> "), ("6 * 7\n", "42"), (".exit\n", "")],
        code: 0,
    },
    Session {
        name: "less",
        command: &["--", "less", "lines"],
        steps: &[("", "line 1\r\n"), ("G", "line 500"), ("?line 42\n", "line 42"), ("q", "")],
        code: 0,
    },
    Session {
        name: "vim",
        command: &["--", "vim", "-u", "NONE", "-N", "/tmp/new"],
        steps: &[
            ("", "new"),
            ("ihello\x1b", "hello"),
            (":w\n", "written"),
            (":!cat %\n", "hello"),
            ("\n", "hello"),
            (":q\n", ""),
        ],
        code: 0,
    },
    Session {
        name: "script",
        command: &["--", "script", "-q", "-e", "-c", "tty; exit 6", "/tmp/typescript"],
        steps: &[("", "/dev/pts/1")],
        code: 6,
    },
    Session {
        name: "tmux",
        command: &["--", "tmux", "-f", "/dev/null", "new", "sh"],
        steps: &[
            ("", "[0]"),
            ("echo a$((40 + 2))\n", "a42"),
            ("tty\n", "/dev/pts/1"),
            ("exit\n", "[exited]"),
        ],
        code: 0,
    },
    Session {
        name: "a password",
        command: &["--", "bash", "-c", "read -r -s -p 'pass: ' p; echo; echo \"<${#p}>\""],
        steps: &[("", "pass: "), ("secret\n", "<6>")],
        code: 0,
    },
];

#[test]
fn each_program_works_as_outside() {
    for program in ["bash", "python3", "node", "less", "vim", "script", "tmux"] {
        let _path = require(program);
    }
    for session in SESSIONS {
        let env = TestEnv::new();
        env.write("lines", (1..=500).map(|n| format!("line {n}\n")).collect::<String>());
        let mut pty = run(&env, session.command);
        for (keys, seen) in session.steps {
            pty.send(keys);
            if !seen.is_empty() {
                pty.expect(seen);
            }
            // A person looks before typing on; an editor may still be setting its terminal up.
            pty.settle(Duration::from_millis(150));
        }
        if session.code == -1 {
            pty.send("exit\n");
            pty.wait(LONG);
        } else {
            assert_eq!(pty.wait(LONG).code(), Some(session.code), "{}", session.name);
        }
        env.expect_no_stray_process();
    }
}

#[test]
fn an_editor_is_suspended_and_comes_back() {
    let env = TestEnv::new();
    env.write("file", "some text\n");
    let mut pty = outer(&env);
    pty.send("\"$D\" run -- vim -u NONE -N file\n");
    pty.expect("some text");
    pty.settle(Duration::from_millis(300));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.send("echo sh$((40 + 2))\n");
    pty.expect("sh42");
    pty.send("fg\n");
    pty.expect("some text");
    pty.settle(Duration::from_millis(300));
    // The size may have changed meanwhile: it draws anew.
    pty.resize(Size { rows: 30, cols: 100 });
    pty.expect("some text");
    pty.send(":q!\n");
    pty.expect("outer> ");
    pty.send("exit\n");
    pty.wait(LONG);
    env.expect_no_stray_process();
}

#[test]
fn npm_test_is_coloured() {
    let npm = require("npm");
    let env = TestEnv::new();
    env.write(
        "package.json",
        r#"{ "name": "a", "version": "1.0.0", "scripts": { "test": "node test.js" } }"#,
    );
    fs::write(
        env.work().join("test.js"),
        "console.log(process.stdout.isTTY, process.stdout.hasColors(256)); console.log({ a: 42 })",
    )
    .unwrap();
    let mut pty = run(&env, &["--", npm.to_str().unwrap(), "test"]);
    // Node colours only for a terminal.
    pty.expect("\x1b[33mtrue\x1b[39m \x1b[33mtrue\x1b[39m");
    pty.expect("\x1b[33m42\x1b[39m");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}
