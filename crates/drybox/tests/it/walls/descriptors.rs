//! What the caller has open, and its environment: neither enters unnamed.

use std::fs::{self, File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use drybox_testkit::{Run, Snapshot, TestEnv, drybox_bin, require};

use super::PYTHON;

/// Attempts on a descriptor: each one's errno or `done`.
const ON_ZERO: &str = "import os
def tried(act, *args):
    try: act(*args)
    except OSError as error: return os.strerror(error.errno)
    return 'done'
print(tried(os.open, '/proc/self/fd/0', os.O_WRONLY), tried(os.fchmod, 0, 0o666),
      tried(os.utime, 0, (1, 1)), tried(os.setxattr, 0, 'user.probe', b'1'), sep=', ')";

fn python(env: &TestEnv, inside: bool, script: &str) -> Command {
    let run = if inside { env.drybox().args(["run", "--", PYTHON]) } else { env.command(PYTHON) };
    run.args(["-c", script]).into_command()
}

fn text(mut command: Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// FD-03, FD-22.
#[test]
fn a_file_on_standard_input_can_be_read_and_nothing_else() {
    let env = TestEnv::new();
    env.write("input", "the host's");
    let input = env.work().join("input");
    let before = Snapshot::of(env.work());
    let run = |inside| {
        let mut command = python(&env, inside, ON_ZERO);
        command.stdin(File::open(&input).unwrap());
        text(command)
    };
    let refused = "Read-only file system";
    assert_eq!(run(true), format!("{refused}, {refused}, {refused}, {refused}\n"));
    before.expect_same(&Snapshot::of(env.work()));
    let mut read = env.drybox().args(["run", "--", "cat"]).into_command();
    read.stdin(File::open(&input).unwrap());
    assert_eq!(text(read), "the host's");
    // The control.
    assert!(run(false).starts_with("done, done, done"), "{}", run(false));
}

/// FD-22: a FIFO that has a name is a file of the host.
#[test]
fn a_named_pipe_on_standard_input_or_output_is_not_handed_over() {
    let env = TestEnv::new();
    let fifo = env.work().join("fifo");
    env.command(require("mkfifo")).args(["-m", "600"]).arg(&fifo).run().expect_code(0);
    let held = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let change = "import os, sys; os.fchmod(int(sys.argv[1]), 0o640)";
    let mode = || fs::metadata(&fifo).unwrap().mode() & 0o777;
    let run = |inside: bool, number: &str| {
        let run =
            if inside { env.drybox().args(["run", "--", PYTHON]) } else { env.command(PYTHON) };
        let mut command = run.args(["-c", change, number]).into_command();
        let end: Stdio = OpenOptions::new().read(true).write(true).open(&fifo).unwrap().into();
        let status = match number {
            "0" => command.stdin(end).status(),
            _ => command.stdin(Stdio::null()).stdout(end).status(),
        };
        // As real root's payload, nobody, it may not even change the pipe that it got.
        status.unwrap();
    };
    run(true, "0");
    run(true, "1");
    assert_eq!(mode(), 0o600);
    // The control.
    run(false, "0");
    assert_eq!(mode(), 0o640);
    drop(held);
}

/// FD-04.
#[test]
fn a_directory_on_standard_input_is_refused() {
    let env = TestEnv::new();
    let list = ["-c", "ls /proc/self/fd/0/"];
    let run = |run: Run| {
        let mut command = run.args(list).into_command();
        command.stdin(File::open("/etc").unwrap()).output().unwrap()
    };
    let inside = run(env.drybox().args(["run", "--", "/bin/sh"]));
    assert_eq!(inside.status.code(), Some(125));
    let said = String::from_utf8_lossy(&inside.stderr).into_owned();
    assert!(said.contains("it is a directory"), "{said}");
    let outside = run(env.command("/bin/sh"));
    assert!(String::from_utf8_lossy(&outside.stdout).contains("passwd"), "the control");
}

/// FD-05, FD-22: a log that is appended to cannot be emptied or read back.
#[test]
fn a_log_on_standard_output_is_written_and_nothing_else() {
    let env = TestEnv::new();
    let tamper = "import os, sys
def tried(act, *args):
    try: act(*args)
    except OSError as error: return os.strerror(error.errno)
    return 'done'
print(tried(os.ftruncate, 1, 0), tried(os.pwrite, 1, b'x', 0), file=sys.stderr)
tried(os.fchmod, 1, 0o666)";
    let run = |inside: bool| {
        env.write("log", "before\n");
        let log = OpenOptions::new().append(true).open(env.work().join("log")).unwrap();
        let mut command = python(&env, inside, tamper);
        let output = command.stdout(log).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let metadata = fs::metadata(env.work().join("log")).unwrap();
        fs::set_permissions(env.work().join("log"), PermissionsExt::from_mode(0o644)).unwrap();
        let content = fs::read_to_string(env.work().join("log")).unwrap();
        (String::from_utf8(output.stderr).unwrap(), content, metadata.mode() & 0o777)
    };
    use std::os::unix::fs::PermissionsExt;
    env.write("log", "");
    fs::set_permissions(env.work().join("log"), PermissionsExt::from_mode(0o644)).unwrap();
    let (said, content, mode) = run(true);
    assert_eq!(said, "Invalid argument Illegal seek\n");
    assert_eq!((content.as_str(), mode), ("before\n", 0o644));
    let (_, content, mode) = run(false);
    assert_eq!((content.as_str(), mode), ("x", 0o666), "the control");
}

/// FD-06: the payload's descriptor is no socket, so it can pass no descriptor to the client.
#[test]
fn a_socket_on_standard_input_becomes_a_pipe() {
    let env = TestEnv::new();
    let tell = "import os, stat; print(*[stat.S_IFMT(os.fstat(n).st_mode) == stat.S_IFSOCK \
                for n in (0, 1)], file=__import__('sys').stderr)";
    let run = |inside: bool| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let other: OwnedFd = theirs.try_clone().unwrap().into();
        let mut command = python(&env, inside, tell);
        command.stdin(OwnedFd::from(theirs)).stdout(other).stderr(Stdio::piped());
        let output = command.output().unwrap();
        drop(ours);
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(run(true), "False False\n");
    assert_eq!(run(false), "True True\n", "the control");
}

/// FD-01, FD-02.
#[test]
fn what_the_caller_has_open_is_closed_inside() {
    let env = TestEnv::new();
    let open = "exec 5</ 7</etc/passwd 9</proc/self/ns/net 200<.; exec \"$@\"";
    let list = "import os; fds = set(os.listdir('/proc/self/fd'))\n\
                print(*sorted(f for f in fds if os.path.exists('/proc/self/fd/' + f)))";
    let shell = || env.command("/bin/bash").args(["-c", open, "bash"]);
    let inside = shell().arg(drybox_bin()).args(["run", "--", PYTHON, "-c", list]).run();
    assert_eq!(inside.expect_code(0).stdout, "0 1 2\n");
    let outside = shell().args([PYTHON, "-c", list]).run().expect_code(0).stdout;
    let outside: Vec<&str> = outside.split_whitespace().collect();
    assert!(["5", "7", "9", "200"].iter().all(|fd| outside.contains(fd)), "the control");
}

/// FD-10, CVE-2024-21626: the working directory is looked up when nothing is open any more.
#[test]
fn a_working_directory_does_not_lead_through_an_open_descriptor() {
    let env = TestEnv::new();
    std::os::unix::fs::symlink("/proc/self/fd/9", env.work().join("way-out")).unwrap();
    let script = "exec 9</home; exec \"$@\"";
    let shell = || env.command("/bin/bash").args(["-c", script, "bash"]);
    let place = env.work().join("way-out");
    let inside = shell().arg(drybox_bin()).args(["run", "-w"]).arg(&place).args(["--", "ls", ".."]);
    let done = inside.run().expect_code(125);
    assert!(done.stderr.contains("there is no such directory inside"), "{}", done.stderr);
    let outside = shell().args(["/bin/sh", "-c", "cd way-out && ls .."]).run().expect_code(0);
    assert!(outside.stdout.contains("etc"), "the control");
    // Named as it is, it is refused by its name.
    let named = shell().arg(drybox_bin()).args(["run", "-w", "/proc/self/fd/9", "--", "ls"]);
    let done = named.run().expect_code(125);
    assert!(done.stderr.contains("links in there lead out of the box"), "{}", done.stderr);
}

/// FD-19.
#[test]
fn closed_standard_descriptors_stay_empty() {
    let env = TestEnv::new();
    let list = "import os, sys\n\
                sys.exit(len([f for f in os.listdir('/proc/self/fd') if int(f) < 3 and \
                os.readlink('/proc/self/fd/' + f) != '/dev/null']))";
    let script = "exec <&- >&- 2>&-; exec \"$@\"";
    let shell = || env.command("/bin/sh").args(["-c", script, "sh"]);
    shell().arg(drybox_bin()).args(["run", "--", PYTHON, "-c", list]).run().expect_code(0);
}

/// FD-12, FD-13: the environment is made anew.
#[test]
fn no_variable_of_the_caller_enters() {
    let env = TestEnv::new();
    let hostile = [
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("BASH_ENV", "/tmp/x"),
        ("DBUS_SESSION_BUS_ADDRESS", "x"),
        ("GITHUB_TOKEN", "x"),
        ("GIT_DIR", "/x"),
        ("LC_MESSAGES", "C"),
        ("NODE_OPTIONS", "--x"),
        ("SSH_AUTH_SOCK", "/x"),
        ("XDG_RUNTIME_DIR", "/run/user/1"),
        ("http_proxy", "http://u:p@x"),
    ];
    let names = |mut run: Run| {
        for (name, value) in hostile {
            run = run.env(name, value);
        }
        let list = "import os; print(*sorted(os.environ))";
        run.args(["-c", list]).run().expect_code(0).stdout
    };
    let inside = names(env.drybox().args(["run", "--", PYTHON]));
    assert_eq!(
        inside,
        "HOME HOSTNAME LANG LOGNAME PATH PIP_RETRIES SHELL USER UV_OFFLINE container npm_config_offline\n"
    );
    let outside = names(env.command(PYTHON));
    for (name, _) in hostile {
        assert!(outside.split_whitespace().any(|seen| seen == name), "{name}: no control");
    }
}
