//! The workspace as a payload meets it, and what is pending afterwards: the host's directory is the
//! same before and after, whatever runs.

mod changes;
mod git;
mod hostile;
mod life;
mod tools;

use drybox_testkit::{Done, Run, TestEnv};

/// `drybox run FLAGS -- sh -c SCRIPT` in the workspace.
fn boxed(env: &TestEnv, flags: &[&str], script: &str) -> Run {
    env.drybox().arg("run").args(flags).args(["--", "sh", "-c", script])
}

/// A command of drybox's own, and what it prints.
fn told(env: &TestEnv, args: &[&str]) -> String {
    env.drybox().args(args).run().expect_code(0).stdout
}

fn ran(env: &TestEnv, script: &str) -> Done {
    boxed(env, &[], script).run().expect_code(0)
}
