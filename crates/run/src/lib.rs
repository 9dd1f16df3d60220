//! The life of a box: prepare, launch, supervise, finish (design §3).
//!
//! [`run`] gives the caller's own standard input and output to the payload, as `drybox run` does;
//! [`spawn`] gives pipes to a program that uses this library. Upholds I3 (the environment is built
//! from nothing), I6 (what was withheld or is weaker is told in the [`Outcome`]), I7 (the box dies
//! with its supervisor) and I8 (what a payload prints is filtered before a terminal sees it).
//!
//! A box with pipes is at [`spawn`], and a longer one in `examples/piped.rs`. A box with the
//! caller's own descriptors:
//!
//! ```
//! use drybox_run::{Host, run};
//! use drybox_spec::{Command, Ending, SandboxSpec, Stdin, Workspace};
//!
//! let env = |name: &str| std::env::var_os(name);
//! let host = Host::of_process(&env)?;
//! let spec = SandboxSpec::builder(Command::argv(["test", "!", "-e", "/etc/shadow"])?)
//!     .workspace(Workspace::Empty)
//!     .stdin(Stdin::Empty)
//!     .build();
//! assert_eq!(run(&spec, &host)?.ending, Ending::Exited(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every error implements [`Report`](drybox_spec::Report): whose fault it is, what mends it, and
//! the exit code that `drybox` would end with.
#![forbid(unsafe_code)]

mod can;
mod child;
mod direct;
pub mod doctor;
mod environment;
mod error;
mod host;
mod journal;
mod limits;
mod network;
mod notices;
mod prepare;
mod shell;
mod standing;
mod streams;
mod supervise;
pub mod terminal;
pub mod tool_chains;
mod view;
mod watchdog;

pub use can::{Answer, Question, can};
pub use child::{Child, Stdio, spawn};
pub use drybox_jail::{Invoker, JailError};
pub use error::{RunError, Why};
pub use host::{CwdError, Host};
pub use journal::record;
pub use limits::{LimitState, limits_in_force};
pub use prepare::tool_chains_of;
pub use supervise::{Outcome, run, run_with};
pub use view::{
    Pending, Place, home_of, pending_box, place_around, place_of, torn_box, users_settings,
};

/// The user's files as a box sees them: changes, boxes.
pub use drybox_workspace as workspace;
