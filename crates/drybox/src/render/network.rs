//! What a run did with its network: what was refused and the flag that would allow it, and what
//! left for which host (I6).

use std::collections::BTreeMap;
use std::fmt::Write;

use drybox_spec::{Attempt, NetworkEvent, Shown, Verdict, Visit};

/// A line a host, at most so many of each kind.
pub(super) fn lines(events: &[NetworkEvent]) -> Vec<String> {
    let mut lines = Vec::new();
    let attempts = || {
        events.iter().filter_map(|event| match event {
            NetworkEvent::Attempt(attempt) => Some(attempt),
            _ => None,
        })
    };
    let refused = tally(attempts().filter(|attempt| attempt.verdict == Verdict::Refused));
    add(&mut lines, &refused, |(host, why), times, _| {
        let mut line = format!("refused: {host}: {why}{}", Times(times));
        if why == Attempt::NOT_ALLOWED {
            write!(line, "; --allow {host} would allow it").ok();
        }
        line
    });
    let failed = tally(attempts().filter(|attempt| attempt.verdict == Verdict::Failed));
    add(&mut lines, &failed, |(host, why), times, _| {
        format!("not reached: {host}: {why}{}", Times(times))
    });
    let sent = tally(attempts().filter(|attempt| attempt.sent >= WORTH_TELLING));
    add(&mut lines, &sent, |(host, _), _, sent| format!("{} left for {host}", Bytes(sent)));
    let mut unheard = BTreeMap::<u16, (u64, &str)>::new();
    for event in events {
        if let NetworkEvent::Visit(Visit { verdict: Verdict::Failed, port, why, .. }) = event {
            let (times, _) = unheard.entry(*port).or_insert((0, why));
            *times = times.saturating_add(1);
        }
    }
    lines.extend(unheard.into_iter().map(|(port, (times, why))| {
        format!("not reached: port {port} of the box (-p): {}{}", Shown(why), Times(times))
    }));
    for event in events {
        if let NetworkEvent::Untold { attempts } = event {
            lines.push(format!("{attempts} more attempts to reach the network are not told"));
        }
    }
    lines
}

/// Host and reason; how often, and how many bytes left.
type Tally = BTreeMap<(String, String), (u64, u64)>;

fn tally<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Tally {
    let mut tally = Tally::new();
    for attempt in attempts {
        let why = match attempt.verdict {
            Verdict::Allowed => String::new(),
            Verdict::Refused | Verdict::Failed => Shown(&attempt.why).to_string(),
        };
        let (times, sent) = tally.entry((attempt.host(), why)).or_default();
        *times = times.saturating_add(1);
        *sent = sent.saturating_add(attempt.sent);
    }
    tally
}

fn add(lines: &mut Vec<String>, tally: &Tally, line: impl Fn((&str, &str), u64, u64) -> String) {
    let each = tally.iter().take(MOST);
    lines.extend(each.map(|((host, why), (times, sent))| line((host, why), *times, *sent)));
    if let Some(more) = tally.len().checked_sub(MOST).filter(|&more| more > 0) {
        lines.push(format!("and {more} hosts more: see --json"));
    }
}

struct Times(u64);

impl std::fmt::Display for Times {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 > 1 { write!(out, " ({} times)", self.0) } else { Ok(()) }
    }
}

struct Bytes(u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 => write!(out, "{} MiB", bytes >> 20),
            bytes => write!(out, "{} KiB", bytes >> 10),
        }
    }
}

/// Bytes that left, worth a line: more than requests are.
const WORTH_TELLING: u64 = 256 * 1024;

/// Lines of each kind.
const MOST: usize = 10;

#[cfg(test)]
mod tests {
    use drybox_spec::Layer;

    use super::*;

    fn attempt(verdict: Verdict, name: Option<&str>, port: Option<u16>, sent: u64) -> NetworkEvent {
        NetworkEvent::Attempt(Attempt {
            verdict,
            layer: Layer::Policy,
            name: name.map(ToOwned::to_owned),
            address: Some("2001:db8::1".parse().unwrap()),
            port,
            why: Attempt::NOT_ALLOWED.to_owned(),
            sent,
            received: 0,
            began: 0,
            took: 0,
        })
    }

    #[test]
    fn a_refused_host_comes_with_the_flag_that_allows_it() {
        let events = [
            attempt(Verdict::Refused, Some("a.example"), None, 0),
            attempt(Verdict::Refused, Some("a.example"), Some(443), 0),
            attempt(Verdict::Refused, None, Some(22), 0),
        ];
        assert_eq!(
            lines(&events),
            [
                "refused: [2001:db8::1]:22: no rule allows it; --allow [2001:db8::1]:22 would allow it",
                "refused: a.example: no rule allows it (2 times); --allow a.example would allow it",
            ]
        );
    }

    #[test]
    fn what_left_is_told_when_it_is_much() {
        let sent = |bytes| attempt(Verdict::Allowed, Some("a.example"), Some(443), bytes);
        assert_eq!(lines(&[sent(1000)]), Vec::<String>::new());
        assert_eq!(lines(&[sent(2 << 20), sent(3 << 20)]), ["5 MiB left for a.example"]);
    }

    #[test]
    fn many_hosts_are_cut_short() {
        let events: Vec<_> = (0..50)
            .map(|n| attempt(Verdict::Refused, Some(&format!("n{n}.example")), None, 0))
            .chain([NetworkEvent::Untold { attempts: 7 }])
            .collect();
        let lines = lines(&events);
        assert_eq!(lines.len(), MOST + 2);
        assert_eq!(lines[MOST], "and 40 hosts more: see --json");
    }
}
