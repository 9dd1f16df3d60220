//! One line: numbers, time and digest around an event.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::head::{Head, is_digest};
use super::{Stamp, VERSION, stamp};

/// What a line is, in this order.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    pub(super) v: u32,
    /// Its number, from 1 on.
    pub(super) n: u64,
    /// The digest of the line before.
    pub(super) prev: &'a str,
    pub(super) time: &'a str,
    /// The number of the first line of the same run or command.
    pub(super) run: u64,
    #[serde(rename = "box")]
    pub(super) name: Option<&'a str>,
    /// How often it happened.
    pub(super) times: u64,
    #[serde(borrow)]
    pub(super) told: &'a RawValue,
}

impl<'a> Line<'a> {
    /// A line of this version; none: it is not one.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(text).ok()?;
        (line.v == VERSION && is_digest(line.prev)).then_some(line)
    }
}

/// Appends the line of one event to `text`, and moves the head behind it.
pub(super) fn add(
    text: &mut Vec<u8>,
    head: &mut Head,
    run: u64,
    by: Stamp<'_>,
    event: (&str, u64),
) {
    let (told, times) = event;
    let Ok(told) = serde_json::from_str::<&RawValue>(told) else { return };
    let number = head.number.saturating_add(1);
    let line = Line {
        v: VERSION,
        n: number,
        prev: &head.digest,
        time: &stamp(by.time),
        run,
        name: by.name,
        times,
        told,
    };
    // Strings and numbers always are JSON.
    let Ok(line) = serde_json::to_vec(&line) else { return };
    head.add(number, &line);
    text.extend_from_slice(&line);
    text.push(b'\n');
}

impl Head {
    /// Moves behind a line.
    pub(super) fn add(&mut self, number: u64, line: &[u8]) {
        self.number = number;
        self.size = self.size.saturating_add(line.len() as u64).saturating_add(1);
        self.digest = digest(line);
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
