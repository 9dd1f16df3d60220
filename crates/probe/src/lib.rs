//! Boundary probes: attempts to get out of a sandbox, and what came of each.
#![forbid(unsafe_code)]
