//! Controls and engines, put together: what may be said of each attempt.

use std::collections::BTreeMap;
use std::ffi::OsString;

use drybox_probe::{Control, Finding, Probe, Scene, Verdict};

use super::canaries::Canaries;
use super::engines::{Engine, Places};
use super::lines::Lines;
use super::{HIDDEN, ProveError, Silence, trial};

/// What came of every attempt in one engine.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) engine: String,
    /// It gave no answer at all.
    pub(super) error: Option<String>,
    /// It printed what no probe prints.
    pub(super) strange: Vec<String>,
    pub(super) findings: Vec<(&'static Probe, Finding)>,
}

impl Judged {
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|(_, finding)| finding.verdict == verdict).count()
    }
}

type Findings = BTreeMap<&'static str, Finding>;

/// Makes the attempts outside, then in each engine.
pub(super) fn all(
    canaries: &Canaries,
    engines: &[Engine],
    probes: &[&'static Probe],
) -> Result<Vec<Judged>, ProveError> {
    let control = Controls::make(canaries, probes)?;
    Ok(engines.iter().map(|engine| judge(canaries, engine, probes, &control)).collect())
}

/// What the attempts get outside.
struct Controls {
    outside: Findings,
    /// In namespaces of their own; only those that ask for it.
    capable: Findings,
}

impl Controls {
    fn make(canaries: &Canaries, probes: &[&'static Probe]) -> Result<Self, ProveError> {
        let bare = Engine::named("none", &[]);
        let (outside, silence) = run(canaries, &bare, probes, &canaries.scene_outside());
        if outside.findings.is_empty() && !probes.is_empty() {
            let silence = silence.unwrap_or_else(|| "it prints nothing".to_owned());
            return Err(ProveError::Control { source: Silence(silence) });
        }
        let wanting: Vec<&'static Probe> = probes
            .iter()
            .filter(|probe| probe.control == Control::Capable)
            .filter(|probe| !succeeds(outside.findings.get(probe.id)))
            .copied()
            .collect();
        let mut scene = canaries.scene_outside();
        scene.set("NAMESPACES", "1");
        let (capable, _) = match wanting.is_empty() {
            true => (Lines::default(), None),
            false => run(canaries, &bare, &wanting, &scene),
        };
        Ok(Self { outside: outside.findings, capable: capable.findings })
    }

    /// What shows that the attempt can succeed; none: nothing does.
    fn of(&self, probe: &Probe) -> Option<&Finding> {
        let all = [self.outside.get(probe.id), self.capable.get(probe.id)];
        all.into_iter().flatten().find(|finding| finding.verdict == Verdict::Open)
    }
}

fn succeeds(finding: Option<&Finding>) -> bool {
    finding.is_some_and(|finding| finding.verdict == Verdict::Open)
}

fn judge(
    canaries: &Canaries,
    engine: &Engine,
    probes: &[&'static Probe],
    control: &Controls,
) -> Judged {
    let bare = engine.name == "none";
    let scene = if bare { canaries.scene_outside() } else { canaries.scene_inside() };
    let (lines, silence) = run(canaries, engine, probes, &scene);
    let mut judged = Judged {
        engine: engine.name.clone(),
        error: None,
        strange: lines.strange,
        findings: Vec::new(),
    };
    if lines.findings.is_empty() {
        judged.error = Some(silence.unwrap_or_else(|| "it prints nothing".to_owned()));
        return judged;
    }
    judged.strange.extend(silence);
    judged.findings = probes
        .iter()
        .map(|probe| (*probe, finding(lines.findings.get(probe.id), probe, control)))
        .collect();
    judged
}

/// Held counts only where the attempt succeeds outside.
fn finding(seen: Option<&Finding>, probe: &Probe, control: &Controls) -> Finding {
    let Some(seen) = seen else {
        return Finding::new(Verdict::Open, "no answer");
    };
    if seen.verdict != Verdict::Held || control.of(probe).is_some() {
        return seen.clone();
    }
    let outside = control.outside.get(probe.id).map_or("no answer", |finding| &*finding.detail);
    let detail = format!("{}; proves nothing here: outside {outside} too", seen.detail);
    Finding { verdict: Verdict::Skipped, detail }
}

/// Runs the probe somewhere; what the host saw overrules what it says.
fn run(
    canaries: &Canaries,
    engine: &Engine,
    probes: &[&'static Probe],
    scene: &Scene,
) -> (Lines, Option<String>) {
    let ids: Vec<&str> = probes.iter().map(|probe| probe.id).collect();
    let args = [HIDDEN.into(), scene.arg(), OsString::from(ids.join(","))];
    let drybox = std::env::current_exe().unwrap_or_default();
    let (probe, work) = (canaries.probe(), canaries.work());
    let places = Places { drybox: &drybox, probe: &probe, work: &work };
    let trial = trial::run(canaries, &engine.argv(&places, &args));
    let mut lines = Lines::read(&trial.output, probes);
    for (id, how) in canaries.reached(&trial.seen) {
        let finding = lines.findings.get_mut(id).filter(|finding| finding.verdict != Verdict::Open);
        if let Some(finding) = finding {
            *finding = Finding::new(Verdict::Open, how);
        }
    }
    (lines, trial.error)
}
