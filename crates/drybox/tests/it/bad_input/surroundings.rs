//! Inside of other sandboxes, of itself, of a chroot.

use drybox_testkit::{TestEnv, drybox_bin, require};

use super::expect_error;

const WHO: [&str; 4] = ["run", "--", "/bin/sh", "-c"];
const IDS: &str =
    "id -u; read -r a host c </proc/self/uid_map; [ $host = 0 ] && echo HOST ROOT; true";

#[test]
fn a_box_in_a_box_is_refused_with_the_reason() {
    let env = TestEnv::new();
    let bin = drybox_bin();
    let share = format!("{}:/x/drybox:ro", bin.display());
    let done =
        env.drybox().args(["run", "-v", &share, "--", "/x/drybox", "run", "--", "true"]).run();
    expect_error(
        &done,
        125,
        &["cause: this is a box already, and a box does not start another one"],
    );
}

#[test]
fn without_a_proc_that_can_be_written_the_fix_is_told() {
    let env = TestEnv::new();
    let bin = drybox_bin();
    let bwrap = || env.command(require("bwrap")).args(["--bind", "/", "/", "--dev", "/dev"]);
    let run = |outer: drybox_testkit::Run| outer.arg(&bin).args(["run", "--", "/bin/true"]).run();
    let done = run(bwrap().args(["--tmpfs", "/proc"]));
    expect_error(&done, 125, &["no /proc is mounted here", "fix:   mount -t proc proc /proc"]);
}

mod user_only {
    use super::*;

    #[test]
    fn the_root_of_a_users_namespace_and_a_users_bubblewrap_run_boxes() {
        let env = TestEnv::new();
        let bin = drybox_bin();
        let unshare = env.command(require("unshare")).args(["--user", "--map-root-user"]);
        let bwrap = env.command(require("bwrap"));
        let bwrap =
            bwrap.args(["--unshare-all", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]);
        for outer in [unshare, bwrap] {
            let done = outer.arg(&bin).args(WHO).arg(IDS).run();
            assert!(!done.stdout.contains("HOST ROOT") || done.stdout.starts_with("1000\n"));
            done.expect_code(0);
        }
    }
}

mod root_only {
    use super::*;

    const NO_RANGE: &str = "this root is the host's, in a user namespace without other ids";

    #[test]
    fn the_hosts_root_in_a_namespace_without_ids_never_lends_its_own() {
        let env = TestEnv::new();
        let bin = drybox_bin();
        let unshare = || env.command(require("unshare")).args(["--user", "--map-root-user"]);
        let bwrap = env.command(require("bwrap"));
        let bwrap =
            bwrap.args(["--unshare-user", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]);
        // Two deep the maps of /proc/self/uid_map say nothing of the host any more.
        let twice = unshare().arg(require("unshare")).args(["--user", "--map-root-user"]);
        for outer in [unshare(), bwrap, twice] {
            let done = outer.arg(&bin).args(WHO).arg(IDS).run();
            expect_error(&done, 125, &[NO_RANGE, "fix:   run drybox outside of that namespace"]);
        }
        // The control: without the namespace it runs, with ids that are nobody's.
        let done = env.drybox().args(WHO).arg(IDS).run();
        assert_eq!(done.stdout, "1000\n");
    }

    #[test]
    fn a_chroot_with_proc_runs_and_one_without_is_told() {
        let env = TestEnv::new();
        let bin = drybox_bin();
        let chroot = env.command(require("chroot")).arg("/").arg(&bin).args(WHO).arg("id -u").run();
        assert_eq!(chroot.expect_code(0).stdout, "1000\n");
        let bare = env.work().join("root");
        std::fs::create_dir_all(bare.join("bin")).unwrap();
        std::fs::copy(&bin, bare.join("bin/drybox")).unwrap();
        let run = env.command(require("chroot")).arg(&bare).arg("/bin/drybox");
        let done = run.args(["run", "--", "/bin/true"]).run();
        expect_error(&done, 125, &["no /proc is mounted here, as in a bare chroot"]);
    }
}
