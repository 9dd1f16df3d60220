//! A terminal on some of the three, `-t` and `-i`.

use std::fs;

use drybox_testkit::TestEnv;

use super::{LONG, outer, run};

/// What the user types at a shell, and what has to come.
struct Row {
    name: &'static str,
    /// `X` stands for the executable and `run`.
    typed: &'static str,
    comes: &'static str,
}

/// Which of the three are terminals inside.
const SEE: &str = "for n in 0 1 2; do test -t $n && printf t || printf -- -; done";

// What comes from a pipe is echoed while it is read: the payload speaks afterwards.
const ROWS: &[Row] = &[
    row("all three", "X -- sh -c \"$SEE\"; echo", "ttt"),
    row("input elsewhere", "X -- sh -c \"$SEE\" < /dev/null; echo", "---"),
    row("output elsewhere", "X -- sh -c \"$SEE\" | cat; echo", "---"),
    row("errors in a file", "X -- sh -c \"$SEE; echo err >&2\" 2> e; cat e", "tt-err"),
    row("errors nowhere", "X -- sh -c \"$SEE\" 2> /dev/null; echo", "tt-"),
    row("errors closed", "X -- sh -c \"$SEE\" 2>&-; echo", "tt-"),
    row("errors in a pipe", "X -- sh -c \"$SEE; echo err >&2\" 2> >(cat > e); cat e", "tt-err"),
    row("-t and input from a pipe", "echo ab | X -t -- sh -c \"cat; $SEE\"; echo", "\nttt"),
    row("-t and an open line", "printf ab | X -t -- sh -c \"cat; $SEE\"; echo", "abttt"),
    row("-t and output to a pipe", "X -t -- sh -c \"$SEE\" | cat; echo", "ttt"),
    row("-t and nothing from the user", "X -t -i=false -- sh -c \"$SEE\"; echo", "ttt"),
    row("-it", "X -it -- sh -c \"$SEE\"; echo", "ttt"),
    row("-i", "echo ab | X -i -- sh -c \"$SEE; cat\"", "---ab"),
    row("-i=false", "echo ab | X -i=false -- sh -c \"$SEE; cat; echo e\"", "---e"),
    row("-t=false", "X -t=false -- sh -c \"$SEE\"; echo", "---"),
];

const fn row(name: &'static str, typed: &'static str, comes: &'static str) -> Row {
    Row { name, typed, comes }
}

#[test]
fn each_mixture_of_terminals_is_seen_inside() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send(format!("SEE='{SEE}'\n"));
    pty.expect("outer> ");
    let mut wrong = Vec::new();
    for row in ROWS {
        let seen = pty.output().len();
        pty.send(format!("{}; echo en''d\n", row.typed.replace('X', "\"$D\" run")));
        pty.expect("end\r\n");
        pty.expect("outer> ");
        let output = String::from_utf8_lossy(&pty.output()[seen..]).into_owned();
        if !output.contains(row.comes) {
            wrong.push(format!("{}: {output:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    pty.send("exit\n");
    pty.wait(LONG);
    env.expect_no_stray_process();
}

#[test]
fn errors_in_a_file_stay_out_of_the_terminal() {
    let env = TestEnv::new();
    let mut pty = outer(&env);
    pty.send("\"$D\" run -- sh -c 'echo o''ut; ls /no/such/file' 2> errors; echo rc=$?\n");
    pty.expect("out\r\n");
    pty.expect("rc=2");
    let errors = fs::read_to_string(env.work().join("errors")).unwrap();
    assert!(errors.contains("/no/such/file"), "{errors}");
    assert!(!String::from_utf8_lossy(pty.output()).contains("cannot access"));
}

#[test]
fn another_terminal_for_errors_is_another_stream() {
    let env = TestEnv::new();
    let mut second = drybox_testkit::Pty::start(env.command("/bin/sh").args(["-c", "tty; cat"]));
    second.expect("/dev/pts/");
    second.expect("\r\n");
    let tty = String::from_utf8_lossy(second.output()).trim().to_owned();
    let mut pty = outer(&env);
    pty.send(format!("\"$D\" run -- sh -c 'echo o''ut; echo er''r >&2' 2> {tty}; echo rc=$?\n"));
    pty.expect("out\r\n");
    pty.expect("rc=0");
    second.expect("err");
    assert!(!String::from_utf8_lossy(pty.output()).contains("err\r\n"));
    // The same one, by another name, is the payload's own.
    pty.send("\"$D\" run -- sh -c 'test -t 2 && echo ow''n' 2> /dev/tty\n");
    pty.expect("own");
}

#[test]
fn without_a_terminal_of_its_own_the_payload_has_none() {
    let env = TestEnv::new();
    let open = "sh -c '(exec 3<> /dev/tty) 2>&1 && echo op''en'";
    let mut pty = outer(&env);
    pty.send(format!("\"$D\" run -t=false -- {open}\n"));
    pty.expect("No such device or address");
    pty.expect("outer> ");
    pty.send(format!("{open}\n"));
    pty.expect("open\r\n");
}

#[test]
fn a_payload_without_a_terminal_prints_to_one_through_the_filter() {
    let env = TestEnv::new();
    let print = "printf 'a\\033]52;c;eA==\\007b\\n'";
    let mut pty = run(&env, &["-t=false", "--", "sh", "-c", print]);
    pty.expect("ab\r\n");
    pty.expect("1 clipboard write withheld");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}

#[test]
fn typed_lines_reach_a_payload_without_a_terminal() {
    let env = TestEnv::new();
    let mut pty =
        run(&env, &["-t=false", "--", "sh", "-c", "read -r a; echo \"<$a>\"; cat; echo en''d"]);
    pty.send("word\n");
    pty.expect("<word>");
    pty.send("\x04");
    pty.expect("end");
    assert_eq!(pty.wait(LONG).code(), Some(0));
}
