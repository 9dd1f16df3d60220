//! `drybox can`: one question about a box, answered without running it.

use std::process::ExitCode;

use drybox_spec::resolve;

use super::{Done, boxed, show};
use crate::cli::CanArgs;
use crate::host::Host;
use crate::render::{self, Format};

/// What a no exits with.
const NO: u8 = 1;

/// Answers; exits 0 for yes and 1 for no.
pub(crate) fn run(args: &CanArgs) -> Done {
    let format = Format::from_json(args.output.json);
    let host = Host::look().map_err(boxed)?;
    let facts = host.facts();
    let spec = resolve(&args.request, &facts).map_err(boxed)?;
    let answer = drybox_run::can(&spec, &facts, &host.for_run(), &args.question).map_err(boxed)?;
    show(&render::answer(&args.question, &args.object, &answer, format))?;
    Ok(if answer.yes { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}
