//! `--fix`: below a directory of the test's own, which looks like Ubuntu 24.04 to doctor. What
//! AppArmor itself does is not tried here: this suite changes no machine.

use std::fs;
use std::path::PathBuf;

use drybox_testkit::TestEnv;

const PROFILE: &str = "etc/apparmor.d/drybox";

fn ubuntu(env: &TestEnv) -> PathBuf {
    let root = env.root().join("host");
    for (file, text) in [
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"),
        ("etc/apparmor.d/local/README", ""),
    ] {
        let place = root.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    root
}

#[test]
fn where_apparmor_is_not_in_the_way_there_is_nothing_to_mend() {
    let env = TestEnv::new();
    let root = ubuntu(&env);
    fs::write(root.join("proc/sys/kernel/apparmor_restrict_unprivileged_userns"), "0\n").unwrap();
    let run = env.drybox().args(["doctor", "--fix", "--yes", "--root"]).arg(&root);
    let done = run.run().expect_code(0);
    assert!(done.stderr.contains("nothing here that --fix could mend"), "{}", done.stderr);
    assert!(!root.join(PROFILE).exists());
}

#[test]
fn fix_and_json_exclude_each_other() {
    let env = TestEnv::new();
    let done = env.drybox().args(["doctor", "--fix", "--json"]).run().expect_code(125);
    assert!(done.stderr.contains("drybox doctor --help"), "{}", done.stderr);
}

mod user_only {
    use drybox_testkit::{Fault, drybox_bin};

    use super::*;

    #[test]
    fn a_user_is_given_the_command_for_root() {
        let env = TestEnv::new();
        let root = ubuntu(&env);
        let fault = Fault { call: "pivot_root", errno: "EPERM", nth: 0 };
        let run = env.drybox().args(["doctor", "--fix", "--yes", "--root"]).arg(&root);
        let done = run.launch_failing(fault, env.root().join("log")).run().expect_code(125);
        let command = format!("fix:   sudo {} doctor --fix\n", drybox_bin().display());
        assert!(done.stderr.ends_with(&command), "{}", done.stderr);
        assert!(!root.join(PROFILE).exists());
        // The control: where boxes start, the user is not sent to root.
        env.drybox().args(["doctor", "--fix", "--root"]).arg(&root).run().expect_code(0);
    }
}

mod root_only {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use drybox_testkit::{Pty, Run, Size, drybox_bin};

    use super::*;

    /// A copy that only its owner may write, whatever the umask of the build was.
    fn fixing(env: &TestEnv, root: &PathBuf, flags: &[&str]) -> Run {
        let copy = env.root().join("drybox");
        if !copy.exists() {
            env.command("/bin/cp").arg(drybox_bin()).arg(&copy).run().expect_code(0);
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        }
        env.command(copy).args(["doctor", "--fix", "--root"]).arg(root).args(flags)
    }

    #[test]
    fn the_profile_is_shown_and_written_when_it_was_said_yes_to() {
        let env = TestEnv::new();
        let root = ubuntu(&env);
        let done = fixing(&env, &root, &["--yes"]).run().expect_code(0);
        let written = fs::read_to_string(root.join(PROFILE)).unwrap();
        assert!(done.stderr.contains(&written), "{}", done.stderr);
        let line = format!("profile drybox {}/drybox flags=(unconfined) {{", env.root().display());
        assert!(written.contains(&line) && written.contains("\n  userns,\n"), "{written}");
        let again = fixing(&env, &root, &["--yes"]).run().expect_code(0);
        assert!(again.stderr.contains("the profile is there already"), "{}", again.stderr);
    }

    #[test]
    fn nothing_is_written_when_nobody_can_be_asked() {
        let env = TestEnv::new();
        let root = ubuntu(&env);
        let done = fixing(&env, &root, &[]).run().expect_code(125);
        assert!(done.stderr.contains("nobody can be asked"), "{}", done.stderr);
        assert!(done.stderr.contains("profile drybox "), "it was shown: {}", done.stderr);
        assert!(!root.join(PROFILE).exists());
    }

    #[test]
    fn on_a_terminal_only_a_yes_writes() {
        for (answer, written) in [("n\n", false), ("\n", false), ("y\n", true), ("yes\n", true)] {
            let env = TestEnv::new();
            let root = ubuntu(&env);
            let run = fixing(&env, &root, &[]);
            let mut pty = Pty::start_sized(run, Size { rows: 60, cols: 120 });
            pty.expect("write it? [y/N]");
            assert!(!root.join(PROFILE).exists());
            pty.send(answer);
            let code = pty.wait(Duration::from_secs(20)).code();
            assert_eq!(code, Some(if written { 0 } else { 125 }), "{answer:?}");
            assert_eq!(root.join(PROFILE).exists(), written, "{answer:?}");
        }
    }

    #[test]
    fn an_executable_that_others_may_write_is_not_let_through() {
        let env = TestEnv::new();
        let root = ubuntu(&env);
        fixing(&env, &root, &["--yes"]).run().expect_code(0);
        fs::remove_file(root.join(PROFILE)).unwrap();
        let copy = env.root().join("drybox");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o777)).unwrap();
        let done = fixing(&env, &root, &["--yes"]).run().expect_code(125);
        assert!(done.stderr.contains("others than its owner may write it"), "{}", done.stderr);
        assert!(!root.join(PROFILE).exists());
    }
}
