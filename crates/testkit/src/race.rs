//! A thread that races with what is tested: swaps a path, changes a file, over and over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Does something over and over until it is dropped or stopped.
#[derive(Debug)]
#[must_use = "dropped, it stops"]
pub struct Racer {
    stop: Arc<AtomicBool>,
    turns: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Racer {
    /// Starts the thread; `act` gets the number of its turn, so that it can alternate.
    pub fn start(mut act: impl FnMut(u64) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicU64::new(0));
        let (seen, count) = (Arc::clone(&stop), Arc::clone(&turns));
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                act(count.fetch_add(1, Ordering::Relaxed));
            }
        });
        Self { stop, turns, thread: Some(thread) }
    }

    /// How many turns have begun: a race that was not run proves nothing.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Stops it; fails when the thread failed.
    #[track_caller]
    pub fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(!matches!(ended, Some(Err(_))), "the racing thread failed");
        self.turns()
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The test is over, well or not: a failed race has nothing to add.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_until_it_is_stopped() {
        let racer = Racer::start(|_| std::thread::yield_now());
        while racer.turns() < 100 {
            std::thread::yield_now();
        }
        assert!(racer.stop() >= 100);
    }

    #[test]
    fn a_race_that_failed_fails_the_test() {
        let racer = Racer::start(|turn| assert!(turn < 3, "on purpose"));
        while racer.turns() < 4 {
            std::thread::yield_now();
        }
        let stop = std::panic::AssertUnwindSafe(|| racer.stop());
        assert!(std::panic::catch_unwind(stop).is_err());
    }
}
