//! To come.

pub mod terminal;
pub mod tool_chains;
