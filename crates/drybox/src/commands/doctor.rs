//! `drybox doctor`: whether boxes run here, and with which walls and limits.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::process::{Command as Process, ExitCode, Stdio};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use drybox_run::doctor::{apparmor, examine};
use drybox_spec::{Kind, Lookup as _, Own, Report, ShellWords};

use super::{Done, Entry, Failure, boxed, show};
use crate::host::Host;
use crate::render::{self, Format};

pub(super) const ENTRY: Entry = Entry {
    name: "doctor",
    about: "Says which walls and limits a box has here, and what mends the others",
    help: "drybox doctor --help",
    command,
    run,
};

/// What "not ready" exits with.
const NOT_READY: u8 = 1;

fn command(base: Command) -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    base.override_usage("drybox doctor [--json | --fix [--yes]]")
        .arg(
            switch("fix", "Writes an AppArmor profile for drybox, after showing it (Ubuntu 24.04)")
                .conflicts_with("json"),
        )
        .arg(switch("yes", "Does not ask before --fix writes"))
        .arg(switch("json", "Prints the findings as JSON"))
        .arg(
            // Where a system image is put together, and in tests.
            Arg::new("root")
                .long("root")
                .value_name("DIR")
                .help("Reads settings, and writes the profile, below DIR instead of /")
                .value_parser(value_parser!(OsString))
                .hide(true),
        )
        .after_help(EXAMPLES)
}

/// Prints the findings; exits 0 when a box starts with every wall.
fn run(matches: &ArgMatches) -> Done {
    let root = matches.get_one::<OsString>("root").cloned().unwrap_or_else(|| "/".into());
    let root = Path::new(&root);
    let format = Format::from_json(matches.get_flag("json"));
    let host = Host::look().map_err(boxed)?;
    let findings =
        examine(&host.facts(), &host.for_run(), root).map_err(|error| error as Failure)?;
    show(&render::findings(&findings, format))?;
    if matches.get_flag("fix") {
        fix(&host, root, findings.ready, matches.get_flag("yes"))?;
    }
    Ok(if findings.ready { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) })
}

/// Writes and loads the profile, as root, where AppArmor is in the way of others than root.
fn fix(host: &Host, root: &Path, ready: bool, yes: bool) -> Result<(), Failure> {
    let is_root = rustix::process::geteuid().is_root();
    if !apparmor::restricts(root) || (ready && !is_root) {
        render::note("there is nothing here that --fix could mend: see the lines with fix:");
        return Ok(());
    }
    let executable = host.own(Own::Executable).ok_or_else(|| boxed(NoFix::Nameless))?;
    if !is_root {
        let words = ShellWords(&[executable.as_bytes()]).to_string();
        return Err(boxed(NoFix::NotRoot { executable: words }));
    }
    let Some(profile) = apparmor::fix(root, &executable).map_err(boxed)? else {
        render::note("the profile is there already: sudo apparmor_parser -r, if it is not loaded");
        return Ok(());
    };
    render::profile(&profile);
    if !yes && !confirmed()? {
        return Err(boxed(NoFix::Declined));
    }
    profile.write().map_err(boxed)?;
    if root == Path::new("/") {
        load(&profile.path)?;
        render::note("written and loaded: run drybox doctor as the user who runs boxes");
    } else {
        render::note("written: it counts once apparmor_parser -r has loaded it");
    }
    Ok(())
}

/// Asks on the terminal; without one nobody can be asked.
fn confirmed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(boxed(NoFix::NobodyToAsk));
    }
    render::ask("write it? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "yes"))
}

/// AppArmor's own loader, from where the system has it and with nothing of our environment.
fn load(profile: &Path) -> Result<(), Failure> {
    const LOADER: &str = "/usr/sbin/apparmor_parser";
    let mut loader = Process::new(LOADER);
    loader.arg("-r").arg(profile).env_clear().stdin(Stdio::null());
    let done = loader.status();
    let ended = |code| boxed(NoFix::NotLoaded { code });
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ended(status.code().unwrap_or_default())),
        Err(_) => Err(ended(127)),
    }
}

/// Why nothing was mended.
#[derive(Debug, thiserror::Error)]
enum NoFix {
    #[error("cannot tell where drybox's own file is")]
    Nameless,
    #[error("cannot write an AppArmor profile as an ordinary user")]
    NotRoot { executable: String },
    #[error("nobody can be asked: standard input is no terminal")]
    NobodyToAsk,
    #[error("nothing was written")]
    Declined,
    #[error("the profile was written, and apparmor_parser did not load it (exit code {code})")]
    NotLoaded { code: i32 },
}

impl Report for NoFix {
    fn kind(&self) -> Kind {
        match self {
            Self::Nameless | Self::NotLoaded { .. } => Kind::Host,
            Self::NotRoot { .. } | Self::NobodyToAsk | Self::Declined => Kind::User,
        }
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Nameless => "mount -t proc proc /proc".into(),
            Self::NotRoot { executable } => format!("sudo {executable} doctor --fix").into(),
            Self::NobodyToAsk => "--yes, after reading the profile above".into(),
            Self::Declined => return None,
            Self::NotLoaded { .. } => {
                "sudo apparmor_parser -r /etc/apparmor.d/drybox, and read what it says".into()
            }
        })
    }
}

const EXAMPLES: &str = "\
It starts a box and looks at its walls from inside; versions and settings decide nothing.

Examples:
  drybox doctor              a table: walls, limits, surroundings, with the command that mends each
  drybox doctor --json       the same for programs
  sudo drybox doctor --fix   Ubuntu 24.04: an AppArmor profile for drybox alone

Exit codes: 0 a box starts here with every wall, 1 it does not, 125 drybox's own.";
