//! The only way of untrusted bytes into a message.

use std::fmt;

/// Shows untrusted bytes: control, bidi and invisible characters and invalid UTF-8 are escaped.
///
/// A name must not be able to draw on the user's terminal, hide itself, or end a line
/// (CVE-2023-28101, CVE-2021-42574).
#[derive(Debug, Clone, Copy)]
pub struct Shown<T>(pub T);

impl<T: AsRef<[u8]>> fmt::Display for Shown<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_ref().utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_plain(c) {
                    write!(out, "{c}")?;
                } else if c.is_ascii() {
                    write!(out, "\\x{:02x}", u32::from(c))?;
                } else {
                    write!(out, "\\u{{{:04x}}}", u32::from(c))?;
                }
            }
            for byte in chunk.invalid() {
                write!(out, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Shows a line of a file: as [`Shown`], but tabs and backslashes stand for themselves.
#[derive(Debug, Clone, Copy)]
pub struct ShownLine<T>(pub T);

impl<T: AsRef<[u8]>> fmt::Display for ShownLine<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.as_ref().split(|&byte| byte == b'\t' || byte == b'\\');
        let mut at = 0_usize;
        if let Some(first) = parts.next() {
            write!(out, "{}", Shown(first))?;
            at = at.saturating_add(first.len());
        }
        for part in parts {
            let between = self.0.as_ref().get(at).copied();
            out.write_str(if between == Some(b'\t') { "\t" } else { "\\" })?;
            write!(out, "{}", Shown(part))?;
            at = at.saturating_add(part.len()).saturating_add(1);
        }
        Ok(())
    }
}

/// Letters, digits, marks and punctuation that draw themselves and nothing else.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && c != '\\'
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bidi_and_invalid_bytes_are_escaped() {
        assert_eq!(Shown("plain é 漢").to_string(), "plain é 漢");
        assert_eq!(Shown("a\x1b[2Jb\n").to_string(), "a\\x1b[2Jb\\x0a");
        assert_eq!(Shown("x\u{202e}y").to_string(), "x\\u{202e}y");
        assert_eq!(Shown(b"\xff\\").to_string(), "\\xff\\x5c");
    }

    #[test]
    fn a_line_keeps_its_tabs_and_backslashes_and_nothing_else() {
        let shown = ShownLine("\ta\\n\x1b[2J\\\u{202e}\r").to_string();
        assert_eq!(shown, "\ta\\n\\x1b[2J\\\\u{202e}\\x0d");
        assert_eq!(ShownLine("").to_string(), "");
    }
}
