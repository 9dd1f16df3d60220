//! The YAML that configuration files use: block mappings and sequences, flow collections, block
//! scalars, several documents. Tags are left out; anchors are marked, since with them what stands
//! at one key changes another. What it does not understand (complex keys, tabs) it does not read.

use std::collections::HashSet;

use super::yaml_flow::{flow, quoted};
use super::{DEPTH, Flat, KEY, Unread, join};

pub(super) fn read(text: &str) -> Result<Flat, Unread> {
    let lines: Vec<&str> = text.lines().collect();
    let mut reader =
        Reader { lines, at: 0, flat: Flat::default(), open: Vec::new(), keys: HashSet::new() };
    while reader.at < reader.lines.len() {
        reader.line()?;
    }
    Ok(reader.flat)
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
    flat: Flat,
    open: Vec<Open>,
    /// Which node has which key already.
    keys: HashSet<(u32, String)>,
}

/// A mapping or sequence that is not over.
struct Open {
    /// Column of its keys or dashes.
    column: usize,
    sequence: bool,
    /// Of what lies in it: the key of the entry that was read last.
    key: String,
    /// The key of the node itself.
    base: String,
    element: Option<u32>,
    /// Tells mappings apart.
    node: u32,
}

impl<'a> Reader<'a> {
    fn number(&self) -> u32 {
        u32::try_from(self.at + 1).unwrap_or(u32::MAX)
    }

    fn line(&mut self) -> Result<(), Unread> {
        let raw = self.lines.get(self.at).copied().unwrap_or_default();
        let text = raw.trim_start_matches(' ');
        let column = raw.len() - text.len();
        let bare = text.trim_end();
        if bare.is_empty() || bare.starts_with('#') || (column == 0 && bare.starts_with('%')) {
            self.at += 1;
            return Ok(());
        }
        if column == 0 && (bare == "..." || bare == "---" || bare.starts_with("--- ")) {
            self.open.clear();
            let rest = bare.strip_prefix("---").unwrap_or_default().trim();
            if !rest.is_empty() && !rest.starts_with('#') && !rest.starts_with('!') {
                return Err(Unread::Syntax(self.number()));
            }
            self.at += 1;
            return Ok(());
        }
        if text.starts_with('\t') || bare == "?" || bare.starts_with("? ") {
            return Err(Unread::Syntax(self.number()));
        }
        self.node(text, column)
    }

    /// What starts at this column of the current line.
    fn node(&mut self, text: &'a str, column: usize) -> Result<(), Unread> {
        if text == "-" || text.starts_with("- ") {
            return self.item(text, column);
        }
        self.close(column, false);
        let number = self.number();
        let Some((name, value)) = key(text).ok_or(Unread::Syntax(number))? else {
            return self.scalar_line(text, column);
        };
        if !self.open.last().is_some_and(|open| open.column == column && !open.sequence) {
            self.begin(column, false)?;
        }
        let Some(open) = self.open.last_mut() else { return Err(Unread::Syntax(number)) };
        open.key = join(&open.base, &name);
        let (key, element, node) = (open.key.clone(), open.element, open.node);
        if name == "<<" {
            self.flat.aliased = true;
        } else if !self.keys.insert((node, name)) {
            return Err(Unread::Duplicate(number));
        }
        self.value(value, column, &key, element)
    }

    /// `- …`: an element, which may begin a mapping on the same line.
    fn item(&mut self, text: &'a str, column: usize) -> Result<(), Unread> {
        self.close(column, true);
        if !self.open.last().is_some_and(|open| open.column == column && open.sequence) {
            self.begin(column, true)?;
        }
        let outer = self.outer_element(1);
        let fresh = outer.is_none().then(|| self.flat.element());
        let number = self.number();
        let Some(open) = self.open.last_mut() else { return Err(Unread::Syntax(number)) };
        open.element = outer.or(fresh);
        let (key, element) = (open.key.clone(), open.element);
        let inner = text.get(1..).unwrap_or_default();
        let rest = inner.trim_start_matches(' ');
        let inside = column + 1 + inner.len() - rest.len();
        if rest.trim_end().is_empty() || rest.starts_with('#') {
            self.at += 1;
            return Ok(());
        }
        if rest.starts_with('\t') {
            return Err(Unread::Syntax(number));
        }
        let is_nested = rest.starts_with("- ") || matches!(self::key(rest), Some(Some(_)) | None);
        if is_nested { self.node(rest, inside) } else { self.value(rest, column, &key, element) }
    }

    fn outer_element(&self, but: usize) -> Option<u32> {
        self.open.iter().rev().skip(but).find_map(|open| open.element)
    }

    /// Ends what is indented more than this.
    fn close(&mut self, column: usize, dash: bool) {
        // A sequence may stand at the column of the key that it belongs to.
        while self.open.last().is_some_and(|open| {
            open.column > column || (open.column == column && open.sequence && !dash)
        }) {
            self.open.pop();
        }
    }

    fn begin(&mut self, column: usize, sequence: bool) -> Result<(), Unread> {
        let base = self.open.last().map_or(String::new(), |open| open.key.clone());
        if self.open.len() >= DEPTH || base.len() > KEY {
            return Err(Unread::TooMuch);
        }
        let element = self.open.last().and_then(|open| open.element);
        let node = self.flat.element();
        self.open.push(Open { column, sequence, key: base.clone(), base, element, node });
        if !sequence && self.keys.len() > super::ENTRIES {
            return Err(Unread::TooMuch);
        }
        Ok(())
    }

    /// A scalar on a line of its own: a document that is one, or the rest of something.
    fn scalar_line(&mut self, text: &'a str, column: usize) -> Result<(), Unread> {
        let (key, element) =
            self.open.last().map_or((String::new(), None), |open| (open.key.clone(), open.element));
        self.value(text, column.saturating_sub(1), &key, element)
    }

    /// The value after a key or a dash at this column, with the lines that belong to it.
    fn value(
        &mut self,
        text: &str,
        column: usize,
        key: &str,
        element: Option<u32>,
    ) -> Result<(), Unread> {
        let number = self.number();
        let text = self.properties(text.trim());
        self.at += 1;
        match text.chars().next() {
            None | Some('#') => Ok(()),
            Some('|' | '>') => {
                let block = self.block(column);
                self.flat.push(key, block, number, element)
            }
            Some('{' | '[' | '"' | '\'') => {
                let text = self.balanced(text, number)?;
                match flow(&text, key, number, element, &mut self.flat)? {
                    "" => Ok(()),
                    rest if rest.starts_with('#') => Ok(()),
                    _ => Err(Unread::Syntax(number)),
                }
            }
            Some('*') => {
                self.flat.aliased = true;
                self.flat.push(key, text, number, element)
            }
            Some('@' | '`' | '%') => Err(Unread::Syntax(number)),
            Some(_) => {
                let plain = text.split(" #").next().unwrap_or(text).trim_end();
                let more = self.block(column);
                let value =
                    if more.is_empty() { plain.to_owned() } else { format!("{plain} {more}") };
                self.flat.push(key, value, number, element)
            }
        }
    }

    /// Takes `&anchor` and `!tag` off.
    fn properties<'t>(&mut self, mut text: &'t str) -> &'t str {
        while text.starts_with(['&', '!']) {
            self.flat.aliased |= text.starts_with('&');
            text = text.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
        }
        text
    }

    /// The following lines that are indented more than this column, or blank.
    fn block(&mut self, column: usize) -> String {
        let mut lines = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            let text = line.trim_start_matches(' ');
            if !text.trim().is_empty() && line.len() - text.len() <= column {
                break;
            }
            lines.push(text.trim_end());
            self.at += 1;
        }
        lines.join("\n").trim().to_owned()
    }

    /// A flow collection or quoted scalar, with the lines until it closes.
    fn balanced(&mut self, first: &str, number: u32) -> Result<String, Unread> {
        let mut text = first.to_owned();
        let mut state = (0_i32, None);
        scan(first, &mut state);
        while state.0 > 0 || state.1.is_some() {
            let line = self.lines.get(self.at).ok_or(Unread::Syntax(number))?;
            self.at += 1;
            scan("\n", &mut state);
            scan(line, &mut state);
            text.push('\n');
            text.push_str(line.trim());
        }
        Ok(text)
    }
}

/// Counts brackets outside quotes and comments.
fn scan(text: &str, (depth, quote): &mut (i32, Option<char>)) {
    let mut before = ' ';
    for c in text.chars() {
        match (*quote, c) {
            (Some('"'), _) if before == '\\' => {
                before = ' ';
                continue;
            }
            (Some(open), c) if open == c => *quote = None,
            (Some(_), _) => {}
            (None, '#') if before.is_whitespace() => return,
            (None, '"' | '\'') if !before.is_alphanumeric() => *quote = Some(c),
            (None, '{' | '[') => *depth += 1,
            (None, '}' | ']') => *depth -= 1,
            (None, _) => {}
        }
        before = c;
    }
}

/// The key of a mapping line and what follows; `Some(None)`: it has none; `None`: it is broken.
#[expect(clippy::option_option, reason = "a broken line is not a line without a key")]
fn key(text: &str) -> Option<Option<(String, &str)>> {
    if text.starts_with(['"', '\'']) {
        let (name, rest) = quoted(text)?;
        let rest = rest.trim_start();
        return Some(match rest.strip_prefix(':') {
            Some(value) if value.is_empty() || value.starts_with([' ', '\t']) => {
                Some((name, value))
            }
            _ => None,
        });
    }
    if text.starts_with(['{', '[', '|', '>', '#']) {
        return Some(None);
    }
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find([':', '#'])) {
        let at = from + at;
        let after = text.get(at + 1..).unwrap_or_default();
        let comment = text.get(at..at + 1) == Some("#");
        if comment && text.get(..at).is_some_and(|head| head.ends_with(' ')) {
            return Some(None);
        }
        if !comment && (after.is_empty() || after.starts_with([' ', '\t'])) {
            let name = text.get(..at)?.trim();
            // `&anchor key:` and `!tag key:`
            let name =
                name.rsplit(' ').next().filter(|_| name.starts_with(['&', '!'])).unwrap_or(name);
            return Some(Some((name.to_owned(), after)));
        }
        from = at + 1;
    }
    Some(None)
}
