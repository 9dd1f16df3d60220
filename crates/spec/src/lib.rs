//! What a sandbox is: [`SandboxSpec`], its newtypes, and where each setting came from.
//!
//! Pure data and pure functions: no I/O, no clap, no environment. Upholds I1 (the doors are one
//! enum), I3 (what enters is a list of names) and I5 (every setting remembers its source).
//!
//! ```
//! use drybox_spec::{Command, SandboxSpec};
//!
//! let spec = SandboxSpec::builder(Command::argv(["make", "test"]).unwrap()).build();
//! assert_eq!(spec.hostname.value.as_str(), "drybox");
//! ```
#![forbid(unsafe_code)]

mod builder;
mod command;
mod doors;
mod error;
mod event;
mod facts;
pub mod grammar;
mod host;
mod host_sets;
mod limits;
mod name;
mod path;
mod publish;
mod quote;
pub mod refuse;
mod report;
mod request;
mod resolve;
mod setting;
mod share;
mod shown;
mod sourced;
mod spec;
mod tool_sets;
mod user;

pub use builder::SpecBuilder;
pub use command::{BadCommand, Command, EnvVar};
pub use doors::{Doors, NamedHosts, Permit};
pub use error::{RefusedSource, SpecError, Why};
pub use event::{
    Attempt, Ending, Event, HeldName, Layer, Mended, Named, NetworkEvent, Notice, Started, Verdict,
    Visit, clipped,
};
pub use facts::{Facts, FileKind, LONGEST_FILE, Lookup, LookupError, Own, Real};
pub use grammar::BadValue;
pub use host::{AddressRange, AllowHost, BadDnsName, DnsName, HostPattern};
pub use host_sets::{HOST_SETS, HostSet};
pub use limits::{
    ByteSize, Cpus, DEFAULT_PIDS, Limits, Memory, Pids, Resource, Swap, Ulimit, Ulimits,
};
pub use name::{BadName, BoxName, Hostname};
pub use path::{BadPath, BoxPath, HostPath};
pub use publish::Publish;
pub use quote::ShellWords;
pub use refuse::{FOREIGN_FLAGS, ForeignFlag, Takes};
pub use report::{Kind, Report};
pub use request::{CommandForm, RunRequest, Typed};
pub use resolve::{Guards, resolve};
pub use setting::Setting;
pub use share::{Access, Share, Tmpfs};
pub use shown::{Shown, ShownLine};
pub use sourced::{Source, Sourced};
pub use spec::{Life, Profile, SandboxSpec, Stdin, Terminal, ToolChains, Workspace};
pub use tool_sets::{SettingsFile, TOOL_SETS, ToolSet};
pub use user::BoxUser;
