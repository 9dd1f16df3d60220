//! What the user did on the host while a box lived.

use std::fs;

use drybox_testkit::TestEnv;

use super::{applied, apply, at, changed, shown, tree, undo};

fn told(env: &TestEnv) -> String {
    apply(env, &[]).run().expect_code(1).stdout
}

#[test]
fn a_file_that_both_changed_is_a_conflict_and_the_rest_comes_out() {
    let env = TestEnv::new();
    env.write("both", "1\n");
    env.write("box", "1\n");
    changed(&env, "echo box > both; echo box > box");
    env.write("both", "host\n");
    assert!(shown(&env).contains("conflict: changed on the host, too"));
    let told = told(&env);
    assert!(told.contains("conflict both: changed on the host, too; the host's stays"), "{told}");
    assert_eq!(at(&env, "both").unwrap(), "644 host\n");
    assert_eq!(at(&env, "box").unwrap(), "644 box\n");
    assert!(shown(&env).contains("modified both"), "it is pending still");
}

#[test]
fn the_same_size_and_times_do_not_hide_an_edit() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    changed(&env, "echo box > a");
    let path = env.work().join("a");
    let before = path.metadata().unwrap();
    fs::write(&path, "new\n").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(path.metadata().unwrap().modified().unwrap(), before.modified().unwrap());
    assert!(told(&env).contains("conflict a: changed on the host, too"));
    assert_eq!(at(&env, "a").unwrap(), "644 new\n");
}

#[test]
fn what_was_only_touched_is_no_conflict() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    changed(&env, "echo box > a");
    // Another inode, other times, the same bytes.
    env.write("b", "old\n");
    fs::rename(env.work().join("b"), env.work().join("a")).unwrap();
    applied(&env, &[]);
    assert_eq!(at(&env, "a").unwrap(), "644 box\n");
}

#[test]
fn a_file_that_the_host_removed_is_not_made_again_in_silence() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    changed(&env, "echo box > a");
    fs::remove_file(env.work().join("a")).unwrap();
    assert!(told(&env).contains("conflict a: removed on the host meanwhile"));
    assert_eq!(at(&env, "a"), None);
}

#[test]
fn a_file_that_both_made_is_a_conflict() {
    let env = TestEnv::new();
    changed(&env, "echo box > a; mkdir d; echo box > d/f");
    env.write("a", "host\n");
    env.write("d/f", "host\n");
    env.write("d/g", "host\n");
    let told = told(&env);
    assert!(told.contains("conflict a: new on the host meanwhile"), "{told}");
    assert!(told.contains("conflict d/f: new on the host meanwhile"), "{told}");
    assert_eq!(at(&env, "a").unwrap(), "644 host\n");
    assert_eq!(
        (at(&env, "d/f"), at(&env, "d/g")),
        (Some("644 host\n".into()), Some("644 host\n".into()))
    );
}

#[test]
fn an_edit_of_a_file_that_the_box_removed_is_kept() {
    let env = TestEnv::new();
    for path in ["a", "d/1", "d/2", "e/1"] {
        env.write(path, "old\n");
    }
    changed(&env, "rm -r a d; rm -r e; mkdir e; echo x > e/mine");
    env.write("a", "host\n");
    env.write("d/2", "host\n");
    env.write("d/3", "host\n");
    env.write("e/2", "host\n");
    let told = told(&env);
    for path in ["a: changed", "d/2: changed", "d/3: new", "e/2: new"] {
        assert!(told.contains(&format!("conflict {path}")), "{path}: {told}");
    }
    let left: Vec<String> = tree(&env.work()).into_keys().collect();
    assert_eq!(left, ["a", "d", "d/2", "d/3", "e", "e/2", "e/mine"]);
}

#[test]
fn what_only_the_host_changed_shows_inside_and_is_no_change() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    env.write("b", "old\n");
    // Opened for writing, and the same as before; and a real change, so that the box stays.
    changed(&env, "touch a; echo box > b");
    env.write("a", "host\n");
    let inside = env.drybox().args(["run", "--", "cat", "a"]).run().expect_code(0);
    assert_eq!(inside.stdout, "host\n");
    assert!(!shown(&env).contains(" a"), "{}", shown(&env));
    applied(&env, &[]);
    assert_eq!(at(&env, "a").unwrap(), "644 host\n");
}

#[test]
fn what_came_out_and_was_edited_since_is_the_hosts() {
    let env = TestEnv::new();
    changed(&env, "mkdir d; echo 1 > d/a; echo 1 > d/b; echo 1 > c");
    applied(&env, &[]);
    env.write("d/a", "host\n");
    env.write("d/new", "host\n");
    env.write("c", "host\n");
    let inside = env.drybox().args(["run", "--", "sh", "-c", "cat d/a c d/new; echo 2 > d/b"]);
    assert_eq!(inside.run().expect_code(0).stdout, "host\nhost\nhost\n");
    let diff = shown(&env);
    assert!(diff.starts_with("modified d/b\n") && !diff.contains("conflict"), "{diff}");
    applied(&env, &[]);
    assert_eq!(at(&env, "d/b").unwrap(), "644 2\n");
    assert_eq!(at(&env, "d/a").unwrap(), "644 host\n");
}

#[test]
fn a_change_of_the_host_while_a_run_lasted_is_not_guessed_about() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    env.write("b", "old\n");
    let mut command = env
        .drybox()
        .args(["run", "--", "sh", "-c", "echo up; read line; echo box > a; echo box > b"])
        .into_command();
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut up = [0; 3];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
    env.write("a", "host\n");
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"go\n").unwrap();
    assert!(child.wait().unwrap().success());
    shown(&env);
    assert!(told(&env).contains("conflict a: changed on the host while a run lasted"));
    assert_eq!(
        (at(&env, "a").unwrap(), at(&env, "b").unwrap()),
        ("644 host\n".into(), "644 box\n".into())
    );
}

#[test]
fn an_edit_between_two_runs_is_seen_by_the_second() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    changed(&env, "echo box > b");
    env.write("a", "host\n");
    changed(&env, "echo box >> a");
    applied(&env, &[]);
    assert_eq!(at(&env, "a").unwrap(), "644 host\nbox\n");
}

#[test]
fn undo_leaves_what_was_edited_since() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    env.write("b", "old\n");
    changed(&env, "echo box > a; echo box > b; echo box > c");
    applied(&env, &[]);
    env.write("a", "host\n");
    let done = undo(&env).expect_code(1);
    assert!(done.stdout.contains("conflict a: changed on the host since; left"), "{}", done.stdout);
    assert_eq!(at(&env, "a").unwrap(), "644 host\n");
    assert_eq!((at(&env, "b").unwrap(), at(&env, "c")), ("644 old\n".into(), None));
}

#[test]
fn two_boxes_of_one_directory_do_not_overwrite_each_other() {
    let env = TestEnv::new();
    env.write("a", "old\n");
    for name in ["one", "two"] {
        let script = format!("echo {name} > a");
        env.drybox().args(["run", "--box", name, "--", "sh", "-c", &script]).run().expect_code(0);
    }
    applied(&env, &["--box", "one", "--yes"]);
    let second = apply(&env, &["--box", "two", "--yes"]).run().expect_code(1);
    assert!(second.stdout.contains("conflict a"), "{}", second.stdout);
    assert_eq!(at(&env, "a").unwrap(), "644 one\n");
}
