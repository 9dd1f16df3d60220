//! Somebody hostile in the box, and on the host beside it.

use std::fs;
use std::os::unix::fs::symlink;

use drybox_testkit::{Racer, TestEnv};

use super::{applied, apply, at, changed, tree};

#[test]
fn ap_14_w_002_a_link_in_the_place_of_a_directory_is_not_followed() {
    let env = TestEnv::new();
    let outside = env.root().join("outside");
    fs::create_dir(&outside).unwrap();
    env.write("d/f", "old\n");
    changed(&env, "echo box > d/f; echo new > d/g");
    fs::rename(env.work().join("d"), env.root().join("moved")).unwrap();
    symlink(&outside, env.work().join("d")).unwrap();
    let done = apply(&env, &[]).run().expect_code(1);
    assert!(done.stdout.contains("0 applied"), "{}", done.stdout);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(env.root().join("moved/f")).unwrap(), "old\n");
}

#[test]
fn w_003_w_112_a_link_in_the_place_of_a_file_is_not_written_through() {
    let env = TestEnv::new();
    let secret = env.root().join("secret");
    fs::write(&secret, "mine\n").unwrap();
    changed(&env, "echo box > f");
    symlink(&secret, env.work().join("f")).unwrap();
    let done = apply(&env, &[]).run().expect_code(1);
    assert!(done.stdout.contains("conflict f: new on the host meanwhile"), "{}", done.stdout);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "mine\n");
}

#[test]
fn ap_13_w_001_links_that_lead_out_are_held_and_come_as_links() {
    let env = TestEnv::new();
    env.write("a/x", "x");
    changed(&env, "rm -r a; ln -s /etc a; ln -s ../outside up; ln -s b fine; echo b > b");
    let told = apply(&env, &[]).run().stdout;
    assert!(told.contains("held     up\n"), "{told}");
    assert_eq!(at(&env, "fine").unwrap(), "-> b");
    assert_eq!(at(&env, "up"), None);
    assert!(at(&env, "a/x").is_none_or(|what| what == "644 x"));
    applied(&env, &["--release", "up", "--release", "a"]);
    assert_eq!(
        (at(&env, "up").unwrap(), at(&env, "a").unwrap()),
        ("-> ../outside".into(), "-> /etc".into())
    );
}

#[test]
fn ap_18_special_files_never_come_out() {
    let env = TestEnv::new();
    changed(&env, "mkfifo fifo; echo x > a");
    let done = apply(&env, &["--yes"]).run();
    assert!(!done.stdout.contains("applied  added    fifo"), "{}", done.stdout);
    assert!(at(&env, "a").is_some());
    let released = apply(&env, &["--release", "fifo"]).run();
    assert!(released.stdout.contains("never comes out"), "{released:?}");
    assert!(!env.work().join("fifo").exists());
}

#[test]
fn w_037_w_038_swaps_and_chains_come_out_whole() {
    let env = TestEnv::new();
    for name in ["a", "b", "c"] {
        env.write(name, format!("this is {name}, and no other\n"));
    }
    env.write("dir/x", "x");
    env.write("file", "f");
    changed(
        &env,
        "mv a t; mv c a; mv b c; mv t b; rm -r dir; ln -s a dir; rm file; mkdir file; echo y > file/y",
    );
    // A directory that became a link is held, and what was in it stays with it.
    let held = apply(&env, &["-n"]).run().expect_code(0).stdout;
    assert!(held.contains("not done dir/x: comes only with dir\n"), "{held}");
    applied(&env, &["--release", "dir"]);
    let text = |name: &str| format!("644 this is {name}, and no other\n");
    assert_eq!(
        [at(&env, "a"), at(&env, "b"), at(&env, "c")],
        [Some(text("c")), Some(text("a")), Some(text("b"))]
    );
    assert_eq!(
        (at(&env, "dir").unwrap(), at(&env, "file/y").unwrap()),
        ("-> a".into(), "644 y\n".into())
    );
}

#[test]
fn w_004_w_005_another_directory_in_the_place_of_the_workspace_gets_nothing() {
    let env = TestEnv::new();
    env.write("f", "old\n");
    changed(&env, "echo box > f");
    fs::rename(env.work(), env.root().join("moved")).unwrap();
    fs::create_dir(env.work()).unwrap();
    env.write("f", "another's\n");
    let refused = apply(&env, &["--yes"]).run().expect_code(125).stderr;
    assert!(refused.contains("were not made to this"), "{refused}");
    assert_eq!(at(&env, "f").unwrap(), "644 another's\n");
}

#[test]
fn w_008_ap_16_a_living_run_and_a_second_apply_are_waited_for() {
    let env = TestEnv::new();
    changed(&env, "echo x > a");
    let mut command =
        env.drybox().args(["run", "--", "sh", "-c", "echo up; sleep 60"]).into_command();
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut up = [0; 3];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
    for args in [&["apply", "--yes"][..], &["undo"]] {
        let refused = env.drybox().args(args).run().expect_code(125).stderr;
        assert!(refused.contains("is in use"), "{refused}");
    }
    assert_eq!(at(&env, "a"), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn w_002_w_003_threads_that_swap_directories_and_files_win_nothing() {
    let env = TestEnv::new();
    let outside = env.root().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("f0"), "precious\n").unwrap();
    let script = "mkdir -p d; for n in $(seq 0 40); do echo box > d/f$n; done";
    for number in 0..=40 {
        env.write(format!("d/f{number}"), "old\n");
    }
    changed(&env, script);
    let (d, aside) = (env.work().join("d"), env.work().join("aside"));
    let link = env.root().join("link");
    symlink(&outside, &link).unwrap();
    let (there, away) = (d.clone(), aside.clone());
    let racer = Racer::start(move |turn| {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if turn % 2 == 0 {
            // The directory goes, and a link that leads out is there; then back again.
            drop(fs::rename(&there, &away));
            drop(symlink(&link, &there));
        } else {
            drop(fs::remove_file(&there));
            renameat_with(CWD, &away, CWD, &there, RenameFlags::NOREPLACE).ok();
        }
    });
    for _ in 0..20 {
        drop(apply(&env, &["--yes"]).run());
        drop(apply(&env, &["--rollback"]).run());
    }
    assert!(racer.stop() > 100);
    let there: Vec<_> = fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(there, ["f0"], "nothing was made outside");
    assert_eq!(fs::read_to_string(outside.join("f0")).unwrap(), "precious\n");
    // Put everything in order: it can be finished or taken back.
    if fs::symlink_metadata(&d).is_ok_and(|stat| stat.is_symlink()) {
        fs::remove_file(&d).unwrap();
    }
    if aside.exists() {
        fs::rename(&aside, &d).unwrap();
    }
    drop(apply(&env, &["--rollback"]).run());
    drop(apply(&env, &["--yes"]).run());
    let left = tree(&env.work());
    assert!(left.keys().all(|name| !name.contains(".drybox-")), "{left:#?}");
    for number in 0..=40 {
        let text = left.get(&format!("d/f{number}")).unwrap();
        assert!(text == "644 old\n" || text == "644 box\n", "{number}: {text}");
    }
}

fn swap(a: &std::path::Path, b: &std::path::Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[test]
fn an_edit_at_any_moment_of_an_apply_is_not_lost() {
    let env = TestEnv::new();
    for number in 0..=60 {
        env.write(format!("f{number}"), "old\n");
    }
    changed(&env, "for n in $(seq 0 60); do echo box > f$n; done");
    let work = env.work();
    let racer = Racer::start(move |turn| {
        let path = work.join(format!("f{}", turn % 61));
        // As an editor saves: whole, beside, then renamed. Only what is still the old one.
        if fs::read_to_string(&path).is_ok_and(|text| text == "old\n") {
            let new = work.join(format!("editor{turn}"));
            fs::write(&new, format!("host {turn}\n")).unwrap();
            if swap(&new, &path) && fs::read_to_string(&new).is_ok_and(|text| text != "old\n") {
                // The box's version came in between: ours goes back, and nothing was lost.
                swap(&new, &path);
            }
            drop(fs::remove_file(&new));
        }
        std::thread::sleep(std::time::Duration::from_micros(300));
    });
    let done = apply(&env, &["--yes"]).run();
    racer.stop();
    let (mut host, mut boxed) = (0, 0);
    for number in 0..=60 {
        let text = fs::read_to_string(env.work().join(format!("f{number}"))).unwrap();
        let name = format!("f{number}");
        let line = |word: &str| done.stdout.contains(&format!("{word} {name}\n"));
        match text.as_str() {
            "box\n" => boxed += 1,
            "old\n" => {}
            text => {
                assert!(text.starts_with("host"), "{name}: {text}");
                host += 1;
                assert!(!line("applied  modified"), "{name}: {text} is told as applied");
            }
        }
    }
    assert!(host + boxed > 0, "{done:?}");
}
