//! The findings for programs: `walls` and `limits` are what others may rely on; a change that
//! removes or renames something raises the version.

use std::collections::BTreeMap;

use drybox_run::doctor::{Finding, Findings, State};
use serde::Serialize;

pub(super) fn json(findings: &Findings) -> String {
    let told = Told {
        version: 1,
        ready: findings.ready,
        walls: findings.walls.iter().map(|wall| Row::of(wall, None)).collect(),
        limits: findings
            .limits
            .iter()
            .map(|limit| Row::of(&limit.finding, Some(limit.kept_by)))
            .collect(),
        surroundings: findings.surroundings.iter().map(|row| Row::of(row, None)).collect(),
        host: findings.host.iter().map(|(name, value)| (*name, value.as_str())).collect(),
    };
    // Strings and switches always are JSON.
    serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Told<'a> {
    version: u32,
    ready: bool,
    walls: Vec<Row<'a>>,
    limits: Vec<Row<'a>>,
    surroundings: Vec<Row<'a>>,
    host: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    /// Weaker counts: the box starts with it.
    in_force: bool,
    state: &'static str,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<&'a str>,
    why: Option<&'a str>,
    fix: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding, kept_by: Option<&'a str>) -> Self {
        Self {
            id: finding.id,
            in_force: matches!(finding.state, State::InForce | State::Weaker),
            state: match finding.state {
                State::InForce => "in_force",
                State::Weaker => "weaker",
                State::NotInForce => "not_in_force",
                State::Untried => "untried",
            },
            what: finding.what,
            kept_by,
            why: finding.why.as_deref(),
            fix: finding.fix.as_deref(),
        }
    }
}
