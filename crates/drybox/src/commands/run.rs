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
    if !args.output.quiet && (spec.doors.value.has_network() || !spec.publish.is_empty()) {
        let place = drybox_run::place_of(&spec, &host.for_run());
        render::doors(&spec, &facts, place.as_ref(), format);
    }
    // What drybox makes on the host is for its user alone; the payload gets a umask of its own.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let says_refusals = !args.output.quiet && format == Format::Text;
    let surroundings = drybox_run::Host { says_refusals, ..host.for_run() };
    let settings = || render::settings(&spec, &facts);
    let outcome = drybox_run::run_with(&spec, &surroundings, &settings).map_err(boxed)?;
    if !args.output.quiet {
        render::summary(&outcome, &spec, format);
    }
    Ok(ExitCode::from(outcome.ending.code()))
}
