//! What failed, why, and the command that fixes it: data.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use drybox_spec::ShellWords;
use drybox_sys::{Obstacle, Step as Inside};
use rustix::io::Errno;

use super::{JailError, Step, describe};

mod rows;

use rows::{Fact, ROWS};

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What stopped it.
    pub why: Cow<'static, str>,
    /// The command or the change that helps; none is known for some.
    pub fix: Option<Cow<'static, str>>,
}

/// What a step makes, for "cannot start the sandbox: …".
pub(super) const fn what(step: Step) -> &'static str {
    match step {
        Step::Identity => "the payload's user",
        Step::Share => "a share",
        Step::Changes => "the place for changes",
        Step::Channels => "no pipes could be made",
        Step::Clone => "no namespaces could be made (clone3)",
        Step::Maps => "root's id range could not be mapped",
        Step::Inside(step) => inside(step),
    }
}

const fn inside(step: Inside) -> &'static str {
    match step {
        Inside::Lifeline => "the lifeline could not be arranged",
        Inside::Cgroup => "a cgroup could not be joined:",
        Inside::Identity => "the user's id could not be mapped",
        Inside::NestedNamespaces => "nested user namespaces could not be turned off",
        Inside::Session => "no session could be made",
        Inside::Scratch => "no tmpfs could be mounted",
        Inside::Skeleton => "the root filesystem could not be filled:",
        Inside::System => "a tree of the system could not be mounted:",
        Inside::Device => "a device node could not be bound:",
        Inside::Seal => "the root filesystem could not be made read-only:",
        Inside::Mount => "a tree could not be mounted:",
        Inside::Proc => "no /proc could be mounted",
        Inside::Mask => "a path of /proc could not be covered:",
        Inside::Terminals => "no devpts could be mounted",
        Inside::Stdin => "standard input could not be opened again",
        Inside::Pivot => "the host's root could not be left (pivot_root)",
        Inside::Network => "the loopback interface could not be brought up",
        Inside::Egress => "the relay's sockets could not be made in the box",
        Inside::Hostname => "the host name could not be set",
        Inside::Keyring => "no session keyring could be joined",
        Inside::Stdio => "standard input and output could not be arranged",
        Inside::Workdir => "the working directory could not be entered",
        Inside::Limits => "a resource limit could not be set",
        Inside::Capabilities => "capabilities could not be dropped",
        Inside::Landlock => "landlock's scopes could not be set",
        Inside::Descriptors => "descriptors could not be closed",
        Inside::Seccomp => "the seccomp filter could not be loaded",
        Inside::Exec => "the program could not be run",
        _ => "a step failed",
    }
}

/// `root` is where the facts of the host are read: `/`, or a test's own.
pub(super) fn cause(error: &JailError, root: &Path) -> Cause {
    if let Some(obstacle) = error.obstacle {
        let (why, fix) = unrunnable(obstacle);
        return Cause { why: why.into(), fix: Some(fix.into()) };
    }
    if error.step == Step::Inside(Inside::Exec)
        && error.errno == Errno::NOENT
        && let Some(directory) = place_outside(&error.object)
    {
        let share = [directory.as_slice(), b":", &directory, b":ro"].concat();
        return Cause {
            why: "it lies outside of what is shared with the box".into(),
            fix: Some(format!("-v {}, or all of what it belongs to", ShellWords(&[share])).into()),
        };
    }
    let known = ROWS.iter().find(|row| {
        row.step.is_none_or(|step| step == error.step)
            && row.errno == error.errno
            && row.fact.is_none_or(|fact| holds(fact, root))
    });
    match known {
        Some(row) => Cause { why: row.why.into(), fix: row.fix.map(Into::into) },
        None => Cause { why: describe(error.errno), fix: None },
    }
}

/// What helps against what is wrong with a program that is there.
const fn unrunnable(obstacle: Obstacle) -> (&'static str, &'static str) {
    match obstacle {
        Obstacle::Interpreter => (
            "it is there, but the interpreter or loader that it names is not",
            "share the interpreter with -v, or name another",
        ),
        Obstacle::Directory => ("it is a directory", "name a program; -w DIR is where one starts"),
        Obstacle::NoExec => (
            "no program may be started from there: the mount is noexec",
            "copy it elsewhere, or name its interpreter: drybox run -- sh FILE",
        ),
    }
}

/// The host's directory in which a program lies that is not there inside; none, when the host has
/// none of that name either. What is a link to one in `/usr` is told by the link's own place.
fn place_outside(program: &[u8]) -> Option<Vec<u8>> {
    if !program.contains(&b'/') {
        return None;
    }
    let program = Path::new(OsStr::from_bytes(program));
    let real = fs::canonicalize(program).ok().filter(|real| real.is_file())?;
    let directory = match real.starts_with("/usr") {
        true => fs::canonicalize(program.parent()?).ok()?,
        false => real.parent()?.to_owned(),
    };
    Some(directory.into_os_string().into_vec())
}

fn holds(fact: Fact, root: &Path) -> bool {
    let (Fact::Begins(file, _) | Fact::Holds(file, _)) = fact;
    let file = root.join(file.trim_start_matches('/'));
    fs::read_to_string(file).is_ok_and(|text| match fact {
        Fact::Begins(_, words) => text.starts_with(words),
        Fact::Holds(_, words) => text.contains(words),
    })
}

#[cfg(test)]
mod tests;
