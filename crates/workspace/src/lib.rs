//! The user's files as a sandbox sees them, and what may come out again.
#![forbid(unsafe_code)]

mod hold;
mod scan;

pub use hold::{
    Change, Check, FAMILIES, Family, Format, Held, Judge, Judging, Keys, Kind, Line, Lock, Look,
    Lookup, Named, Nothing, READ_LIMIT, Rule, Severity, Standing, State, Text, Trick, Value, check,
    judge, rules,
};
pub use scan::{Found, Limits, ScanError, Skipped, Why, scan};
