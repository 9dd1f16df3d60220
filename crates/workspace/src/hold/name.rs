//! Names as the file systems and tools of other hosts read them.
//!
//! The model is git's `core.protectHFS` and `core.protectNTFS`: a tool that compares names exactly
//! is passed by one that a checkout elsewhere makes equal (CVE-2014-9390, CVE-2019-1352,
//! CVE-2025-59944).

mod letters;

use std::collections::HashMap;
use std::sync::LazyLock;

use letters::{ALIKE, MARKED};

/// The path under which the table's globs are tried: lower case, without what a file system may
/// leave out, `git~1` as `.git`.
pub(crate) fn normal(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let parts: Vec<String> = text.split('/').map(normal_component).collect();
    parts.join("/")
}

fn normal_component(name: &str) -> String {
    let folded: String = name.chars().filter(|&c| !is_ignorable(c)).flat_map(fold).collect();
    // `name:stream` and `name::$INDEX_ALLOCATION` are the file itself on NTFS.
    let stream = folded.split(':').next().unwrap_or_default();
    let plain = stream.trim_end_matches(['.', ' ']);
    match plain {
        // Only dots, spaces or a stream: nothing that a glob could mean.
        "" => folded,
        "git~1" | "git~2" | "git~3" | "git~4" => ".git".to_owned(),
        plain => plain.to_owned(),
    }
}

/// What HFS+ leaves out of a comparison, and what else draws nothing.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e01ef}')
}

/// Lower case, and the ASCII that a compatibility form stands for.
fn fold(c: char) -> impl Iterator<Item = char> {
    let ascii = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        '\u{2024}' => '.',
        c => c,
    };
    let ligature = match ascii {
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        _ => "",
    };
    let lower = ligature.is_empty().then(|| ascii.to_lowercase());
    ligature.chars().chain(lower.into_iter().flatten())
}

/// What two names have in common that are one where case and Unicode form do not count.
pub(super) fn collation(name: &[u8]) -> String {
    let normal = normal_component(&String::from_utf8_lossy(name));
    let letters = &*BASES;
    let base = |c: char| letters.get(&c).copied().unwrap_or(c);
    normal.chars().filter(|c| !is_mark(*c)).map(base).collect()
}

/// What two names have in common that look the same.
pub(super) fn skeleton(name: &[u8]) -> String {
    let alike = &*LOOKS;
    let plain = collation(name);
    plain.chars().map(|c| alike.get(&c).copied().unwrap_or(c)).collect()
}

/// The same for a hasty eye: `i`, `l` and `1`, `o` and `0`, `m` and `rn`.
pub(super) fn hasty(name: &[u8]) -> String {
    skeleton(name).replace(['1', 'i'], "l").replace('0', "o").replace("rn", "m")
}

/// Whether it is drawn with letters of other scripts that stand for Latin ones.
pub(super) fn has_look_alikes(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name);
    let alike = &*LOOKS;
    let drawn = |c: char| fold(c).any(|c| alike.contains_key(&c));
    text.chars().any(drawn) && text.chars().any(|c| c.is_ascii_alphabetic())
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Constant data, turned round once.
static BASES: LazyLock<HashMap<char, char>> = LazyLock::new(|| turned(MARKED));
/// Constant data, turned round once.
static LOOKS: LazyLock<HashMap<char, char>> = LazyLock::new(|| turned(ALIKE));

fn turned(table: &[(&str, &str)]) -> HashMap<char, char> {
    let pairs = table.iter().filter_map(|(to, from)| Some((to.chars().next()?, from)));
    pairs.flat_map(|(to, from)| from.chars().map(move |c| (c, to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_git_is_git() {
        let spellings: &[&str] = &[
            ".GIT/config",
            ".git./config",
            ".g\u{200c}it/config",
            "GIT~1/config",
            ".git /config",
            ".git::$INDEX_ALLOCATION/config",
            "\u{ff0e}git/config",
            ".gi\u{feff}t/con\u{fb01}g",
        ];
        for spelling in spellings {
            assert_eq!(normal(spelling.as_bytes()), ".git/config", "{spelling:?}");
        }
        assert_eq!(normal(b"a/.gitignore"), "a/.gitignore");
        assert_eq!(normal("\u{212a}iro".as_bytes()), "kiro");
        assert_eq!(normal(b"..."), "...");
    }

    #[test]
    fn composed_and_apart_are_one_name() {
        assert_eq!(collation("caf\u{e9}".as_bytes()), collation("CAFE\u{301}".as_bytes()));
        assert_ne!(collation(b"cafe"), collation(b"cafes"));
    }

    #[test]
    fn letters_of_another_script_look_alike() {
        assert_eq!(skeleton("p\u{430}ckage.json".as_bytes()), skeleton(b"package.json"));
        assert_eq!(hasty(b".gitlgnore"), hasty(b".gitignore"));
        assert!(has_look_alikes("re\u{430}dme".as_bytes()));
        assert!(!has_look_alikes("читай".as_bytes()));
    }
}
