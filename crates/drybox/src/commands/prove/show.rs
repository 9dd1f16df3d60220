//! What `prove` prints.

use std::fmt::Write;

use drybox_probe::{Finding, OTHER, Probe, Verdict};
use drybox_spec::Shown;
use serde::Serialize;

use super::engines::KNOWN;
use super::judge::Judged;
use crate::render::Format;

/// One engine, for people.
pub(super) fn one(judged: &Judged) -> String {
    let mut text = String::new();
    for (group, findings) in by_group(&judged.findings) {
        writeln!(text, "{group}").ok();
        for (probe, finding) in findings {
            let word = word(finding);
            writeln!(text, "  {word:<8} {:<6} {}: {}", probe.id, probe.what, finding.detail).ok();
        }
    }
    strange(&mut text, judged);
    writeln!(text, "{}", summary(judged)).ok();
    text
}

/// Several, side by side, and below what was not held.
pub(super) fn side_by_side(all: &[Judged]) -> String {
    let mut text = String::new();
    let ran: Vec<&Judged> = all.iter().filter(|judged| judged.error.is_none()).collect();
    let names: Vec<String> = ran.iter().map(|judged| short(&judged.engine)).collect();
    let widths: Vec<usize> = names.iter().map(|name| name.chars().count().max(8)).collect();
    let mut head = format!("{:<7}", "");
    for (name, width) in names.iter().zip(&widths) {
        write!(head, " {name:<width$}").ok();
    }
    writeln!(text, "{head} attempt").ok();
    let probes = ran.first().map(|judged| judged.findings.as_slice()).unwrap_or_default();
    for (group, findings) in by_group(probes) {
        writeln!(text, "{group}").ok();
        for (probe, _) in findings {
            write!(text, "{:<7}", probe.id).ok();
            for (judged, width) in ran.iter().zip(&widths) {
                let found = judged.findings.iter().find(|(other, _)| other.id == probe.id);
                let cell = found.map_or("no answer", |(_, finding)| word(finding));
                write!(text, " {cell:<width$}").ok();
            }
            writeln!(text, " {}", probe.what).ok();
        }
    }
    text.push('\n');
    for judged in all {
        match &judged.error {
            Some(error) => writeln!(text, "{}: did not run: {error}", short(&judged.engine)).ok(),
            None => writeln!(text, "{}", summary(judged)).ok(),
        };
        strange(&mut text, judged);
    }
    text.push_str(LEGEND);
    text
}

const LEGEND: &str = "\
held: refused as it has to be, and it succeeds outside. OPEN: it succeeded. other: refused, but not
as listed: the thing is there, and something else refuses (counted as open). skipped: it cannot
be made here, or outside it is refused too, so that it proves nothing.
";

fn word(finding: &Finding) -> &'static str {
    match finding.verdict {
        Verdict::Held => "held",
        Verdict::Open if finding.detail.starts_with(OTHER) => "other",
        Verdict::Open => "OPEN",
        Verdict::Skipped => "skipped",
    }
}

fn summary(judged: &Judged) -> String {
    let other = judged.findings.iter().filter(|(_, finding)| word(finding) == "other").count();
    let other =
        if other > 0 { format!(" ({other} of them in another way)") } else { String::new() };
    format!(
        "{}: {} held, {} open{other}, {} skipped",
        short(&judged.engine),
        judged.count(Verdict::Held),
        judged.count(Verdict::Open),
        judged.count(Verdict::Skipped)
    )
}

fn strange(text: &mut String, judged: &Judged) {
    for told in &judged.strange {
        writeln!(text, "error: {} printed what no probe prints: {told}", short(&judged.engine))
            .ok();
    }
}

/// A template is known by its first words.
fn short(engine: &str) -> String {
    Shown(engine.chars().take(20).collect::<String>()).to_string()
}

type Of<T> = (&'static Probe, T);

fn by_group<T>(findings: &[Of<T>]) -> Vec<(&'static str, Vec<&Of<T>>)> {
    let mut groups: Vec<(&'static str, Vec<_>)> = Vec::new();
    for pair in findings {
        match groups.last_mut() {
            Some((group, rows)) if *group == pair.0.group() => rows.push(pair),
            _ => groups.push((pair.0.group(), vec![pair])),
        }
    }
    groups
}

#[derive(Serialize)]
struct Answer<'a> {
    engine: &'a str,
    held: usize,
    open: usize,
    skipped: usize,
    probes: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    strange: &'a [String],
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    group: &'a str,
    result: &'a str,
    detail: &'a str,
}

impl<'a> Answer<'a> {
    fn of(judged: &'a Judged) -> Self {
        let rows = judged.findings.iter().map(|(probe, finding)| Row {
            id: probe.id,
            group: probe.group(),
            result: finding.verdict.word(),
            detail: &finding.detail,
        });
        Self {
            engine: &judged.engine,
            held: judged.count(Verdict::Held),
            open: judged.count(Verdict::Open),
            skipped: judged.count(Verdict::Skipped),
            probes: rows.collect(),
            error: judged.error.as_deref(),
            strange: &judged.strange,
        }
    }
}

/// One engine, for programs (design: what outsiders may rely on).
pub(super) fn json(judged: &Judged) -> String {
    line(&Answer::of(judged))
}

/// Several, for programs.
pub(super) fn json_of_several(all: &[Judged]) -> String {
    #[derive(Serialize)]
    struct Answers<'a> {
        engines: Vec<Answer<'a>>,
    }
    line(&Answers { engines: all.iter().map(Answer::of).collect() })
}

/// Strings and numbers always are JSON.
fn line(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_default() + "\n"
}

/// Every attempt, and the engines that have a name.
pub(super) fn list(probes: &[&'static Probe], format: Format) -> String {
    #[derive(Serialize)]
    struct Listed<'a> {
        id: &'a str,
        group: &'a str,
        what: &'a str,
        source: &'a str,
    }
    let listed = |probe: &&'static Probe| Listed {
        id: probe.id,
        group: probe.group(),
        what: probe.what,
        source: probe.source,
    };
    if format == Format::Json {
        return line(&probes.iter().map(listed).collect::<Vec<_>>());
    }
    let mut text = String::new();
    let pairs: Vec<(&'static Probe, ())> = probes.iter().map(|probe| (*probe, ())).collect();
    for (group, rows) in by_group(&pairs) {
        writeln!(text, "{group}").ok();
        for (probe, ()) in rows {
            writeln!(text, "  {:<6} {} ({})", probe.id, probe.what, probe.source).ok();
        }
    }
    writeln!(text, "engines").ok();
    for known in KNOWN {
        writeln!(text, "  {:<9} {}\n  {:<9} ({})", known.name, known.template, "", known.source)
            .ok();
    }
    text
}
