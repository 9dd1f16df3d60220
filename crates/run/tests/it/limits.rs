//! Limits, for programs that use this library.

use std::ffi::OsString;

use drybox_run::{Host, Stdio, limits_in_force, spawn};
use drybox_spec::{ByteSize, Command, Ending, Memory, SandboxSpec, Workspace};

#[test]
fn a_box_that_takes_too_much_ends_and_says_so() {
    let env = |_: &str| None::<OsString>;
    let host = Host::of_process(&env).unwrap();
    let hog = "hog = bytearray(160 << 20)\nimport time; time.sleep(30)";
    let end = |memory| {
        let command = Command::argv(["/usr/bin/python3", "-c", hog]).unwrap();
        let spec = SandboxSpec::builder(command).workspace(Workspace::Empty).memory(memory);
        let spec = spec.timeout(std::time::Duration::from_secs(4)).build();
        let mut child = spawn(&spec, &host, [Stdio::Null; 3]).unwrap();
        let ending = child.wait().unwrap();
        assert_eq!(child.wait().unwrap(), ending, "asked again");
        ending
    };
    assert_eq!(end(Memory::Most(ByteSize(48 << 20))), Ending::OutOfMemory);
    assert_eq!(end(Memory::Unlimited), Ending::TimedOut, "the control");
}

#[test]
fn each_limit_says_what_keeps_it_here() {
    let env = |_: &str| None::<OsString>;
    let host = Host::of_process(&env).unwrap();
    let states = limits_in_force(&host).unwrap();
    for id in ["pids", "memory", "scratch", "nofile", "inotify-watches", "--memory", "--cpus"] {
        assert_eq!(states.iter().filter(|state| state.id == id).count(), 1, "{id}");
    }
    for state in states {
        assert!(!state.what.is_empty() && !state.kept_by.is_empty(), "{state:?}");
        assert!(state.in_force || state.fix.is_some(), "{state:?}");
    }
}
