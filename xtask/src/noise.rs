//! `noise`: what of real projects' releases the hold rules hold. All of it is harmless.
//!
//! The sources come from their registries by their ordinary clients, so this is no part of CI;
//! the numbers are committed (docs/hold-rules.md). It ends: what is fetched stays in the target
//! directory, several are fetched at a time, each has its time, and one that cannot be had is named
//! and does not stop the others. No client runs anything of a package: of Python's the wheels are
//! taken, for pip builds a source archive already to read its name.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::failure::Failure;
use crate::shell;

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let replay = crate::test::replay()?;
    let place = shell::target().join("noise");
    let fetched = fetch_all(&place);
    let (mut changed, mut held, mut missing) = (0, 0, Vec::new());
    for (project, sources) in PROJECTS.iter().zip(fetched) {
        match sources.and_then(|[old, new]| project.judge(&replay, &old, &new)) {
            Ok((files, noise)) => {
                changed += files;
                held += noise;
            }
            Err(failure) => {
                failure.tell();
                missing.push(format!("{} {} to {}", project.name, project.old, project.new));
            }
        }
    }
    println!("| in all | | | {changed} | {held} |");
    if !missing.is_empty() {
        return Err(Failure::Found { what: "not measured", lines: missing });
    }
    // 2 %, in whole numbers.
    match held * 50 <= changed && changed > 0 {
        true => Ok(()),
        false => Err(Failure::Found {
            what: "more is held than the noise budget allows",
            lines: vec![format!("{held} of {changed} changed files")],
        }),
    }
}

/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Seconds for one of them, and for the judgement of one project.
const PATIENCE: &str = "120";

/// Both versions of each project.
fn fetch_all(place: &Path) -> Vec<Result<[PathBuf; 2], Failure>> {
    let next = Mutex::new(PROJECTS.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                let take = || next.lock().ok()?.next();
                while let Some((at, project)) = take() {
                    let sources = project
                        .fetch(project.old, place)
                        .and_then(|old| Ok([old, project.fetch(project.new, place)?]));
                    if let Ok(mut done) = done.lock() {
                        done.push((at, sources));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, sources)| sources).collect()
}

/// A command that is ended when it takes too long.
fn within_time(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "1", PATIENCE, program]);
    command
}

impl Project {
    /// One version's sources, unpacked; what was fetched once is there still.
    fn fetch(&self, version: &str, place: &Path) -> Result<PathBuf, Failure> {
        let name = format!("{}-{version}", self.name);
        let (whole, part) = (place.join(&name), place.join(format!("{name}.part")));
        if whole.is_dir() {
            return Ok(whole);
        }
        let sources = part.join("src");
        std::fs::remove_dir_all(&part).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(Failure::io("remove", &part)(error)),
        })?;
        std::fs::create_dir_all(&sources).map_err(Failure::io("make", &sources))?;
        let sources = match self.client {
            Client::Npm => {
                let wanted = format!("{}@{version}", self.name);
                let mut npm = within_time("npm");
                shell::capture(npm.args(["pack", "--silent", &wanted]).current_dir(&part))?;
                unpack(&part, &["tar", "--strip-components=1", "-xzf"], "-C")?;
                sources
            }
            Client::Pip => {
                let wanted = format!("{}=={version}", self.name);
                let args = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", &wanted];
                shell::capture(within_time("pip").args(args).current_dir(&part))?;
                unpack(&part, &["unzip", "-q"], "-d")?;
                sources
            }
            Client::Cargo => self.vendor(version, &part)?,
        };
        std::fs::rename(&sources, &whole).map_err(Failure::io("move", &sources))?;
        std::fs::remove_dir_all(&part).map_err(Failure::io("remove", &part))?;
        Ok(whole)
    }

    fn vendor(&self, version: &str, part: &Path) -> Result<PathBuf, Failure> {
        let name = self.name;
        let manifest = format!(
            "[package]\nname = \"noise\"\nversion = \"0.0.0\"\n[workspace]\n[dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n"
        );
        for (path, text) in [("Cargo.toml", manifest.as_str()), ("src/lib.rs", "")] {
            let path = part.join(path);
            std::fs::write(&path, text).map_err(Failure::io("write", &path))?;
        }
        let mut cargo = within_time("cargo");
        shell::capture(cargo.args(["vendor", "--quiet", "--versioned-dirs"]).current_dir(part))?;
        let sources = part.join("vendor").join(format!("{name}-{version}"));
        let list = sources.join(".cargo-checksum.json");
        std::fs::remove_file(&list).map_err(Failure::io("remove", &list))?;
        Ok(sources)
    }

    /// Changed files, and those that are held.
    fn judge(&self, replay: &Path, old: &Path, new: &Path) -> Result<(u64, u64), Failure> {
        let mut replay = within_time(&replay.to_string_lossy());
        let printed = shell::capture(replay.args([old, new]))?;
        let printed = String::from_utf8_lossy(&printed);
        let words: Vec<&str> = printed.lines().last().unwrap_or_default().split('\t').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let (Some(changed), Some(held)) = (number(1), number(3)) else {
            return Err(Failure::NotBuilt { command: shell::line(&replay), what: "its sum" });
        };
        println!("| {} | {} | {} | {changed} | {held} |", self.name, self.old, self.new);
        for line in printed.lines().filter(|line| line.starts_with("H-")) {
            eprintln!("    {line}");
        }
        Ok((changed, held))
    }
}

/// Unpacks every archive of `place` into its `src`.
fn unpack(place: &Path, with: &[&str], into: &str) -> Result<(), Failure> {
    let entries = std::fs::read_dir(place).map_err(Failure::io("read", place))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    let Some((program, flags)) = with.split_first() else { return Ok(()) };
    for archive in files {
        let mut command = within_time(program);
        shell::run(command.args(flags).arg(&archive).arg(into).arg(place.join("src")))?;
    }
    Ok(())
}

struct Project {
    name: &'static str,
    client: Client,
    old: &'static str,
    new: &'static str,
}

enum Client {
    Npm,
    Pip,
    Cargo,
}

const fn project(
    client: Client,
    name: &'static str,
    old: &'static str,
    new: &'static str,
) -> Project {
    Project { name, client, old, new }
}

const PROJECTS: &[Project] = &[
    project(Client::Npm, "eslint", "9.10.0", "9.15.0"),
    project(Client::Npm, "webpack", "5.90.0", "5.95.0"),
    project(Client::Npm, "svelte", "5.1.0", "5.10.0"),
    project(Client::Pip, "flask", "3.0.0", "3.1.0"),
    project(Client::Pip, "django", "5.0.1", "5.1.1"),
    project(Client::Pip, "pytest", "8.0.0", "8.3.3"),
    project(Client::Cargo, "tokio", "1.35.0", "1.41.0"),
    project(Client::Cargo, "clap_builder", "4.4.0", "4.5.20"),
    project(Client::Cargo, "hyper", "1.0.0", "1.5.0"),
    project(Client::Cargo, "rustls", "0.23.5", "0.23.15"),
];
