//! Median, spread, and how sure a ratio is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds, or what else a case counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) p90: f64,
    pub(super) min: f64,
}

impl Summary {
    pub(super) fn of(samples: &[(usize, Duration)]) -> Self {
        let mut sorted: Vec<Duration> = samples.iter().map(|(_, time)| *time).collect();
        sorted.sort_unstable();
        Self { median: at(&sorted, 50), p90: at(&sorted, 90), min: at(&sorted, 0) }
    }

    /// One number that was counted once.
    pub(super) const fn once(value: f64) -> Self {
        Self { median: value, p90: value, min: value }
    }
}

/// A ratio of two medians, and where 95 % of resampled ratios lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ratio {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Ratio {
    /// A bootstrap over whole rounds: what slowed one round slowed both of its runs. Rounds in which
    /// only one of the two took part say nothing.
    pub(super) fn of(ours: &[(usize, Duration)], peer: &[(usize, Duration)]) -> Option<Self> {
        let same = |(round, time): &(usize, Duration)| {
            peer.iter().find(|(other, _)| other == round).map(|(_, other)| (*time, *other))
        };
        let rounds: Vec<(Duration, Duration)> = ours.iter().filter_map(same).collect();
        if rounds.is_empty() {
            return None;
        }
        let of = |rounds: &[(Duration, Duration)]| {
            ratio(rounds.iter().map(|r| r.0).collect(), rounds.iter().map(|r| r.1).collect())
        };
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut ratios: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn: Vec<_> = rounds
                    .iter()
                    .filter_map(|_| rounds.get(random.below(rounds.len())).copied())
                    .collect();
                of(&drawn)
            })
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let bound = |permille: usize| {
            let index = ratios.len().saturating_mul(permille) / 1000;
            ratios.get(index).copied().unwrap_or_default()
        };
        Some(Self { median: of(&rounds), low: bound(25), high: bound(975) })
    }
}

fn ratio(mut ours: Vec<Duration>, mut peer: Vec<Duration>) -> f64 {
    ours.sort_unstable();
    peer.sort_unstable();
    at(&ours, 50) / at(&peer, 50)
}

/// A percentile of sorted samples, in milliseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let index = sorted.len().saturating_mul(percent) / 100;
    let sample = sorted.get(index.min(sorted.len().saturating_sub(1)));
    sample.copied().unwrap_or_default().as_secs_f64() * 1000.0
}

/// xorshift64: the same samples give the same bounds.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % limit.max(1)
    }
}

const RESAMPLES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: &[u64]) -> Vec<(usize, Duration)> {
        values.iter().copied().map(Duration::from_millis).enumerate().collect()
    }

    #[test]
    fn rounds_of_one_alone_do_not_count() {
        let ours = ms(&[5, 100, 5, 100]);
        let rare: Vec<_> = ms(&[10, 10, 10, 10]).into_iter().step_by(2).collect();
        assert_eq!(Ratio::of(&ours, &rare).unwrap().median, 0.5);
        assert_eq!(Ratio::of(&ours, &[]), None);
    }

    #[test]
    fn the_summary_is_that_of_the_sorted_samples() {
        let summary = Summary::of(&ms(&[5, 1, 3, 2, 4]));
        assert_eq!(summary, Summary { median: 3.0, p90: 5.0, min: 1.0 });
    }

    #[test]
    fn the_bounds_enclose_the_ratio_and_widen_with_the_noise() {
        let peer = ms(&[10; 50]);
        let steady = Ratio::of(&ms(&[5; 50]), &peer).unwrap();
        assert_eq!(steady, Ratio { median: 0.5, low: 0.5, high: 0.5 });
        let noisy: Vec<u64> = (0..50).map(|n| if n % 2 == 0 { 4 } else { 8 }).collect();
        let noisy = Ratio::of(&ms(&noisy), &peer).unwrap();
        assert!(noisy.low <= noisy.median && noisy.median <= noisy.high && noisy.low < noisy.high);
    }
}
