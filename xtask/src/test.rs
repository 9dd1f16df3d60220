//! `test`: every test binary, once as root and once as an ordinary user.
//!
//! A test's module says who can run it: `root_only::`, `user_only::`, everything else runs in both
//! halves. Nothing is skipped for another reason: what cannot run fails and says why.

mod build;
mod launch;
mod report;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup;
use crate::shell;
use crate::staging::Staging;
use crate::who::{self, User};
use build::Built;
pub(crate) use build::{floor, integration, release, release_of, replay, weakened};
pub(crate) use launch::{Ran, limited};
pub(crate) use report::Outcome;
use report::Tally;

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let libtest = libtest_args(args)?;
    let mut tally = Tally::default();
    if who::is_root() {
        let user = setup::as_root()?;
        let built = build::everything()?;
        in_place(&built, &ROOT, libtest, &mut tally)?;
        user_half(&built, &user, libtest, &mut tally)?;
    } else {
        let ready = setup::as_user();
        let built = build::everything()?;
        in_place(&built, &CALLER, libtest, &mut tally)?;
        if let Err(missing) = ready {
            missing.tell();
        }
        println!("note: root's half did not run; `cargo xtask test` as root runs both halves");
    }
    launch::doc_tests(libtest, &mut tally)?;
    tally.finish(libtest)
}

/// As whoever called, from where it was built.
fn in_place(
    built: &Built,
    half: &Half,
    libtest: &[String],
    tally: &mut Tally,
) -> Result<(), Failure> {
    println!("\n== as {}", half.who);
    let checkout = shell::checkout();
    for binary in &built.binaries {
        let mut command = who::as_self(&binary.file);
        command.current_dir(&binary.package).args(["--skip", half.skip]).args(libtest);
        command.envs(environment(&built.drybox, &checkout, &binary.package));
        launch::binary(command, &binary.label, half.name, libtest, tally)?;
    }
    Ok(())
}

/// As the test user, from a copy that it can read, with a clean environment.
fn user_half(
    built: &Built,
    user: &User,
    libtest: &[String],
    tally: &mut Tally,
) -> Result<(), Failure> {
    println!("\n== as {}", TEST_USER.who);
    let checkout = shell::checkout();
    let staging = Staging::new()?;
    staging.add_source(&checkout)?;
    let drybox = staging.add_program(&built.drybox)?;
    for binary in &built.binaries {
        let file = staging.add_program(&binary.file)?;
        let inside = binary.package.strip_prefix(&checkout).unwrap_or(Path::new(""));
        let package = staging.source().join(inside);
        let environment = environment(&drybox, &staging.source(), &package);
        let environment: Vec<(&str, &Path)> =
            environment.iter().map(|(name, value)| (*name, value.as_path())).collect();
        let mut command = who::as_user(user, &environment, &file);
        command.current_dir(&package).args(["--skip", TEST_USER.skip]).args(libtest);
        launch::binary(command, &binary.label, TEST_USER.name, libtest, tally)?;
    }
    Ok(())
}

/// What tests are told: the executable under test, the source tree, their own package.
pub(crate) fn environment(
    drybox: &Path,
    source: &Path,
    package: &Path,
) -> [(&'static str, PathBuf); 3] {
    [
        ("DRYBOX_BIN", drybox.to_owned()),
        ("DRYBOX_TESTDATA", source.to_owned()),
        ("CARGO_MANIFEST_DIR", package.to_owned()),
    ]
}

/// One half of the tests: who runs it, and the module that only the other half can run.
struct Half {
    name: &'static str,
    who: &'static str,
    skip: &'static str,
}

const ROOT: Half = Half { name: "root", who: "root", skip: "user_only::" };
const CALLER: Half = Half { name: "user", who: "this user", skip: "root_only::" };
const TEST_USER: Half = Half { name: "user", who: who::TEST_USER, skip: "root_only::" };

/// What follows `--`.
fn libtest_args(args: &[String]) -> Result<&[String], Failure> {
    match args.split_first() {
        None => Ok(&[]),
        Some((dashes, rest)) if dashes == "--" => Ok(rest),
        Some((given, _)) => Err(Failure::Usage { given: given.clone(), usage: USAGE.into() }),
    }
}

const USAGE: &str = "usage: cargo xtask test [-- FILTER… [--nocapture] …]";
