//! How a file changed: hunks of lines, as bytes.

use std::time::{Duration, Instant};

use drybox_tree::TreeError;
use rustix::io::Errno;
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline, group_diff_ops};

use super::{Change, NodeKind, Pair};

/// What can be shown of a change of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diffed {
    /// Lines.
    Text(Unified),
    /// At least one side is no text (has a NUL in its first bytes, as git decides).
    Binary,
    /// At least one side is longer than the limit, or has more lines than anybody reads.
    TooLong,
    /// Both sides have no bytes, or the same.
    Nothing,
}

/// The hunks of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unified {
    /// In order.
    pub hunks: Vec<Hunk>,
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
}

/// Lines that changed, with three around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// First line before, from 1 (0: the file was empty), and how many.
    pub old: (usize, usize),
    /// The same, after.
    pub new: (usize, usize),
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `b' '`, `b'-'` or `b'+'`.
    pub sign: u8,
    /// The line without its line feed.
    pub bytes: Vec<u8>,
    /// It has one: only the last line of a file may not.
    pub ends: bool,
}

/// How a change's content differs, if each side has at most `longest` bytes.
///
/// # Errors
/// *Host*: a file cannot be read.
pub fn unified(change: &Change, pair: Pair<'_>, longest: u64) -> Result<Diffed, TreeError> {
    let sides = [change.old, change.new];
    let is_file = |node: &super::Node| matches!(node.kind, NodeKind::File | NodeKind::Link);
    if sides.iter().flatten().any(|node| is_file(node) && node.size > longest) {
        return Ok(Diffed::TooLong);
    }
    let one_more = longest.saturating_add(1);
    let Some(old) = readable(pair.before(change, one_more))? else {
        return Ok(Diffed::Binary);
    };
    let new = pair.after(change, one_more)?;
    if [&old, &new].iter().any(|side| u64::try_from(side.len()).is_ok_and(|len| len > longest)) {
        return Ok(Diffed::TooLong);
    }
    if old == new {
        return Ok(Diffed::Nothing);
    }
    if is_binary(&old) || is_binary(&new) {
        return Ok(Diffed::Binary);
    }
    if [&old, &new].iter().any(|side| lines(side) > MOST_LINES) {
        return Ok(Diffed::TooLong);
    }
    Ok(Diffed::Text(hunks(&old, &new)))
}

/// What of the host its user may read; the payload cannot have read the rest either.
pub(crate) fn readable<T>(read: Result<T, TreeError>) -> Result<Option<T>, TreeError> {
    match read {
        Err(error) if error.errno == Errno::ACCESS => Ok(None),
        read => read.map(Some),
    }
}

/// Lines of a side that are compared: each takes some hundred bytes until it is shown, and a payload
/// writes a file of line feeds alone.
const MOST_LINES: usize = 1 << 18;

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

/// As git: a NUL within the first 8000 bytes.
fn is_binary(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 8000;
    bytes.iter().take(LOOKED_AT).any(|&byte| byte == 0)
}

/// Lines around a change.
const CONTEXT: usize = 3;
/// When a payload's text makes the search long: a coarser answer, as right as the best one.
const PATIENCE: Duration = Duration::from_secs(2);

fn hunks(old: &[u8], new: &[u8]) -> Unified {
    let old: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
    let new: Vec<&[u8]> = new.split_inclusive(|&byte| byte == b'\n').collect();
    let deadline = Instant::now().checked_add(PATIENCE);
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    let mut unified = Unified::default();
    for group in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |from: usize, to: usize| {
            let count = to.saturating_sub(from);
            (if count == 0 { from } else { from.saturating_add(1) }, count)
        };
        let mut hunk = Hunk {
            old: range(first.old_range().start, last.old_range().end),
            new: range(first.new_range().start, last.new_range().end),
            lines: Vec::new(),
        };
        for op in &group {
            let before = old.get(op.old_range()).unwrap_or_default();
            let after = new.get(op.new_range()).unwrap_or_default();
            if op.tag() == DiffTag::Equal {
                hunk.lines.extend(before.iter().map(|line| Line::of(b' ', line)));
            } else {
                unified.removed = unified.removed.saturating_add(before.len());
                unified.added = unified.added.saturating_add(after.len());
                hunk.lines.extend(before.iter().map(|line| Line::of(b'-', line)));
                hunk.lines.extend(after.iter().map(|line| Line::of(b'+', line)));
            }
        }
        unified.hunks.push(hunk);
    }
    unified
}

impl Line {
    fn of(sign: u8, line: &[u8]) -> Self {
        let stripped = line.strip_suffix(b"\n");
        Self { sign, bytes: stripped.unwrap_or(line).to_vec(), ends: stripped.is_some() }
    }
}
