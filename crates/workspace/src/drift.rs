//! Whether the host's files are still what they were when the payload copied, replaced or removed
//! them.
//!
//! The kernel copies up unseen. The evidence is time and content: a file whose change time is older
//! than the run is what the run saw, and is written down at its end. A file that was changed while
//! a run lasted may have been seen before or after: that is not known, and never guessed.

mod record;

use std::collections::BTreeMap;

use drybox_tree::{FileType, RelPath, Root, Stat, TreeError, TreeOp, Walk, kind_of};
use rustix::fs::{Mode, fchmod, fremovexattr};

use crate::diff::{Change, OPAQUE, is_opaque, is_whiteout, readable};
use crate::discard::{Discarded, discard};
use crate::exact::{Digest, Exact, Instant, Stamp};
use crate::words::{escaped, unescaped};

/// What the host had at each path that a box changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    paths: BTreeMap<RelPath, Base>,
}

/// What the host had at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// It changed while a run lasted.
    Unknown,
    /// Nothing.
    Absent,
    /// A regular file.
    File {
        mode: u32,
        stamp: Stamp,
        /// None: there were too many to read them all.
        digest: Option<Digest>,
    },
    /// A symbolic link.
    Link(Vec<u8>),
    /// A directory.
    Directory(u32),
    /// A directory, all of which the box hides.
    Hidden(u32),
    /// Something that is never opened.
    Special,
}

/// Why a change cannot come out: somebody else changed the same path on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It is not what the box began with.
    Changed,
    /// It is gone.
    Gone,
    /// It is new, and the box has one, too, or replaced the directory that it is in.
    Appeared,
    /// It was changed while a run lasted, which may have seen the old or the new.
    Unknown,
}

impl Conflict {
    /// In words, after the path.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Changed => "changed on the host, too",
            Self::Gone => "removed on the host meanwhile",
            Self::Appeared => "new on the host meanwhile",
            Self::Unknown => "changed on the host while a run lasted",
        }
    }
}

impl Evidence {
    /// What somebody else did at the paths of a change; none: nothing that can be seen by a quick look.
    ///
    /// # Errors
    /// *Host*.
    pub fn quick(&self, lower: &Root, change: &Change) -> Result<Option<Conflict>, TreeError> {
        for path in [Some(&change.path), change.from.as_ref()].into_iter().flatten() {
            let conflict = self.conflict(lower, path)?;
            if conflict.is_some() {
                return Ok(conflict);
            }
        }
        Ok(None)
    }

    /// Whether the host has at `path` what the box began with.
    fn conflict(&self, lower: &Root, path: &RelPath) -> Result<Option<Conflict>, TreeError> {
        let there = on_host(lower, path)?.is_some();
        Ok(match self.paths.get(path) {
            None => there.then_some(Conflict::Appeared),
            Some(Base::Unknown) => Some(Conflict::Unknown),
            Some(base) if base.is_still(lower, path)? => None,
            Some(_) if !there => Some(Conflict::Gone),
            Some(Base::Absent) => Some(Conflict::Appeared),
            Some(_) => Some(Conflict::Changed),
        })
    }

    /// Whether this, read just now, is what the box began with.
    pub(crate) fn agrees(&self, path: &RelPath, now: &Exact, stamp: Option<&Stamp>) -> bool {
        match self.paths.get(path) {
            None => *now == Exact::Absent,
            Some(Base::File { mode, stamp: known, digest: None }) => {
                let same_mode = matches!(now, Exact::File { mode: now, .. } if now == mode);
                same_mode && stamp == Some(known)
            }
            Some(base) => base.exact().as_ref() == Some(now),
        }
    }

    /// Forgets what it knows of these paths, whose changes came out or were taken back.
    pub(crate) fn forget(&mut self, paths: &[RelPath]) {
        for path in paths {
            self.paths.remove(path);
        }
    }

    /// Lets the host's version show again where the host alone changed; how many paths changed on
    /// both sides, and whether anything was learned.
    pub(crate) fn rebase(&mut self, upper: &Root, lower: &Root) -> Result<Rebased, TreeError> {
        let mut rebased = Rebased::default();
        let mut gone = Vec::new();
        for (path, base) in &mut self.paths {
            if *base != Base::Unknown && base.is_still(lower, path)? {
                continue;
            }
            let now = in_box(upper, path)?;
            if now == Exact::at(lower, path, Root::file).unwrap_or(Exact::Special) {
                continue;
            }
            let only_host = base.exact().is_some_and(|base| base == now);
            match (only_host, on_host(lower, path)?.map(|stat| (kind_of(&stat), stat.st_mode))) {
                // A directory shows the mode that its upper layer has.
                (true, Some((FileType::Directory, mode))) if matches!(now, Exact::Directory(_)) => {
                    upper.set_dir_mode(path, mode)?;
                    *base = Base::Directory(mode & 0o7777);
                    rebased.learned = true;
                }
                (true, _)
                    if !matches!(now, Exact::Directory(_))
                        && discard(upper, path)? == Discarded::Done =>
                {
                    gone.push(path.clone());
                }
                _ => rebased.conflicts = rebased.conflicts.saturating_add(1),
            }
        }
        rebased.learned |= !gone.is_empty();
        self.forget(&gone);
        Ok(rebased)
    }

    /// Lets directories that hid the host's show it again where they hide nothing: what came out, and
    /// what the host gets there later, is seen.
    pub(crate) fn unhide(&mut self, upper: &Root, lower: &Root) -> Result<(), TreeError> {
        let mut walk = Walk::unlocking(upper);
        while let Some(entry) = walk.next() {
            let entry = entry?;
            let path = &entry.path;
            if entry.kind() != FileType::Directory || !is_opaque(upper, path)? {
                continue;
            }
            let Some(dir) = lower.stat(path)?.filter(is_directory).map(|_| lower.dir(path)) else {
                continue;
            };
            if self.hides_something(upper, path, &dir?)? {
                walk.stay_out();
                continue;
            }
            let (opaque, locked) = upper.locked_dir(path)?;
            let shown = fremovexattr(&opaque, OPAQUE);
            let relocked = locked.map(|mode| fchmod(&opaque, Mode::from_raw_mode(mode)));
            shown
                .and(relocked.unwrap_or(Ok(())))
                .map_err(TreeError::of(TreeOp::Write, path.as_bytes()))?;
            if let Some(base) = self.paths.get_mut(path)
                && let Base::Hidden(mode) = *base
            {
                *base = Base::Directory(mode);
            }
        }
        Ok(())
    }

    /// Whether the host has something below `path` that the box took away.
    fn hides_something(&self, upper: &Root, path: &RelPath, dir: &Root) -> Result<bool, TreeError> {
        for entry in Walk::of(dir) {
            let below = path.join(&entry?.path);
            let is_there = upper.stat(&below)?.is_some_and(|stat| !is_whiteout(&stat));
            if !is_there && self.paths.get(&below).is_some_and(|base| *base != Base::Absent) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A line for each path.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = [FIRST, b"\n"].concat();
        for (path, base) in &self.paths {
            text.extend(escaped(path.as_bytes()));
            text.push(b' ');
            text.extend(base.encode());
            text.push(b'\n');
        }
        text
    }

    /// Reads it; none: another version, torn, not ours.
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
        if lines.next()? != FIRST {
            return None;
        }
        let mut paths = BTreeMap::new();
        for line in lines {
            let mut words = line.split(|&byte| byte == b' ');
            let path = RelPath::parse(&unescaped(words.next()?)?).ok()?;
            paths.insert(path, Base::decode(&mut words)?);
        }
        Some(Self { paths })
    }
}

/// What a rebase did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rebased {
    /// Paths that changed on both sides.
    pub(crate) conflicts: usize,
    /// The evidence is not what it was.
    pub(crate) learned: bool,
}

impl Base {
    /// Whether the host has that still.
    fn is_still(&self, lower: &Root, path: &RelPath) -> Result<bool, TreeError> {
        let Some(stat) = on_host(lower, path)? else { return Ok(*self == Self::Absent) };
        Ok(match (self, kind_of(&stat)) {
            (Self::File { mode, stamp, digest }, FileType::RegularFile) => {
                let same_stamp = *stamp == Stamp::of(&stat);
                let same_mode = *mode == stat.st_mode & 0o7777;
                same_mode
                    && (same_stamp
                        || digest.is_some_and(|digest| {
                            let is = Exact::File { mode: *mode, digest };
                            Exact::at(lower, path, Root::file).is_ok_and(|now| now == is)
                        }))
            }
            (Self::Link(target), FileType::Symlink) => lower.link(path)? == *target,
            (Self::Directory(mode) | Self::Hidden(mode), FileType::Directory) => {
                *mode == stat.st_mode & 0o7777
            }
            (
                Self::Special,
                FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice,
            ) => true,
            _ => false,
        })
    }

    /// The same, when it is known to the last byte.
    fn exact(&self) -> Option<Exact> {
        Some(match self {
            Self::Unknown | Self::Special | Self::File { digest: None, .. } => return None,
            Self::Absent => Exact::Absent,
            Self::File { mode, digest: Some(digest), .. } => {
                Exact::File { mode: *mode, digest: *digest }
            }
            Self::Link(target) => Exact::Link(target.clone()),
            Self::Directory(mode) | Self::Hidden(mode) => Exact::Directory(*mode),
        })
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Unknown => b"unknown".to_vec(),
            Self::Absent => b"absent".to_vec(),
            Self::File { mode, stamp, digest } => {
                let digest = digest.map_or_else(|| "-".to_owned(), |digest| digest.hex());
                format!("file {mode:o} {digest} {}", stamp.encode()).into_bytes()
            }
            Self::Link(target) => [b"link ".to_vec(), escaped(target)].concat(),
            Self::Directory(mode) => format!("directory {mode:o}").into_bytes(),
            Self::Hidden(mode) => format!("hidden {mode:o}").into_bytes(),
            Self::Special => b"special".to_vec(),
        }
    }

    fn decode<'a>(words: &mut impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mode = |word: &[u8]| u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok();
        Some(match words.next()? {
            b"unknown" => Self::Unknown,
            b"absent" => Self::Absent,
            b"file" => {
                let mode = mode(words.next()?)?;
                let digest = match words.next()? {
                    b"-" => None,
                    hex => Some(Digest::from_hex(hex)?),
                };
                Self::File { mode, digest, stamp: Stamp::decode(words)? }
            }
            b"link" => Self::Link(unescaped(words.next()?)?),
            b"directory" => Self::Directory(mode(words.next()?)?),
            b"hidden" => Self::Hidden(mode(words.next()?)?),
            b"special" => Self::Special,
            _ => return None,
        })
    }
}

/// What the host has at a path; nothing, where its user may not look either.
fn on_host(lower: &Root, path: &RelPath) -> Result<Option<Stat>, TreeError> {
    Ok(readable(lower.stat(path))?.flatten())
}

/// What the box shows at a path of its upper layer.
fn in_box(upper: &Root, path: &RelPath) -> Result<Exact, TreeError> {
    match upper.stat(path)? {
        Some(stat) if !is_whiteout(&stat) => Exact::at(upper, path, Root::locked_file),
        _ => Ok(Exact::Absent),
    }
}

fn is_directory(stat: &Stat) -> bool {
    kind_of(stat) == FileType::Directory
}

/// How it begins.
const FIRST: &[u8] = b"drybox base 1";

/// Whether something of an upper layer hides all that the host has below it.
fn hides(upper: &Root, path: &RelPath, kind: FileType) -> Result<bool, TreeError> {
    Ok(kind != FileType::Directory || is_opaque(upper, path)?)
}

impl Evidence {
    /// What the host has now at every path of an upper layer; what was known before is kept.
    /// `since`: when the run began that may have added some; none: nobody ran.
    pub(crate) fn record(
        upper: &Root,
        lower: &Root,
        before: &Self,
        since: Option<Instant>,
    ) -> Result<Self, TreeError> {
        record::record(upper, lower, before, since)
    }
}
