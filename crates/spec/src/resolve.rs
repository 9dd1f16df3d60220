//! From what was typed to what a sandbox is: one pure function, every setting with its source.

mod boxes;
mod doors;
mod env;
mod limits;
mod mounts;
mod places;
#[cfg(test)]
mod tests;
mod tools;

pub use places::Guards;

use crate::error::Why;
use crate::grammar::{self, BadValue, Entrypoint};
use crate::refuse::{NETWORKS, SECURITY, Verdict, verdict};
use crate::request::{CommandForm, Typed};
use crate::spec::{Stdin, Terminal, ToolChains};
use crate::{
    BoxName, BoxPath, BoxUser, ByteSize, Command, Facts, Hostname, RunRequest, SandboxSpec, Source,
    Sourced, SpecError,
};

/// Makes the spec of a request, or says why it is none.
///
/// Order: what is refused first, then what is wrong, so that who types `--privileged` hears about
/// that and not about a typing error behind it.
///
/// # Errors
/// *User*, always: each names the flag, the reason and the narrower thing to use.
pub fn resolve(request: &RunRequest, facts: &Facts<'_>) -> Result<SandboxSpec, SpecError> {
    refuse_foreign(request)?;
    refuse_values("--network", &request.networks, NETWORKS)?;
    refuse_values("--security-opt", &request.security, SECURITY)?;
    refuse_off("--init", request.init.as_ref(), NO_INIT)?;
    refuse_off("--read-only", request.read_only.as_ref(), WRITABLE_ROOT)?;

    let command = command(request)?;
    let doors = doors::doors(request, facts)?;
    let mut workspace = boxes::workspace(request, facts)?;
    doors::close_files(&doors.value, request, &mut workspace)?;
    let mounts = mounts::resolve(request, facts, &workspace.value)?;
    let mut spec = SandboxSpec::builder(command.value).build();
    spec.command.from = command.from;
    spec.shares = mounts.shares;
    spec.tmpfs = mounts.tmpfs;
    spec.env = env::resolve(request, facts, &workspace.value)?;
    spec.workspace = workspace;
    spec.publish = doors::publish(request, &doors.value)?;
    spec.doors = doors;
    boxes::life(request, facts, &mut spec)?;
    spec.workdir = workdir(request)?;
    if let Some(limit) = one("--max-upload", request.max_upload.as_ref(), doors::max_upload)? {
        spec.max_upload = limit;
    }
    spec.net_limit = one("--net-limit", request.net_limit.as_ref(), doors::net_limit)?;
    let own = if facts.uid == 0 { (1000, 1000) } else { (facts.uid, facts.gid) };
    let user = |value: &[u8]| BoxUser::parse(value, own);
    if let Some(user) = one("--user", request.user.as_ref(), user)? {
        spec.user = user;
    }
    let hostname = |value: &[u8]| Ok(Hostname::parse(value)?);
    if let Some(hostname) = one("--hostname", request.hostname.as_ref(), hostname)? {
        spec.hostname = hostname;
    }
    let name = |value: &[u8]| Ok(BoxName::parse(value)?);
    spec.name = one("--name", request.name.as_ref(), name)?;
    spec.terminal = terminal(request, facts)?;
    spec.stdin = stdin(request)?;
    if switch("--no-tool-chains", request.no_tool_chains.as_ref())? == Some(true) {
        spec.tool_chains = Sourced::new(ToolChains::Hidden, Source::Flag("--no-tool-chains"));
    }
    spec.ulimits = limits::ulimits(request)?;
    spec.limits = limits::resolve(request)?;
    spec.shm_size = one("--shm-size", request.shm_size.as_ref(), shm_size)?;
    spec.timeout = one("--timeout", request.timeout.as_ref(), grammar::timeout)?
        .and_then(|limit| Some(Sourced::new(limit.value?, limit.from)));
    Ok(spec)
}

fn refuse_foreign(request: &RunRequest) -> Result<(), SpecError> {
    let refused = request
        .foreign
        .iter()
        .find(|(flag, value)| !flag.fine.iter().any(|fine| fine.as_bytes() == value.as_slice()));
    let Some((flag, value)) = refused else {
        return Ok(());
    };
    let switched_on = flag.takes == crate::Takes::Switch && value == b"true";
    Err(SpecError::Refused {
        flag: format!("--{}", flag.name),
        value: (!switched_on).then(|| value.clone()),
        source: Why(flag.why),
        instead: flag.instead,
    })
}

fn refuse_values(
    flag: &'static str,
    values: &[Typed],
    table: &'static [Verdict],
) -> Result<(), SpecError> {
    let none = flag == "--network" && values.iter().any(|value| value == b"none");
    if let Some(other) = values.iter().find(|value| none && *value != b"none") {
        return Err(SpecError::Contradiction {
            first: "--network none".into(),
            second: format!("--network {}", crate::ShellWords(&[other])).into(),
            source: Why("a box without a network cannot have another one beside it"),
            fix: "--network none alone, which is the default",
        });
    }
    let reason = |value: &Typed| verdict(table, value).and_then(|row| row.refused);
    let Some((value, reason)) = values.iter().find_map(|value| Some((value, reason(value)?)))
    else {
        return Ok(());
    };
    Err(SpecError::Refused {
        flag: flag.to_owned(),
        value: Some(value.clone()),
        source: Why(reason.why),
        instead: reason.instead,
    })
}

fn refuse_off(
    flag: &'static str,
    value: Option<&Typed>,
    (why, instead): (&'static str, &'static str),
) -> Result<(), SpecError> {
    match switch(flag, value)? {
        Some(false) => Err(SpecError::Refused {
            flag: format!("{flag}=false"),
            value: None,
            source: Why(why),
            instead,
        }),
        Some(true) | None => Ok(()),
    }
}

/// The command's words, with the entrypoint before them.
fn command(request: &RunRequest) -> Result<Sourced<Command>, SpecError> {
    if request.form == CommandForm::Bare && !request.words.is_empty() {
        return Err(SpecError::NoImage {
            words: request.words.clone(),
            source: Why(
                "without '--' the first word names an image, and images come later; after '--' \
                 stands a command, which runs with the host's programs",
            ),
        });
    }
    let entrypoint = one("--entrypoint", request.entrypoint.as_ref(), Entrypoint::parse)?;
    let before = entrypoint.as_ref().map(|entry| entry.value.0.as_slice()).unwrap_or_default();
    let words: Vec<Typed> = before.iter().chain(&request.words).cloned().collect();
    if words.is_empty() {
        return match request.entrypoint {
            Some(_) => Err(SpecError::Contradiction {
                first: "an empty --entrypoint".into(),
                second: "no command".into(),
                source: Why("nothing would be left to run"),
                fix: "drybox run -- CMD, or drybox run for a shell",
            }),
            None => Ok(Sourced::default_of(Command::Shell)),
        };
    }
    let from = match entrypoint {
        Some(entry) if !entry.value.0.is_empty() => entry.from,
        _ => Source::Flag("--"),
    };
    let command = Command::argv(words)
        .map_err(|source| SpecError::Command { words: request.words.clone(), source })?;
    Ok(Sourced::new(command, from))
}

/// Podman resolves it in the box's root; `/proc` and its links would lead out of that
/// (CVE-2024-21626).
fn workdir(request: &RunRequest) -> Result<Option<Sourced<BoxPath>>, SpecError> {
    let parse = |value: &[u8]| {
        if value.is_empty() {
            return Err(BadValue::Shape { rule: "a directory inside, as /work/sub" });
        }
        let path = BoxPath::parse(value)?;
        let procfs = ["/proc", "/sys", "/dev"]
            .iter()
            .any(|place| crate::path::is_within(path.as_bytes(), place.as_bytes()));
        if procfs {
            return Err(BadValue::Refused {
                why: "links in there lead out of the box",
                instead: "a directory of the workspace",
            });
        }
        Ok(path)
    };
    one("--workdir", request.workdir.as_ref(), parse)
}

/// `-t` as typed; else, with terminals on stdin and stdout, as with `-it` (base `host`).
fn terminal(request: &RunRequest, facts: &Facts<'_>) -> Result<Sourced<Terminal>, SpecError> {
    let raw = switch("--raw-terminal", request.raw_terminal.as_ref())? == Some(true);
    let tty = switch("--tty", request.tty.as_ref())?;
    let [stdin, stdout, _] = facts.terminals;
    let (wanted, from) = match tty {
        Some(wanted) => (wanted, Source::Flag("--tty")),
        None if stdin && stdout => (true, Source::Implied("terminals on stdin and stdout")),
        None => (false, Source::Default),
    };
    Ok(match (wanted, raw) {
        (true, true) => Sourced::new(Terminal::Raw, Source::Flag("--raw-terminal")),
        (true, false) => Sourced::new(Terminal::Filtered, from),
        (false, true) if tty == Some(false) => {
            return Err(SpecError::Contradiction {
                first: "--raw-terminal".into(),
                second: "--tty=false".into(),
                source: Why("there would be no terminal that could be unfiltered"),
                fix: "one of the two",
            });
        }
        (false, _) => Sourced::new(Terminal::None, from),
    })
}

fn stdin(request: &RunRequest) -> Result<Sourced<Stdin>, SpecError> {
    Ok(match switch("--interactive", request.interactive.as_ref())? {
        Some(true) => Sourced::new(Stdin::Forward, Source::Flag("--interactive")),
        Some(false) => Sourced::new(Stdin::Empty, Source::Flag("--interactive")),
        None => Sourced::default_of(Stdin::Forward),
    })
}

fn shm_size(value: &[u8]) -> Result<ByteSize, BadValue> {
    match ByteSize::parse(value)? {
        ByteSize(0) => Err(BadValue::Refused {
            why: "0 is no limit to podman, and memory without a limit is the host's",
            instead: "a size, as --shm-size 1g",
        }),
        size => Ok(size),
    }
}

/// A flag's value by its grammar, with its source.
fn one<T>(
    flag: &'static str,
    value: Option<&Typed>,
    parse: impl FnOnce(&[u8]) -> Result<T, BadValue>,
) -> Result<Option<Sourced<T>>, SpecError> {
    let Some(value) = value else { return Ok(None) };
    match parse(value) {
        Ok(parsed) => Ok(Some(Sourced::new(parsed, Source::Flag(flag)))),
        Err(source) => Err(SpecError::Value { flag, value: value.clone(), source }),
    }
}

fn switch(flag: &'static str, value: Option<&Typed>) -> Result<Option<bool>, SpecError> {
    Ok(one(flag, value, grammar::switch)?.map(|switch| switch.value))
}

const NO_INIT: (&str, &str) =
    ("drybox's init is what ends the box with its supervisor", "leave the flag out");
const WRITABLE_ROOT: (&str, &str) = (
    "the root of a box is always read-only",
    "--tmpfs DST for scratch space, -v SRC:DST for what is to stay",
);
