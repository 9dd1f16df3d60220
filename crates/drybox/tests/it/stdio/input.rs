//! Standard input.

use drybox_testkit::TestEnv;

use super::{script, succeeds};

/// A kind of standard input: how a shell makes it, and what the payload has.
struct Row {
    name: &'static str,
    /// `X` stands for the command. The file `f` holds three lines.
    shell: &'static str,
    sees: Sees,
    content: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sees {
    /// A pipe: whatever the caller has, its copy.
    Pipe,
    /// A file that nothing can be done to.
    File,
    Null,
}

const ALL: &str = r"b'one\ntwo\nthree\n'";
const ZEROS: &str = concat!(
    r"b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    r"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'"
);

const ROWS: &[Row] = &[
    row("a pipe", "cat f | X", Sees::Pipe, ALL),
    row("a file", "X < f", Sees::File, ALL),
    row("a file open for both", "X <> f", Sees::File, ALL),
    row("a file that is half read", "{ read -r l; X; } < f", Sees::File, r"b'two\nthree\n'"),
    row("a file at its end", "{ cat > /dev/null; X; } < f", Sees::File, "b''"),
    row("an empty file", ": > g; X < g", Sees::File, "b''"),
    row(
        "a file with a strange name",
        "n=$'a\\n (deleted)'; cp f \"$n\"; X < \"$n\"",
        Sees::File,
        ALL,
    ),
    row("a link to a file", "ln -s f l; X < l", Sees::File, ALL),
    row("a deleted file", "exec 3< f; rm f; X <&3", Sees::Pipe, ALL),
    row("a file in another's place", "exec 3< f; mv f g; echo > f; X <&3", Sees::File, ALL),
    row("a file that nobody may open", "exec 3< f; chmod 0 f; X <&3", Sees::File, ALL),
    row("a file of the kernel", "X < /proc/sys/kernel/ostype", Sees::Pipe, r"b'Linux\n'"),
    row("a here-document", "X <<< word", Sees::Pipe, r"b'word\n'"),
    row("a FIFO", "mkfifo p; cat f > p & X < p", Sees::Pipe, ALL),
    row("an endless device", "X < /dev/zero", Sees::Pipe, ZEROS),
    row("the null device", "X < /dev/null", Sees::Null, "b''"),
    row("nothing", "X <&-", Sees::Null, "b''"),
    row("a file open for writing only", "X 0>> f", Sees::Null, "b''"),
    row("the writing end of a pipe", "X 0> >(cat)", Sees::Null, "b''"),
];

const fn row(name: &'static str, shell: &'static str, sees: Sees, content: &'static str) -> Row {
    Row { name, shell, sees, content }
}

/// `python3` is the same program inside and outside.
fn with_probe(shell: &str, prefix: &str) -> String {
    shell.replace('X', &format!("{prefix} /usr/bin/python3 -c \"$PROBE\" 0 1"))
}

#[test]
fn every_kind_of_standard_input_is_read_and_none_is_handed_over() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let env = TestEnv::new();
        env.write("f", "one\ntwo\nthree\n");
        let told = script(&env, &with_probe(row.shell, "\"$D\" run --")).run();
        let line = told.stdout.trim_end();
        let fits = told.code() == Some(0)
            && line.ends_with(row.content)
            && match row.sees {
                // The pipe is the payload's, or one-way and of the caller: see `callers`.
                Sees::Pipe => line.starts_with("pipe ") && line.contains(" cut=EINVAL "),
                Sees::File => line.starts_with("file reopen=EROFS chmod=EROFS cut=EINVAL lock=ok "),
                Sees::Null => line.starts_with("null "),
            };
        if !fits {
            wrong.push(format!(
                "{}: {}, {:?}: {line} {}",
                row.name, told.status, row.sees, told.stderr
            ));
        }
        env.expect_no_stray_process();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn outside_the_same_probe_writes_cuts_and_changes_a_file() {
    let env = TestEnv::new();
    env.write("f", "one\ntwo\nthree\n");
    let told = succeeds(&env, &with_probe("X < f", "env"));
    assert_eq!(told.stdout.trim_end(), format!("file reopen=ok chmod=ok cut=EINVAL lock=ok {ALL}"));
    let told = succeeds(&env, &with_probe("X <> f", "env"));
    assert_eq!(told.stdout.trim_end(), format!("file reopen=ok chmod=ok cut=ok lock=ok {ALL}"));
}

#[test]
fn a_lock_of_the_payload_is_nobody_elses() {
    let env = TestEnv::new();
    env.write("f", "x");
    let text = "exec 3< f; mkfifo go; exec 4<> go
        P='import fcntl, sys, time
fcntl.flock(0, fcntl.LOCK_EX); print(1, flush=True); time.sleep(1)'
        WRAP /usr/bin/python3 -c \"$P\" < f > go &
        read -r locked <&4; flock -n 3; echo $?; wait";
    let inside = succeeds(&env, &text.replace("WRAP", "\"$D\" run --"));
    assert_eq!(inside.stdout, "0\n");
    std::fs::remove_file(env.work().join("go")).unwrap();
    let outside = succeeds(&env, &text.replace("WRAP", "env"));
    assert_eq!(outside.stdout, "1\n");
}

#[test]
fn a_directory_is_refused_with_the_reason() {
    let env = TestEnv::new();
    let told = script(&env, "\"$D\" run -- ls -a /proc/self/fd/0/.. < .").run().expect_code(125);
    assert_eq!(
        told.stderr,
        "error: cannot give standard input to the payload\n  \
         cause: it is a directory: from it the whole tree above could be reached\n  \
         fix:   redirect a file or a pipe, or share the directory with -v\n"
    );
    let outside = succeeds(&env, "ls -a /proc/self/fd/0/.. < .");
    assert!(outside.stdout.contains("work"), "{}", outside.stdout);
}

#[test]
fn each_stream_has_a_name_that_can_be_opened() {
    let env = TestEnv::new();
    env.write("f", "one\n");
    let text = "cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr; \
                echo tee | tee /dev/stderr; cat < /proc/self/fd/0";
    for shell in ["cat f | X 2>&1", "X < f 2>&1 | cat", "X < f > g 2> h; cat g h", "X 2>&1 < f >&2"]
    {
        let inside = shell.replace('X', &format!("\"$D\" run -- sh -c '{text}'"));
        let told = succeeds(&env, &inside);
        let mut lines: Vec<&str> = told.stdout.lines().chain(told.stderr.lines()).collect();
        lines.sort_unstable();
        // A file is read from its start again when it is opened again.
        lines.dedup();
        assert_eq!(lines, ["err", "one", "out", "tee"], "{shell}");
    }
}
