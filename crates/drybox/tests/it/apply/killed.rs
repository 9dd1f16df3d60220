//! Killed at any point, out of room at any point, in the order of the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use drybox_testkit::{Fault, TestEnv, Trace};

use super::comes_out::{EACH, seeded};
use super::{applied, apply, changed, tree};

/// Points at which one half of the tests kills.
const POINTS: usize = 100;

/// Calls that change something, or wait for the disk.
const CALLS: &[&str] = &[
    "renameat2",
    "unlinkat",
    "openat",
    "openat2",
    "mkdirat",
    "symlinkat",
    "fchmod",
    "fsync",
    "pwrite64",
    "write",
    "newfstatat",
    "close",
];

/// A directory with a box, to which it can be put back.
struct Scene {
    env: TestEnv,
    log: PathBuf,
    /// The files of before and after.
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    /// Every call that an apply makes, and how often.
    points: Vec<(&'static str, u32)>,
}

impl Scene {
    fn new() -> Self {
        let env = seeded();
        changed(&env, EACH);
        let before = tree(&env.work());
        let log = env.root().join("log");
        let mut scene = Self { env, log, before, after: BTreeMap::new(), points: Vec::new() };
        scene.keep();
        apply(&scene.env, &[]).launch_traced(&scene.log).run().expect_code(0);
        scene.after = tree(&scene.env.work());
        let counts = Trace::read(&scene.log);
        let counts = counts.counts();
        for call in CALLS {
            let times = u32::try_from(counts.get(call).copied().unwrap_or(0)).unwrap();
            scene.points.extend((1..=times).map(|nth| (*call, nth)));
        }
        scene
    }

    fn keep(&self) {
        let kept = self.env.root().join("kept");
        std::fs::create_dir(&kept).unwrap();
        let copy = || self.env.command("/bin/cp").arg("-a");
        copy().arg(self.env.work()).arg(kept.join("work")).run().expect_code(0);
        copy().arg(self.env.data()).arg(kept.join("data")).run().expect_code(0);
    }

    /// Everything as before the first apply.
    fn reset(&self) {
        // The same directory: a box knows another one in its place.
        let script = "find \"$1\" -mindepth 1 -delete && rm -rf \"$2\" && cp -a \"$3/work/.\" \"$1\" \
                      && cp -a \"$3/data\" \"$2\"";
        let done = self.env.command("/bin/sh").current_dir("/").args(["-c", script, "sh"]);
        let done = done.arg(self.env.work()).arg(self.env.data());
        done.arg(self.env.root().join("kept")).run().expect_code(0);
        assert_eq!(tree(&self.env.work()), self.before);
    }

    /// Kills an apply at every so many-th point and hands over to `then`; how many died.
    fn each(&self, then: impl Fn(&str)) -> usize {
        let step = self.points.len().div_ceil(POINTS).max(1);
        let mut died = 0;
        // Neighbours of one call differ little: those that are tried are spread over all.
        for (call, nth) in self.points.iter().step_by(step) {
            self.reset();
            let killed = apply(&self.env, &[]).launch_killed(call, *nth, &self.log).run();
            died += usize::from(killed.signal() == Some(9));
            then(&format!("{call} {nth}"));
        }
        died
    }
}

#[test]
fn ap_16_w_071_killed_at_any_point_a_second_apply_finishes() {
    let scene = Scene::new();
    let died = scene.each(|point| {
        // The first may only finish what was interrupted, or clean up.
        apply(&scene.env, &["--yes"]).run().expect_code(0);
        assert_eq!(tree(&scene.env.work()), scene.after, "killed at {point}");
        // And it can be taken back, to the last byte.
        scene.env.drybox().arg("undo").run().expect_code(0);
        assert_eq!(tree(&scene.env.work()), scene.before, "killed at {point}, undone");
    });
    assert!(died >= POINTS * 8 / 10, "only {died} died of {}", scene.points.len());
}

#[test]
fn ap_16_w_071_killed_at_any_point_a_rollback_restores_every_byte() {
    let scene = Scene::new();
    let mut ends = BTreeMap::new();
    let ends_seen = std::cell::RefCell::new(&mut ends);
    let died = scene.each(|point| {
        let back = apply(&scene.env, &["--rollback"]).run();
        let now = tree(&scene.env.work());
        let end = match back.code() {
            Some(0) => {
                assert_eq!(now, scene.before, "killed at {point}: {}", back.stdout);
                "back"
            }
            // Killed before it began, or after it was done.
            _ => {
                assert!(back.stderr.contains("no apply was interrupted"), "{point}: {back:?}");
                assert!(now == scene.before || now == scene.after, "killed at {point}: {now:#?}");
                "whole"
            }
        };
        *ends_seen.borrow_mut().entry(end).or_insert(0) += 1;
        // Then everything can be done as if nothing had been.
        apply(&scene.env, &["--yes"]).run().expect_code(0);
        assert_eq!(tree(&scene.env.work()), scene.after, "killed at {point}, then applied");
    });
    assert!(died >= POINTS * 8 / 10, "only {died} died of {}", scene.points.len());
    assert!(ends.get("back").is_some_and(|&n| n > POINTS / 4), "{ends:?}");
}

#[test]
fn an_undo_that_was_killed_goes_on_where_it_was() {
    let scene = Scene::new();
    let undo = || scene.env.drybox().arg("undo");
    undo().launch_traced(&scene.log).run().expect_code(0);
    let counts = Trace::read(&scene.log);
    let counts = counts.counts();
    let mut died = 0;
    for call in ["renameat2", "pwrite64", "unlinkat", "fchmod", "symlinkat", "mkdirat"] {
        let times = u32::try_from(counts.get(call).copied().unwrap_or(0)).unwrap();
        for nth in (1..=times).step_by(3) {
            scene.reset();
            applied(&scene.env, &[]);
            let killed = undo().launch_killed(call, nth, &scene.log).run();
            died += usize::from(killed.signal() == Some(9));
            undo().run().expect_code(0);
            assert_eq!(tree(&scene.env.work()), scene.before, "killed at {call} {nth}");
        }
    }
    assert!(died > 10, "{died}");
}

#[test]
fn a_run_a_diff_and_a_discard_wait_until_a_half_done_apply_is_whole_again() {
    let scene = Scene::new();
    scene.reset();
    // The first change of the host is a rename with RENAME_NOREPLACE or RENAME_EXCHANGE.
    let trace = Trace::read(&scene.log);
    let host = trace.calls().iter().filter(|call| call.name == "renameat2");
    let nth = host.take_while(|call| !call.line.contains(".drybox-")).count();
    let nth = u32::try_from(nth).unwrap() + 2;
    let killed = apply(&scene.env, &[]).launch_killed("renameat2", nth, &scene.log).run();
    assert_eq!(killed.signal(), Some(9));
    for args in [&["run", "--", "true"][..], &["diff"], &["discard", "--yes"], &["undo"]] {
        let refused = scene.env.drybox().args(args).run().expect_code(125).stderr;
        assert!(refused.contains("drybox apply was interrupted"), "{args:?}: {refused}");
        assert!(refused.contains("--rollback"), "{args:?}: {refused}");
    }
    let told = applied(&scene.env, &[]);
    assert_eq!(told, "an apply was interrupted, and is finished now\n");
    assert_eq!(tree(&scene.env.work()), scene.after);
}

#[test]
fn w_073_whatever_fails_leaves_all_or_nothing() {
    let scene = Scene::new();
    let faults = [
        ("pwrite64", "ENOSPC"),
        ("openat2", "ENOSPC"),
        ("fsync", "EIO"),
        ("renameat2", "EIO"),
        ("mkdirat", "ENOSPC"),
        ("symlinkat", "EDQUOT"),
        ("write", "ENOSPC"),
    ];
    let mut failed = 0;
    for (call, errno) in faults {
        let points: Vec<u32> =
            scene.points.iter().filter(|(name, _)| *name == call).map(|(_, nth)| *nth).collect();
        let step = points.len().div_ceil(8).max(1);
        for nth in points.into_iter().step_by(step) {
            scene.reset();
            let fault = Fault { call, errno, nth };
            let done = apply(&scene.env, &[]).launch_failing(fault, &scene.log).run();
            let now = tree(&scene.env.work());
            let whole = now == scene.before || now == scene.after;
            // One path may have been told as not possible, and left out.
            let told = done.stdout.contains("not done") || done.stdout.contains("conflict");
            assert!(whole || told, "{call} {nth} {errno}: {done:?} {now:#?}");
            assert!(now.keys().all(|name| !name.contains(".drybox-")), "{call} {nth}: {now:#?}");
            failed += usize::from(done.code() != Some(0));
        }
    }
    assert!(failed > 20, "{failed}");
}

#[test]
fn the_journal_is_on_the_disk_before_data_data_before_names_and_names_before_the_end() {
    let scene = Scene::new();
    scene.reset();
    apply(&scene.env, &[]).launch_traced(&scene.log).run().expect_code(0);
    let trace = Trace::read(&scene.log);
    let calls = trace.calls();
    let line = |what: &str| {
        let at = calls.iter().position(|call| call.line.contains(what));
        at.unwrap_or_else(|| panic!("{what} not in the trace"))
    };
    let last = |what: &str| calls.iter().rposition(|call| call.line.contains(what)).unwrap();
    let synced =
        |from: usize, to: usize| calls[from..to].iter().filter(|call| call.name == "fsync").count();
    let spare_names = |name: &str, call: &str| {
        calls
            .iter()
            .position(|c| c.name == name && c.line.contains(".drybox-") && c.line.contains(call))
    };
    let plan = line("\"plan.half\"");
    let first_spare = line("\".drybox-");
    let staged = line("\"staged.half\"");
    let first_change = spare_names("renameat2", ".drybox-").unwrap();
    let done = last("\"undo\"");
    assert!(
        plan < first_spare && first_spare < staged && staged < first_change && first_change < done
    );
    // The plan itself, its folder, and the box's.
    assert!(synced(plan, first_spare) >= 3, "{}", synced(plan, first_spare));
    // Everything that comes, everything that is kept.
    assert!(synced(first_spare, staged) >= 10, "{}", synced(first_spare, staged));
    assert!(synced(staged, first_change) >= 2);
    // Every directory in which a name changed.
    assert!(synced(first_change, done) >= 3);
    let swept =
        calls.iter().position(|c| c.name == "unlinkat" && c.line.contains(".drybox-")).unwrap();
    assert!(synced(first_change, swept) >= 3, "what went goes after its place was synced");
}
