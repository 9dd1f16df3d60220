//! Writes down what the host has, at the end of a run.

use std::collections::BTreeMap;

use drybox_tree::{Errno, FileType, RelPath, Root, Stat, TreeError, Walk, kind_of};

use super::{Base, Evidence, hides};
use crate::diff::readable;
use crate::exact::{Instant, Stamp, copy};

pub(super) fn record(
    upper: &Root,
    lower: &Root,
    before: &Evidence,
    since: Option<Instant>,
) -> Result<Evidence, TreeError> {
    let paths = BTreeMap::new();
    let mut recorder = Recorder { upper, lower, before, since, paths, files: FILES, bytes: BYTES };
    // The outermost directory that an earlier run hid: what the host has got there since, no run saw.
    let mut unseen: Option<RelPath> = None;
    for entry in Walk::unlocking(upper) {
        let entry = entry?;
        unseen.take_if(|unseen| !entry.path.is_within(unseen));
        let there = readable(lower.stat(&entry.path))?.flatten();
        recorder.path(&entry.path, there.as_ref(), unseen.is_some())?;
        let is_dir = there.is_some_and(|stat| kind_of(&stat) == FileType::Directory);
        if is_dir && hides(upper, &entry.path, entry.kind())? {
            let was_hidden = matches!(before.paths.get(&entry.path), Some(Base::Hidden(_)));
            if was_hidden && unseen.is_none() {
                unseen = Some(entry.path.clone());
            }
            recorder.hidden(&entry.path, unseen.is_some())?;
        }
    }
    Ok(Evidence { paths: recorder.paths })
}

struct Recorder<'a> {
    upper: &'a Root,
    lower: &'a Root,
    before: &'a Evidence,
    since: Option<Instant>,
    paths: BTreeMap<RelPath, Base>,
    /// How many files, and bytes, are read at most.
    files: usize,
    bytes: u64,
}

impl Recorder<'_> {
    fn path(
        &mut self,
        path: &RelPath,
        there: Option<&Stat>,
        unseen: bool,
    ) -> Result<(), TreeError> {
        if self.paths.contains_key(path) {
            return Ok(());
        }
        let base = match self.before.paths.get(path) {
            Some(base) => base.clone(),
            None if unseen && there.is_some() => Base::Unknown,
            None => self.base(path, there)?,
        };
        self.paths.insert(path.clone(), base);
        Ok(())
    }

    /// A directory of the host that is hidden as a whole, with everything below it.
    fn hidden(&mut self, path: &RelPath, unseen: bool) -> Result<(), TreeError> {
        if let Some(base) = self.paths.get_mut(path)
            && let Base::Directory(mode) = *base
        {
            *base = Base::Hidden(mode);
        }
        if unseen {
            let known = self.before.paths.range(path.clone()..);
            let known =
                known.take_while(|(below, _)| below.as_bytes().starts_with(path.as_bytes()));
            let known = known.filter(|(below, _)| below.is_within(path) && *below != path);
            let known: Vec<_> = known.map(|(path, base)| (path.clone(), base.clone())).collect();
            self.paths.extend(known);
            return Ok(());
        }
        let Some(dir) = readable(self.lower.dir(path))? else { return Ok(()) };
        for entry in Walk::of(&dir) {
            let entry = entry?;
            self.path(&path.join(&entry.path), Some(&entry.stat), false)?;
        }
        Ok(())
    }

    fn base(&mut self, path: &RelPath, there: Option<&Stat>) -> Result<Base, TreeError> {
        let Some(stat) = there else {
            // The kernel marks what it copied up, and nobody inside can write that name; it may have
            // got another name inside, which is no news from the host.
            let gone = self.directory_changed(path)? && self.was_copied(path);
            return Ok(if gone { Base::Unknown } else { Base::Absent });
        };
        let (stamp, mode) = (Stamp::of(stat), stat.st_mode & 0o7777);
        let kind = kind_of(stat);
        // A directory's change time is that of its names.
        let may_differ = self.since.is_some_and(|since| stamp.changed() >= since);
        if may_differ && kind != FileType::Directory {
            return Ok(Base::Unknown);
        }
        Ok(match kind {
            FileType::RegularFile => Base::File { mode, stamp, digest: self.digest(path, stat) },
            FileType::Symlink => Base::Link(self.lower.link(path)?),
            FileType::Directory => Base::Directory(mode),
            _ => Base::Special,
        })
    }

    /// None: there is too much to read, or it may not be read. Then the times have to do.
    fn digest(&mut self, path: &RelPath, stat: &Stat) -> Option<crate::exact::Digest> {
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        self.files = self.files.checked_sub(1)?;
        self.bytes = self.bytes.checked_sub(size)?;
        let file = self.lower.file(path).ok()?;
        copy(&file, None).ok()
    }

    /// Whether names came or went on the host, where a path is, while the run lasted.
    fn directory_changed(&self, path: &RelPath) -> Result<bool, TreeError> {
        let Some(since) = self.since else { return Ok(false) };
        let dir = match path.parent() {
            None => Some(self.lower.stat_self()?),
            Some(parent) => readable(self.lower.stat(&parent))?.flatten(),
        };
        Ok(dir.is_some_and(|dir| Stamp::of(&dir).changed() >= since))
    }

    fn was_copied(&self, path: &RelPath) -> bool {
        let mut nothing = [0_u8; 0];
        let Ok(file) = self.upper.locked_file(path) else { return false };
        !matches!(
            rustix::fs::fgetxattr(&file, ORIGIN, &mut nothing),
            Err(Errno::NODATA | Errno::OPNOTSUPP)
        )
    }
}

const ORIGIN: &str = "user.overlay.origin";

/// The end of a run reads no more than this, whatever was changed.
const FILES: usize = 2000;
const BYTES: u64 = 64 << 20;
