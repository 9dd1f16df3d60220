//! Whose the files are that come out.

mod root_only {
    use std::os::unix::fs::{MetadataExt as _, chown};

    use drybox_testkit::TestEnv;

    use super::super::{applied, apply, at, changed, tree, undo};

    /// A directory that another user owns; root runs in it.
    fn of_a_user() -> TestEnv {
        let env = TestEnv::new();
        env.write("old", "old\n");
        env.write("d/gone", "gone\n");
        for path in ["", "old", "d", "d/gone"] {
            chown(env.work().join(path), Some(USER), Some(GROUP)).unwrap();
        }
        env
    }

    const USER: u32 = 54_321;
    const GROUP: u32 = 54_322;

    #[test]
    fn w_101_what_root_lets_out_belongs_to_the_directorys_owner() {
        let env = of_a_user();
        let before = tree(&env.work());
        changed(
            &env,
            "echo box > old; mkdir -p new/deep; echo n > new/deep/n; ln -s old link; rm -r d",
        );
        applied(&env, &[]);
        for path in ["old", "new", "new/deep", "new/deep/n", "link"] {
            let stat = env.work().join(path).symlink_metadata().unwrap();
            assert_eq!((stat.uid(), stat.gid()), (USER, GROUP), "{path}");
        }
        assert_eq!(at(&env, "d"), None);
        undo(&env).expect_code(0);
        assert_eq!(tree(&env.work()), before);
        for path in ["old", "d", "d/gone"] {
            let stat = env.work().join(path).symlink_metadata().unwrap();
            assert_eq!((stat.uid(), stat.gid()), (USER, GROUP), "{path}");
        }
    }

    #[test]
    fn w_075_a_file_of_somebody_else_is_not_replaced() {
        let env = of_a_user();
        changed(&env, "echo box > old; echo x > fine");
        chown(env.work().join("old"), Some(0), Some(0)).unwrap();
        let done = apply(&env, &[]).run().expect_code(1);
        assert!(done.stdout.contains("belongs to another user"), "{}", done.stdout);
        let stat = env.work().join("old").metadata().unwrap();
        assert_eq!((stat.uid(), at(&env, "old").unwrap()), (0, "644 old\n".to_owned()));
        assert!(at(&env, "fine").is_some());
    }

    #[test]
    fn w_101_root_writes_nothing_that_the_owner_may_not() {
        let env = of_a_user();
        changed(&env, "echo box > d/new");
        // A directory of root's in the user's tree: the control is that root itself could.
        chown(env.work().join("d"), Some(0), Some(0)).unwrap();
        let done = apply(&env, &[]).run().expect_code(1);
        assert!(done.stdout.contains("not done d/new: cannot make"), "{}", done.stdout);
        assert_eq!(at(&env, "d/new"), None);
    }
}
