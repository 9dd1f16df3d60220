//! Bad input and odd callers: a clear error, or a run as every other.

mod callers;
mod commands;
mod places;
mod surroundings;
mod swapped;

use drybox_testkit::Done;

/// Fails unless the run ended with drybox's own error of this code, and it says all of this.
#[track_caller]
fn expect_error(done: &Done, code: i32, told: &[&str]) {
    assert_eq!(done.code(), Some(code), "{}{}", done.stdout, done.stderr);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
    for part in told {
        assert!(done.stderr.contains(part), "no {part:?} in:\n{}", done.stderr);
    }
}
