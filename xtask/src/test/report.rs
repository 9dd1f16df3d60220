//! Reads what libtest prints, and adds it up.

use crate::failure::Failure;

/// What one test binary said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// The names of the tests that failed.
    pub(crate) failed: Vec<String>,
}

impl Outcome {
    /// From the output of a test binary, or of several in a row, and whether it ended well.
    pub(crate) fn read(output: &str, ended_well: bool) -> Self {
        let mut outcome = Self::default();
        let mut counted = 0_usize;
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            outcome.passed = outcome.passed.saturating_add(number(line, " passed"));
            counted = counted.saturating_add(number(line, " failed"));
            let ignored = number(line, " ignored");
            if ignored > 0 {
                let told =
                    format!("({ignored} ignored: a test that cannot run fails and says why)");
                outcome.failed.push(told);
            }
        }
        let names = failed_names(output);
        // A binary that crashed has no names and no counts.
        if names.is_empty() && counted == 0 && !ended_well {
            outcome.failed.push(format!("(ended early){}", last_begun(output)));
        }
        outcome.failed.extend(names);
        outcome
    }
}

/// The number before `word` in "ok. 3 passed; 0 failed; …".
fn number(line: &str, word: &str) -> usize {
    let before = line.split(word).next().filter(|_| line.contains(word)).unwrap_or_default();
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// libtest lists the failures twice, first with their output; the second list has one name a line.
fn failed_names(output: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut listing = false;
    for line in output.lines() {
        match line.strip_prefix("    ") {
            _ if line == "failures:" => listing = true,
            Some(name) if listing && !name.contains(char::is_whitespace) => {
                names.push(name.to_owned());
            }
            Some(name) if listing && name.contains(" (line ") => names.push(name.to_owned()),
            _ if line.is_empty() => {}
            _ => listing = false,
        }
    }
    names
}

/// The test whose line has no result yet (one thread), for a binary that died in it.
fn last_begun(output: &str) -> String {
    let last = output.lines().rfind(|line| line.starts_with("test ") && line.contains(" ... "));
    last.filter(|line| !line.ends_with("ok")).map(|line| format!(" {line}")).unwrap_or_default()
}

/// All results of a run.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, label: &str, half: &str, outcome: Outcome) {
        self.passed = self.passed.saturating_add(outcome.passed);
        let lines = outcome.failed.into_iter().map(|name| format!("{label} ({half}): {name}"));
        self.failed.extend(lines);
    }

    /// Prints the list of failures and, as the last line, the sum.
    pub(crate) fn finish(self, libtest: &[String]) -> Result<(), Failure> {
        if !self.failed.is_empty() {
            println!("\nfailed:");
            for line in &self.failed {
                println!("  {line}");
            }
        }
        println!("\n{} passed, {} failed", self.passed, self.failed.len());
        match (self.failed.len(), self.passed) {
            (0, 0) => Err(Failure::NoTest { filter: libtest.join(" ") }),
            (0, _) => Ok(()),
            (failed, _) => Err(Failure::Tests { failed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: &str = "\nrunning 3 tests\ntest a::works ... ok\ntest b::fails ... FAILED\n\n\
        failures:\n\n---- b::fails stdout ----\nthread 'b::fails' panicked at x.rs:1:1:\nfailures:\n\
        \n\nfailures:\n    b::fails\n\ntest result: FAILED. 2 passed; 1 failed; 0 ignored; \
        0 measured; 4 filtered out; finished in 0.00s\n";

    #[test]
    fn results_of_several_binaries_are_added_up() {
        let green = RED.replace("1 failed", "0 failed").replace("failures:\n    b::fails\n", "");
        let outcome = Outcome::read(&format!("{RED}{green}"), false);
        assert_eq!(outcome, Outcome { passed: 4, failed: vec!["b::fails".into()] });
    }

    #[test]
    fn a_crash_counts_as_a_failure() {
        let outcome = Outcome::read("running 2 tests\ntest a ... ok\ntest b ... ", false);
        assert_eq!(outcome.failed, ["(ended early) test b ... "]);
        assert_eq!(Outcome::read("", false).failed.len(), 1);
    }

    #[test]
    fn an_ignored_test_counts_as_a_failure() {
        let line = "test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out";
        assert_eq!(Outcome::read(line, true).failed.len(), 1);
    }

    #[test]
    fn a_failed_example_is_named() {
        let output = "failures:\n    crates/spec/src/lib.rs - (line 6)\n\n\
            test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Outcome::read(output, false).failed, ["crates/spec/src/lib.rs - (line 6)"]);
    }

    #[test]
    fn a_filter_that_matches_nothing_is_an_error() {
        let nothing = Tally::default().finish(&["typo".into()]);
        assert!(matches!(nothing, Err(Failure::NoTest { .. })));
    }
}
