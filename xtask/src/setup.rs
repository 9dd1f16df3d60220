//! `setup`: what the tests need from the machine. Quick when there is nothing to do.

mod rust;

use std::process::Command;

use crate::failure::Failure;
use crate::packages::{PEERS, Peer};
use crate::shell;
use crate::who::{self, TEST_USER, User};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    if let Some(given) = args.first() {
        return Err(Failure::Usage { given: given.clone(), usage: USAGE.into() });
    }
    if who::is_root() {
        let user = as_root()?;
        println!("ready: {} peers, user {TEST_USER} (uid {})", PEERS.len(), user.uid);
        return Ok(());
    }
    as_user()?;
    println!("ready for the user's half of the tests");
    Ok(())
}

/// Installs what is missing and makes the test user.
pub(crate) fn as_root() -> Result<User, Failure> {
    let missing = missing();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let user = match who::test_user()? {
        Some(user) => user,
        None => make_user()?,
    };
    rust::give(&user)?;
    Ok(user)
}

/// Says what is missing.
pub(crate) fn as_user() -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = packages(&missing).join(" ");
    Err(Failure::Missing {
        missing: missing.iter().map(|peer| format!("{} ({})", peer.program, peer.why)).collect(),
        fix: format!("sudo apt-get install --no-install-recommends {packages}"),
    })
}

fn missing() -> Vec<&'static Peer> {
    PEERS.iter().filter(|peer| !shell::is_installed(peer.program)).collect()
}

fn packages(missing: &[&Peer]) -> Vec<&'static str> {
    let mut packages: Vec<_> = missing.iter().map(|peer| peer.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn install(missing: &[&Peer]) -> Result<(), Failure> {
    let packages = packages(missing);
    println!("installing {}", packages.join(" "));
    if !shell::is_installed("apt-get") {
        return Err(Failure::Missing {
            missing: missing.iter().map(|peer| peer.program.to_owned()).collect(),
            fix: "install them with this machine's package manager (there is no apt-get)".into(),
        });
    }
    // A fresh machine has no package lists, an old one has stale lists.
    shell::run(apt().args(["update", "--quiet"]))?;
    // --no-remove: a developer's machine loses nothing to a test.
    let flags = ["install", "--quiet", "--yes", "--no-install-recommends", "--no-remove"];
    shell::run(apt().args(flags).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args([
        "-o",
        "Acquire::Retries=3",
        "-o",
        "DPkg::Lock::Timeout=300",
        "-o",
        "Dpkg::Use-Pty=0",
    ]);
    command
}

/// An ordinary user: a free number, a home of its own, no password, no group that gives power.
fn make_user() -> Result<User, Failure> {
    let mut command = Command::new("useradd");
    command.args(["--create-home", "--user-group", "--shell", "/bin/bash"]);
    command.args(["--comment", "runs the tests of drybox", TEST_USER]);
    shell::run(&mut command)?;
    println!("made the user {TEST_USER}");
    who::test_user()?.ok_or(Failure::NotBuilt { command: shell::line(&command), what: "the user" })
}

const USAGE: &str = "usage: cargo xtask setup";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_listed_once_and_says_why() {
        for peer in PEERS {
            assert!(!peer.why.is_empty(), "{}", peer.program);
            let same = PEERS.iter().filter(|other| other.program == peer.program).count();
            assert_eq!(same, 1, "{}", peer.program);
        }
    }

    #[test]
    fn a_package_is_installed_once() {
        let all: Vec<&Peer> = PEERS.iter().collect();
        let packages = packages(&all);
        assert_eq!(packages.iter().filter(|name| **name == "util-linux").count(), 1);
    }
}
