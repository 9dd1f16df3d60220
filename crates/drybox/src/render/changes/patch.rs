//! A patch that `git apply` takes.

use std::fmt::Write as _;
use std::io::{self, Write};

use drybox_run::workspace::{
    Change, Diffed, Kind, Line, Node, NodeKind, TreeError, Unified, unified,
};
use drybox_spec::Shown;

use super::{Item, shown_items, write_all};

/// Why no patch was written.
#[derive(Debug)]
pub(crate) enum NoPatch {
    /// A file cannot be read.
    Tree(TreeError),
    /// Nobody takes it.
    Write(io::Error),
}

/// Writes the patch; the names of what no text patch can say.
pub(crate) fn patch(items: &[Item<'_>], out: &mut dyn Write) -> Result<Vec<Vec<u8>>, NoPatch> {
    let mut left_out = Vec::new();
    for item in shown_items(items) {
        let parts = match item.change.kind {
            // As git says it: the old one goes, the new one comes.
            Kind::Type => vec![
                Change { new: None, kind: Kind::Deleted, ..item.change.clone() },
                Change { old: None, kind: Kind::Added, ..item.change.clone() },
            ],
            _ => vec![item.change.clone()],
        };
        for change in parts {
            match one(item, &change).map_err(NoPatch::Tree)? {
                Said::Text(text) => write_all(out, &text).map_err(NoPatch::Write)?,
                Said::Nothing => {}
                Said::Unsayable => left_out.push(item.name.clone()),
            }
        }
    }
    left_out.dedup();
    Ok(left_out)
}

enum Said {
    Text(Vec<u8>),
    /// Nothing that git keeps: a directory, a mode without an executable bit.
    Nothing,
    Unsayable,
}

fn one(item: &Item<'_>, change: &Change) -> Result<Said, TreeError> {
    let is_deep = |node: Option<Node>| node.is_some_and(|node| node.kind == NodeKind::Deep);
    if is_deep(change.old) || is_deep(change.new) {
        return Ok(Said::Unsayable);
    }
    let mode = |node: Option<Node>| node.map(|node| git_mode(&node));
    let (old, new) = match (mode(change.old), mode(change.new)) {
        (Some(None), None) | (None, Some(None)) => {
            let is_directory =
                |node: Option<Node>| node.is_some_and(|node| node.kind == NodeKind::Directory);
            let directory = is_directory(change.old) || is_directory(change.new);
            return Ok(if directory { Said::Nothing } else { Said::Unsayable });
        }
        (old, new) => (old.flatten(), new.flatten()),
    };
    if old.is_none() && new.is_none() {
        return Ok(Said::Nothing);
    }
    let from = item.from.as_deref().unwrap_or(&item.name);
    let (a, b) = (prefixed(b"a/", from), prefixed(b"b/", &item.name));
    let mut text = format!("diff --git {a} {b}\n");
    match (old, new) {
        (None, Some(new)) => line(&mut text, "new file mode", new),
        (Some(old), None) => line(&mut text, "deleted file mode", old),
        (Some(old), Some(new)) if old != new => {
            line(&mut text, "old mode", old);
            line(&mut text, "new mode", new);
        }
        _ => {}
    }
    if change.kind == Kind::Renamed {
        line(&mut text, "similarity index", "100%");
        line(&mut text, "rename from", &quoted(from));
        line(&mut text, "rename to", &quoted(&item.name));
        return Ok(Said::Text(text.into_bytes()));
    }
    if change.kind == Kind::Mode {
        return Ok(if old == new { Said::Nothing } else { Said::Text(text.into_bytes()) });
    }
    match unified(change, item.pair, LONGEST)? {
        Diffed::Text(unified) => {
            let (a, b) = (tabbed(a), tabbed(b));
            line(&mut text, "---", if old.is_some() { &a } else { "/dev/null" });
            line(&mut text, "+++", if new.is_some() { &b } else { "/dev/null" });
            let mut bytes = text.into_bytes();
            hunks(&mut bytes, &unified);
            Ok(Said::Text(bytes))
        }
        // An empty file that came or went.
        Diffed::Nothing => Ok(Said::Text(text.into_bytes())),
        Diffed::Binary | Diffed::TooLong => Ok(Said::Unsayable),
    }
}

fn hunks(bytes: &mut Vec<u8>, unified: &Unified) {
    for hunk in &unified.hunks {
        let ranges = format!("@@ -{} +{} @@\n", range(hunk.old), range(hunk.new));
        bytes.extend_from_slice(ranges.as_bytes());
        for Line { sign, bytes: line, ends } in &hunk.lines {
            bytes.push(*sign);
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(if *ends { b"\n" } else { NO_END });
        }
    }
}

const NO_END: &[u8] = b"\n\\ No newline at end of file\n";
/// Longer files are left out and named: nobody reviews them as text.
const LONGEST: u64 = 32 << 20;

fn line(text: &mut String, word: &str, value: &str) {
    let _written = writeln!(text, "{word} {value}");
}

/// The modes that git knows; none: it keeps no such thing.
fn git_mode(node: &Node) -> Option<&'static str> {
    match node.kind {
        NodeKind::File if node.mode & 0o100 != 0 => Some("100755"),
        NodeKind::File => Some("100644"),
        NodeKind::Link => Some("120000"),
        NodeKind::Directory | NodeKind::Deep | NodeKind::Special => None,
    }
}

/// `first,count`, or `first` alone for one line.
pub(super) fn range((first, count): (usize, usize)) -> String {
    if count == 1 { first.to_string() } else { format!("{first},{count}") }
}

/// A name in quotes, with git's escapes (git-config(1), `core.quotePath`), when it has to be.
pub(super) fn quoted(name: &[u8]) -> String {
    prefixed(b"", name)
}

fn prefixed(prefix: &[u8], name: &[u8]) -> String {
    let whole = [prefix, name].concat();
    let plain = Shown(&whole).to_string();
    if plain.as_bytes() == whole && !plain.contains('"') {
        return plain;
    }
    let mut text = String::from("\"");
    for byte in whole {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            byte => {
                let _written = write!(text, "\\{byte:03o}");
            }
        }
    }
    text + "\""
}

/// What follows a name with a space in a `---` line tells where it ends.
fn tabbed(name: String) -> String {
    if name.contains(' ') { name + "\t" } else { name }
}
