//! Lock files: whether what was pinned now comes from elsewhere, or is pinned less.

use std::collections::{HashMap, HashSet};

use super::change::Line;
use super::lines::{self, Numbered, fresh, show};
use super::parse;
use super::rule::{Format, Lock};

/// The lines by which a source moved; `None`: none did.
pub(super) fn moved(
    lock: Lock,
    path: &str,
    old: &[u8],
    new: &[u8],
    whole: bool,
) -> Option<Vec<Line>> {
    if !whole {
        return Some(vec![Line::about("the file is larger than 4 MiB")]);
    }
    match lock {
        Lock::Opaque => (!new.is_empty()).then(|| vec![Line::about("a lock that no diff shows")]),
        Lock::Parsed(format) => parsed(format, path, old, new),
        Lock::Blocks | Lock::Lines => by_line(old, new),
    }
}

/// What is pinned, by place in the file (`packages.node_modules/x`) or by name and version.
#[derive(Debug, Default)]
struct Pin<'a> {
    name: &'a str,
    version: &'a str,
    sources: Vec<(&'a str, u32)>,
    hashes: Vec<(&'a str, u32)>,
}

fn parsed(format: Format, path: &str, old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    let new = match parse::read(format, path, new, true) {
        Ok(new) => new,
        Err(unread) => return Some(vec![Line::about(format!("the file {unread}"))]),
    };
    let old = parse::read(format, path, old, true).unwrap_or_default();
    if old.entries.is_empty() {
        return None;
    }
    let (was, is) = (pins(&old), pins(&new));
    let known: HashSet<String> =
        was.values().flat_map(|pin| &pin.sources).map(|s| origin(s.0)).collect();
    // The same name and version may stand in several places of a tree.
    let before: HashMap<(&str, &str), &Pin<'_>> =
        was.values().map(|pin| ((pin.name, pin.version), pin)).collect();
    let mut out = Vec::new();
    for pin in is.values() {
        for (source, line) in &pin.sources {
            if !known.contains(&origin(source)) {
                out.push((*line, format!("{} from {source}", pin.name)));
            }
        }
        let Some(before) = before.get(&(pin.name, pin.version)) else { continue };
        let had: HashSet<&str> = before.hashes.iter().map(|(hash, _)| *hash).collect();
        let has: HashSet<&str> = pin.hashes.iter().map(|(hash, _)| *hash).collect();
        if !had.is_empty() && has.is_disjoint(&had) {
            let line = pin.hashes.first().map_or(0, |(_, line)| *line);
            let what =
                if has.is_empty() { "is pinned by no hash any more" } else { "has another hash" };
            out.push((line, format!("{} {} {what}", pin.name, pin.version)));
        }
    }
    out.sort();
    let lines: Vec<Line> =
        out.iter().take(Line::MOST).map(|(n, text)| Line::of(*n, text.as_bytes())).collect();
    (!lines.is_empty()).then_some(lines)
}

/// Groups entries to pins: by list element, else by what stands before the last dot.
fn pins(flat: &parse::Flat) -> HashMap<(Option<u32>, &str), Pin<'_>> {
    let mut pins: HashMap<(Option<u32>, &str), Pin<'_>> = HashMap::new();
    for entry in &flat.entries {
        let (place, field) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
        // Dependencies of an entry are constraints, not pins.
        if place.ends_with("dependencies") && !matches!(field, "resolved" | "integrity") {
            continue;
        }
        let place = ["source", "resolution", "dist", "sdist", "wheels", "files", "locked"]
            .iter()
            .find_map(|inner| place.strip_suffix(inner)?.strip_suffix('.'))
            .unwrap_or(place);
        let id = match entry.element {
            Some(_) => "",
            None => place,
        };
        let pin = pins.entry((entry.element, id)).or_default();
        match field {
            "name" => pin.name = &entry.value,
            "version" | "rev" => pin.version = &entry.value,
            "resolved" | "source" | "url" | "tarball" | "git" | "registry" | "path" | "repo" => {
                pin.sources.push((&entry.value, entry.line));
            }
            "integrity" | "checksum" | "hash" | "sha256" | "shasum" | "narhash" => {
                pin.hashes.push((&entry.value, entry.line));
            }
            _ => {}
        }
        if pin.name.is_empty() && entry.element.is_none() {
            pin.name = place;
        }
    }
    pins
}

/// What must not change of a source: scheme and host; a path or a word as a whole kind.
fn origin(source: &str) -> String {
    let plain = source.split(['#', '?']).next().unwrap_or(source);
    match plain.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or(rest);
            // A repository is its own origin: on one host anybody can have one.
            let is_git =
                scheme.contains("git") || plain.ends_with(".git") || host.contains("github");
            if is_git { plain.to_lowercase() } else { format!("{scheme}://{host}").to_lowercase() }
        }
        None if plain.contains([':', '/', '.']) => plain.to_lowercase(),
        None => "word".to_owned(),
    }
}

/// Locks that are read by line: a new line with a source of an origin that no old line had, or an
/// entry with other hashes, or none, for what an old entry pinned.
fn by_line(old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
    if old.is_empty() {
        return None;
    }
    let known: HashSet<String> = lines::numbered(old).flat_map(|(_, line)| sources(line)).collect();
    let moved =
        fresh(old, new).into_iter().filter(|(_, line)| sources(line).any(|s| !known.contains(&s)));
    let mut odd: Vec<Numbered<'_>> = moved.collect();
    let mut had: HashMap<Vec<u8>, HashSet<&[u8]>> = HashMap::new();
    for entry in entries(old) {
        had.entry(entry.key)
            .or_default()
            .extend(entry.hashes.iter().filter_map(|line| hash_of(line.1)));
    }
    for entry in entries(new) {
        let Some(had) = had.get(&entry.key).filter(|had| !had.is_empty()) else { continue };
        if !entry.hashes.iter().any(|line| hash_of(line.1).is_some_and(|hash| had.contains(hash))) {
            odd.push(entry.hashes.first().copied().unwrap_or(entry.head));
        }
    }
    odd.sort_unstable();
    let lines = show(odd.into_iter());
    (!lines.is_empty()).then_some(lines)
}

/// What is pinned together.
struct Entry<'a> {
    /// Its name and version.
    key: Vec<u8>,
    head: Numbered<'a>,
    hashes: Vec<Numbered<'a>>,
}

fn entries(bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in lines::numbered(bytes) {
        if let Some(name) = head(line.1) {
            entries.push(Entry { key: name.to_vec(), head: line, hashes: Vec::new() });
        }
        let Some(entry) = entries.last_mut() else { continue };
        let text = line.1.trim_ascii();
        // yarn heads an entry with a range: another version has another hash by right.
        if text.starts_with(b"version") {
            entry.key.extend_from_slice(text);
        }
        if hash_of(line.1).is_some() {
            entry.hashes.push(line);
        }
    }
    entries
}

/// What the first line of an entry names: all of it but the hash.
fn head(line: &[u8]) -> Option<&[u8]> {
    const MEMBERS: &[&[u8]] = &[b"version", b"resol", b"integrity", b"checksum", b"#", b"--"];
    let text = line.trim_ascii();
    let is_deep = line.starts_with(b"    ") || line.starts_with(b"\t");
    if text.is_empty() || is_deep || MEMBERS.iter().any(|member| text.starts_with(member)) {
        return None;
    }
    let name = text.get(..hash_at(text).unwrap_or(text.len()))?.trim_ascii_end();
    Some(name.strip_suffix(b"\\").unwrap_or(name).trim_ascii_end())
}

const HASHES: &[&[u8]] = &[
    b"h1:",
    b"sha512-",
    b"sha256-",
    b"sha1-",
    b"sha384-",
    b"sha256:",
    b"sha256=",
    b"checksum: ",
    b"hash=",
];

fn hash_at(text: &[u8]) -> Option<usize> {
    HASHES.iter().filter_map(|mark| text.windows(mark.len()).position(|part| part == *mark)).min()
}

fn hash_of(line: &[u8]) -> Option<&[u8]> {
    let hash = line.get(hash_at(line)?..)?;
    Some(hash.split(|b| matches!(b, b',' | b'}' | b'"')).next().unwrap_or(hash).trim_ascii())
}

/// The origins of the addresses in a line.
fn sources(line: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(line).into_owned();
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '{' | '}' | '(' | ')'))
        .map(|word| word.trim_end_matches(':').to_owned())
        .collect();
    words.into_iter().filter(|word| is_source(word)).map(|word| {
        let at = word.find("://").and_then(|at| word.get(..at)?.rfind(['@', '=']));
        origin(word.get(at.map_or(0, |at| at + 1)..).unwrap_or(&word))
    })
}

fn is_source(word: &str) -> bool {
    word.contains("://")
        || word.starts_with("git@")
        || ["file:", "link:", "github:"].iter().any(|mark| word.contains(mark))
}

/// Part of the fuzz entry: every way to read a lock.
pub(super) fn check(bytes: &[u8]) {
    let (old, new) = bytes.split_at(bytes.len() / 2);
    for lock in [Lock::Parsed(Format::Json), Lock::Parsed(Format::Toml), Lock::Blocks, Lock::Lines]
    {
        drop(moved(lock, "", old, new, true));
    }
}
