//! `bench`: what a run costs, beside the peers, interleaved in one run (docs/performance.md).
//!
//! Milliseconds of two runs of the bench cannot be compared (the machine is never the same twice);
//! ratios within one run can.

mod document;
mod engines;
mod inside;
mod memory;
mod report;
mod rounds;
mod start;
mod stats;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;
use crate::staging::Staging;
use crate::{setup, shell, test, who};
use engines::Places;
use report::{Group, Machine, Report};

/// The hidden command that does the measuring: started again as the user whose runs are measured,
/// so that the same code (posix_spawn of this process) starts every program.
pub(crate) const MEASURE: &str = "bench-measure";

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    let staging = Staging::new()?;
    let mut measured = vec!["--pairs".to_owned(), options.pairs.to_string()];
    measured.extend(options.groups.iter().flat_map(|group| ["--group".to_owned(), group.clone()]));
    let peers = options.peers.iter().flat_map(|peers| ["--peers".to_owned(), peers.clone()]);
    measured.extend(peers);
    if let Some(revision) = &options.against {
        let other = test::release_of(revision)?;
        let other = staging.add_as(&other, "drybox-against")?;
        let of = [revision.clone(), other.display().to_string()];
        measured.extend(["--against".to_owned()].into_iter().chain(of));
    }
    let drybox = staging.add_program(&test::release()?)?;
    let floor = staging.add_program(&test::floor()?)?;
    let programs = [drybox, floor].map(|program| program.display().to_string());
    let measured: Vec<String> = programs.into_iter().chain(measured).collect();
    let reports = reports(&staging, &measured)?;
    if let Some(page) = &options.write {
        document::write(Path::new(page), &reports)?;
    }
    match options.form {
        Form::Json => print_json(&reports)?,
        Form::Text => reports.iter().for_each(|report| println!("{}", report.text())),
    }
    Ok(())
}

/// One report for each user.
fn reports(staging: &Staging, measured: &[String]) -> Result<Vec<Report>, Failure> {
    let myself = std::env::current_exe().map_err(Failure::io("find", Path::new("xtask")))?;
    let mut commands = Vec::new();
    if who::is_root() {
        let user = setup::as_root()?;
        let work = staging.add_work("user", user.uid, user.gid)?;
        let copy = staging.add_program(&myself)?;
        let mut command = who::as_user(&user, &[], &copy);
        command.current_dir(work);
        commands.push(command);
    }
    let mut command = who::as_self(&myself);
    command.current_dir(staging.work());
    commands.push(command);
    commands
        .into_iter()
        .map(|mut command| {
            command.arg(MEASURE).args(measured);
            let json = shell::capture(&mut command)?;
            serde_json::from_slice(&json)
                .map_err(|source| Failure::Json { command: shell::line(&command), source })
        })
        .collect()
}

/// `bench-measure DRYBOX FLOOR …`: measures in the current directory, prints a [`Report`].
pub(crate) fn measure(args: &[String]) -> Result<(), Failure> {
    let usage = || Failure::Usage { given: args.join(" "), usage: USAGE.into() };
    let [drybox, floor, rest @ ..] = args else {
        return Err(usage());
    };
    let mut rest = rest.to_vec();
    let other = rest.iter().position(|arg| arg == "--against").and_then(|at| at.checked_add(2));
    let other = other.filter(|at| *at < rest.len()).map(|at| PathBuf::from(rest.remove(at)));
    let options = Options::parse(&rest)?;
    let here = Path::new(".");
    let work = here.canonicalize().map_err(Failure::io("find", here))?;
    let places = Places {
        drybox: drybox.into(),
        floor: floor.into(),
        peers: options.peers.map(PathBuf::from),
        work,
    };
    let against = options.against.zip(other);
    let scope = Scope { places, pairs: options.pairs, against };
    let load_before = load()?;
    let wanted = GROUPS.iter().filter(|(name, _)| {
        options.groups.is_empty() || options.groups.iter().any(|group| group == name)
    });
    let groups = wanted.map(|(_, group)| group(&scope)).collect::<Result<_, _>>()?;
    print_json(&Report {
        who: if who::is_root() { "root".into() } else { "user".into() },
        machine: machine()?,
        load_before,
        load_after: load()?,
        pairs: scope.pairs,
        groups,
    })
}

/// What a group needs to know.
struct Scope {
    places: Places,
    /// Rounds of what takes milliseconds; what takes longer gets fewer.
    pairs: usize,
    /// Another commit, and its executable.
    against: Option<(String, PathBuf)>,
}

impl Scope {
    fn places(&self) -> Places {
        self.with(&self.places.drybox)
    }

    /// The same places with the other commit's executable.
    fn against(&self) -> Option<Places> {
        self.against.as_ref().map(|(_, drybox)| self.with(drybox))
    }

    fn revision(&self) -> String {
        let revision = self.against.as_ref().map(|(revision, _)| revision.as_str());
        format!("drybox run of {}", revision.unwrap_or_default())
    }

    fn with(&self, drybox: &Path) -> Places {
        let Places { floor, peers, work, .. } = &self.places;
        let (floor, peers, work) = (floor.clone(), peers.clone(), work.clone());
        Places { drybox: drybox.to_owned(), floor, peers, work }
    }
}

type Measure = fn(&Scope) -> Result<Group, Failure>;

const GROUPS: &[(&str, Measure)] = &[
    ("start", start::start),
    ("throughput", start::throughput),
    ("memory", memory::memory),
    ("inside", inside::inside),
];

fn machine() -> Result<Machine, Failure> {
    let path = Path::new("/proc/cpuinfo");
    let text = std::fs::read_to_string(path).map_err(Failure::io("read", path))?;
    let model = text.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("processor", |(_, name)| name);
    Ok(Machine {
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        processor: model.into(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
    })
}

/// The load average of the last minute.
fn load() -> Result<f64, Failure> {
    let path = Path::new("/proc/loadavg");
    let text = std::fs::read_to_string(path).map_err(Failure::io("read", path))?;
    Ok(text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default())
}

fn print_json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string(value)
        .map_err(|source| Failure::Json { command: "bench".into(), source })?;
    println!("{json}");
    Ok(())
}

struct Options {
    pairs: usize,
    form: Form,
    groups: Vec<String>,
    peers: Option<String>,
    against: Option<String>,
    write: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            pairs: 200,
            form: Form::Text,
            groups: Vec::new(),
            peers: None,
            against: None,
            write: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let usage = || Failure::Usage { given: arg.clone(), usage: USAGE.into() };
            if arg == "--json" {
                options.form = Form::Json;
                continue;
            }
            let value = args.next().ok_or_else(usage)?;
            match arg.as_str() {
                "--pairs" => {
                    let pairs = value.parse().ok().filter(|n| *n > 0);
                    options.pairs = pairs.ok_or_else(usage)?;
                }
                "--group" if GROUPS.iter().any(|(name, _)| name == value) => {
                    options.groups.push(value.clone());
                }
                "--peers" => options.peers = Some(value.clone()),
                "--against" => options.against = Some(value.clone()),
                "--write" => options.write = Some(value.clone()),
                _ => return Err(usage()),
            }
        }
        Ok(options)
    }
}

const USAGE: &str = "usage: cargo xtask bench [--group start|throughput|memory|inside]… [--pairs N]
    [--peers DIR] [--against REVISION] [--json] [--write docs/performance.md]";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, Failure> {
        Options::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_a_misspelt_group_is_refused() {
        let options = parse(&["--group", "memory", "--pairs", "9", "--json"]).unwrap();
        assert_eq!((options.pairs, options.groups.as_slice()), (9, &["memory".to_owned()][..]));
        for wrong in [&["--group", "x"][..], &["--pairs", "0"], &["--pairs"], &["x"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
