//! Writing: under the lock of the head, in one piece, never over what is there.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime};

use drybox_spec::{Event, Mended};
use drybox_tree::{Errno, RelPath, TreeOp};
use rustix::fs::{
    FlockOperation, Mode, OFlags, RenameFlags, flock, fstat, ftruncate, openat, renameat_with,
};
use rustix::io::{pread, pwrite, write};

use super::head::Head;
use super::line::{Line, add};
use super::{Batch, Log, LogError, MOST_BYTES, Stamp};

/// How long to wait for another writer, who needs some microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// A second.
    Some,
}

/// What was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The number of the first line.
    pub first: u64,
    /// When the directory was last looked through for what runs by itself, in seconds since 1970; 0:
    /// never.
    pub scanned: u64,
}

impl Log {
    /// Appends what a batch holds; a run's first line gives the run its number.
    ///
    /// # Errors
    /// *Host*: nothing of it is in the log then, and a full disk leaves no half line.
    pub fn append(
        &self,
        batch: &Batch,
        by: Stamp<'_>,
        patience: Patience,
    ) -> Result<Appended, LogError> {
        let head_file = self.file(&self.head, OFlags::RDWR)?;
        lock(&head_file, FlockOperation::NonBlockingLockExclusive, patience).map_err(|errno| {
            match errno {
                Errno::WOULDBLOCK => LogError::InUse,
                errno => LogError::of(TreeOp::Open, &self.head)(errno),
            }
        })?;
        let mut file = self.file(&self.lines, OFlags::RDWR | OFlags::APPEND)?;
        let failed = || LogError::of(TreeOp::Write, &self.lines);
        let Found { mut head, mended, mut size } = self.found(&head_file, &file)?;
        if head.number == 0 && size == 0 {
            self.sweep()?;
        }
        if size > MOST_BYTES {
            drop(file);
            let flags = RenameFlags::empty();
            let (lines, aside) = (self.lines.as_bytes(), self.aside.as_bytes());
            renameat_with(&self.folder, lines, &self.folder, aside, flags).map_err(failed())?;
            file = self.file(&self.lines, OFlags::RDWR | OFlags::APPEND)?;
            size = 0;
            head.put_aside();
        }
        let mut text = Vec::new();
        if size > 0 && !ends_line(&file, size).map_err(failed())? {
            text.push(b'\n');
        }
        head.size = size.saturating_add(text.len() as u64);
        let first = head.number.saturating_add(1).saturating_add(u64::from(mended.is_some()));
        let run = by.run.unwrap_or(first);
        if let Some(mended) = mended {
            let event = serde_json::to_string(&Event::Mended(mended)).unwrap_or_default();
            add(&mut text, &mut head, run, by, (&event, 1));
        }
        for event in batch.events() {
            add(&mut text, &mut head, run, by, event);
        }
        if let Err(errno) = write_all(&file, &text) {
            // Half a line would be told as a torn one.
            ftruncate(&file, size).map_err(failed())?;
            return Err(failed()(errno));
        }
        if batch.scanned {
            head.scanned = seconds(by.time);
        }
        write_head(&head_file, &head).map_err(LogError::of(TreeOp::Write, &self.head))?;
        Ok(Appended { first, scanned: head.scanned })
    }

    /// Where the log ends, and whether that is where it was left.
    fn found(&self, head_file: &OwnedFd, file: &OwnedFd) -> Result<Found, LogError> {
        let failed = || LogError::of(TreeOp::Read, &self.lines);
        let size = size_of(file).map_err(failed())?;
        let noted = read_head(head_file).map_err(LogError::of(TreeOp::Read, &self.head))?;
        let Some(mut head) = noted else {
            let begun = self.folder.stat(&self.aside)?.is_some() || size > 0;
            return self.without_head(file, size, begun);
        };
        if head.size == size {
            return Ok(Found { head, mended: None, size });
        }
        if size < head.size && self.aside_size()? == Some(head.size) {
            // By a process that was killed before it noted that.
            head.put_aside();
        }
        if size < head.size {
            return Ok(Found { head, mended: Some(Mended::Cut), size });
        }
        self.beyond(head, file, size)
    }

    /// What was written, and then not noted: the writer was killed.
    fn beyond(&self, mut head: Head, file: &OwnedFd, size: u64) -> Result<Found, LogError> {
        let failed = || LogError::of(TreeOp::Read, &self.lines);
        if size.saturating_sub(head.size) > LONGEST_TAIL {
            return Ok(Found { head, mended: Some(Mended::Foreign), size });
        }
        let tail = read_at(file, head.size, size).map_err(failed())?;
        let mut rest = tail.as_slice();
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = rest.split_at(end);
            let next = head.number.saturating_add(1);
            let is_next =
                Line::parse(line).is_some_and(|line| line.prev == head.digest && line.n == next);
            if !is_next {
                return Ok(Found { head, mended: Some(Mended::Foreign), size });
            }
            rest = after.get(1..).unwrap_or_default();
            head.add(next, line);
        }
        if rest.is_empty() && head.size == size {
            return Ok(Found { head, mended: None, size });
        }
        let bytes = size.saturating_sub(head.size);
        ftruncate(file, head.size).map_err(failed())?;
        let size = head.size;
        Ok(Found { head, mended: Some(Mended::Torn { bytes }), size })
    }

    /// The lines themselves say where they begin and end.
    fn without_head(&self, file: &OwnedFd, size: u64, begun: bool) -> Result<Found, LogError> {
        let failed = || LogError::of(TreeOp::Read, &self.lines);
        let mut head = Head::fresh();
        if !begun {
            return Ok(Found { head, mended: None, size });
        }
        let first = read_at(file, 0, size).map_err(failed())?;
        let aside = self.first_of_aside()?;
        head.aside = before(&first);
        head.dropped = aside.as_deref().map_or(head.aside, before);
        let last = read_at(file, size.saturating_sub(LONGEST_TAIL), size).map_err(failed())?;
        let lines = last.split(|&byte| byte == b'\n').rev();
        if let Some((text, line)) = lines.filter_map(|text| Some((text, Line::parse(text)?))).next()
        {
            head.add(line.n, text);
        }
        head.size = size;
        Ok(Found { head, mended: Some(Mended::NoHead), size })
    }

    fn first_of_aside(&self) -> Result<Option<Vec<u8>>, LogError> {
        let file = match self.folder.file(&self.aside) {
            Err(error) if error.is_missing() => return Ok(None),
            file => OwnedFd::from(file?),
        };
        read_at(&file, 0, LONGEST_TAIL).map(Some).map_err(LogError::of(TreeOp::Read, &self.aside))
    }

    fn aside_size(&self) -> Result<Option<u64>, LogError> {
        let stat = self.folder.stat(&self.aside)?;
        Ok(stat.and_then(|stat| u64::try_from(stat.st_size).ok()))
    }

    /// One of the files, made when it is not there.
    fn file(&self, name: &RelPath, flags: OFlags) -> Result<OwnedFd, LogError> {
        // Nobody else writes the folder; what is no file is not waited for.
        let flags = flags | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        openat(&self.folder, name.as_bytes(), flags, mode).map_err(LogError::of(TreeOp::Open, name))
    }
}

struct Found {
    head: Head,
    mended: Option<Mended>,
    /// The length of the file.
    size: u64,
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The longest stretch of a log that is looked through for its last line.
const LONGEST_TAIL: u64 = 1 << 20;

/// Locks a file, until it is closed.
pub(super) fn lock(file: &impl AsFd, how: FlockOperation, patience: Patience) -> Result<(), Errno> {
    const STEP: Duration = Duration::from_millis(5);
    let tries = if patience == Patience::None { 1 } else { 200 };
    for left in (0..tries).rev() {
        match flock(file, how) {
            Err(Errno::WOULDBLOCK | Errno::INTR) if left > 0 => std::thread::sleep(STEP),
            done => return done,
        }
    }
    Err(Errno::WOULDBLOCK)
}

fn size_of(file: &OwnedFd) -> Result<u64, Errno> {
    Ok(u64::try_from(fstat(file)?.st_size).unwrap_or(0))
}

fn ends_line(file: &OwnedFd, size: u64) -> Result<bool, Errno> {
    let mut last = [0];
    pread(file, &mut last, size.saturating_sub(1))?;
    Ok(last == *b"\n")
}

fn read_head(file: &OwnedFd) -> Result<Option<Head>, Errno> {
    let mut text = [0; Head::LENGTH];
    let length = pread(file, &mut text, 0)?;
    Ok(text.get(..length).and_then(Head::decode))
}

fn write_head(file: &OwnedFd, head: &Head) -> Result<(), Errno> {
    let text = head.encode();
    match pwrite(file, text.as_bytes(), 0)? {
        length if length == text.len() => Ok(()),
        _ => Err(Errno::NOSPC),
    }
}

/// A stretch of a file; no more than [`LONGEST_TAIL`] and what a batch takes.
fn read_at(file: &OwnedFd, from: u64, to: u64) -> Result<Vec<u8>, Errno> {
    let length = to.saturating_sub(from).min(LONGEST_TAIL);
    let mut text = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0_usize;
    while let Some(room) = text.get_mut(filled..).filter(|room| !room.is_empty()) {
        match pread(file, room, from.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(length) => filled = filled.saturating_add(length),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    text.truncate(filled);
    Ok(text)
}

fn write_all(file: &OwnedFd, mut text: &[u8]) -> Result<(), Errno> {
    while !text.is_empty() {
        match write(file, text) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(length) => text = text.get(length..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// How many lines there were before these.
fn before(lines: &[u8]) -> u64 {
    let first = lines.split(|&byte| byte == b'\n').find_map(Line::parse);
    first.map_or(0, |line| line.n.saturating_sub(1))
}
