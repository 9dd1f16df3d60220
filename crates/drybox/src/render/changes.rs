//! What is pending in a box: for people, for programs, as a patch.
//!
//! Names and lines are the payload's: nothing of them reaches a terminal but through `Shown`.

mod patch;

use std::fmt::Write as _;
use std::io::{self, Write};

use drybox_run::workspace::hold::Held;
use drybox_run::workspace::{
    Area, Change, Conflict, Diffed, Kind, Line, Node, NodeKind, Pair, TreeError, Unified, unified,
};
use drybox_spec::{Shown, ShownLine};
use serde::Serialize;

pub(crate) use patch::{NoPatch, patch};

/// One change and where its sides are.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// Its path: from the workspace's top, or the host's whole path outside of it.
    pub(crate) name: Vec<u8>,
    /// The same of where it was.
    pub(crate) from: Option<Vec<u8>>,
    pub(crate) change: Change,
    pub(crate) pair: Pair<'a>,
    pub(crate) area: Area,
    /// It is in one of git's directories outside of the workspace.
    pub(crate) is_elsewhere: bool,
    /// Why it would not come out with the others.
    pub(crate) held: Vec<Held>,
    /// What somebody did on the host meanwhile.
    pub(crate) conflict: Option<Conflict>,
}

/// The form of `--json`, which outsiders rely on.
#[derive(Serialize)]
struct Told<'a> {
    base: String,
    changes: Vec<ToldChange<'a>>,
}

#[derive(Serialize)]
struct ToldChange<'a> {
    path: String,
    /// The bytes in hexadecimal, where `path` had to be escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    kind: &'static str,
    /// Of a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// What it was, where it is something else now.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<&'static str>,
    held: &'a [Held],
    /// What somebody did on the host meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<&'static str>,
}

/// As JSON: every change, git's own included. `held` says why one would not come out.
pub(crate) fn json(base: &[u8], items: &[Item<'_>]) -> String {
    let changes = items.iter().map(|item| {
        let path = Shown(&item.name).to_string();
        let exact = path.as_bytes() == item.name;
        let turned = item.change.kind == Kind::Type;
        let word = |node: Option<Node>| node.filter(|_| turned).map(|node| node.kind.word());
        ToldChange {
            path_hex: (!exact).then(|| hex(&item.name)),
            path,
            kind: item.change.kind.word(),
            from: item.from.as_ref().map(|from| Shown(from).to_string()),
            was: word(item.change.old),
            is: word(item.change.new),
            held: &item.held,
            conflict: item.conflict.map(Conflict::words),
        }
    });
    let told = Told { base: Shown(base).to_string(), changes: changes.collect() };
    // Strings always are JSON.
    serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// One name a line, quoted as git quotes where it has to be.
pub(crate) fn names(items: &[Item<'_>]) -> String {
    shown_items(items).map(|item| patch::quoted(&item.name) + "\n").collect()
}

/// Lines added and removed of each, and their sum.
pub(crate) fn stat(items: &[Item<'_>]) -> Result<String, TreeError> {
    let mut text = String::new();
    let (mut files, mut added, mut removed) = (0_usize, 0_usize, 0_usize);
    for item in shown_items(items) {
        files = files.saturating_add(1);
        let what = match content(item)? {
            Some(Diffed::Text(unified)) => {
                added = added.saturating_add(unified.added);
                removed = removed.saturating_add(unified.removed);
                format!("+{} -{}", unified.added, unified.removed)
            }
            Some(Diffed::Binary) => sizes(&item.change),
            Some(Diffed::TooLong) => format!("long, {}", sizes(&item.change)),
            Some(Diffed::Nothing) | None => String::new(),
        };
        let _written = writeln!(text, "{} {what}", title(item).trim_end());
    }
    let _written = writeln!(text, "{files} files, +{added} -{removed}");
    text += &git_line(items);
    Ok(text)
}

/// Everything, for people.
pub(crate) fn text(items: &[Item<'_>], colour: bool) -> Result<String, TreeError> {
    let paint = Paint { colour };
    let mut text = String::new();
    for item in shown_items(items) {
        text += &paint.title(&title(item));
        text.push('\n');
        text += &item.held.iter().map(reasons).collect::<String>();
        if let Some(conflict) = item.conflict {
            let _written = writeln!(text, "  conflict: {}", conflict.words());
        }
        if text.len() > MOST_TEXT {
            text += "  (much more has changed: drybox diff --stat, or name paths)\n";
            continue;
        }
        match content(item)? {
            Some(Diffed::Text(unified)) => paint.unified(&mut text, &unified),
            Some(Diffed::Binary) => {
                let _written = writeln!(text, "  (no text: {})", sizes(&item.change));
            }
            Some(Diffed::TooLong) => {
                let _written = writeln!(text, "  (too long to show: {})", sizes(&item.change));
            }
            Some(Diffed::Nothing) | None => {}
        }
    }
    text += &git_line(items);
    Ok(text)
}

/// Why a change is held, and the lines that say so.
pub(super) fn reasons(held: &Held) -> String {
    let mut text = format!("  held: {} ({}): {}\n", held.rule, held.severity.word(), held.why);
    for line in &held.lines {
        let _written = match line.line {
            0 => writeln!(text, "    {}", line.text),
            number => writeln!(text, "    {number}: {}", line.text),
        };
    }
    text
}

/// A patch on a terminal: the same lines, escaped.
pub(crate) fn escaped(patch: &[u8]) -> String {
    let lines = patch.split_inclusive(|&byte| byte == b'\n');
    lines.map(|line| format!("{}\n", ShownLine(line.strip_suffix(b"\n").unwrap_or(line)))).collect()
}

/// What is told one by one.
fn shown_items<'a, 'b>(items: &'a [Item<'b>]) -> impl Iterator<Item = &'a Item<'b>> {
    items.iter().filter(|item| item.area == Area::Tree)
}

fn git_line(items: &[Item<'_>]) -> String {
    match items.iter().filter(|item| item.area != Area::Tree).count() {
        0 => String::new(),
        1 => "and 1 file of git's own (--json lists it)\n".to_owned(),
        n => format!("and {n} files of git's own (--json lists them)\n"),
    }
}

/// `modified src/a` and what its content does not show.
fn title(item: &Item<'_>) -> String {
    let Change { kind, old, new, .. } = &item.change;
    let word = match kind {
        Kind::Type => "type",
        kind => kind.word(),
    };
    let mut text = format!("{word:8} ");
    if let Some(from) = &item.from {
        let _written = write!(text, "{} -> ", Shown(from));
    }
    let _written = write!(text, "{}", Shown(&item.name));
    match (old, new) {
        (Some(old), Some(new)) if old.kind != new.kind => {
            let _written = write!(text, " ({} -> {})", old.kind.word(), new.kind.word());
        }
        (Some(old), Some(new)) if old.mode != new.mode && new.kind != NodeKind::Link => {
            let _written = write!(text, " (mode {:o} -> {:o})", old.mode, new.mode);
        }
        // Who may use it, and with whose rights, is what counts: no word for it would be short.
        (None, Some(new)) if new.kind != NodeKind::Link && new.mode & SET_ID != 0 => {
            let _written = write!(text, " (mode {:o})", new.mode);
        }
        (None, Some(new)) if new.kind == NodeKind::File && new.mode & 0o111 != 0 => {
            text += " (executable)";
        }
        (None, Some(node)) | (Some(node), None) if node.kind != NodeKind::File => {
            let _written = write!(text, " ({})", node.kind.word());
        }
        _ => {}
    }
    text
}

fn content(item: &Item<'_>) -> Result<Option<Diffed>, TreeError> {
    match item.change.kind {
        Kind::Mode | Kind::Renamed => Ok(None),
        Kind::Added | Kind::Modified | Kind::Deleted | Kind::Type => {
            unified(&item.change, item.pair, LONGEST_TEXT).map(Some)
        }
    }
}

fn sizes(change: &Change) -> String {
    match (change.old, change.new) {
        (Some(old), Some(new)) => format!("{} -> {} bytes", old.size, new.size),
        (Some(node), None) | (None, Some(node)) => format!("{} bytes", node.size),
        (None, None) => String::new(),
    }
}

struct Paint {
    colour: bool,
}

impl Paint {
    fn title(&self, text: &str) -> String {
        self.line(BOLD, text)
    }

    fn unified(&self, text: &mut String, unified: &Unified) {
        for hunk in &unified.hunks {
            let ranges = format!("@@ -{} +{} @@", patch::range(hunk.old), patch::range(hunk.new));
            *text += &self.line(CYAN, &ranges);
            text.push('\n');
            for Line { sign, bytes, ends } in &hunk.lines {
                let line = format!("{}{}", char::from(*sign), ShownLine(bytes));
                *text += &match sign {
                    b'+' => self.line(GREEN, &line),
                    b'-' => self.line(RED, &line),
                    _ => line,
                };
                *text += if *ends { "\n" } else { "\n\\ No newline at end of file\n" };
            }
        }
    }

    fn line(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Writes a patch to standard output as it is made; a reader that has enough is no error.
pub(super) fn write_all(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    match out.write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// set-user-id, set-group-id, sticky.
const SET_ID: u32 = 0o7000;

const BOLD: &str = "1";
const CYAN: &str = "36";
const GREEN: &str = "32";
const RED: &str = "31";

/// The longest file whose lines are shown, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;
/// How much is shown in all.
const MOST_TEXT: usize = 64 << 20;
