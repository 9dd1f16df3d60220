//! git's own files: its config (git-config(1), "Syntax") and its index (gitformat-index(5)).

use super::{Flat, Unread};

/// `[section "sub"]`, keys on the same line too, quotes, `\` continues; a key comes again at will.
pub(super) fn config(text: &str) -> Result<Flat, Unread> {
    let mut flat = Flat::default();
    let mut section = String::new();
    let mut lines = (1_u32..).zip(text.lines());
    while let Some((number, raw)) = lines.next() {
        let mut rest = raw.trim_start();
        if rest.starts_with('[') {
            let (name, after) = header(rest).ok_or(Unread::Syntax(number))?;
            section = name;
            rest = after.trim_start();
        }
        if rest.is_empty() || rest.starts_with(['#', ';']) {
            continue;
        }
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
        let (name, value) = rest.split_at(end);
        if name.is_empty() || section.is_empty() {
            return Err(Unread::Syntax(number));
        }
        let value = value.trim_start();
        let mut text = String::new();
        match value.strip_prefix('=') {
            // A key without a value is true.
            None if value.is_empty() || value.starts_with(['#', ';']) => text.push_str("true"),
            None => return Err(Unread::Syntax(number)),
            Some(value) => {
                let mut quoted = false;
                let mut part = value.trim_start();
                while unescape(part, &mut quoted, &mut text).ok_or(Unread::Syntax(number))? {
                    part = lines.next().map_or("", |(_, line)| line);
                }
                if quoted {
                    return Err(Unread::Syntax(number));
                }
            }
        }
        flat.push(&format!("{section}.{name}"), text.trim_end(), number, None)?;
    }
    Ok(flat)
}

/// `[section]`, `[section.sub]` or `[section "sub"]`, and what follows.
fn header(line: &str) -> Option<(String, &str)> {
    let inner = line.strip_prefix('[')?;
    let Some((name, after)) = inner.split_once('"') else {
        let (name, rest) = inner.split_once(']')?;
        return Some((name.trim().to_owned(), rest));
    };
    if let Some((name, rest)) = inner.split_once(']').filter(|(head, _)| !head.contains('"')) {
        return Some((name.trim().to_owned(), rest));
    }
    let mut sub = String::new();
    let mut chars = after.char_indices();
    loop {
        match chars.next()? {
            (_, '\\') => sub.push(chars.next()?.1),
            (at, '"') => {
                let rest = after.get(at + 1..)?.trim_start().strip_prefix(']')?;
                return Some((format!("{}.{sub}", name.trim()), rest));
            }
            (_, c) => sub.push(c),
        }
    }
}

/// Adds a line's part of a value; whether the next line belongs to it.
fn unescape(line: &str, quoted: &mut bool, into: &mut String) -> Option<bool> {
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => *quoted = !*quoted,
            '#' | ';' if !*quoted => return Some(false),
            '\\' => match chars.next() {
                None => return Some(true),
                Some('n') => into.push('\n'),
                Some('t') => into.push('\t'),
                Some('b') => {
                    into.pop();
                }
                Some(c @ ('"' | '\\')) => into.push(c),
                Some(_) => return None,
            },
            c => into.push(c),
        }
    }
    Some(false)
}

/// The entries that git was told not to look at: `assume-unchanged.PATH`, `skip-worktree.PATH`.
/// Version 4 compresses names, and split indexes lie elsewhere: not read, so held.
pub(super) fn index(bytes: &[u8]) -> Result<Flat, Unread> {
    let mut flat = Flat::default();
    let word = |at: usize| -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    let bad = Unread::Syntax(0);
    if bytes.is_empty() {
        return Ok(flat);
    }
    if bytes.get(..4) != Some(b"DIRC") || !matches!(word(4), Some(2 | 3)) {
        return Err(bad);
    }
    let count = word(8).ok_or(bad)?;
    let mut at = 12_usize;
    for _ in 0..count {
        // 40 bytes of stat data, 20 of SHA-1; a repository of SHA-256 does not add up and is held.
        let flags = word(at + 60).ok_or(bad)?;
        let high = u16::try_from(flags >> 16).unwrap_or(0);
        let extended = high & 0x4000 != 0;
        let skip = extended && flags & 0x4000 != 0;
        let name_at = at + if extended { 64 } else { 62 };
        let rest = bytes.get(name_at..).ok_or(bad)?;
        let length = rest.iter().take(KEY_NAME).position(|&b| b == 0).ok_or(bad)?;
        let name = String::from_utf8_lossy(rest.get(..length).ok_or(bad)?).into_owned();
        for (set, what) in [(high & 0x8000 != 0, "assume-unchanged"), (skip, "skip-worktree")] {
            if set {
                flat.push(what, name.clone(), 0, None)?;
            }
        }
        // Entries are padded to eight bytes, with at least one NUL.
        at += (name_at - at + length + 8) / 8 * 8;
    }
    if bytes.get(at..at + 4) == Some(b"link") {
        flat.push("split-index", "link", 0, None)?;
    }
    Ok(flat)
}

/// PATH_MAX.
const KEY_NAME: usize = 4096;
