//! Reading: every line, and whether the chain of digests holds.

use std::collections::HashSet;
use std::io::Read as _;

use drybox_tree::{Errno, RelPath, TreeOp};
use rustix::fs::FlockOperation;
use serde_json::Value;

use super::append::{Patience, lock};
use super::head::{Head, NOTHING};
use super::line::{Line, digest};
use super::{Log, LogError, MOST_BYTES};

/// One line of a log, read. Its strings were escaped by who wrote them; whether that was drybox is
/// what the chain says: show them as any other text.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// When it was written, in UTC.
    pub time: String,
    /// The number of the first line of the same run or command.
    pub run: u64,
    /// The box; none: nothing was to be kept.
    pub name: Option<String>,
    /// How often it happened.
    pub times: u64,
    /// The event, as `drybox run --json` has it.
    pub told: Value,
    /// The line as it stands.
    pub text: String,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A line that is none, half of one, or of another version; counted from 1 in its file.
    NoLine {
        /// Where.
        at: u64,
    },
    /// What stands before this line is not what was written before it: changed, moved, or gone.
    Before {
        /// The line's number.
        number: u64,
    },
    /// Lines behind the last one are gone.
    Cut {
        /// The number of the line that was last.
        last: u64,
    },
    /// The note of where it ended is gone or unreadable: nobody can tell whether its end is.
    NoHead,
    /// It is longer than drybox makes it; the rest was not read.
    TooLong,
}

/// A log as it stands.
#[derive(Debug, Default)]
pub struct Reading {
    /// Its lines, the oldest first.
    pub entries: Vec<Entry>,
    /// What is wrong with it, in order.
    pub faults: Vec<Fault>,
    /// The digest of its last line: whoever keeps it can tell later whether that line is still there.
    pub digest: String,
}

/// What was read so far, for a reader that waits for more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// The number of the last line.
    pub number: u64,
}

impl Log {
    /// Reads it, when nobody writes; a writer that does not come to an end is not waited for.
    ///
    /// # Errors
    /// *Host*.
    pub fn read(&self) -> Result<Reading, LogError> {
        let head_file = match self.folder.file(&self.head) {
            Err(error) if error.is_missing() => None,
            file => Some(file?),
        };
        if let Some(file) = &head_file {
            lock(file, FlockOperation::NonBlockingLockShared, Patience::Some).ok();
        }
        // The head first: a writer writes it last, so that the log can only be longer.
        let head = Head::decode(&self.text(&self.head)?);
        let mut reading = Reading::default();
        let mut chain = Chain {
            seen: 0,
            number: 0,
            digest: NOTHING.to_owned(),
            known: HashSet::new(),
            dropped: head.as_ref().map(|head| head.dropped),
        };
        for name in [&self.aside, &self.lines] {
            let text = self.text(name)?;
            if text.len() as u64 > MOST_TEXT {
                reading.faults.push(Fault::TooLong);
            }
            let (whole, torn) = match text.iter().rposition(|&byte| byte == b'\n') {
                Some(end) => text.split_at(end.saturating_add(1)),
                None => (&b""[..], text.as_slice()),
            };
            let mut at = 0_u64;
            for line in whole.split_inclusive(|&byte| byte == b'\n') {
                at = at.saturating_add(1);
                chain.take(line.strip_suffix(b"\n").unwrap_or(line), at, &mut reading);
            }
            if !torn.is_empty() {
                reading.faults.push(Fault::NoLine { at: at.saturating_add(1) });
            }
        }
        match head {
            None if chain.seen > 0 => reading.faults.push(Fault::NoHead),
            Some(head) if head.number > 0 && !chain.has(&head) => {
                reading.faults.push(Fault::Cut { last: head.number });
            }
            _ => {}
        }
        reading.digest = chain.digest;
        drop(head_file);
        Ok(reading)
    }

    /// The lines behind those that were read, as they stand: for a reader that waits for more.
    ///
    /// # Errors
    /// *Host*.
    pub fn read_on(&self, tail: &mut Tail) -> Result<Vec<Entry>, LogError> {
        let mut entries = self.read()?.entries;
        entries.retain(|entry| entry.number > tail.number);
        if let Some(last) = entries.last() {
            tail.number = last.number;
        }
        Ok(entries)
    }

    /// The length of what is written now: it changes with every line.
    ///
    /// # Errors
    /// *Host*.
    pub fn mark(&self) -> Result<(u64, u64), LogError> {
        let stat = self.folder.stat(&self.lines)?;
        let number = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(stat.map_or((0, 0), |stat| (stat.st_ino, number(stat.st_size))))
    }

    fn text(&self, name: &RelPath) -> Result<Vec<u8>, LogError> {
        let file = match self.folder.file(name) {
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            file => file?,
        };
        let mut text = Vec::new();
        let read = file.take(MOST_TEXT.saturating_add(1)).read_to_end(&mut text);
        read.map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            LogError::of(TreeOp::Read, name)(errno)
        })?;
        Ok(text)
    }
}

/// A file is never longer: the bound, and one batch more.
const MOST_TEXT: u64 = MOST_BYTES * 4;

/// The chain up to a line.
struct Chain {
    seen: u64,
    number: u64,
    digest: String,
    /// The digest of each line: a head that lags behind points into the middle.
    known: HashSet<(u64, String)>,
    /// The number of the last line that is rightly gone.
    dropped: Option<u64>,
}

impl Chain {
    fn take(&mut self, text: &[u8], at: u64, reading: &mut Reading) {
        let parsed = std::str::from_utf8(text).ok();
        let parsed = parsed.and_then(|text| Some((text, Line::parse(text.as_bytes())?)));
        let Some((text, line)) = parsed else {
            reading.faults.push(Fault::NoLine { at });
            return;
        };
        // Older ones than the first are gone for the log's bound, and the head knows which.
        let holds = match self.seen {
            0 => {
                self.dropped.is_none_or(|dropped| line.n == dropped.saturating_add(1))
                    && (line.n != 1 || line.prev == NOTHING)
            }
            _ => line.prev == self.digest && line.n == self.number.saturating_add(1),
        };
        if !holds {
            reading.faults.push(Fault::Before { number: line.n });
        }
        self.seen = self.seen.saturating_add(1);
        self.number = line.n;
        self.digest = digest(text.as_bytes());
        self.known.insert((line.n, self.digest.clone()));
        reading.entries.push(Entry {
            number: line.n,
            time: line.time.to_owned(),
            run: line.run,
            name: line.name.map(str::to_owned),
            times: line.times,
            told: serde_json::from_str(line.told.get()).unwrap_or_default(),
            text: text.to_owned(),
        });
    }

    fn has(&self, head: &Head) -> bool {
        self.known.contains(&(head.number, head.digest.clone()))
    }
}
