//! What `drybox doctor` found: a table for people, JSON for programs.

mod json;
mod screen;

use drybox_run::doctor::apparmor::Fix;
use drybox_run::doctor::{Finding, Findings, State};

use super::{Format, say};
use screen::Screen;

/// The findings, ready to print.
pub(crate) fn findings(findings: &Findings, format: Format) -> String {
    match format {
        Format::Text => text(findings, Screen::of_stdout()),
        Format::Json => json::json(findings),
    }
}

/// Shows a profile before it is written.
pub(crate) fn profile(fix: &Fix) {
    say(&format!("{} would be:\n\n{}\n", drybox_spec::Shown(path_bytes(fix)), fix.text));
    if let Some(warning) = &fix.warning {
        super::note(warning);
    }
}

fn path_bytes(fix: &Fix) -> &[u8] {
    use std::os::unix::ffi::OsStrExt as _;
    fix.path.as_os_str().as_bytes()
}

fn text(findings: &Findings, screen: Screen) -> String {
    let mut text = String::from("walls\n");
    let limits: Vec<&Finding> = findings.limits.iter().map(|limit| &limit.finding).collect();
    let walls: Vec<&Finding> = findings.walls.iter().collect();
    let around: Vec<&Finding> = findings.surroundings.iter().collect();
    let widest = |rows: &[&Finding]| rows.iter().map(|row| row.id.len()).max().unwrap_or_default();
    let width = widest(&walls).max(widest(&limits)).max(widest(&around));
    for row in walls {
        text += &lines(row, None, width, screen);
    }
    text += "\nlimits\n";
    for limit in &findings.limits {
        let kept_by = Some(limit.kept_by).filter(|by| !by.is_empty());
        text += &lines(&limit.finding, kept_by, width, screen);
    }
    text += "\nsurroundings\n";
    for row in around {
        text += &lines(row, None, width, screen);
    }
    for (name, value) in &findings.host {
        text += &screen.wrapped(&format!("  {name}: {value}"), 4);
    }
    text + "\n" + &screen.wrapped(&verdict(findings), 0)
}

/// A row, and below it why it is not in force and what mends it.
fn lines(row: &Finding, kept_by: Option<&str>, width: usize, screen: Screen) -> String {
    let (id, mark) = (row.id, screen.coloured(row.state, word(row.state)));
    let kept_by = kept_by.filter(|_| row.state == State::InForce);
    let what = match kept_by {
        Some(kept_by) => format!("{} ({kept_by})", row.what),
        None => row.what.to_owned(),
    };
    let mut text = match screen.has_columns(width) {
        true => {
            let indent = width.saturating_add(BEFORE);
            let what = screen.wrapped_behind(&what, indent);
            format!("  {mark}  {id:width$}  {what}")
        }
        false => format!("  {mark}  {id}\n{}", screen.wrapped(&format!("    {what}"), 4)),
    };
    if let Some(why) = &row.why {
        text += &screen.wrapped(&format!("        why: {why}"), 13);
    }
    if let Some(fix) = &row.fix {
        // Never broken: it is to be copied.
        text += &format!("        fix: {fix}\n");
    }
    text
}

/// Columns before the last one, the id's width aside: two margins, the word, two gaps.
const BEFORE: usize = 10;

/// Four letters each, so that columns align.
const fn word(state: State) -> &'static str {
    match state {
        State::InForce => "ok  ",
        State::Weaker => "weak",
        State::NotInForce => "NO  ",
        State::Untried => "?   ",
    }
}

fn verdict(findings: &Findings) -> String {
    let weaker = findings.walls.iter().filter(|wall| wall.state == State::Weaker).count();
    match (findings.ready, weaker) {
        (false, _) => "not ready: a box does not start here with every wall".to_owned(),
        (true, 0) => "ready: every wall is in force".to_owned(),
        (true, weaker) => format!("ready: every wall is in force, {weaker} of them weaker"),
    }
}

#[cfg(test)]
mod tests;
