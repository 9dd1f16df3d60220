//! YAML's flow collections and quoted scalars.

use super::{DEPTH, Flat, Unread, join};

/// Reads `{…}`, `[…]` or a quoted scalar into keys; what follows it.
pub(super) fn flow<'a>(
    text: &'a str,
    key: &str,
    line: u32,
    element: Option<u32>,
    flat: &mut Flat,
) -> Result<&'a str, Unread> {
    Flow { line, flat }.value(text, key, element, 0).map(str::trim)
}

struct Flow<'a> {
    line: u32,
    flat: &'a mut Flat,
}

impl Flow<'_> {
    fn value<'t>(
        &mut self,
        text: &'t str,
        key: &str,
        element: Option<u32>,
        depth: usize,
    ) -> Result<&'t str, Unread> {
        let bad = Unread::Syntax(self.line);
        if depth > DEPTH {
            return Err(Unread::TooMuch);
        }
        let text = skip(text);
        match text.chars().next() {
            Some('{') => self.mapping(text.get(1..).ok_or(bad)?, key, element, depth),
            Some('[') => self.sequence(text.get(1..).ok_or(bad)?, key, element, depth),
            Some('"' | '\'') => {
                let (value, rest) = quoted(text).ok_or(bad)?;
                self.flat.push(key, value, self.line, element)?;
                Ok(rest)
            }
            Some(_) => {
                let end = text.find([',', '}', ']', '\n']).unwrap_or(text.len());
                let (value, rest) = text.split_at(end);
                self.flat.aliased |= value.starts_with(['*', '&']);
                self.flat.push(key, value.trim(), self.line, element)?;
                Ok(rest)
            }
            None => Err(bad),
        }
    }

    fn mapping<'t>(
        &mut self,
        mut text: &'t str,
        key: &str,
        element: Option<u32>,
        depth: usize,
    ) -> Result<&'t str, Unread> {
        let bad = Unread::Syntax(self.line);
        let mut is_empty = true;
        loop {
            text = skip(text);
            if let Some(rest) = text.strip_prefix('}') {
                return match is_empty {
                    true => self.flat.push(key, "{}", self.line, element).map(|()| rest),
                    false => Ok(rest),
                };
            }
            is_empty = false;
            let (name, rest) = match text.starts_with(['"', '\'']) {
                true => quoted(text).ok_or(bad)?,
                false => {
                    let end = text.find([':', ',', '}']).ok_or(bad)?;
                    (
                        text.get(..end).unwrap_or_default().trim().to_owned(),
                        text.get(end..).ok_or(bad)?,
                    )
                }
            };
            self.flat.aliased |= name == "<<";
            let rest = skip(rest);
            let inner = join(key, &name);
            text = match rest.strip_prefix(':').map(skip) {
                Some(value) if !value.starts_with([',', '}']) => {
                    self.value(value, &inner, element, depth + 1)?
                }
                value => {
                    self.flat.push(&inner, "", self.line, element)?;
                    value.unwrap_or(rest)
                }
            };
            text = skip(text);
            match text.strip_prefix(',') {
                Some(rest) => text = rest,
                None if text.starts_with('}') => {}
                None => return Err(bad),
            }
        }
    }

    fn sequence<'t>(
        &mut self,
        mut text: &'t str,
        key: &str,
        element: Option<u32>,
        depth: usize,
    ) -> Result<&'t str, Unread> {
        loop {
            text = skip(text);
            if let Some(rest) = text.strip_prefix(']') {
                return Ok(rest);
            }
            let element = element.or_else(|| Some(self.flat.element()));
            text = skip(self.value(text, key, element, depth + 1)?);
            match text.strip_prefix(',') {
                Some(rest) => text = rest,
                None if text.starts_with(']') => {}
                None => return Err(Unread::Syntax(self.line)),
            }
        }
    }
}

/// Blanks, line ends and comments.
fn skip(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix('#') {
            Some(comment) => text = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return text,
        }
    }
}

/// A quoted scalar at the start, and what follows it.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'x' => value.push(escaped(&mut chars, 2)?),
                'u' => value.push(escaped(&mut chars, 4)?),
                'U' => value.push(escaped(&mut chars, 8)?),
                c => value.push(c),
            },
            c if c == quote => {
                let rest = text.get(at + 1..)?;
                if quote == '\'' && rest.starts_with('\'') {
                    chars.next();
                    value.push('\'');
                } else {
                    return Some((value, rest));
                }
            }
            c => value.push(c),
        }
    }
    None
}

/// A character by its number: a key may be spelled so.
fn escaped(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
    char::from_u32(u32::from_str_radix(&hex, 16).ok()?)
}
