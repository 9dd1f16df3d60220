//! The user's files as a sandbox sees them, and what may come out again.
#![forbid(unsafe_code)]
