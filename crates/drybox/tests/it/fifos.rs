//! FIFOs with a name on standard input and output: files of the host, so never handed through.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use drybox_testkit::{TestEnv, drybox_bin, require};

/// A FIFO of mode 0600 in the workspace, opened for both directions.
fn fifo(env: &TestEnv) -> (std::path::PathBuf, File) {
    let path = env.work().join("fifo");
    let made = Command::new(require("mkfifo")).args(["-m", "600"]).arg(&path).status().unwrap();
    assert!(made.success());
    let both = File::options().read(true).write(true).open(&path).unwrap();
    (path, both)
}

const CHANGE: &str = "import os; print(os.readlink('/proc/self/fd/0')); os.fchmod(0, 0o666)";

#[test]
fn fd_22_the_permissions_of_a_fifo_on_standard_input_stay() {
    let env = TestEnv::new();
    let (path, both) = fifo(&env);
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    let python = require("python3");
    let inside = |program: &mut Command| {
        let output = program.current_dir(env.work()).stdin(both.try_clone().unwrap());
        let output = output.stdout(Stdio::piped()).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let mut boxed = Command::new(drybox_bin());
    boxed.args(["run", "--"]).arg(&python).args(["-c", CHANGE]);
    let seen = inside(&mut boxed);
    assert!(seen.starts_with("pipe:["), "{seen}");
    assert_eq!(mode(), 0o600);
    // The control: outside, the same program changes it.
    let seen = inside(Command::new(&python).args(["-c", CHANGE]));
    assert!(seen.trim_end().ends_with("/fifo"), "{seen}");
    assert_eq!(mode(), 0o666);
}

#[test]
fn what_goes_through_a_fifo_with_a_name_arrives() {
    let env = TestEnv::new();
    let (_, both) = fifo(&env);
    let mut boxed = Command::new(drybox_bin());
    boxed.args(["run", "--", "sh", "-c", "read line; echo \"got $line\""]).current_dir(env.work());
    let child = boxed.stdin(both.try_clone().unwrap()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut &both, b"a line\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"got a line\n");
}
