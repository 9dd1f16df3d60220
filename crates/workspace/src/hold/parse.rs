//! Files as flat lists of keys and values.
//!
//! Hostile input: every parser has limits (size, depth, entries, length of keys), none is
//! quadratic, none panics. What is not understood completely is [`Unread`], and the change is held.

mod git;
mod ini;
mod json;
mod toml;
mod xml;
mod yaml;
mod yaml_flow;

use super::change::READ_LIMIT;
use super::rule::Format;

/// One value of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    /// Dotted and lower case; array elements add nothing.
    pub(super) key: String,
    /// As text.
    pub(super) value: String,
    /// From 1.
    pub(super) line: u32,
    /// Which element of the outermost list it belongs to; keys of one element are judged together.
    pub(super) element: Option<u32>,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) entries: Vec<Entry>,
    /// It has aliases or merge keys: what stands at one key can change another.
    pub(super) aliased: bool,
    key_bytes: usize,
    elements: u32,
}

/// Why a file has no keys that could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("is larger than 4 MiB")]
    TooLarge,
    #[error("is not UTF-8 text")]
    NotText,
    #[error("does not parse (line {0})")]
    Syntax(u32),
    #[error("has a key twice (line {0})")]
    Duplicate(u32),
    #[error("is nested too deeply or has too many entries")]
    TooMuch,
}

/// Nesting beyond which a file is not read.
const DEPTH: usize = 64;
/// Values beyond which a file is not read.
const ENTRIES: usize = 200_000;
/// Longest dotted key, and all keys together.
const KEY: usize = 4096;
const KEYS: usize = 32 << 20;

impl Flat {
    /// Adds a value, unless there are too many.
    fn push(
        &mut self,
        key: &str,
        value: impl Into<String>,
        line: u32,
        element: Option<u32>,
    ) -> Result<(), Unread> {
        self.key_bytes += key.len();
        if key.len() > KEY || self.key_bytes > KEYS || self.entries.len() >= ENTRIES {
            return Err(Unread::TooMuch);
        }
        let key = key.to_lowercase();
        self.entries.push(Entry { key, value: value.into(), line, element });
        Ok(())
    }

    /// A number for one more element of an outermost list.
    fn element(&mut self) -> u32 {
        self.elements += 1;
        self.elements
    }
}

/// `a` and `b` as `a.b`.
fn join(parent: &str, key: &str) -> String {
    match (parent.is_empty(), key.is_empty()) {
        (true, _) => key.to_owned(),
        (_, true) => parent.to_owned(),
        _ => format!("{parent}.{key}"),
    }
}

/// Reads a file; `name` decides where the format is by name.
pub(super) fn read(format: Format, name: &str, bytes: &[u8], whole: bool) -> Result<Flat, Unread> {
    if !whole || bytes.len() > READ_LIMIT {
        return Err(Unread::TooLarge);
    }
    if format == Format::GitIndex {
        return git::index(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unread::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(Unread::NotText);
    }
    match format {
        Format::Json => json::read(text),
        Format::Toml => toml::read(text),
        Format::Yaml => yaml::read(text),
        Format::FrontMatter => front_matter(text),
        Format::Ini => ini::read(text),
        Format::GitConfig => git::config(text),
        Format::GitIndex => git::index(bytes),
        Format::Env => ini::environment(text),
        Format::Xml => xml::read(text),
        Format::ByName => read(by_name(name), name, text.as_bytes(), whole),
    }
}

fn by_name(name: &str) -> Format {
    match name.rsplit('.').next().unwrap_or_default() {
        "json" | "jsonc" | "json5" | "code-workspace" | "hook" => Format::Json,
        "toml" => Format::Toml,
        "xml" => Format::Xml,
        "ini" | "cfg" | "conf" => Format::Ini,
        _ => Format::Yaml,
    }
}

/// The YAML between two `---` at the start; a text without has no keys.
fn front_matter(text: &str) -> Result<Flat, Unread> {
    let Some(rest) = text
        .strip_prefix("---")
        .and_then(|rest| rest.trim_start_matches([' ', '\r']).strip_prefix('\n'))
    else {
        return Ok(Flat::default());
    };
    let end = rest.find("\n---").unwrap_or(rest.len());
    let mut flat = yaml::read(rest.get(..end).unwrap_or_default())?;
    for entry in &mut flat.entries {
        entry.line += 1;
    }
    Ok(flat)
}

/// Finds line numbers of byte offsets that only grow slowly: offsets of all line starts, once.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        let starts =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(starts.collect())
    }

    fn of(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&start| start <= offset) + 1).unwrap_or(u32::MAX)
    }
}

/// Fuzz entry: every parser reads the bytes; the first byte chooses nothing, all of them run.
pub fn check(bytes: &[u8]) {
    use Format::{Env, FrontMatter, GitConfig, GitIndex, Ini, Json, Toml, Xml, Yaml};
    for format in [Json, Toml, Yaml, FrontMatter, Ini, GitConfig, GitIndex, Env, Xml] {
        if let Ok(flat) = read(format, "", bytes, true) {
            assert!(flat.entries.len() <= ENTRIES, "{format:?} kept to its limit");
        }
    }
    super::lock::check(bytes);
}

#[cfg(test)]
mod tests;
