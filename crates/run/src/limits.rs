//! Who keeps which limit of a box: a cgroup where one can be had, else the kernel's other limits and
//! the watchdog; and the same as a table for whoever asks.

use std::ffi::CStr;

use drybox_jail::cgroup::{Cgroups, Controller, Leaf, NoCgroup, Wanted};
use drybox_jail::{
    DEFAULT_LIMITS, Identity, Interior, Jail, Keeper, RECORD, Record, Sandbox, Stream, Streams,
    Told, wall,
};
use drybox_spec::{BoxUser, Cpus, Ending, Notice, SandboxSpec};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::error::{RunError, Why};
use crate::host::Host;
use crate::supervise::wait_for;
use crate::watchdog::{Eye, Rule, Watchdog};

/// What was arranged for one box before its launch.
#[derive(Debug, Default)]
pub(crate) struct Arranged {
    /// The cgroup that the box is to join.
    pub(crate) leaf: Option<Leaf>,
    /// What the watchdog is to keep.
    rule: Option<Rule>,
    pub(crate) notices: Vec<Notice>,
}

/// Makes a cgroup when a limit was asked for that one can keep.
///
/// # Errors
/// *Host*, when a limit was asked for that nothing else keeps.
pub(crate) fn arrange(spec: &SandboxSpec, host: &Host<'_>) -> Result<Arranged, RunError> {
    let wanted = Wanted::of(&spec.limits);
    let mut arranged = Arranged { rule: Rule::of(&spec.limits), ..Arranged::default() };
    if wanted.is_empty() {
        return Ok(arranged);
    }
    match Leaf::make(&Cgroups::of_process(), &wanted) {
        Ok(leaf) => {
            arranged.leaf = Some(leaf);
            if wanted.memory.is_some() {
                arranged.rule = None;
            }
        }
        Err(none) if wanted.cpus.is_some() => return Err(no_cgroup(&none, host)),
        Err(none) if wanted.memory.is_some() => {
            let fix = none.fix(host.is_root()).into_owned();
            arranged.notices.push(Notice::MemoryWatched { why: none.to_string(), fix });
        }
        // `RLIMIT_NPROC` keeps it as well.
        Err(_) => {}
    }
    Ok(arranged)
}

fn no_cgroup(none: &NoCgroup, host: &Host<'_>) -> RunError {
    RunError::NoCgroup {
        flag: "--cpus",
        source: Why::with_fix(none.to_string(), none.fix(host.is_root()).into_owned()),
    }
}

impl Arranged {
    /// The watchdog for a box that was launched.
    pub(crate) fn watchdog(&self, spec: &SandboxSpec, sandbox: &Sandbox) -> Option<Watchdog> {
        let mut scratch: Vec<_> =
            spec.tmpfs.iter().map(|tmpfs| tmpfs.value.target.clone()).collect();
        if spec.shm_size.is_some() {
            scratch.extend(drybox_spec::BoxPath::parse(b"/dev/shm"));
        }
        wall!("watchdog", self.rule.map(|rule| Watchdog::new(rule, Eye::new(sandbox.pid, scratch))))
    }
}

/// What a cgroup tells at the end, and how the end is called then. The cgroup is removed.
pub(crate) fn conclude(leaf: Option<Leaf>, ending: Ending, notices: &mut Vec<Notice>) -> Ending {
    let Some(leaf) = leaf else { return ending };
    let met = leaf.met();
    if let Err(stays) = leaf.remove() {
        notices.push(Notice::Leftover { what: stays.to_string() });
    }
    if met.pids > 0 {
        notices.push(Notice::LimitMet { limit: "pids", times: met.pids });
    }
    let was_killed = matches!(ending, Ending::Killed) || ending == Ending::Signalled(KILL);
    match met.memory {
        0 => ending,
        _ if was_killed => Ending::OutOfMemory,
        times => {
            notices.push(Notice::LimitMet { limit: "memory", times });
            ending
        }
    }
}

/// SIGKILL, which is how the kernel ends a process when memory runs out.
const KILL: u8 = 9;

/// One limit, and whether this host keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// Its stable name: that of a row of [`DEFAULT_LIMITS`], or a flag.
    pub id: &'static str,
    /// What it limits.
    pub what: &'static str,
    /// Whether it is in force.
    pub in_force: bool,
    /// What keeps it, or would.
    pub kept_by: &'static str,
    /// Why it is not in force, or kept by less than a cgroup.
    pub why: Option<String>,
    /// The command that would put it in force, or make the kernel keep it.
    pub fix: Option<String>,
}

/// Tries each limit on this host: launches a box whose program does not exist, and makes a cgroup
/// for each controller and removes it.
///
/// # Errors
/// As for a run: a wall that cannot be set up.
pub fn limits_in_force(host: &Host<'_>) -> Result<Vec<LimitState>, RunError> {
    let without = knobs_that_fail(host)?;
    let mut states: Vec<LimitState> = DEFAULT_LIMITS
        .iter()
        .map(|limit| {
            let (kept_by, knob) = keeper(limit.keeper);
            let missing = knob.is_some_and(|knob| without.contains(&knob));
            let mut state = LimitState {
                id: limit.id,
                what: limit.most,
                in_force: !missing,
                kept_by,
                why: None,
                fix: None,
            };
            if missing {
                let path = knob.map(CStr::to_string_lossy).unwrap_or_default();
                state.why = Some(format!("this kernel does not let a box have {path} of its own"));
                // Processes are counted by setrlimit(2) as well.
                state.in_force = matches!(limit.keeper, Keeper::Pids(_));
            }
            state
        })
        .collect();
    states.extend(ASKED.iter().map(|asked| asked.state(host)));
    Ok(states)
}

const fn keeper(keeper: Keeper) -> (&'static str, Option<&'static CStr>) {
    match keeper {
        Keeper::Half(path) => ("the box's user namespace", Some(path)),
        Keeper::Pids(path) => ("setrlimit and the box's pid namespace", Some(path)),
        Keeper::FirstToDie(path) => ("the kernel's choice when memory runs out", Some(path)),
        Keeper::Tmpfs => ("the size of each tmpfs", None),
        Keeper::Watchdog => ("the supervisor, which looks", None),
        _ => ("setrlimit", None),
    }
}

/// A limit that a cgroup keeps when it is asked for, and who keeps it otherwise.
struct Asked {
    flag: &'static str,
    what: &'static str,
    controller: Controller,
    otherwise: Option<&'static str>,
}

const ASKED: [Asked; 3] = [
    Asked {
        flag: "--memory",
        what: "memory of all its processes and files, when asked for",
        controller: Controller::Memory,
        otherwise: Some("the supervisor, which looks: more may be taken between two looks"),
    },
    Asked {
        flag: "--cpus",
        what: "a share of the processors, when asked for",
        controller: Controller::Cpu,
        otherwise: None,
    },
    Asked {
        flag: "--pids-limit",
        what: "how many processes, when asked for",
        controller: Controller::Pids,
        otherwise: Some("setrlimit and the box's pid namespace"),
    },
];

impl Asked {
    fn state(&self, host: &Host<'_>) -> LimitState {
        let mut wanted = Wanted::default();
        match self.controller {
            Controller::Memory => wanted.memory = Some(64 << 20),
            Controller::Cpu => wanted.cpus = Some(Cpus(100_000)),
            Controller::Pids => wanted.pids = Some(100),
        }
        let made = Leaf::make(&Cgroups::of_process(), &wanted);
        let kept_by = if made.is_ok() { Some("a cgroup") } else { self.otherwise };
        let none = made.map(drop).err();
        LimitState {
            id: self.flag,
            what: self.what,
            in_force: kept_by.is_some(),
            kept_by: kept_by.unwrap_or("a cgroup"),
            why: none.as_ref().map(ToString::to_string),
            fix: none.map(|none| none.fix(host.is_root()).into_owned()),
        }
    }
}

/// Files of `/proc` that a box cannot write here.
fn knobs_that_fail(host: &Host<'_>) -> Result<Vec<&'static CStr>, RunError> {
    let fail = |errno| RunError::Supervise { what: "the status pipe failed", errno };
    let identity = Identity::new(host.invoker, BoxUser::Agent, 0);
    let mut jail = Jail::prepare(Interior::new(identity, vec![c"/nowhere".to_owned()]))?;
    let nothing = Streams::Each { input: Stream::Null, output: Stream::Null, error: Stream::Null };
    let sandbox = jail.spawn(nothing)?;
    let mut without = Vec::new();
    loop {
        let mut bytes = [0_u8; RECORD];
        match rustix::io::read(&sandbox.status, &mut bytes) {
            Ok(0) => return Err(RunError::Killed),
            Ok(_) => match Record::decode(bytes) {
                Some(Record::Told(Told::WithoutKnob(index))) => {
                    without.extend(jail.knob_name(index));
                }
                Some(Record::Failed(failed)) => {
                    wait_for(&sandbox);
                    let error = jail.explain(failed);
                    return if error.exit_code() == 127 { Ok(without) } else { Err(error.into()) };
                }
                _ => {}
            },
            Err(Errno::AGAIN) => {
                let mut ready = [PollFd::new(&sandbox.status, PollFlags::IN)];
                match poll(&mut ready, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(errno) => return Err(fail(errno)),
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(fail(errno)),
        }
    }
}
