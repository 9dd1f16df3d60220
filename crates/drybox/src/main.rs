//! `drybox`: parse, call, render. No decision about isolation is taken here.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod host;
mod render;

use std::process::ExitCode;

use cli::Invocation;
use commands::prove::HIDDEN;
use drybox_spec::Report;
use render::Format;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some((_, told)) = args.split_first().filter(|(first, _)| *first == HIDDEN) {
        return commands::prove::inside(told);
    }
    let format = Format::asked_for(&args);
    let done = match cli::parse(args) {
        Ok(Invocation::Run(run)) => commands::run::run(&run),
        Ok(Invocation::Command(entry, matches)) => (entry.run)(&matches),
        Ok(Invocation::Text(text)) => commands::show(&text),
        Err(error) => Err(Box::new(error) as commands::Failure),
    };
    done.unwrap_or_else(|error| fail(&*error, format))
}

fn fail(error: &dyn Report, format: Format) -> ExitCode {
    render::error(error, format);
    error.exit_code().into()
}
