//! `-e` and the lines of `--env-file`.

use super::{BadValue, split_once};
use crate::BadCommand;

/// One entry, before the host was asked for the values of bare names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvEntry {
    /// `NAME=VALUE`
    Set {
        /// The variable.
        name: Vec<u8>,
        /// Its value, nothing stripped.
        value: Vec<u8>,
    },
    /// `NAME`: the host's value, nothing when the host has none.
    Copy {
        /// The variable.
        name: Vec<u8>,
    },
    /// `PREFIX*`: every variable of the host that begins so.
    CopyPrefix {
        /// At least one byte.
        prefix: Vec<u8>,
    },
}

impl EnvEntry {
    /// Takes an entry as podman does: blanks before the name go, none may be within it, and the
    /// value is taken as it is (quotes included).
    ///
    /// # Errors
    /// *User*, when the name is empty or holds a blank, a NUL is somewhere, or the prefix is empty
    /// (the whole environment may not enter unnamed, I3).
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let text = trim_start(text);
        let (name, value) = match split_once(text, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if name.is_empty() {
            return Err(BadCommand::BadName.into());
        }
        if text.contains(&0) {
            return Err(BadCommand::Nul.into());
        }
        if name.iter().any(is_blank) {
            return Err(BadValue::shape("a variable's name holds no blank"));
        }
        match (value, name.strip_suffix(b"*")) {
            (Some(value), _) => Ok(Self::Set { name: name.to_vec(), value: value.to_vec() }),
            (None, None) => Ok(Self::Copy { name: name.to_vec() }),
            (None, Some(b"")) => Err(BadValue::Refused {
                why: "the whole environment would enter, secrets included",
                instead: "name the variables: -e NAME, or a prefix: -e 'NPM_*'",
            }),
            (None, Some(prefix)) => Ok(Self::CopyPrefix { prefix: prefix.to_vec() }),
        }
    }
}

/// The entries of an environment file, as podman reads it: one a line, `#` and empty lines skipped,
/// no quotes, no expansion.
///
/// # Errors
/// *User*, with the number of the line that breaks the grammar.
pub fn env_file(bytes: &[u8]) -> Result<Vec<EnvEntry>, BadValue> {
    bytes
        .split(|&b| b == b'\n')
        .zip(1_usize..)
        .map(|(line, number)| (line.strip_suffix(b"\r").unwrap_or(line), number))
        .filter(|(line, _)| !matches!(trim_start(line).first(), None | Some(b'#')))
        .map(|(line, number)| {
            EnvEntry::parse(line).map_err(|why| BadValue::Line { line: number, why: Box::new(why) })
        })
        .collect()
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !is_blank(b)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

const fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> EnvEntry {
        EnvEntry::Set { name: name.into(), value: value.into() }
    }

    #[test]
    fn a_file_is_read_as_podman_reads_it() {
        let file = b"# c\n\n  A=1\r\nB=\"q\" # x\nC\nNPM_*\nD=\nE=a=b";
        assert_eq!(
            env_file(file),
            Ok(vec![
                set("A", "1"),
                set("B", "\"q\" # x"),
                EnvEntry::Copy { name: b"C".to_vec() },
                EnvEntry::CopyPrefix { prefix: b"NPM_".to_vec() },
                set("D", ""),
                set("E", "a=b"),
            ])
        );
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        for (file, number) in [("A=1\nB C=2", 2), ("=x", 1), ("\n\n*", 3), ("A=\0", 1)] {
            let got = env_file(file.as_bytes());
            assert!(matches!(got, Err(BadValue::Line { line, .. }) if line == number), "{got:?}");
        }
    }
}
