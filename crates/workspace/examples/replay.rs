//! `replay OLD NEW`: judges the way from one directory to another, as `cargo xtask noise` asks.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program answers to xtask")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use drybox_workspace::hold::{Change, Judge, Kind, Lookup, State};

type Files = BTreeMap<Vec<u8>, State>;

struct Sides {
    old: Files,
    new: Files,
}

impl Lookup for Sides {
    fn after(&self, path: &[u8]) -> Option<Kind> {
        self.new.get(path).map(|state| state.kind)
    }

    fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let split = |path: &[u8]| {
            let at = path.iter().rposition(|&b| b == b'/');
            let parent = at.and_then(|at| path.get(..at)).unwrap_or_default().to_vec();
            (parent, path.get(at.map_or(0, |at| at + 1)..).unwrap_or_default().to_vec())
        };
        self.new
            .keys()
            .map(|path| split(path))
            .filter(|(parent, _)| parent == directory)
            .map(|(_, n)| n)
            .collect()
    }

    fn host(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.old.get(path).map(|state| state.bytes.clone())
    }
}

fn main() -> std::io::Result<()> {
    let roots: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [old, new] = roots.as_slice() else {
        println!("usage: replay OLD NEW");
        return Ok(());
    };
    let sides = Sides { old: files(old)?, new: files(new)? };
    let paths: BTreeSet<&Vec<u8>> = sides.old.keys().chain(sides.new.keys()).collect();
    let changes = paths.into_iter().map(|path| Change {
        path: path.clone(),
        before: sides.old.get(path).cloned(),
        after: sides.new.get(path).cloned(),
    });
    let changes: Vec<Change> = changes.filter(|change| change.before != change.after).collect();
    let judge = Judge::new();
    let judging = judge.begin(&sides);
    let mut held_files = 0;
    for change in &changes {
        let held = judging.change(change);
        held_files += u32::from(!held.is_empty());
        for held in held {
            let line = held.lines.first().map_or("", |line| line.text.as_str());
            println!("{}\t{}\t{}", held.rule, String::from_utf8_lossy(&held.path), line);
        }
    }
    println!("changed\t{}\theld\t{held_files}", changes.len());
    Ok(())
}

fn files(root: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            let facts = std::fs::symlink_metadata(&path)?;
            let name = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_bytes().to_vec();
            if facts.is_dir() {
                waiting.push(path);
            } else if facts.is_symlink() {
                files.insert(
                    name,
                    State::link(std::fs::read_link(&path)?.as_os_str().as_bytes().to_vec()),
                );
            } else {
                // A module cache is read-only: only what can be executed counts of the mode.
                let mode = if facts.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
                files.insert(name, State::file(std::fs::read(&path)?, mode));
            }
        }
    }
    Ok(files)
}
