//! Sections and keys, and plain `KEY=value` lines.

use super::{Flat, Unread, join};

/// Sections, `key = value` or `key: value`, indented lines that go on. A key may come again: both
/// values count, since readers differ about which wins.
pub(super) fn read(text: &str) -> Result<Flat, Unread> {
    let mut flat = Flat::default();
    let (mut section, mut last) = (String::new(), String::new());
    for (number, raw) in (1..).zip(text.lines()) {
        let line = raw.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if raw.starts_with([' ', '\t']) && !last.is_empty() {
            flat.push(&last, line, number, None)?;
            // A reader that does not know continued lines sees a key of its own.
            if let Some((name, value)) = split(line, &['=', ':']) {
                flat.push(&join(&section, name), value, number, None)?;
            }
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // `[section]` and, in buildout and others, `[section] key`.
            let Some((name, rest)) = name.split_once(']') else {
                return Err(Unread::Syntax(number));
            };
            section = name.trim().to_owned();
            last.clear();
            if rest.trim().is_empty() || rest.trim().starts_with(['#', ';']) {
                continue;
            }
            return Err(Unread::Syntax(number));
        }
        let (name, value) = split(line, &['=', ':']).unwrap_or((line, ""));
        // `@scope:registry=…` and `//host/:_auth=…` of npm have a colon in the key.
        let (name, value) = match line.split_once('=') {
            Some((name, value)) if line.starts_with(['@', '/']) => (name.trim(), value.trim()),
            _ => (name, value),
        };
        last = join(&section, name.trim_end_matches("[]").trim_matches('"'));
        flat.push(&last, unquoted(value), number, None)?;
    }
    Ok(flat)
}

/// `KEY=value`, `export KEY=value`; Java's properties also with `:`. `\` at the end goes on.
pub(super) fn environment(text: &str) -> Result<Flat, Unread> {
    let mut flat = Flat::default();
    let mut open: Option<(u32, String)> = None;
    for (number, raw) in (1..).zip(text.lines()) {
        let line = raw.trim();
        let (from, mut logical) = open.take().unwrap_or((number, String::new()));
        if logical.is_empty() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        logical.push_str(line.strip_suffix('\\').unwrap_or(line));
        if line.ends_with('\\') {
            open = Some((from, logical));
        } else {
            pair(&mut flat, &logical, from)?;
        }
    }
    match open {
        Some((from, logical)) => pair(&mut flat, &logical, from).map(|()| flat),
        None => Ok(flat),
    }
}

fn pair(flat: &mut Flat, line: &str, number: u32) -> Result<(), Unread> {
    let plain = ["export ", "set ", "setenv "].iter().find_map(|word| line.strip_prefix(word));
    let line = plain.unwrap_or(line).trim_start();
    let (name, value) = split(line, &['=', ':'])
        .or_else(|| line.split_once(char::is_whitespace))
        .unwrap_or((line, ""));
    flat.push(name.trim(), unquoted(value.trim()), number, None)
}

fn split<'a>(line: &'a str, at: &[char]) -> Option<(&'a str, &'a str)> {
    let (name, value) = line.split_once(at)?;
    Some((name.trim(), value.trim()))
}

fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
