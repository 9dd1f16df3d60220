//! Builds everything once, and learns from cargo what was built.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::failure::Failure;
use crate::shell;

pub(crate) struct Built {
    /// The executable under test: the release build, as users have it.
    pub(crate) drybox: PathBuf,
    pub(crate) binaries: Vec<Binary>,
}

/// One test binary.
pub(crate) struct Binary {
    /// Package and target, for people.
    pub(crate) label: String,
    pub(crate) file: PathBuf,
    /// The directory of its Cargo.toml: the current directory of its tests.
    pub(crate) package: PathBuf,
}

pub(crate) fn everything() -> Result<Built, Failure> {
    let drybox = release()?;
    println!("building every test");
    let mut tests = shell::cargo(&["test", "--workspace", "--no-run"]);
    let mut binaries: Vec<Binary> =
        artifacts(tests.args(FLAGS))?.into_iter().filter_map(binary).collect();
    binaries.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(Built { drybox, binaries })
}

/// Builds the executable as users have it, and says where it is.
pub(crate) fn release() -> Result<PathBuf, Failure> {
    eprintln!("building drybox (release)");
    executable(&mut shell::cargo(&["build", "--release", "--package", "drybox"]))
}

/// The same of another commit, from a work tree of its own below the build directory.
pub(crate) fn release_of(revision: &str) -> Result<PathBuf, Failure> {
    let place = shell::target().join("against");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(shell::checkout()).args(args);
        command
    };
    if place.exists() {
        let mut checkout = git(&["checkout", "--quiet", "--detach", revision]);
        shell::run(checkout.current_dir(&place))?;
    } else {
        let mut add = git(&["worktree", "add", "--quiet", "--detach"]);
        shell::run(add.arg(&place).arg(revision))?;
    }
    eprintln!("building drybox of {revision} (release)");
    let mut command = shell::cargo(&["build", "--release", "--package", "drybox"]);
    command.current_dir(&place).arg("--target-dir").arg(place.join("target"));
    executable(&mut command)
}

/// Builds the example that costs the least that any sandbox costs.
pub(crate) fn floor() -> Result<PathBuf, Failure> {
    let what = ["--package", "drybox-sys", "--example", "floor"];
    executable(shell::cargo(&["build", "--release"]).args(what))
}

/// Builds what judges the changes between two directories by the hold rules.
pub(crate) fn replay() -> Result<PathBuf, Failure> {
    executable(&mut shell::cargo(&[
        "build",
        "--package",
        "drybox-workspace",
        "--example",
        "replay",
    ]))
}

fn executable(command: &mut Command) -> Result<PathBuf, Failure> {
    artifacts(command.args(FLAGS))?
        .into_iter()
        .find_map(|artifact| artifact.executable)
        .ok_or_else(|| Failure::NotBuilt { command: shell::line(command), what: "the program" })
}

/// Builds the tests of the whole product, and says where they are.
pub(crate) fn integration() -> Result<PathBuf, Failure> {
    eprintln!("building the tests of drybox");
    let mut command = shell::cargo(&["test", "--package", "drybox", "--test", "it", "--no-run"]);
    let built = artifacts(command.args(FLAGS))?.into_iter().filter_map(binary).next();
    let missing = || Failure::NotBuilt { command: shell::line(&command), what: "the tests" };
    built.map(|binary| binary.file).ok_or_else(missing)
}

/// Builds an executable whose walls can be left out (`drybox_sys::wall`), in a directory of its
/// own: another flag for the compiler would build everything anew in the usual one.
pub(crate) fn weakened() -> Result<PathBuf, Failure> {
    eprintln!("building drybox (weakened)");
    let mut command = shell::cargo(&["build", "--package", "drybox", "--target-dir"]);
    command.arg(shell::target().join("weakened"));
    // Flags of the environment replace those of `.cargo/config.toml`: both are named.
    command.env("RUSTFLAGS", "-C target-feature=+crt-static --cfg drybox_weaken");
    executable(&mut command)
}

const FLAGS: [&str; 2] = ["--message-format=json-render-diagnostics", "--quiet"];

fn binary(artifact: Artifact) -> Option<Binary> {
    let package = artifact.manifest_path.parent()?.to_owned();
    let name = package.file_name()?.to_string_lossy().into_owned();
    let label = match artifact.target.kind.first().map(String::as_str) {
        Some("test") => format!("{name} tests/{}", artifact.target.name),
        Some(kind) => format!("{name} {kind}"),
        None => name,
    };
    artifact.profile.test.then_some(())?;
    Some(Binary { label, file: artifact.executable?, package })
}

fn artifacts(command: &mut Command) -> Result<Vec<Artifact>, Failure> {
    let output = shell::capture(command)?;
    let mut artifacts = Vec::new();
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message = serde_json::from_slice(line)
            .map_err(|source| Failure::Json { command: shell::line(command), source })?;
        if let Message::CompilerArtifact(artifact) = message {
            artifacts.push(artifact);
        }
    }
    Ok(artifacts)
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(kind: &str, test: bool) -> Artifact {
        let json = format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml",
                "target":{{"name":"it","kind":["{kind}"]}},"profile":{{"test":{test}}},
                "executable":"/t/it-1"}}"#
        );
        match serde_json::from_str(&json).unwrap() {
            Message::CompilerArtifact(artifact) => artifact,
            Message::Other => panic!("not read as an artifact"),
        }
    }

    #[test]
    fn test_binaries_are_kept_and_other_executables_are_not() {
        assert_eq!(binary(artifact("test", true)).unwrap().label, "a tests/it");
        assert_eq!(binary(artifact("lib", true)).unwrap().label, "a lib");
        assert!(binary(artifact("bin", false)).is_none());
    }
}
