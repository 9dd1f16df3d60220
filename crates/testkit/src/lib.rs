//! What tests of drybox stand on: a hermetic environment, a terminal, snapshots of a tree, looks
//! into `/proc`, failing system calls, races, golden files. A dev-dependency only.
//!
//! A helper that cannot do its work fails the test and says why; nothing is skipped in silence.
//! The module of a test says who can run it: `root_only::` and `user_only::`, everything else runs
//! as both (`cargo xtask test`).
//!
//! ```no_run
//! use drybox_testkit::{Snapshot, TestEnv};
//!
//! let env = TestEnv::new();
//! let before = Snapshot::of(env.work());
//! env.drybox().args(["run", "--", "true"]).run().expect_code(0);
//! before.expect_same(&Snapshot::of(env.work()));
//! env.expect_no_stray_process();
//! ```
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a helper that cannot do its work fails the test")]

mod env;
mod golden;
mod need;
mod proc;
mod pty;
mod race;
mod run;
mod strace;
mod tree;

pub use env::TestEnv;
pub use golden::{expect_golden, testdata};
pub use need::{drybox_bin, is_root, need_root, need_user, require};
pub use proc::{Process, mounts_now, mounts_of, processes_mentioning};
pub use pty::{Pty, Size};
pub use race::Racer;
pub use run::{Done, Run};
pub use strace::{Call, Fault, Trace};
pub use tree::{Change, Content, Entry, Snapshot};

use std::fmt::Display;

/// Ends the test when a helper cannot do its work.
trait OrFail<T> {
    /// The value, or a failed test that says what was tried.
    fn or_fail(self, what: impl Display) -> T;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, what: impl Display) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("the test kit cannot {what}: {error}"),
        }
    }
}
