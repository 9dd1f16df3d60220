//! `noise`: what of real projects' releases the hold rules hold. All of it is harmless.
//!
//! The sources come from their registries by their ordinary clients, so this is no part of CI;
//! the numbers are committed (docs/hold-rules.md).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::shell;

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    shell::run(&mut shell::cargo(&[
        "build",
        "--quiet",
        "--package",
        "drybox-workspace",
        "--example",
        "replay",
    ]))?;
    let place = std::env::temp_dir().join(format!("drybox-noise-{}", std::process::id()));
    let outcome = replay_all(&place);
    std::fs::remove_dir_all(&place).map_err(Failure::io("remove", &place))?;
    let (changed, held) = outcome?;
    println!("| in all | | | {changed} | {held} |");
    // 2 %, in whole numbers.
    match held * 50 <= changed && changed > 0 {
        true => Ok(()),
        false => Err(Failure::Found {
            what: "more is held than the noise budget allows",
            lines: vec![format!("{held} of {changed} changed files")],
        }),
    }
}

fn replay_all(place: &Path) -> Result<(u64, u64), Failure> {
    let mut sum = (0, 0);
    for project in PROJECTS {
        let old = fetch(project, project.old, &place.join(project.name).join("old"))?;
        let new = fetch(project, project.new, &place.join(project.name).join("new"))?;
        let mut replay = shell::cargo(&[
            "run",
            "--quiet",
            "--package",
            "drybox-workspace",
            "--example",
            "replay",
            "--",
        ]);
        let printed = shell::capture(replay.arg(old).arg(new))?;
        let printed = String::from_utf8_lossy(&printed);
        let words: Vec<&str> = printed.lines().last().unwrap_or_default().split('\t').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let (Some(changed), Some(held)) = (number(1), number(3)) else {
            return Err(Failure::NotBuilt { command: shell::line(&replay), what: "its sum" });
        };
        println!("| {} | {} | {} | {changed} | {held} |", project.name, project.old, project.new);
        for line in printed.lines().filter(|line| line.starts_with("H-")) {
            eprintln!("    {line}");
        }
        sum = (sum.0 + changed, sum.1 + held);
    }
    Ok(sum)
}

/// One version's sources, unpacked.
fn fetch(project: &Project, version: &str, place: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(place.join("src")).map_err(Failure::io("make", place))?;
    let name = project.name;
    match project.client {
        Client::Npm => {
            shell::capture(
                Command::new("npm")
                    .args(["pack", "--silent", &format!("{name}@{version}")])
                    .current_dir(place),
            )?;
            unpack(place)
        }
        Client::Pip => {
            let wanted = format!("{name}=={version}");
            let args = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", &wanted];
            shell::capture(Command::new("pip").args(args).current_dir(place))?;
            unpack(place)
        }
        Client::Cargo => {
            let manifest = format!(
                "[package]\nname = \"noise\"\nversion = \"0.0.0\"\n[workspace]\n[dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n"
            );
            let write = |path: PathBuf, text: &str| {
                std::fs::write(&path, text).map_err(Failure::io("write", &path))
            };
            write(place.join("Cargo.toml"), &manifest)?;
            write(place.join("src/lib.rs"), "")?;
            shell::capture(
                shell::cargo(&["vendor", "--quiet", "--versioned-dirs"]).current_dir(place),
            )?;
            let sources = place.join("vendor").join(format!("{name}-{version}"));
            let list = sources.join(".cargo-checksum.json");
            std::fs::remove_file(&list).map_err(Failure::io("remove", &list))?;
            Ok(sources)
        }
    }
}

fn unpack(place: &Path) -> Result<PathBuf, Failure> {
    let sources = place.join("src");
    let entries = std::fs::read_dir(place).map_err(Failure::io("read", place))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    for archive in files {
        let mut tar = Command::new("tar");
        shell::run(
            tar.arg("-xzf").arg(&archive).args(["--strip-components=1", "-C"]).arg(&sources),
        )?;
    }
    Ok(sources)
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
