//! The life of a box: prepare, launch, supervise, finish (design §3).
//!
//! [`run`] gives the caller's own standard input and output to the payload, as `drybox run` does;
//! [`spawn`] gives pipes to a program that uses this library. Upholds I3 (the environment is built
//! from nothing), I6 (what was withheld or is weaker is told in the [`Outcome`]), I7 (the box dies
//! with its supervisor) and I8 (what a payload prints is filtered before a terminal sees it).
#![forbid(unsafe_code)]

mod child;
mod environment;
mod error;
mod host;
mod notices;
mod prepare;
mod shell;
mod streams;
mod supervise;
pub mod terminal;
pub mod tool_chains;

pub use child::{Child, Stdio, spawn};
pub use drybox_jail::Invoker;
pub use error::RunError;
pub use host::Host;
pub use prepare::visible;
pub use supervise::{Outcome, run};
