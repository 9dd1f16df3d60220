//! `drybox run`: resolve, then explain or launch.

use std::borrow::Cow;
use std::process::ExitCode;

use drybox_spec::{Ending, Facts, Kind, Notice, Report, SandboxSpec, resolve};

use super::{Done, Failure, show};
use crate::cli::RunArgs;
use crate::host::Host;
use crate::render::{self, Format};

/// Runs a box and ends as its command did.
pub(crate) fn run(args: &RunArgs) -> Done {
    let format = Format::from_json(args.output.json);
    let host = Host::look().map_err(boxed)?;
    let facts = host.facts();
    let spec = resolve(&args.request, &facts).map_err(boxed)?;
    if args.output.explain {
        return show(&render::explain(&spec, &facts, format));
    }
    let finished = launch(&spec, &facts).map_err(boxed)?;
    if !args.output.quiet {
        let timeout = spec.timeout.map(|limit| limit.value);
        render::summary(finished.ending, &finished.notices, timeout, format);
    }
    Ok(ExitCode::from(finished.ending.code()))
}

fn boxed(error: impl Report + 'static) -> Failure {
    Box::new(error)
}

/// What the run room tells when a box is over.
#[derive(Debug)]
struct Finished {
    ending: Ending,
    notices: Vec<Notice>,
}

/// The seam to the run room.
fn launch(_: &SandboxSpec, _: &Facts<'_>) -> Result<Finished, NotWired> {
    Err(NotWired)
}

/// This build holds the command line alone.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the sandbox: this build is not wired to the run room")]
struct NotWired;

impl Report for NotWired {
    fn kind(&self) -> Kind {
        Kind::Bug
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        None
    }
}
