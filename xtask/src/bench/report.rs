//! What one user's runs came to, for people, for programs and for docs/performance.md.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::rounds::Runner;
use super::stats::{Ratio, Summary};

/// One user's runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) who: String,
    pub(super) machine: Machine,
    pub(super) load_before: f64,
    pub(super) load_after: f64,
    pub(super) pairs: usize,
    pub(super) groups: Vec<Group>,
}

/// Where it ran.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) kernel: String,
    pub(super) processor: String,
    pub(super) cpus: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) about: String,
    /// Whom every other one is compared with.
    pub(super) base: String,
    pub(super) over: Over,
    pub(super) lines: Vec<Line>,
    /// Who took no part, and why.
    pub(super) missing: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) summary: Summary,
    pub(super) ratio: Option<Ratio>,
}

/// Which way round the ratios of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Over {
    /// The base's time over the line's: below 1 the base is quicker.
    BaseOverIt,
    /// The line's time over the base's: above 1 it is dearer.
    ItOverBase,
}

impl Group {
    pub(super) fn new(name: &str, about: &str, base: &str, over: Over) -> Self {
        let (name, about, base) = (name.into(), about.into(), base.into());
        Self { name, about, base, over, lines: Vec::new(), missing: Vec::new() }
    }

    /// What the ratios are.
    fn ratio(&self) -> String {
        match self.over {
            _ if self.base.is_empty() => "-".into(),
            Over::BaseOverIt => format!("{} ÷ this", self.base),
            Over::ItOverBase => format!("this ÷ {}", self.base),
        }
    }

    /// Adds what was timed.
    pub(super) fn add(&mut self, runners: Vec<Runner>) {
        let base = self.base.clone();
        self.add_named(runners, &base, |name| name.to_owned());
    }

    /// Adds one piece of work.
    pub(super) fn add_work(&mut self, work: &str, runners: Vec<Runner>) {
        let base = self.base.clone();
        self.add_named(runners, &base, |name| format!("{work}: {name}"));
    }

    fn add_named(&mut self, runners: Vec<Runner>, base: &str, named: impl Fn(&str) -> String) {
        let of_base = runners.iter().find(|runner| runner.name == base);
        let of_base = of_base.map(|runner| runner.times.clone()).unwrap_or_default();
        for Runner { name, times, failed, .. } in runners {
            if let Some(why) = failed {
                self.missing.push(format!("{}: {why}", named(&name)));
            } else if !times.is_empty() {
                let (above, below) = match self.over {
                    Over::BaseOverIt => (&of_base, &times),
                    Over::ItOverBase => (&times, &of_base),
                };
                let ratio = Ratio::of(above, below).filter(|_| name != base);
                let summary = Summary::of(&times);
                self.lines.push(Line { name: named(&name), unit: "ms".into(), summary, ratio });
            }
        }
    }
}

impl Report {
    /// Why this is no result, if it is none: others were at work, or the same thing took now this
    /// long and now that.
    pub(super) fn noise(&self) -> Option<String> {
        let cpus = f64::from(u32::try_from(self.machine.cpus).unwrap_or(u32::MAX));
        if self.load_before > cpus * IDLE {
            return Some(format!("the load was {} before it began", self.load_before));
        }
        let lines = self.groups.iter().flat_map(|group| &group.lines);
        let wide = |line: &&Line| line.ratio.is_some_and(|r| (r.high - r.low) > r.median * WIDE);
        let unsure = lines.clone().filter(wide).count();
        let all = lines.filter(|line| line.ratio.is_some()).count();
        (unsure * 4 > all).then(|| format!("{unsure} of {all} ratios are not sure to {WIDE}"))
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let mut text = format!("as {}: {}\n", self.who, self.verdict());
        for group in &self.groups {
            _ = writeln!(text, "\n{}: {}; {}", group.name, group.about, group.ratio());
            for Line { name, unit, summary: Summary { median, p90, min }, ratio } in &group.lines {
                let ratio = ratio.map_or_else(String::new, |r| {
                    format!("{:.3} ({:.3} to {:.3})", r.median, r.low, r.high)
                });
                let spread = format!("p90 {p90:.3}, min {min:.3}");
                _ = writeln!(text, "  {ratio:<26} {name:<46} {median:>9.3} {unit} ({spread})");
            }
            for missing in &group.missing {
                _ = writeln!(text, "  without {missing}");
            }
        }
        text
    }

    /// For docs/performance.md.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("### As {}\n\n{}\n", self.who, self.verdict());
        for group in &self.groups {
            _ = write!(text, "\n**{}**: {}\n\n", group.name, group.about);
            let heads = format!("| {} (95 %) | what | median | p90 | min |", group.ratio());
            _ = writeln!(text, "{heads}\n|---|---|---|---|---|");
            for Line { name, unit, summary: Summary { median, p90, min }, ratio } in &group.lines {
                let ratio = ratio.map_or_else(String::new, |r| {
                    format!("{:.2} ({:.2} to {:.2})", r.median, r.low, r.high)
                });
                _ = writeln!(
                    text,
                    "| {ratio} | {name} | {median:.2} {unit} | {p90:.2} | {min:.2} |"
                );
            }
            if !group.missing.is_empty() {
                _ = writeln!(text, "\nWithout: {}.", group.missing.join("; "));
            }
        }
        text
    }

    fn verdict(&self) -> String {
        let Machine { kernel, processor, cpus } = &self.machine;
        let noise =
            self.noise().map_or_else(String::new, |why| format!("NOISY, not a result: {why}. "));
        format!(
            "{noise}{} rounds, Linux {kernel}, {cpus} × {processor}, load {} before and {} after",
            self.pairs, self.load_before, self.load_after
        )
    }
}

/// So much load a processor is nobody at work.
const IDLE: f64 = 0.3;
/// A ratio whose bounds are further apart than this part of it is not sure.
const WIDE: f64 = 0.1;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(load_before: f64, spread: f64) -> Report {
        let ratio = Some(Ratio { median: 1.0, low: 1.0 - spread, high: 1.0 + spread });
        let summary = Summary::once(1.0);
        let line = Line { name: "bwrap".into(), unit: "ms".into(), summary, ratio };
        let mut group = Group::new("start", "", "drybox run", Over::BaseOverIt);
        group.lines.push(line);
        group.missing.push("nono: not installed".into());
        let machine = Machine { kernel: "6".into(), processor: "x".into(), cpus: 2 };
        let groups = vec![group];
        Report { who: "user".into(), machine, load_before, load_after: 1.0, pairs: 9, groups }
    }

    #[test]
    fn a_busy_machine_and_unsure_ratios_are_no_result() {
        assert_eq!(report(0.2, 0.01).noise(), None);
        assert!(report(1.5, 0.01).noise().unwrap().contains("load"));
        assert!(report(0.2, 0.2).noise().unwrap().contains("not sure"));
        assert!(report(1.5, 0.01).markdown().contains("NOISY, not a result"));
        assert!(report(1.5, 0.01).text().contains("NOISY, not a result"));
    }

    #[test]
    fn who_is_missing_is_told_in_both_forms() {
        assert!(report(0.2, 0.01).text().contains("without nono: not installed"));
        assert!(report(0.2, 0.01).markdown().contains("nono: not installed"));
    }

    #[test]
    fn a_peer_that_failed_has_no_line() {
        let times = |ms| vec![(0, Duration::from_millis(ms)), (1, Duration::from_millis(ms))];
        let runner = |name: &str, ms, failed: Option<&str>| {
            let mut runner = Runner::new(name, std::process::Command::new("x"), 1, false);
            (runner.times, runner.failed) = (times(ms), failed.map(Into::into));
            runner
        };
        let mut group = Group::new("start", "", "ours", Over::BaseOverIt);
        group.add(vec![
            runner("ours", 2, None),
            runner("slow", 4, None),
            runner("bad", 1, Some("x")),
        ]);
        let lines: Vec<_> =
            group.lines.iter().map(|l| (l.name.as_str(), l.ratio.map(|r| r.median))).collect();
        assert_eq!(lines, [("ours", None), ("slow", Some(0.5))]);
        assert_eq!(group.missing, ["bad: x"]);
    }
}
