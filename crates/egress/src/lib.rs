//! The only way out of a box: DNS answers, the host allowlist, the relay (design §6).
//!
//! The box's network namespace has no way out; what stands here has listening sockets in it and
//! the host's network behind it. Upholds I1 (nothing is reachable but what the doors name) and I6
//! (what was refused is told). Parsers of what the payload sends are pure, and each has a `check`
//! for a fuzzer.
#![forbid(unsafe_code)]

pub mod address;
pub mod admission;
pub mod dns;
pub mod hello;
pub mod http;
pub mod names;
mod relay;

pub use address::{class_of, is_own};
pub use admission::Judges;
pub use relay::{Bounds, NameServers, Settings, Wires, serve};
