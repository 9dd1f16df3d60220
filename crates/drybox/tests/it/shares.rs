//! What a user shares, as programs inside meet it.

use drybox_testkit::TestEnv;

mod both {
    use super::*;

    #[test]
    fn the_directory_shared_at_work_is_writable_under_its_own_path_too() {
        let env = TestEnv::new();
        // As a virtual environment or a CMake cache that was made outside does.
        let script = format!("cd '{}' && echo in > made && pwd -P && cat /work/made", path(&env));
        let run = env.drybox().args(["run", "-v", ".:/work", "--", "sh", "-c", &script]).run();
        assert_eq!(run.expect_code(0).stdout, "/work\nin\n");
        assert_eq!(std::fs::read_to_string(env.work().join("made")).unwrap(), "in\n");
    }

    #[test]
    fn a_read_only_workspace_is_so_under_both_names() {
        let env = TestEnv::new();
        let script = format!("touch /work/a; touch '{}/a'", path(&env));
        let done = env
            .drybox()
            .args(["run", "--workspace", "ro", "--", "sh", "-c", &script])
            .run()
            .expect_code(1);
        assert_eq!(done.stderr.matches("Read-only file system").count(), 2, "{}", done.stderr);
    }

    #[test]
    fn a_share_below_work_lies_in_the_current_directory() {
        let env = TestEnv::new();
        env.write("sub/hidden", "");
        env.write("beside", "");
        env.write("cache/kept", "");
        let volume = ["run", "-v", "./cache:/work/sub", "--"];
        let list = "ls sub /work; touch sub/new && touch new";
        let done = env.drybox().args(volume).args(["sh", "-c", list]).run().expect_code(0);
        assert_eq!(done.stdout, "/work:\nbeside\ncache\nsub\n\nsub:\nkept\n");
        // What is shared is written at once, what is around it is not.
        assert!(env.work().join("cache/new").exists() && !env.work().join("new").exists());
        assert!(done.stderr.contains("1 file changed"), "{}", done.stderr);
        // Nothing is made among the user's files.
        let done = env.drybox().args(["run", "-v", "./cache:/work/none", "--", "true"]).run();
        let told = done.expect_code(125).stderr;
        assert!(told.contains("the mount point would have to be made among your files"), "{told}");
    }
}

mod root_only {
    use std::os::unix::fs::{MetadataExt, chown};

    use super::*;

    /// Root unpacks a tar file, whose files keep the numbers of somebody far away.
    #[test]
    fn what_others_own_in_roots_directory_can_be_replaced_and_stays_theirs() {
        let env = TestEnv::new();
        for (name, uid) in [("replaced", 1000), ("removed", 1001), ("kept", 1000)] {
            env.write(name, "old");
            chown(env.work().join(name), Some(uid), Some(uid)).unwrap();
        }
        let script = "echo new > made && mv made replaced && rm -f removed && echo new > kept";
        let run = env.drybox().args(["run", "-v", ".:/work", "--", "sh", "-c", script]).run();
        let told = run.expect_code(2).stderr;
        // As outside for whoever owns the directory: its names are his, their content is not.
        assert!(told.contains("cannot create kept: Permission denied"), "{told}");
        let owner = |name: &str| std::fs::metadata(env.work().join(name)).map(|file| file.uid());
        assert_eq!(owner("replaced").unwrap(), 0);
        assert_eq!(owner("kept").unwrap(), 1000);
        assert!(owner("removed").is_err());
    }
}

fn path(env: &TestEnv) -> String {
    env.work().to_str().unwrap().to_owned()
}
