//! `bench`: how long a whole run takes, beside the peer, interleaved in one run.
//!
//! Milliseconds of two runs of the bench cannot be compared (the machine is never the same twice);
//! ratios within one run can.

mod cases;
mod stats;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::staging::Staging;
use crate::{setup, shell, test, who};
use cases::{Case, OURS, PEER};
use stats::{Ratio, Summary};

/// The hidden command that does the measuring: started again as the user whose runs are measured,
/// so that the same code (posix_spawn of this process) starts every program.
pub(crate) const MEASURE: &str = "bench-measure";

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    let drybox = test::release()?;
    let staging = Staging::new()?;
    let drybox = staging.add_program(&drybox)?;
    let mut reports = Vec::new();
    if who::is_root() {
        let user = setup::as_root()?;
        let myself = std::env::current_exe().map_err(Failure::io("find", Path::new("xtask")))?;
        let myself = staging.add_program(&myself)?;
        let mut command = who::as_user(&user, &[], &myself);
        command.arg(MEASURE).arg(&drybox).arg(options.pairs.to_string());
        let json = shell::capture(command.current_dir(staging.work()))?;
        let report: Report = serde_json::from_slice(&json)
            .map_err(|source| Failure::Json { command: shell::line(&command), source })?;
        reports.push(report);
    }
    reports.push(report(&drybox, &staging.work(), options.pairs)?);
    tell(&reports, options.form)
}

/// `bench-measure DRYBOX PAIRS`: measures in the current directory, prints a [`Report`].
pub(crate) fn measure(args: &[String]) -> Result<(), Failure> {
    let usage = || Failure::Usage { given: args.join(" "), usage: USAGE.into() };
    let [drybox, pairs] = args else {
        return Err(usage());
    };
    let pairs = pairs.parse().map_err(|_| usage())?;
    let report = report(Path::new(drybox), Path::new("."), pairs)?;
    print_json(&report)
}

fn report(drybox: &Path, work: &Path, pairs: usize) -> Result<Report, Failure> {
    let load_before = cases::load()?;
    let samples = cases::measure(drybox, work, pairs)?;
    let of = |case: &Case| samples.iter().find(|(name, _)| *name == case.name).map(|(_, s)| s);
    let ratio = of(&OURS).zip(of(&PEER)).map(|(ours, peer)| Ratio::of(ours, peer));
    Ok(Report {
        who: if who::is_root() { "root".into() } else { "user".into() },
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        load_before,
        load_after: cases::load()?,
        pairs,
        ratio: ratio.unwrap_or_default(),
        cases: samples
            .iter()
            .map(|(name, s)| Line { name: (*name).into(), ms: Summary::of(s) })
            .collect(),
    })
}

fn tell(reports: &[Report], form: Form) -> Result<(), Failure> {
    if form == Form::Json {
        return print_json(reports);
    }
    for report in reports {
        let Ratio { median, low, high } = report.ratio;
        println!("as {}: {median:.3} × {} (95 %: {low:.3} to {high:.3})", report.who, PEER.name);
        println!("  {:<18} {:>8} {:>8} {:>8}  ms", "", "median", "p90", "min");
        for Line { name, ms } in &report.cases {
            println!("  {name:<18} {:>8.3} {:>8.3} {:>8.3}", ms.median, ms.p90, ms.min);
        }
        let Report { kernel, cpus, load_before, load_after, pairs, .. } = report;
        println!(
            "  {pairs} rounds; Linux {kernel}, {cpus} CPUs, load {load_before} before, {load_after} after"
        );
    }
    Ok(())
}

fn print_json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string(value)
        .map_err(|source| Failure::Json { command: "bench".into(), source })?;
    println!("{json}");
    Ok(())
}

/// One user's runs.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    who: String,
    kernel: String,
    cpus: usize,
    load_before: f64,
    load_after: f64,
    pairs: usize,
    /// `drybox run -- true` over the peer's time.
    ratio: Ratio,
    cases: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    name: String,
    ms: Summary,
}

struct Options {
    pairs: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, Failure> {
        let mut options = Self { pairs: 200, form: Form::Text };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let usage = || Failure::Usage { given: arg.clone(), usage: USAGE.into() };
            match arg.as_str() {
                "--json" => options.form = Form::Json,
                "--pairs" => {
                    let pairs = args.next().and_then(|n| n.parse().ok());
                    options.pairs = pairs.filter(|n| *n > 0).ok_or_else(usage)?;
                }
                _ => return Err(usage()),
            }
        }
        Ok(options)
    }
}

const USAGE: &str = "usage: cargo xtask bench [--pairs N] [--json]";
