//! What a test needs of the machine. Missing is a failure with its fix, never a skip.

use std::path::{Path, PathBuf};

/// True for real or namespaced uid 0.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Fails unless the test runs as root.
#[track_caller]
pub fn need_root() {
    assert!(is_root(), "this test needs root: run `cargo xtask test` as root");
}

/// Fails unless the test runs as an ordinary user.
#[track_caller]
pub fn need_user() {
    assert!(!is_root(), "this test needs an ordinary user: `cargo xtask test` runs it as one");
}

/// The path of a program that `cargo xtask setup` installs; fails when it is missing.
#[track_caller]
#[must_use]
pub fn require(program: &str) -> PathBuf {
    let found = PATH.split(':').map(|dir| Path::new(dir).join(program)).find(|path| path.exists());
    match found {
        Some(path) => path,
        None => panic!("this test needs {program}: run `cargo xtask setup` as root"),
    }
}

/// The executable under test: `DRYBOX_BIN` (set by `cargo xtask test`), else the one that cargo
/// built for this test.
#[track_caller]
#[must_use]
pub fn drybox_bin() -> PathBuf {
    let named = ["DRYBOX_BIN", "CARGO_BIN_EXE_drybox"].into_iter().find_map(std::env::var_os);
    // Tests of other crates: target/TRIPLE/debug/deps/TEST, beside which stands ../drybox.
    let built = || {
        let test = std::env::current_exe().ok()?;
        Some(test.parent()?.parent()?.join("drybox")).filter(|path| path.exists())
    };
    match named.map(PathBuf::from).or_else(built) {
        Some(path) => path,
        None => panic!("no drybox to test: run `cargo xtask test`, or set DRYBOX_BIN"),
    }
}

/// Where the system's programs are: all that a test sees of `PATH`.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_or_the_fix_is_told() {
        assert!(require("sh").exists());
        let told = std::panic::catch_unwind(|| require("no-such-program")).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.contains("no-such-program") && told.contains("cargo xtask setup"), "{told}");
    }

    mod root_only {
        #[test]
        fn the_root_half_runs_as_root() {
            super::need_root();
        }
    }

    mod user_only {
        #[test]
        fn the_user_half_runs_as_an_ordinary_user() {
            super::need_user();
        }

        #[test]
        fn the_user_half_has_no_capability() {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                assert!(status.contains(&format!("{set}:\t0000000000000000")), "{set}\n{status}");
            }
        }
    }
}
