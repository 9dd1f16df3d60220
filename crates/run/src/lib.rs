//! The life of a box.
#![forbid(unsafe_code)]

pub mod tool_chains;
