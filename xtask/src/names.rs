//! `names`: what the documents say of the code is there: every file, and every function or test that
//! is named with its file.
//!
//! In backticks, `crates/sys/src/enter.rs` names a file and `crates/sys/src/enter.rs::jail` an item
//! of it. A document with many of them gives files short names in a table whose first two cells are
//! the short name and the file; `short::item` is then an item of that file or of a module below it.

use std::collections::HashMap;
use std::path::Path;

use crate::failure::Failure;
use crate::links::{documents, unfenced};
use crate::shell;

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let checkout = shell::checkout();
    let mut lines = Vec::new();
    for document in documents(&checkout)? {
        let text = std::fs::read_to_string(&document).map_err(Failure::io("read", &document))?;
        let name = document.strip_prefix(&checkout).unwrap_or(&document);
        let wrong = wrong_names(&text, &|path| look(&checkout, path));
        lines.extend(wrong.into_iter().map(|line| format!("{}: {line}", name.display())));
    }
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::Found { what: "names that the code does not have", lines }),
    }
}

/// What a path of the checkout is.
enum Found {
    File(String),
    Directory,
    Nothing,
}

fn look(checkout: &Path, path: &str) -> Found {
    let place = checkout.join(path);
    match std::fs::read_to_string(&place) {
        Ok(text) => Found::File(with_modules(text, &place)),
        Err(_) if place.is_dir() => Found::Directory,
        Err(_) => Found::Nothing,
    }
}

/// The text of a file and of the modules below it: `walls.rs` and `walls/*.rs`.
fn with_modules(mut text: String, file: &Path) -> String {
    let modules = std::fs::read_dir(file.with_extension("")).into_iter().flatten().flatten();
    for module in modules.map(|entry| entry.path()) {
        if module.extension().is_some_and(|end| end == "rs") {
            let below = std::fs::read_to_string(&module).unwrap_or_default();
            text.push_str(&with_modules(below, &module));
        }
    }
    text
}

fn wrong_names(text: &str, look: &dyn Fn(&str) -> Found) -> Vec<String> {
    let short = short_names(text);
    let mut wrong = Vec::new();
    for token in tokens(text) {
        let (first, item) = token.split_once("::").map_or((token, None), |(a, b)| (a, Some(b)));
        let is_path = ROOTS.iter().any(|root| first.starts_with(root)) && !first.contains(HOLES);
        let path = match short.get(first) {
            Some(path) if item.is_some() => path,
            None if is_path => first,
            // A word, a type's function, a crate's item: not a file.
            _ => continue,
        };
        let why = match (look(path), item) {
            (Found::Nothing, _) => "no such file",
            (Found::Directory, Some(_)) => "a directory has no items",
            (Found::File(text), Some(item)) if !has_item(&text, item) => "no such item",
            _ => continue,
        };
        wrong.push(format!("`{token}`: {why}"));
    }
    wrong
}

/// The rows "| `short` | `path` |" of a document's tables.
fn short_names(text: &str) -> HashMap<&str, &str> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let (short, path) = (code(cells.next()?)?, code(cells.next()?)?);
            let is_word = short.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            (is_word && path.ends_with(".rs")).then_some((short, path))
        })
        .collect()
}

fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}

/// What stands in backticks, fenced blocks aside.
fn tokens(text: &str) -> Vec<&str> {
    unfenced(text).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Whether a source text defines a function, type, constant or variant of this name. Modules before
/// the name (`both::some_test`) are for people.
fn has_item(text: &str, item: &str) -> bool {
    let name = item.rsplit("::").next().unwrap_or(item);
    text.lines().any(|line| {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let defined =
            |pair: &[&str]| matches!(pair, [kind, of] if KINDS.contains(kind) && *of == name);
        let variant = || {
            line.trim_start().strip_prefix(name).is_some_and(|rest| {
                rest.starts_with([',', '(']) || rest.starts_with(" {") || rest.starts_with(" =")
            })
        };
        words.windows(2).any(defined) || variant()
    })
}

const KINDS: &[&str] = &["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];

/// Where a path that names a file of ours begins.
const ROOTS: &[&str] = &["crates/", "xtask/src/", "docs/"];

/// A path with one of these stands for many.
const HOLES: &[char] = &['*', '…', '{', '<', ' '];

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        wrong_names(text, &|path| match path {
            "crates/a/src/b.rs" => {
                Found::File("pub(crate) fn c() {}\nconst D: u8 = 0;\n    E,\n".into())
            }
            "crates/a/src" => Found::Directory,
            _ => Found::Nothing,
        })
    }

    #[test]
    fn files_and_items_that_are_there_are_accepted() {
        assert!(wrong("`crates/a/src/b.rs`, `crates/a/src/b.rs::c`, `crates/a/src`").is_empty());
        assert!(wrong("`crates/a/src/b.rs::D` `crates/a/src/b.rs::E`").is_empty());
        assert!(wrong("`crates/*/x.rs`, `spec::Shown`\n```\n`crates/z.rs`\n```").is_empty());
    }

    #[test]
    fn what_is_not_there_is_told() {
        assert_eq!(wrong("`crates/a/src/z.rs`"), ["`crates/a/src/z.rs`: no such file"]);
        assert_eq!(wrong("`crates/a/src/b.rs::d`"), ["`crates/a/src/b.rs::d`: no such item"]);
        assert_eq!(wrong("`crates/a/src::c`"), ["`crates/a/src::c`: a directory has no items"]);
    }

    #[test]
    fn a_table_gives_short_names() {
        let table = "| `x` | `crates/a/src/b.rs` | what |\n";
        assert!(wrong(&format!("{table}`x::c` `x::both::c`")).is_empty());
        assert_eq!(wrong(&format!("{table}`x::d`")), ["`x::d`: no such item"]);
        assert_eq!(wrong("| `x` | `crates/a/src/z.rs` |\n").len(), 1);
    }
}
