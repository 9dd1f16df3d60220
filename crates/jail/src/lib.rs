//! To come.

pub mod seccomp;
