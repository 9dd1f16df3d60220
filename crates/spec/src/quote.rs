//! Words as a shell takes them, for commands that the user is told to type.

use std::fmt;

use crate::Shown;

/// Shows words so that they can be pasted into a shell: plain words as they are, others quoted, and
/// control or invisible bytes as `$'\x1b'`.
#[derive(Clone, Copy, Debug)]
pub struct ShellWords<'a, T>(pub &'a [T]);

impl<T: AsRef<[u8]>> fmt::Display for ShellWords<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, word) in self.0.iter().enumerate() {
            if nth > 0 {
                out.write_str(" ")?;
            }
            write_word(out, word.as_ref())?;
        }
        Ok(())
    }
}

fn write_word(out: &mut fmt::Formatter<'_>, word: &[u8]) -> fmt::Result {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_./=:@%+,-".contains(b);
    if !word.is_empty() && word.iter().all(plain) {
        return write!(out, "{}", Shown(word));
    }
    let shown = Shown(word).to_string();
    if shown.as_bytes() == word {
        return write!(out, "'{}'", shown.replace('\'', r"'\''"));
    }
    out.write_str("$'")?;
    for byte in word {
        match byte {
            b'\'' | b'\\' => write!(out, "\\{}", char::from(*byte))?,
            b' '..=b'~' => write!(out, "{}", char::from(*byte))?,
            _ => write!(out, "\\x{byte:02x}")?,
        }
    }
    out.write_str("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell_and_draw_nothing() {
        let show = |words: &[&[u8]]| ShellWords(words).to_string();
        assert_eq!(show(&[b"npm", b"run", b"a:b"]), "npm run a:b");
        assert_eq!(show(&[b"", b"it's", b"$x"]), r"'' 'it'\''s' '$x'");
        assert_eq!(show(&[b"\x1b[2J'\\\xff"]), r"$'\x1b[2J\'\\\xff'");
        assert_eq!(show(&["é 漢".as_bytes()]), "'é 漢'");
    }
}
