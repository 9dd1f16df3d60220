//! Standard output and standard error.

use std::fs;
use std::time::Duration;

use drybox_testkit::TestEnv;

use super::{script, succeeds};

/// A kind of standard output, tried as standard error too.
struct Row {
    name: &'static str,
    /// `X` stands for the command, `N` for the descriptor; it puts what arrived into `got`, if it
    /// can be seen.
    shell: &'static str,
    /// The kind that the payload sees.
    kind: &'static str,
    /// Whether `got` has what was written.
    arrives: bool,
}

const ROWS: &[Row] = &[
    row("a pipe", "{ X N>&3 | cat; } 3> >(cat > got)", "pipe", true),
    row("a file", "X N> got", "pipe", true),
    row("a file that is appended to", "X N>> got", "pipe", true),
    row("a file open for both", "X N<> got", "pipe", true),
    row("a FIFO", "mkfifo p; cat p > got & X N> p", "pipe", true),
    row("a FIFO open for both", "mkfifo p; exec 4<> p; X N>&4; head -n 1 p > got", "pipe", true),
    row("a deleted file", "exec 4<> d; rm d; X N>&4; cat /dev/fd/4 > got", "pipe", true),
    row("the null device", "X N> /dev/null; touch got", "null", false),
    row("nothing", "X N>&-; touch got", "null", false),
    row("the reading end of a pipe", "X N< <(:); touch got", "pipe", false),
    row("a file open for reading only", "touch got; X N< got", "pipe", false),
    row("a full device", "X N> /dev/full; touch got", "pipe", false),
];

const fn row(name: &'static str, shell: &'static str, kind: &'static str, arrives: bool) -> Row {
    Row { name, shell, kind, arrives }
}

#[test]
fn every_kind_of_standard_output_takes_what_is_written_and_none_is_handed_over() {
    let mut wrong = Vec::new();
    for (fd, report) in [("1", "2"), ("2", "1")] {
        for row in ROWS {
            let env = TestEnv::new();
            // First the report: a write to a full device may end the payload.
            let payload =
                format!("/usr/bin/python3 -c \\\"\\$PROBE\\\" {fd} {report}; echo written >&{fd}");
            let command = format!("\"$D\" run -e PROBE -- sh -c \"{payload}\"");
            let shell = row.shell.replace('N', fd).replace('X', &command);
            let told =
                script(&env, &format!("{{ {shell}; }} {report}> told; wait; sleep 0.05")).run();
            let report = fs::read_to_string(env.work().join("told")).unwrap();
            let got = fs::read_to_string(env.work().join("got")).unwrap_or_default();
            let fits = report.starts_with(row.kind)
                && (row.kind == "null" || report.contains("cut=EINVAL"))
                && (got == "written\n") == row.arrives;
            if !fits {
                wrong.push(format!("{} on {fd}: {report} {got} {}", row.name, told.stderr));
            }
            env.expect_no_stray_process();
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_directory_is_refused_for_each_stream() {
    let env = TestEnv::new();
    for (redirect, name) in [("1<.", "standard output"), ("2<.", "standard error")] {
        let text = format!("exec 5>&2; \"$D\" run -- echo ran {redirect} 2>&5");
        let text = if redirect.starts_with('2') {
            // Nobody can be told then: the code has to do.
            format!("\"$D\" run -- echo ran {redirect}")
        } else {
            text
        };
        let told = script(&env, &text).run().expect_code(125);
        assert_eq!(told.stdout, "");
        if redirect.starts_with('1') {
            assert!(told.stderr.contains(&format!("cannot give {name} to the payload")));
        }
    }
}

#[test]
fn one_file_for_both_streams_keeps_their_order() {
    let lines: String = (0..200).map(|n| format!("o{n}\ne{n}\n")).collect();
    let payload = "i=0; while [ $i -lt 200 ]; do echo o$i; echo e$i >&2; i=$((i + 1)); done";
    for redirect in
        ["> log 2>&1", ">> log 2>> log", "2> log 1>&2", "<> log >&0 2>&0", "2>&1 | cat > log"]
    {
        let env = TestEnv::new();
        succeeds(&env, &format!("\"$D\" run -- sh -c '{payload}' {redirect}"));
        let log = fs::read_to_string(env.work().join("log")).unwrap();
        assert!(log == lines, "{redirect}: {log}");
    }
}

#[test]
fn one_file_opened_twice_is_overwritten_as_outside() {
    let env = TestEnv::new();
    let text = "X sh -c 'echo out; sleep 0.1; echo error >&2' > log 2> log";
    succeeds(&env, &text.replace('X', "\"$D\" run --"));
    let inside = fs::read_to_string(env.work().join("log")).unwrap();
    succeeds(&env, &text.replace('X', "env"));
    assert_eq!(inside, fs::read_to_string(env.work().join("log")).unwrap());
}

#[test]
fn a_file_is_written_where_the_caller_stands() {
    let env = TestEnv::new();
    succeeds(&env, "{ echo before; \"$D\" run -- echo inside; echo after; } > log");
    assert_eq!(fs::read_to_string(env.work().join("log")).unwrap(), "before\ninside\nafter\n");
    succeeds(&env, "\"$D\" run -- echo more >> log");
    assert_eq!(
        fs::read_to_string(env.work().join("log")).unwrap(),
        "before\ninside\nafter\nmore\n"
    );
}

#[test]
fn a_reader_that_leaves_ends_a_writer_by_its_signal() {
    let env = TestEnv::new();
    for redirect in ["", "2>&1"] {
        let text = format!("\"$D\" run -- yes {redirect} | head -n 1; echo ${{PIPESTATUS[0]}}");
        assert_eq!(succeeds(&env, &text).stdout, "y\n141\n");
    }
    assert_eq!(succeeds(&env, "yes | head -n 1; echo ${PIPESTATUS[0]}").stdout, "y\n141\n");
}

#[test]
fn a_reader_of_a_terminal_that_leaves_hangs_it_up() {
    let env = TestEnv::new();
    // A reader that goes on: the control.
    for (reader, code, said) in [("head -n 1", 3, "hung up\n"), ("tail -n 1", 0, "")] {
        let payload = "trap 'echo hung up >&2; exit 3' HUP; \
                       for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.1; done";
        let text = format!(
            "\"$D\" run -t -- sh -c \"{payload}\" < /dev/null 2> err | {reader}; \
             echo ${{PIPESTATUS[0]}}; cat err"
        );
        let text = text.replace("$n", "\\$n");
        let told = succeeds(&env, &text).stdout;
        let as_told = told.contains(&format!("\n{code}\n")) && told.ends_with(said);
        assert!(as_told, "{reader}: {told:?}");
    }
}

#[test]
fn what_could_not_be_written_is_told() {
    let env = TestEnv::new();
    let error = "error: cannot write all of the payload's standard output\n  \
                 cause: No space left on device (os error 28)\n  \
                 fix:   make room where its output goes, and run again\n";
    // Outside the write itself fails; inside there is a pipe between, and its writer may be gone.
    for payload in ["echo short", "yes"] {
        let told = script(&env, &format!("\"$D\" run -- {payload} > /dev/full")).run();
        assert_eq!(told.clone().expect_code(125).stderr, error, "{payload}");
        assert_eq!(script(&env, &format!("env {payload} > /dev/full")).run().code(), Some(1));
    }
    let told = script(&env, "\"$D\" run -t -- echo short < /dev/null > /dev/full").run();
    assert_eq!(told.expect_code(125).stderr, error, "-t");
    let told = script(&env, "\"$D\" run -- sh -c 'echo x >&2' 2> /dev/full").run();
    assert_eq!(told.code(), Some(125));
    env.expect_no_stray_process();
}

#[test]
fn a_payload_that_closes_its_output_lets_readers_go() {
    let env = TestEnv::new();
    for redirect in ["", "> >(cat; echo end > eof)"] {
        let text = format!(
            "\"$D\" run -- sh -c 'echo out; exec >&- 2>&-; sleep 8' {redirect} | \
             {{ SECONDS=0; cat > got; echo $SECONDS; }}"
        );
        let told = succeeds(&env, &text);
        if redirect.is_empty() {
            // Starting a box takes its time on a busy machine, and the seconds are whole ones.
            let seconds: u32 = told.stdout.trim().parse().unwrap();
            assert!(seconds < 6, "the end of file came with the end of the run: {seconds}");
        }
    }
}

/// Sends standard output and error over a socket pair that only its own messages hold: the kernel
/// frees such a pair when some unix socket of the machine is closed, and not before.
const IN_FLIGHT: &str = r#"
import array, os, socket
a, b = socket.socketpair()
for end in (a, b):
    rights = array.array("i", [a.fileno(), b.fileno(), 1, 2])
    end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
os.write(1, b"sent\n")
os._exit(7)
"#;

#[test]
fn an_output_that_is_held_by_a_message_does_not_hold_the_run() {
    let env = TestEnv::new();
    env.write("send.py", IN_FLIGHT);
    for _ in 0..4 {
        let done = script(&env, "\"$D\" run -- python3 send.py | cat; exit ${PIPESTATUS[0]}").run();
        assert_eq!(done.clone().expect_code(7).stdout, "sent\n");
        assert!(done.took < Duration::from_secs(5), "{:?}", done.took);
    }
    env.expect_no_stray_process();
}
