//! Makes a sandbox out of a spec: the mount plan, the payload's identity, the seccomp table, and
//! the launch. Gives back descriptors and a pidfd.
//!
//! Upholds I1 (a network namespace with a loopback and nothing else), I3 (what enters is what the
//! plan lists), I4 (a wall that cannot be set up stops the run, by name) and I7 (the sandbox dies
//! with its lifeline). The walls themselves are one function, [`drybox_sys`]'s `enter`; this room
//! computes what that function is given.
//!
//! [`Interior`] says what stands inside, [`Jail::prepare`] plans it, [`Jail::spawn`] builds it, and
//! the sandbox's status pipe tells how it goes on. Most programs want `drybox_run::spawn`, which
//! does all this from a spec.
//!
//! ```
//! use drybox_jail::{Identity, Interior, Invoker, Jail, RECORD, Record, Stream, Streams};
//! use drybox_spec::BoxUser;
//! use rustix::event::{PollFd, PollFlags, poll};
//!
//! let identity = Identity::new(Invoker::of_process(), BoxUser::Agent, std::process::id());
//! let mut jail = Jail::prepare(Interior::new(identity, vec![c"/usr/bin/true".to_owned()]))?;
//! let nothing = Streams::Each { input: Stream::Null, output: Stream::Null, error: Stream::Null };
//! let sandbox = jail.spawn(nothing)?;
//!
//! let mut records = Vec::new();
//! let mut bytes = [0; RECORD];
//! loop {
//!     poll(&mut [PollFd::new(&sandbox.status, PollFlags::IN)], None)?;
//!     match rustix::io::read(&sandbox.status, &mut bytes)? {
//!         0 => break,
//!         _ => records.extend(Record::decode(bytes)),
//!     }
//! }
//! assert_eq!(records.last(), Some(&Record::Exited(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod ask;
pub mod cgroup;
mod error;
mod identity;
mod interior;
mod limits;
mod owners;
mod plan;
mod program;
pub mod seccomp;
mod spawn;
mod stdio;

pub use ask::{Found, Part, Want};
#[cfg(drybox_weaken)]
pub use drybox_sys::is_gone;
pub use drybox_sys::wall;
pub use drybox_sys::{Failed, Namespace, Step as ChildStep, try_namespace};
pub use drybox_sys::{
    FileId, Guard, Obstacle, Otherwise, RECORD, Record, Signal, SignalFd, SignalSet, Told, Worker,
    block_signals, confine, forget_code, guard, is_ignored, same_description, stop_group,
    stop_self, worker,
};
pub use error::{Cause, JailError, Step};
pub use identity::{Identity, Invoker};
pub use interior::{Directory, Interior, Link, Network, ScratchFile, View};
pub use limits::{DEFAULT_LIMITS, DefaultLimit, Keeper};
pub use spawn::{Jail, Sandbox};
pub use stdio::{FileInput, Stream, Streams};
