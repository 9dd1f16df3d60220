//! What is judged, and what comes out.

use drybox_spec::Shown;
use serde::Serialize;

use super::rule::Severity;
use super::users::Users;

/// How much of a file is read. What is longer is held where a key would have been looked for.
pub const READ_LIMIT: usize = 4 << 20;

/// One path that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the workspace, `/` between components; bytes.
    pub path: Vec<u8>,
    /// What was there; `None`: nothing.
    pub before: Option<State>,
    /// What is there; `None`: nothing.
    pub after: Option<State>,
}

/// What is, or was, at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// File, link or something else.
    pub kind: Kind,
    /// Permission bits and set-id bits (`07777`).
    pub mode: u32,
    /// Bytes in all, of which `bytes` may be only the first.
    pub size: u64,
    /// A file's first [`READ_LIMIT`] bytes, or a link's target.
    pub bytes: Vec<u8>,
    /// Its names (hard links).
    pub links: u64,
    /// Whether it has extended attributes beyond what the kernel's label modules set.
    pub attributes: bool,
}

/// What a path can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
    /// A fifo, socket or device.
    Special,
}

impl State {
    /// A regular file with this content.
    #[must_use]
    pub fn file(bytes: Vec<u8>, mode: u32) -> Self {
        let size = bytes.len() as u64;
        Self { kind: Kind::File, mode, size, bytes, links: 1, attributes: false }
    }

    /// A symbolic link to this target.
    #[must_use]
    pub fn link(target: Vec<u8>) -> Self {
        let size = target.len() as u64;
        Self { kind: Kind::Link, mode: 0o777, size, bytes: target, links: 1, attributes: false }
    }

    /// Whether all of it was read.
    pub(super) fn is_whole(&self) -> bool {
        self.size == self.bytes.len() as u64
    }

    /// Whether it can be executed by its name.
    pub(super) fn is_executable(&self) -> bool {
        self.kind == Kind::File && self.mode & 0o111 != 0
    }
}

impl Change {
    /// What is there as a file, unless it is the same file as before.
    pub(super) fn changed(&self) -> Option<&State> {
        let after = self.after.as_ref()?;
        match &self.before {
            Some(before) if before == after => None,
            _ => Some(after),
        }
    }

    /// The content before, where it was a file.
    pub(super) fn old(&self) -> &[u8] {
        content(self.before.as_ref())
    }

    /// The content now, where it is a file.
    pub(super) fn now(&self) -> &[u8] {
        content(self.after.as_ref())
    }
}

fn content(state: Option<&State>) -> &[u8] {
    match state {
        Some(state) if state.kind == Kind::File => &state.bytes,
        _ => &[],
    }
}

/// Answers about the files beside a change.
pub trait Lookup {
    /// What is at this path once every change is made; `None`: nothing.
    fn after(&self, path: &[u8]) -> Option<Kind>;
    /// The names in this directory once every change is made.
    fn names(&self, directory: &[u8]) -> Vec<Vec<u8>>;
    /// The content of a file of the host, at most [`READ_LIMIT`] bytes; no link is followed.
    fn host(&self, path: &[u8]) -> Option<Vec<u8>>;
    /// The user's own settings outside of the workspace, where they are known.
    fn users(&self) -> Option<&Users> {
        None
    }
}

/// A workspace without any other file.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Lookup for Nothing {
    fn after(&self, _: &[u8]) -> Option<Kind> {
        None
    }

    fn names(&self, _: &[u8]) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn host(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// One reason why a change does not come out with the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The row's id, by which it is released.
    pub rule: &'static str,
    /// Which change; in JSON it stands beside, not in, its reasons.
    #[serde(skip)]
    pub path: Vec<u8>,
    /// What would run or be believed, and when.
    pub why: &'static str,
    /// How little it takes.
    pub severity: Severity,
    /// What triggered it, at most [`Line::MOST`].
    pub lines: Vec<Line>,
}

/// A line that triggered a row, safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// From 1; 0: it is about the file as a whole.
    pub line: u32,
    /// Escaped and cut.
    pub text: String,
}

impl Line {
    /// Lines shown of one finding.
    pub const MOST: usize = 5;
    /// Bytes of a line that are shown.
    const LONGEST: usize = 160;

    /// This line of a file.
    pub(super) fn of(line: u32, bytes: &[u8]) -> Self {
        let bytes = bytes.trim_ascii();
        let shown = bytes.get(..Self::LONGEST).unwrap_or(bytes);
        let more = if shown.len() < bytes.len() { " …" } else { "" };
        Self { line, text: format!("{}{more}", Shown(shown)) }
    }

    /// Something about the file as a whole.
    pub(super) fn about(text: impl Into<String>) -> Self {
        Self { line: 0, text: text.into() }
    }
}
