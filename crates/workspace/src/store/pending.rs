//! What a box remembers of its changes beside overlayfs' own: what the host had, what was shown, what
//! came out and can be taken back.

use std::collections::BTreeMap;
use std::io::Read as _;

use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};

use super::{BoxError, Layer, OpenBox, Result, rel};
use crate::apply::{self, Choice, DONE, Judged, NOW, Outcome, Place, Recovered, Undone, Way};
use crate::diff::{Change, Pair};
use crate::drift::Evidence;
use crate::exact::{Exact, Instant};
use crate::hold::Users;
use crate::words::{escaped, unescaped};

/// The workspace's changes: both sides, and what was known of the host's.
#[derive(Debug)]
pub struct Pending {
    layer: Layer,
    lower: Root,
    evidence: Evidence,
}

impl Pending {
    /// Both sides.
    #[must_use]
    pub const fn pair(&self) -> Pair<'_> {
        Pair { lower: &self.lower, upper: &self.layer.upper }
    }

    /// What the host had.
    #[must_use]
    pub fn into_evidence(self) -> Evidence {
        self.evidence
    }

    fn record(&mut self, since: Option<Instant>) -> Result<()> {
        let Self { layer, lower, evidence } = self;
        *evidence = Evidence::record(&layer.upper, lower, evidence, since)?;
        Ok(())
    }

    /// Every change, judged, with what the user's own settings name.
    ///
    /// # Errors
    /// *Host*: something cannot be read.
    pub fn judged(&self, users: &Users) -> Result<Vec<Judged>> {
        Ok(apply::judged(self.pair(), &self.evidence, users)?)
    }
}

impl OpenBox {
    /// Makes up for a run that was killed, and lets the host's version show where the host alone
    /// changed; after this the box can be looked at.
    ///
    /// # Errors
    /// *User*, when an apply was interrupted. *Host*.
    pub fn settle(&mut self) -> Result<()> {
        self.expect_whole()?;
        let Some(Pending { layer, lower, mut evidence }) = self.pending()? else { return Ok(()) };
        let rebased = evidence.rebase(&layer.upper, &lower)?;
        self.conflicts = rebased.conflicts;
        if rebased.learned {
            self.write(BASE, &evidence.encode())?;
        }
        Ok(())
    }

    /// How many paths were changed on the host, too, when it was settled.
    #[must_use]
    pub const fn conflicts(&self) -> usize {
        self.conflicts
    }

    /// The workspace's changes; none: nothing was ever written.
    ///
    /// # Errors
    /// *Host*.
    pub fn pending(&self) -> Result<Option<Pending>> {
        let Some((mut pending, is_known)) = self.sides()? else { return Ok(None) };
        // A run that was killed has written nothing down: it began after what the box says of itself.
        if !is_known || self.was_left_mounted()? {
            pending.record(self.last_change()?)?;
        }
        Ok(Some(pending))
    }

    /// Both sides, and what is written down; whether anything is.
    fn sides(&self) -> Result<Option<(Pending, bool)>> {
        let Some(host) = self.workspace() else { return Ok(None) };
        let Some(layer) = self.layers()?.into_iter().find(|layer| layer.host == *host) else {
            return Ok(None);
        };
        let lower = match Root::open(&layer.host) {
            Err(error) if error.is_missing() => return Ok(None),
            lower => lower?,
        };
        let known = self.read(BASE)?.and_then(|text| Evidence::decode(&text));
        let is_known = known.is_some();
        let evidence = known.unwrap_or_default();
        Ok(Some((Pending { layer, lower, evidence }, is_known)))
    }

    /// Writes down what the host has at every path that has changed. `since`: when the run began that
    /// may have added some.
    pub(super) fn write_evidence(&self, since: Option<Instant>) -> Result<()> {
        let Some((mut pending, _)) = self.sides()? else { return Ok(()) };
        pending.record(since)?;
        self.write(BASE, &pending.evidence.encode())
    }

    /// Remembers these changes as shown: what comes out is what was shown.
    ///
    /// # Errors
    /// *Host*.
    pub fn remember_shown<'a>(
        &self,
        upper: &Root,
        changes: impl Iterator<Item = &'a Change>,
    ) -> Result<()> {
        let mut shown = self.shown()?;
        for change in changes {
            let now = match change.new {
                Some(_) => match Exact::at(upper, &change.path, Root::locked_file) {
                    // Below a directory that its owner may not look into: it was not shown, either.
                    Err(error) if error.errno == Errno::ACCESS => {
                        shown.remove(&change.path);
                        continue;
                    }
                    now => now?,
                },
                None => Exact::Absent,
            };
            shown.insert(change.path.clone(), now);
            if let Some(from) = &change.from {
                shown.insert(from.clone(), Exact::Absent);
            }
        }
        let mut text = [FIRST, b"\n"].concat();
        for (path, exact) in &shown {
            text.extend([escaped(path.as_bytes()), b" ".to_vec(), exact.encode()].concat());
            text.push(b'\n');
        }
        self.write(SHOWN, &text)
    }

    /// What was shown at each path.
    ///
    /// # Errors
    /// *Host*.
    pub fn shown(&self) -> Result<BTreeMap<RelPath, Exact>> {
        let read = |text: Vec<u8>| {
            let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
            let is_ours = lines.next()? == FIRST;
            let line = |line: &[u8]| {
                let mut words = line.split(|&byte| byte == b' ');
                let path = RelPath::parse(&unescaped(words.next()?)?).ok()?;
                Some((path, Exact::decode(&mut words)?))
            };
            is_ours.then(|| lines.map(line).collect::<Option<BTreeMap<_, _>>>()).flatten()
        };
        Ok(self.read(SHOWN)?.and_then(read).unwrap_or_default())
    }

    /// Lets the chosen changes out.
    ///
    /// # Errors
    /// *Host*: nothing has changed then, or [`OpenBox::recover`] is needed.
    pub fn apply(&self, pending: Pending, choice: Choice) -> Result<Outcome> {
        let shown = self.shown()?;
        let pair = pending.pair();
        let place = Place { own: &self.dir, pair, evidence: &pending.evidence, shown: &shown };
        let (outcome, done) = apply::apply(place, choice)?;
        self.begin_anew(pending, &done)?;
        Ok(outcome)
    }

    /// Finishes, or takes back, an apply that was interrupted; none: none was.
    ///
    /// # Errors
    /// *Host*.
    pub fn recover(&self, way: Way) -> Result<Option<Recovered>> {
        if self.dir.stat(&rel(NOW.as_bytes())?)?.is_none() {
            return Ok(None);
        }
        let Some(pending) = self.pending()? else { return Ok(None) };
        let recovered = apply::recover(&self.dir, pending.pair(), way)?;
        if let Some(Recovered::Finished(left)) = &recovered {
            let mut done = apply::last_steps(&self.dir)?;
            done.retain(|path| !left.contains(path));
            self.begin_anew(pending, &done)?;
        }
        Ok(recovered)
    }

    /// Takes the last apply back; none: there is none.
    ///
    /// # Errors
    /// *User*, when an apply was interrupted. *Host*.
    pub fn undo(&self) -> Result<Option<Undone>> {
        self.expect_whole()?;
        let Some(pending) = self.pending()? else { return Ok(None) };
        let undone = apply::undo(&self.dir, pending.pair().lower)?;
        if let Some(undone) = &undone {
            self.begin_anew(pending, &undone.back)?;
        }
        Ok(undone)
    }

    /// What the host has at these paths now is what the box begins with from here on.
    fn begin_anew(&self, pending: Pending, paths: &[RelPath]) -> Result<()> {
        let mut pending = pending;
        pending.evidence.forget(paths);
        pending.record(None)?;
        pending.evidence.unhide(&pending.layer.upper, &pending.lower)?;
        self.write(BASE, &pending.evidence.encode())
    }

    /// Whether an apply can be taken back; one that is too old is forgotten.
    pub(super) fn has_undo(&self) -> Result<bool> {
        for folder in [NOW, DONE] {
            let folder = rel(folder.as_bytes())?;
            if let Some(stat) = self.dir.stat(&folder)? {
                let age = super::boxes::now().0.saturating_sub(stat.st_mtime);
                if folder.as_bytes() == NOW.as_bytes() || age < UNDO_SECONDS {
                    return Ok(true);
                }
                self.dir.remove_all(&folder)?;
            }
        }
        Ok(false)
    }

    /// Throws away every change, and keeps what is needed to take the last apply back.
    ///
    /// # Errors
    /// *User*, when an apply was interrupted. *Host*.
    pub fn discard_all(self) -> Result<()> {
        self.expect_whole()?;
        if !self.has_undo()? {
            return self.remove();
        }
        for layer in self.layers()? {
            for name in layer.upper.names()? {
                layer.upper.remove_all(&rel(&name)?)?;
            }
        }
        self.dir.remove_all(&rel(SHOWN.as_bytes())?)?;
        Ok(self.dir.remove_all(&rel(BASE.as_bytes())?)?)
    }

    /// Whether no apply was interrupted.
    pub(super) fn expect_whole(&self) -> Result<()> {
        match self.dir.stat(&rel(NOW.as_bytes())?)? {
            None => Ok(()),
            Some(_) => Err(BoxError::HalfApplied {
                name: self.name().map_or_else(String::new, |name| name.as_str().to_owned()),
            }),
        }
    }

    /// Whether its last run did not come to its end.
    ///
    /// # Errors
    /// *Host*.
    pub fn was_left_mounted(&self) -> Result<bool> {
        // Emptied at the end of every run that came to its end.
        Ok(self.dir.stat(&rel(b"0/work/work")?)?.is_some())
    }

    /// That somebody is at work in it.
    #[must_use]
    pub fn in_use(&self) -> BoxError {
        let name = self.name().map_or_else(String::new, |name| name.as_str().to_owned());
        let workspace = self.path.clone();
        let workspace = self.workspace().cloned().unwrap_or(workspace);
        BoxError::InUse { name, workspace, source: super::Why::Busy }
    }

    /// When its last run ended that came to its end, else when it was made.
    pub(super) fn last_change(&self) -> Result<Option<Instant>> {
        let meta = self.dir.stat(&rel(super::Meta::FILE.as_bytes())?)?;
        Ok(meta.map(|meta| (meta.st_mtime, i64::try_from(meta.st_mtime_nsec).unwrap_or(0))))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = rel(name.as_bytes())?;
        let file = match self.dir.file(&path) {
            Err(error) if error.is_missing() => return Ok(None),
            file => file?,
        };
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            TreeError { op: TreeOp::Read, path: name.as_bytes().to_vec(), errno }
        })?;
        Ok(Some(text))
    }

    fn write(&self, name: &str, text: &[u8]) -> Result<()> {
        Ok(self.dir.replace(&rel(name.as_bytes())?, text, 0o600)?)
    }
}

/// What the host had.
const BASE: &str = "base";
/// What was shown.
const SHOWN: &str = "shown";
const FIRST: &[u8] = b"drybox shown 1";
/// The longest of these files that is read, in bytes.
const LONGEST: u64 = 1 << 30;
/// How long an apply can be taken back: 30 days.
const UNDO_SECONDS: i64 = 30 * 24 * 3600;
