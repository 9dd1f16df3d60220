//! Fixtures as text: what was there, what is there, and which rows hold it.
//!
//! `=== ID held` or `=== ID free`, with `+ID` for each further row that holds it too; `@ path` of
//! the change with flags after ` | `; `& path` for what lies beside it; `&& path` with `| ` lines
//! for a file of the host, `~/…` for one of the user's (the workspace is `~/p`); `moved=PATH` for a
//! rename; then lines as in a diff: two blanks or nothing for both versions, `- `
//! the old, `+ ` the new. `⟪u202e⟫` is a character, `⟪xff⟫` a byte, `⟪n:x⟫` n times `x`.

use std::collections::{BTreeMap, BTreeSet};

use drybox_workspace::hold::{Change, Kind, Lookup, State, Users};

/// One fixture.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The row that it is about.
    pub(crate) rule: String,
    pub(crate) held: bool,
    /// All rows that hold it.
    pub(crate) by: BTreeSet<String>,
    pub(crate) change: Change,
    /// Where it was before a rename.
    pub(crate) moved: Option<Vec<u8>>,
    pub(crate) beside: Beside,
    pub(crate) place: String,
}

/// The files beside a change.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    after: BTreeMap<Vec<u8>, Kind>,
    host: BTreeMap<Vec<u8>, Vec<u8>>,
    users: Users,
}

impl Lookup for Beside {
    fn after(&self, path: &[u8]) -> Option<Kind> {
        self.after.get(path).copied()
    }

    fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let parent = |path: &[u8]| path.iter().rposition(|&b| b == b'/').map_or(0, |at| at);
        let inside = self.after.keys().filter(|path| &path[..parent(path)] == directory);
        inside.map(|path| path.rsplit(|&b| b == b'/').next().unwrap().to_vec()).collect()
    }

    fn host(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.host.get(path).cloned()
    }

    fn users(&self) -> Option<&Users> {
        Some(&self.users)
    }
}

/// All fixtures of a directory, in the order of its files.
pub(crate) fn read(directory: &str) -> Vec<Fixture> {
    let root = drybox_testkit::testdata(format!("crates/workspace/tests/fixtures/{directory}"));
    let mut files: Vec<_> =
        std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            parse(&file.display().to_string(), &std::fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn parse(file: &str, text: &str) -> Vec<Fixture> {
    let mut out = Vec::new();
    let starts: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("=== "))
        .map(|(at, _)| at)
        .collect();
    let lines: Vec<&str> = text.lines().collect();
    for (nth, start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(lines.len());
        out.push(one(&lines[*start..end], &format!("{file}:{}", start + 1)));
    }
    out
}

fn one(lines: &[&str], place: &str) -> Fixture {
    let mut words = lines[0][4..].split_whitespace();
    let rule = words.next().unwrap().to_owned();
    let held = match words.next() {
        Some("held") => true,
        Some("free") => false,
        other => panic!("{place}: {other:?} is neither held nor free"),
    };
    let mut by: BTreeSet<String> =
        words.map(|word| word.strip_prefix('+').expect(place).to_owned()).collect();
    if held {
        by.insert(rule.clone());
    }
    let mut beside = Beside::default();
    let (mut path, mut flags) = (None, "");
    let (mut old, mut new): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let (mut was, mut host) = (false, None);
    for line in &lines[1..] {
        if let Some(rest) = line.strip_prefix("@ ") {
            let (name, more) = rest.split_once(" | ").unwrap_or((rest, ""));
            (path, flags) = (Some(raw(name)), more);
        } else if let Some(rest) = line.strip_prefix("&& ") {
            host = Some(raw(rest));
        } else if let Some(rest) = line.strip_prefix("& ") {
            let (name, kind) = rest.split_once(" | ").unwrap_or((rest, "file"));
            let kind = match kind {
                "link" => Kind::Link,
                "dir" => Kind::Directory,
                _ => Kind::File,
            };
            beside.after.insert(raw(name), kind);
        } else if let Some(rest) = line.strip_prefix("| ") {
            let content = beside.host.entry(host.clone().expect(place)).or_default();
            content.extend(raw(rest));
            content.push(b'\n');
        } else if let Some(rest) = line.strip_prefix('-') {
            was = true;
            old.push(raw(rest.strip_prefix(' ').unwrap_or(rest)));
        } else if let Some(rest) = line.strip_prefix('+') {
            new.push(raw(rest.strip_prefix(' ').unwrap_or(rest)));
        } else if !line.is_empty() && !line.starts_with('#') {
            was = true;
            let both = raw(line.strip_prefix("  ").unwrap_or_else(|| panic!("{place}: {line}")));
            old.push(both.clone());
            new.push(both);
        }
    }
    let flag = |name: &str| flags.split_whitespace().find_map(|flag| flag.strip_prefix(name));
    let octal = |text: &str| u32::from_str_radix(text, 8).unwrap();
    let before = (was || flag("from=").is_some()).then(|| {
        let mut state = State::file(content(&old), flag("from=").map_or(0o644, octal));
        state.kind = kind(flag("was="));
        state
    });
    let after = flag("deleted").is_none().then(|| {
        let mut state = State::file(content(&new), flag("mode=").map_or(0o644, octal));
        state.kind = kind(flag("kind="));
        if let Some(target) = flag("link=") {
            state = State::link(raw(target));
        }
        state.links = flag("links=").map_or(1, |n| n.parse().unwrap());
        state.size = flag("size=").map_or(state.size, |n| n.parse().unwrap());
        state.attributes = flag("xattr").is_some();
        state
    });
    beside.users = Users::of(b"/home/u/p", Some(b"/home/u"));
    for (name, text) in &beside.host {
        if name.starts_with(b"~/") {
            beside.users.add(&String::from_utf8_lossy(name), text.clone());
        }
    }
    let moved = flag("moved=").map(raw);
    let change = Change { path: path.expect(place), before, after };
    Fixture { rule, held, by, change, moved, beside, place: place.to_owned() }
}

fn kind(word: Option<&str>) -> Kind {
    match word {
        Some("link") => Kind::Link,
        Some("dir") => Kind::Directory,
        Some("special") => Kind::Special,
        _ => Kind::File,
    }
}

fn content(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

/// Decodes `⟪…⟫`.
fn raw(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('⟪') {
        out.extend_from_slice(head.as_bytes());
        let (code, after) = tail.split_once('⟫').unwrap();
        if let Some((count, what)) = code.split_once(':') {
            out.extend(raw(what).repeat(count.parse().unwrap()));
        } else if let Some(hex) = code.strip_prefix('x') {
            out.push(u8::from_str_radix(hex, 16).unwrap());
        } else {
            let number = u32::from_str_radix(code.strip_prefix('u').unwrap(), 16).unwrap();
            out.extend(char::from_u32(number).unwrap().to_string().bytes());
        }
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
