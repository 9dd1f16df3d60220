//! Golden files: the expected output stands in a file, `DRYBOX_BLESS=1` writes it anew.

use std::path::{Path, PathBuf};

use crate::OrFail;

/// A path of the source tree, from its root: `crates/jail/tests/data/x`.
///
/// `DRYBOX_TESTDATA` (set by `cargo xtask test`: root's checkout cannot be read by the test user)
/// names the root; under plain cargo it is found from the package.
#[must_use]
#[track_caller]
pub fn testdata(path: impl AsRef<Path>) -> PathBuf {
    let root = std::env::var_os("DRYBOX_TESTDATA").map(PathBuf::from);
    match root.or_else(workspace_root) {
        Some(root) => root.join(path),
        None => panic!("no test data: run `cargo xtask test`, or set DRYBOX_TESTDATA"),
    }
}

/// Compares `actual` with a file of the source tree; shows the first line that differs.
#[track_caller]
pub fn expect_golden(path: impl AsRef<Path>, actual: &str) {
    let file = testdata(&path);
    if std::env::var_os("DRYBOX_BLESS").is_some_and(|value| value == "1") {
        let dir = file.parent().unwrap_or(&file);
        std::fs::create_dir_all(dir).or_fail(format_args!("make {}", dir.display()));
        std::fs::write(&file, actual).or_fail(format_args!("write {}", file.display()));
        return;
    }
    if let Err(told) = compare(&file, actual) {
        panic!(
            "{told}\n(DRYBOX_BLESS=1 writes what came instead; read the diff before you commit)"
        );
    }
}

fn compare(file: &Path, actual: &str) -> Result<(), String> {
    let name = file.display();
    let expected =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {name}: {error}"))?;
    if expected == actual {
        return Ok(());
    }
    let same = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).map_or("(the end)".into(), |l| format!("{l:?}"));
    let at = same.saturating_add(1);
    let (wanted, came) = (line(&expected), line(actual));
    Err(format!(
        "{name}:{at} differs\n  wanted: {wanted}\n  came:   {came}\n\nall of it:\n{actual}"
    ))
}

/// The directory above us whose Cargo.toml is a workspace's.
fn workspace_root() -> Option<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)?;
    let is_root = |dir: &&Path| {
        std::fs::read_to_string(dir.join("Cargo.toml"))
            .is_ok_and(|text| text.contains("[workspace]"))
    };
    package.ancestors().find(is_root).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_tree_is_found() {
        assert!(testdata("crates/testkit/src/golden.rs").exists());
        assert!(workspace_root().unwrap().join("crates").is_dir());
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("golden");
        std::fs::write(&file, "a\nb\nc\n").unwrap();
        assert_eq!(compare(&file, "a\nb\nc\n"), Ok(()));
        let told = compare(&file, "a\nB\nc\n").unwrap_err();
        assert!(told.contains(":2 differs") && told.contains("\"b\"") && told.contains("\"B\""));
        assert!(compare(&file, "a\nb\n").unwrap_err().contains("(the end)"));
        assert!(compare(&dir.path().join("none"), "").unwrap_err().contains("cannot read"));
    }
}
