//! The hidden mode: makes the attempts and says what came of each.

use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use crate::attempt;
use crate::attempts::enter_namespaces;
use crate::errno;
use crate::line::{Finding, Line, Verdict};
use crate::probe::Probe;
use crate::raw::{Ended, in_child};
use crate::scene::Scene;
use crate::table;

/// Makes the attempts that the arguments name, and writes a line for each to `out`.
///
/// Arguments: the [`Scene`], and the ids of probes (`FS-04,FS-05`). `NAMESPACES=1` makes each attempt in namespaces of its own, for a control. `WAIT=1`
/// makes none and waits to be killed: a process to aim at. Needs nothing of the file system that it
/// runs in, and must be called by a process that has one thread.
///
/// # Errors
/// When `out` takes nothing more.
pub fn inside(args: &[OsString], out: &mut dyn Write) -> std::io::Result<()> {
    let scene = args.first().map(|arg| Scene::read(arg)).unwrap_or_default();
    let ids = args.get(1).map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default();
    while scene.get("WAIT").is_some() {
        std::thread::sleep(Duration::from_secs(3600));
    }
    let mut count = 0_usize;
    for probe in ids.split(',').filter_map(table::probe) {
        let finding = finding_of(probe, &scene);
        let line = Line::Probe(probe.id.to_owned(), finding);
        out.write_all((line.json() + "\n").as_bytes())?;
        out.flush()?;
        count = count.saturating_add(1);
    }
    out.write_all((Line::End(count).json() + "\n").as_bytes())?;
    out.flush()
}

fn finding_of(probe: &Probe, scene: &Scene) -> Finding {
    let ended = in_child(LIMIT, |child| {
        if scene.get("NAMESPACES").is_none() {
            return report(&attempt::make(child, probe, scene));
        }
        match enter_namespaces(child) {
            // A pid namespace begins with the next process.
            Ok(()) => match in_child(LIMIT, |child| report(&attempt::make(child, probe, scene))) {
                Ended::Reported(bytes) => bytes,
                other => report(&of_end(&other)),
            },
            Err(errno) => {
                let why = format!("no namespaces for the control: {}", errno::name(errno));
                report(&Finding::skipped(why))
            }
        }
    });
    match ended {
        Ended::Reported(bytes) => read_report(&bytes),
        other => of_end(&other),
    }
}

/// A process that does not report has been stopped by something.
fn of_end(ended: &Ended) -> Finding {
    match ended {
        // What a filter does that kills.
        Ended::Died(Some(libc::SIGSYS)) => Finding::held("killed by SIGSYS"),
        Ended::Died(Some(signal)) => {
            Finding::open(format!("{}killed by signal {signal}", attempt::OTHER))
        }
        Ended::Died(None) | Ended::Reported(_) => {
            Finding::open(format!("{}no report", attempt::OTHER))
        }
        Ended::TooLate => Finding::open(format!("{}it hangs", attempt::OTHER)),
        Ended::NotMade(errno) => {
            Finding::skipped(format!("no process for it: {}", errno::name(*errno)))
        }
    }
}

/// A process's report to its parent: a letter and the detail.
fn report(finding: &Finding) -> Vec<u8> {
    let letter = match finding.verdict {
        Verdict::Held => b'h',
        Verdict::Open => b'o',
        Verdict::Skipped => b's',
    };
    let mut bytes = vec![letter];
    bytes.extend_from_slice(finding.detail.as_bytes());
    bytes
}

fn read_report(bytes: &[u8]) -> Finding {
    let detail = String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()).into_owned();
    let verdict = match bytes.first() {
        Some(b'h') => Verdict::Held,
        Some(b's') => Verdict::Skipped,
        _ => Verdict::Open,
    };
    Finding { verdict, detail }
}

/// For one attempt: far more than any needs.
const LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_it_was_written() {
        for verdict in [Verdict::Held, Verdict::Open, Verdict::Skipped] {
            let finding = Finding::new(verdict, "EPERM \"x\"\n");
            assert_eq!(read_report(&report(&finding)), finding);
        }
    }

    #[test]
    fn a_killing_filter_is_a_wall_and_a_crash_is_a_finding() {
        assert_eq!(of_end(&Ended::Died(Some(libc::SIGSYS))).verdict, Verdict::Held);
        assert_eq!(of_end(&Ended::Died(Some(libc::SIGSEGV))).verdict, Verdict::Open);
        assert_eq!(of_end(&Ended::TooLate).verdict, Verdict::Open);
    }
}
