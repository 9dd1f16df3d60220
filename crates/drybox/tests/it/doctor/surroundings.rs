//! Real surroundings in which no box starts, or a weaker one: other sandboxes, limits, mounts.

use std::path::PathBuf;

use drybox_testkit::{Run, TestEnv, drybox_bin, is_root, require};

use super::{misses, rows, wall};

/// Doctor inside of bubblewrap, with more of its flags.
fn in_bubblewrap(env: &TestEnv, flags: &[&str]) -> Run {
    let outer = env.command(require("bwrap")).args(["--bind", "/", "/", "--dev", "/dev"]);
    outer.args(flags).arg(drybox_bin()).args(["doctor", "--json"])
}

#[test]
fn without_a_proc_the_mount_that_helps_is_told() {
    let env = TestEnv::new();
    let done = in_bubblewrap(&env, &["--tmpfs", "/proc"]).run();
    misses(&done, "user-namespace", "no /proc is mounted here", "mount -t proc proc /proc");
}

#[test]
fn a_proc_with_covers_is_told_as_a_containers() {
    let env = TestEnv::new();
    let doctor = |script: &str| {
        let user: &[&str] = if is_root() { &[] } else { &["--user", "--map-root-user"] };
        let run = env.command(require("unshare")).args(user);
        let run = run.args(["--mount", "--pid", "--fork", "--mount-proc", "/bin/sh", "-c", script]);
        run.arg("sh").arg(drybox_bin()).args(["doctor", "--json"]).run()
    };
    let done = doctor("mount --bind /dev/null /proc/interrupts && exec \"$@\"");
    misses(&done, "proc", "parts of the host's /proc are covered", "unmask=/proc/*");
    // The control: the same without the cover.
    doctor("exec \"$@\"").expect_code(0);
}

#[test]
fn a_seccomp_filter_around_drybox_is_told_as_that() {
    const CLONE3: u32 = 435;
    const ERRNO: u32 = 0x0005_0000;
    let env = TestEnv::new();
    for (errno, name) in [(1_u32, "EPERM"), (38, "ENOSYS")] {
        // seccomp(2): load the number; clone3 gets the errno, everything else goes through.
        let program: [(u16, u8, u8, u32); 4] = [
            (0x20, 0, 0, 0),
            (0x15, 0, 1, CLONE3),
            (0x06, 0, 0, ERRNO | errno),
            (0x06, 0, 0, 0x7fff_0000),
        ];
        let bytes = program.iter().flat_map(|(code, yes, no, k)| {
            [&code.to_ne_bytes()[..], &[*yes, *no], &k.to_ne_bytes()].concat()
        });
        let filter: PathBuf = env.root().join("filter");
        std::fs::write(&filter, bytes.collect::<Vec<u8>>()).unwrap();
        let script = "exec 9<\"$1\"; shift; exec \"$@\"";
        let run = env.command("/bin/sh").args(["-c", script, "sh"]).arg(&filter);
        let run = run.arg(require("bwrap")).args(["--bind", "/", "/", "--dev", "/dev"]);
        let run = run.args(["--unshare-pid", "--proc", "/proc", "--seccomp", "9"]);
        let done = run.arg(drybox_bin()).args(["doctor", "--json"]).run();
        misses(
            &done,
            "user-namespace",
            "a seccomp filter around drybox",
            "run drybox outside of it",
        );
        let network = wall(&done, "network-namespace");
        assert_eq!(network.state, "not_in_force", "{name}: {network:?}");
    }
}

#[test]
fn a_box_is_told_as_a_box() {
    let env = TestEnv::new();
    let share = format!("{}:/x/drybox:ro", drybox_bin().display());
    let run = env.drybox().args(["run", "-v", &share, "--", "/x/drybox", "doctor", "--json"]);
    misses(&run.run(), "user-namespace", "this is a box already", "run drybox outside");
}

#[test]
fn a_directory_that_is_no_project_is_no_missing_wall() {
    let env = TestEnv::new();
    let done = env.drybox().current_dir("/").args(["doctor", "--json"]).run().expect_code(0);
    let shares = wall(&done, "shares");
    assert!(shares.in_force && shares.why.contains("is not shown"), "{shares:?}");
}

#[test]
fn a_home_that_cannot_be_read_and_a_writable_executable_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = TestEnv::new();
    let copy = env.root().join("drybox");
    // Copied by another process: a writable descriptor of ours could leak into a child.
    env.command("/bin/cp").arg(drybox_bin()).arg(&copy).run().expect_code(0);
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o777)).unwrap();
    let run = env.command(&copy).args(["doctor", "--json"]).env("HOME", "/no/such/home");
    let done = run.run().expect_code(0);
    let rows = rows(&done, "surroundings");
    let row = |id: &str| rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!(row("executable").fix, format!("chmod go-w {}", copy.display()));
    assert!(row("home").why.contains("/no/such/home cannot be read"), "{:?}", row("home"));
    // The control.
    let done = env.drybox().args(["doctor", "--json"]).run().expect_code(0);
    let rows = super::rows(&done, "surroundings");
    assert!(rows.iter().any(|row| row.id == "home" && row.state == "in_force"));
}

mod user_only {
    use super::*;

    #[test]
    fn a_limit_of_no_namespaces_is_told_with_its_sysctl() {
        let env = TestEnv::new();
        for (kind, id) in [("user", "user-namespace"), ("net", "network-namespace")] {
            let script = format!("echo 0 >/proc/sys/user/max_{kind}_namespaces; exec \"$@\"");
            let unshare = env.command(require("unshare")).args(["--user", "--map-root-user"]);
            let unshare = unshare.args(["/bin/sh", "-c", &script, "sh"]);
            let done = unshare.arg(drybox_bin()).args(["doctor", "--json"]).run();
            let (why, fix) = (
                format!("the limit user.max_{kind}_namespaces is 0"),
                format!("sudo sysctl user.max_{kind}_namespaces=15000"),
            );
            misses(&done, "user-namespace", &why, &fix);
            let row = wall(&done, id);
            assert_eq!((row.state.as_str(), row.why), ("not_in_force", why), "{kind}");
        }
    }

    #[test]
    fn a_mount_below_the_workspace_is_named_with_what_helps() {
        let env = TestEnv::new();
        env.write("sub/x", "x");
        let script = "mount -t tmpfs none sub && exec \"$@\"";
        let unshare = env.command(require("unshare"));
        let unshare =
            unshare.args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script]);
        let done = unshare.arg("sh").arg(drybox_bin()).args(["doctor", "--json"]).run();
        let row = wall(&done.expect_code(0), "shares");
        let sub = env.work().join("sub").display().to_string();
        assert_eq!(row.state, "weaker", "{row:?}");
        assert!(row.why.ends_with(&format!("{sub} is mounted below it, 1 in all")), "{row:?}");
        assert_eq!(row.fix, format!("sudo umount {sub}, or a workspace beside it"));
    }
}

mod root_only {
    use super::*;

    #[test]
    fn the_hosts_root_without_ids_to_give_is_told() {
        let env = TestEnv::new();
        let unshare = env.command(require("unshare")).args(["--user", "--map-root-user"]);
        let done = unshare.arg(drybox_bin()).args(["doctor", "--json"]).run();
        misses(&done, "user-namespace", "without other ids to give away", "run drybox outside");
    }
}
