//! What one run has to tell, before it is written: bounded, and what repeats is counted.

use std::collections::BTreeMap;

use drybox_spec::Event;

/// Events that wait to be written. A payload that causes a hundred thousand of them takes no more
/// room than the bounds, and the log says how many are missing.
#[derive(Debug, Default)]
pub struct Batch {
    events: Vec<(String, u64)>,
    /// A map without random numbers: a run is not to fail because there are none.
    known: BTreeMap<String, usize>,
    bytes: usize,
    untold: u64,
    pub(super) scanned: bool,
}

impl Batch {
    /// Lines that a batch has room for.
    pub const MOST: usize = 256;
    /// Bytes of events that it has room for.
    pub const MOST_BYTES: usize = 64 << 10;

    /// Adds an event; one that is there already is only counted.
    pub fn push(&mut self, event: &Event) {
        self.add(event, Self::MOST_BYTES);
    }

    /// Adds an event that must not be crowded out: how the run ended.
    pub fn push_last(&mut self, event: &Event) {
        if self.untold > 0 {
            let untold = Event::Untold { events: std::mem::take(&mut self.untold) };
            self.add(&untold, usize::MAX);
        }
        self.add(event, usize::MAX);
    }

    /// Notes that the directory was looked through for what runs by itself.
    pub const fn scanned(&mut self) {
        self.scanned = true;
    }

    /// Nothing is to be written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty() && self.untold == 0
    }

    /// The events as JSON, and how often each happened.
    pub(super) fn events(&self) -> impl Iterator<Item = (&str, u64)> {
        self.events.iter().map(|(event, times)| (event.as_str(), *times))
    }

    fn add(&mut self, event: &Event, room: usize) {
        // Strings and numbers always are JSON.
        let Ok(text) = serde_json::to_string(event) else { return };
        if let Some((_, times)) = self.known.get(&text).and_then(|&at| self.events.get_mut(at)) {
            *times = times.saturating_add(1);
            return;
        }
        let bytes = self.bytes.saturating_add(text.len());
        if room != usize::MAX && (self.events.len() >= Self::MOST || bytes > room) {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        self.bytes = bytes;
        self.known.insert(text.clone(), self.events.len());
        self.events.push((text, 1));
    }
}
