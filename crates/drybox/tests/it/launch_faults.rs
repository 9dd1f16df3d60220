//! Faults of the launch (design I4, I7): whatever system call fails, and wherever the supervisor is
//! killed, a run ends in an error or stands with every wall, and leaves nothing.

mod degraded;
mod injected;
mod killed;
mod payload;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use drybox_testkit::{Run, TestEnv, is_root, require};

/// Runs drybox under strace where an accident hurts nobody.
///
/// Real root's runs get a pid namespace of their own: a fault that turned a pid into -1 would
/// otherwise have kill(2) end every process of the machine. What lives on there when the run is
/// over is told on stdout.
pub(crate) fn contained(env: &TestEnv, traced: impl FnOnce(Run) -> Run, args: &[&str]) -> Run {
    let run = traced(env.drybox().args(args));
    if !is_root() {
        return run;
    }
    const WATCH: &str = "\"$@\"; code=$?
        for try in 1 2 3 4 5 6 7 8 9; do
            set -- /proc/[0-9]*; [ $# = 1 ] && exit $code; sleep 0.05
        done
        for stray do echo \"STRAY $stray\"; read -r line <$stray/stat; echo \"$line\"; done
        exit $code";
    let command = run.into_command();
    let mut outer = env.command(require("unshare"));
    outer = outer.args(["--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh", "-c", WATCH]);
    outer.arg("sh").arg(command.get_program()).args(command.get_args())
}

/// Does `work` for each item, a few at a time, each worker in surroundings of its own, and fails
/// with everything that went wrong.
pub(crate) fn each<T: Sync>(
    items: &[T],
    env: &TestEnv,
    work: impl Fn(&T, &Path) -> Result<(), String> + Sync,
) {
    const WORKERS: usize = 3;
    let next = AtomicUsize::new(0);
    let worker = |number: usize| {
        let log: PathBuf = env.root().join(format!("strace-{number}"));
        let mut wrong = Vec::new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(told) = work(item, &log) {
                wrong.push(told);
            }
        }
        std::fs::remove_file(&log).ok();
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..WORKERS).map(|number| scope.spawn(move || worker(number))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), items.len(), wrong.join("\n"));
}
