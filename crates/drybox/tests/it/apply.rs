//! What comes out of a box, and what does not: by the real kernel's own upper layers.

mod comes_out;
mod drift;
mod held;
mod hostile;
mod killed;
mod owners;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use drybox_testkit::{Done, Run, TestEnv};

/// `drybox run -- sh -c SCRIPT`, then `drybox diff`, so that all of it was shown.
fn changed(env: &TestEnv, script: &str) {
    env.drybox().args(["run", "--", "sh", "-ec", script]).run().expect_code(0);
    shown(env);
}

fn shown(env: &TestEnv) -> String {
    env.drybox().arg("diff").run().expect_code(0).stdout
}

fn apply(env: &TestEnv, args: &[&str]) -> Run {
    env.drybox().arg("apply").args(args)
}

fn applied(env: &TestEnv, args: &[&str]) -> String {
    apply(env, args).run().expect_code(0).stdout
}

fn undo(env: &TestEnv) -> Done {
    env.drybox().arg("undo").run()
}

/// Every name below a directory: what it is, its mode, what is in it.
fn tree(top: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let stat = path.symlink_metadata().unwrap();
            let mode = stat.mode() & 0o7777;
            let what = if stat.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if stat.is_dir() {
                open.push(path.clone());
                format!("{mode:o} directory")
            } else {
                format!("{mode:o} {}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
            };
            all.insert(path.strip_prefix(top).unwrap().display().to_string(), what);
        }
    }
    all
}

/// `path: what` of one.
fn at(env: &TestEnv, path: &str) -> Option<String> {
    tree(&env.work()).remove(path)
}
