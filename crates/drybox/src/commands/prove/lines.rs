//! Reads what a probe printed. It passed through a sandbox that may be anybody's: nothing of it is
//! believed beyond its form.

use std::collections::BTreeMap;

use drybox_probe::{Finding, LONGEST_LINE, Probe, Verdict};
use drybox_spec::Shown;
use serde::Deserialize;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// By id.
    pub(super) findings: BTreeMap<&'static str, Finding>,
    /// What no probe prints: shown safely, at most a few.
    pub(super) strange: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    id: String,
    result: Result,
    detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Result {
    Held,
    Open,
    Skipped,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: usize,
}

impl Lines {
    /// Reads the answers to `asked`.
    pub(super) fn read(output: &[u8], asked: &[&'static Probe]) -> Self {
        let mut lines = Self::default();
        let mut ends = 0_usize;
        for line in output.split(|byte| *byte == b'\n') {
            // A terminal ends lines with a carriage return.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            if let Ok(end) = serde_json::from_slice::<End>(line) {
                ends = ends.saturating_add(1);
                if end.end != lines.findings.len() || ends > 1 {
                    lines.tell(format!("it says that there were {} answers", end.end));
                }
            } else if ends > 0 || line.len() > LONGEST_LINE {
                lines.tell(quoted(line));
            } else {
                lines.take(line, asked);
            }
        }
        if ends == 0 && !lines.findings.is_empty() {
            lines.tell("the answers stop in the middle".to_owned());
        }
        lines
    }

    fn take(&mut self, line: &[u8], asked: &[&'static Probe]) {
        let Ok(said) = serde_json::from_slice::<Said>(line) else {
            return self.tell(quoted(line));
        };
        let Some(probe) = asked.iter().find(|probe| probe.id == said.id) else {
            return self
                .tell(format!("an answer that nobody asked for: {}", quoted(said.id.as_bytes())));
        };
        let verdict = match said.result {
            Result::Held => Verdict::Held,
            Result::Open => Verdict::Open,
            Result::Skipped => Verdict::Skipped,
        };
        // A detail's backslashes are escapes already.
        let finding = Finding::new(verdict, said.detail.replace('\\', "/"));
        if self.findings.insert(probe.id, finding).is_some() {
            self.tell(format!("two answers to {}", probe.id));
        }
    }

    fn tell(&mut self, what: String) {
        if self.strange.len() < FEW {
            self.strange.push(what);
        } else if let Some(last) = self.strange.last_mut() {
            "and more".clone_into(last);
        }
    }
}

fn quoted(bytes: &[u8]) -> String {
    let short = bytes.get(..80).unwrap_or(bytes);
    Shown(short).to_string()
}

const FEW: usize = 6;

#[cfg(test)]
mod tests {
    use drybox_probe::probe;

    use super::*;

    fn read(output: &[u8]) -> Lines {
        Lines::read(output, &[probe("FS-01").unwrap(), probe("FS-02").unwrap()])
    }

    #[test]
    fn answers_and_their_number_are_read() {
        let lines = read(
            b"{\"id\":\"FS-01\",\"result\":\"held\",\"detail\":\"ENOENT\"}\r\n\
              {\"id\":\"FS-02\",\"result\":\"open\",\"detail\":\"x\"}\n{\"end\":2}\n",
        );
        assert_eq!(lines.strange, Vec::<String>::new());
        assert_eq!(lines.findings["FS-01"], Finding::new(Verdict::Held, "ENOENT"));
        assert_eq!(lines.findings["FS-02"].verdict, Verdict::Open);
    }

    /// Each is told, and none is believed.
    #[test]
    fn what_no_probe_prints_is_told_and_shown_safely() {
        let held = "{\"id\":\"FS-01\",\"result\":\"held\",\"detail\":\"\"}\n";
        let hostile: &[(&str, String)] = &[
            ("garbage", "hello\n".into()),
            ("an escape", "\x1b]0;title\x07\n".into()),
            ("an unknown id", "{\"id\":\"XX-99\",\"result\":\"held\",\"detail\":\"\"}\n".into()),
            (
                "an unknown result",
                "{\"id\":\"FS-01\",\"result\":\"fine\",\"detail\":\"\"}\n".into(),
            ),
            (
                "a field more",
                "{\"id\":\"FS-01\",\"result\":\"held\",\"detail\":\"\",\"x\":1}\n".into(),
            ),
            ("two answers", format!("{held}{held}{{\"end\":1}}\n")),
            ("a wrong count", format!("{held}{{\"end\":99}}\n")),
            ("a line after the end", format!("{held}{{\"end\":1}}\n{held}")),
            ("no end", held.into()),
            ("a huge line", "x".repeat(100_000)),
            ("a deep one", "[".repeat(2000)),
            ("no text", "\u{202e}\u{0}\n".into()),
        ];
        for (what, output) in hostile {
            let lines = read(output.as_bytes());
            assert!(!lines.strange.is_empty(), "{what}");
            for told in &lines.strange {
                assert!(told.len() < 1000 && !told.chars().any(char::is_control), "{what}: {told}");
            }
        }
    }

    #[test]
    fn a_detail_cannot_draw() {
        let lines = read(b"{\"id\":\"FS-01\",\"result\":\"open\",\"detail\":\"\\u001b[2J\\u202e\"}\n{\"end\":1}\n");
        let detail = &lines.findings["FS-01"].detail;
        assert!(detail.chars().all(|c| c.is_ascii_graphic()), "{detail}");
    }

    #[test]
    fn a_flood_of_strange_lines_is_told_in_a_few() {
        assert_eq!(read("x\n".repeat(10_000).as_bytes()).strange.len(), FEW);
    }
}
