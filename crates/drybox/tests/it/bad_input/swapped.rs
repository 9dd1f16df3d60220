//! A share's source that somebody swaps during the launch.

use std::fs;
use std::path::PathBuf;

use drybox_testkit::{Racer, TestEnv};
use rustix::fs::{CWD, RenameFlags, renameat_with};

fn exchange(a: &PathBuf, b: &PathBuf) {
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn a_source_swapped_for_a_link_to_keys_during_200_launches_never_shows_them() {
    let env = TestEnv::new();
    let keys = env.home().join(".ssh");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("which"), "keys").unwrap();
    env.write("source/which", "source");
    let (source, link) = (env.work().join("source"), env.work().join("link"));
    std::os::unix::fs::symlink(&keys, &link).unwrap();

    let racer = {
        let (source, link) = (source.clone(), link);
        Racer::start(move |turn| {
            exchange(&source, &link);
            // Both for about as long as a step of the launch takes, at changing offsets.
            std::thread::sleep(std::time::Duration::from_micros(turn % 7 * 60));
        })
    };
    let (mut shown, mut refused) = (0, 0);
    for turn in 0..200 {
        let share = if turn % 2 == 0 { "./source:/x:ro" } else { "./source:/x" };
        let done = env.drybox().args(["run", "-v", share, "--", "/bin/cat", "/x/which"]).run();
        match (done.code(), done.stdout.as_str()) {
            (Some(0), "source") => shown += 1,
            (Some(125), "") => {
                assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
                refused += 1;
            }
            _ => panic!("{}: {:?} {}", done.status, done.stdout, done.stderr),
        }
    }
    // The control: whoever just opens it meets both.
    let mut met = [false; 2];
    for _ in 0..100_000 {
        if let Ok(text) = fs::read_to_string(source.join("which")) {
            met[usize::from(text == "keys")] = true;
        }
        if met == [true; 2] {
            break;
        }
    }
    assert_eq!(met, [true; 2], "the race was not run");
    racer.stop();
    assert!(shown > 0 && refused > 0, "{shown} {refused}");
    env.expect_no_stray_process();
}
