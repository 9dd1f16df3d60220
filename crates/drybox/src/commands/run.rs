//! `drybox run`: resolve, then explain or launch.

use std::process::ExitCode;

use drybox_spec::resolve;

use super::{Done, boxed, show};
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
        let tool_chains = drybox_run::tool_chains_of(&spec, &host.for_run());
        let place = drybox_run::place_of(&spec, &host.for_run());
        return show(&render::explain(&spec, &facts, place.as_ref(), &tool_chains, format));
    }
    // What drybox makes on the host is for its user alone; the payload gets a umask of its own.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let settings = || render::settings(&spec, &facts);
    let outcome = drybox_run::run_with(&spec, &host.for_run(), &settings).map_err(boxed)?;
    if !args.output.quiet {
        let pending = outcome.pending.as_ref();
        render::summary(outcome.ending, &outcome.notices, pending, &spec, format);
    }
    Ok(ExitCode::from(outcome.ending.code()))
}
