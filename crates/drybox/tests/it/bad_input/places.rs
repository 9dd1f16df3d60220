//! Where it is run, and what is shared.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;

use drybox_testkit::TestEnv;

use super::expect_error;

#[test]
fn a_directory_with_any_name_is_shown_at_its_own_path() {
    let env = TestEnv::new();
    for name in [&b"a\nb"[..], b"a\xff\xfeb", b" ", b"-rf", b"a:b", b"\x1b[2J", b"lowerdir+=,x\\"] {
        let dir = env.work().join(OsString::from_vec(name.to_vec()));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("inside"), "seen").unwrap();
        let script = "pwd; cat inside; cat /work/inside";
        let run = env.drybox().args(["run", "--", "/bin/sh", "-c", script]).current_dir(&dir);
        let done = run.run().expect_code(0);
        let mut expected = dir.into_os_string().into_vec();
        expected.extend_from_slice(b"\nseenseen");
        assert_eq!(done.raw_stdout, expected);
    }
}

#[test]
fn a_path_of_four_thousand_bytes_is_shown_and_a_longer_one_is_told() {
    let env = TestEnv::new();
    // Longer than any path that can be given in one piece: step by step.
    let script = format!(
        "n={}; while [ ${{#PWD}} -lt $1 ]; do mkdir $n && cd -P $n || exit 99; done
         shift; exec \"$@\"",
        "d".repeat(120)
    );
    let drybox = drybox_testkit::drybox_bin();
    let run = |length: &str| {
        let shell = env.command("/bin/bash").args(["-c", &script, "sh", length]);
        shell.arg(&drybox).args(["run", "--", "/bin/sh", "-c", "pwd | wc -c"]).run()
    };
    let long = run("3870").expect_code(0);
    assert!(long.stdout.trim().parse::<usize>().unwrap() > 3_870, "{}", long.stdout);
    fs::remove_dir_all(env.work().join("d".repeat(120))).unwrap();
    let longer = run("4200");
    expect_error(&longer, 125, &["error: cannot read ", "cause: File name too long"]);
}

#[test]
fn a_directory_that_cannot_be_listed_is_no_more_inside() {
    let env = TestEnv::new();
    let dir = env.work().join("closed");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("file"), "content").unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o311)).unwrap();
    // `ls` as a user and as root's payload, who is not root.
    let script = "cat file; ls";
    let done = env.drybox().args(["run", "--", "/bin/sh", "-c", script]).current_dir(&dir).run();
    assert_eq!(done.stdout, "content");
    assert!(done.stderr.contains("Permission denied"), "{}", done.stderr);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    // The control.
    let script = "cat file; ls";
    let done = env.drybox().args(["run", "--", "/bin/sh", "-c", script]).current_dir(&dir).run();
    assert_eq!(done.expect_code(0).stdout, "contentfile\n");
}

#[test]
fn what_cannot_be_shared_is_told() {
    let env = TestEnv::new();
    fs::create_dir(env.work().join("d")).unwrap();
    for (flags, told) in [
        (
            &["-v", "/no/such:/x"][..],
            &["error: cannot share /no/such\n", "fix:   mkdir -p /no/such"][..],
        ),
        (&["-v", "./d:relative"], &["cause: relative is not an absolute path"]),
        (&["-v", "./d:/x:bogus"], &["cause: 'bogus' is unknown"]),
        (&["-v", "./d:/"], &["cannot place --volume at /\n"]),
        (&["-v", "./d:/proc/x"], &["cannot place --volume at /proc/x\n"]),
        (&["-v", "./d:/usr/x"], &["cannot place --volume at /usr/x\n"]),
        (&["-v", "./d:/x", "-v", "./d:/x"], &["cause: each would hide the other"]),
        (&["-v", "./d:/x", "--tmpfs", "/x"], &["cause: each would hide the other"]),
        (
            &["-w", "/nope"],
            &["error: cannot start in /nope\n", "there is no such directory inside"],
        ),
        (&["--network", "none", "--network", "host"], &["error: cannot use --network"]),
        (&["-u", "4294967295"], &["error: cannot use --user 4294967295\n"]),
    ] {
        let done = env.drybox().arg("run").args(flags).args(["--", "/bin/echo", "ran"]).run();
        expect_error(&done, 125, told);
    }
}
