//! What a scan found, as text or as JSON.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use drybox_spec::Shown;
use drybox_workspace::hold::{Held, Severity};
use drybox_workspace::scan::{Found, Why};
use serde::Serialize;

use super::Format;

/// The findings, the worst first.
pub(crate) fn scan(directory: &Path, found: &Found, format: Format) -> String {
    match format {
        Format::Text => text(directory, found),
        Format::Json => json(directory, found),
    }
}

fn text(directory: &Path, found: &Found) -> String {
    let mut out = String::new();
    for severity in [Severity::Crit, Severity::High, Severity::Med] {
        let held: Vec<&Held> = found.held.iter().filter(|held| held.severity == severity).collect();
        if !held.is_empty() {
            line(&mut out, format_args!("{}: {}", severity.word(), meaning(severity)));
        }
        for held in held {
            line(&mut out, format_args!("  {}  {}", Shown(&held.path), held.rule));
            line(&mut out, format_args!("      {}", held.why));
            for shown in &held.lines {
                match shown.line {
                    0 => line(&mut out, format_args!("      {}", shown.text)),
                    number => line(&mut out, format_args!("      {number}: {}", shown.text)),
                }
            }
        }
    }
    for skipped in &found.skipped {
        line(
            &mut out,
            format_args!("not looked into: {} ({})", Shown(&skipped.path), why(skipped.why)),
        );
    }
    if found.more_skipped > 0 {
        line(&mut out, format_args!("not looked into: {} more", found.more_skipped));
    }
    if found.cut {
        line(&mut out, format_args!("a limit ended the search: there may be more"));
    }
    let directory = Shown(directory.as_os_str().as_bytes());
    line(
        &mut out,
        format_args!("{} findings in {} entries of {directory}", found.held.len(), found.entries),
    );
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.push_str(&format!("{text}\n"));
}

const fn meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::Crit => "runs or is obeyed with no further step",
        Severity::High => "runs on an everyday command",
        Severity::Med => "is believed, or lowers a guard",
    }
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::MachineMade => "made by machines",
        Why::OtherFilesystem => "another file system",
        Why::Unreadable => "unreadable",
        Why::TooDeep => "too deep",
    }
}

fn json(directory: &Path, found: &Found) -> String {
    let files = found.held.chunk_by(|one, next| one.path == next.path);
    let value = Value {
        directory: Shown(directory.as_os_str().as_bytes()).to_string(),
        entries: found.entries,
        complete: !found.cut,
        found: files
            .filter_map(|held| Some(File { path: Shown(&held.first()?.path).to_string(), held }))
            .collect(),
        skipped: found
            .skipped
            .iter()
            .map(|s| Place { path: Shown(&s.path).to_string(), why: s.why })
            .collect(),
    };
    serde_json::to_string(&value).map(|text| text + "\n").unwrap_or_default()
}

#[derive(Serialize)]
struct Value<'a> {
    directory: String,
    entries: u64,
    complete: bool,
    found: Vec<File<'a>>,
    skipped: Vec<Place>,
}

#[derive(Serialize)]
struct File<'a> {
    path: String,
    held: &'a [Held],
}

#[derive(Serialize)]
struct Place {
    path: String,
    why: Why,
}
