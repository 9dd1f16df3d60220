//! The user's files as a sandbox sees them, and what may come out again.
#![forbid(unsafe_code)]

mod hold;

pub use hold::{
    Change, Check, FAMILIES, Family, Format, Held, Judge, Keys, Kind, Line, Lock, Look, Lookup, Nothing,
    READ_LIMIT, Rule, Severity, Standing, State, Text, Trick, Value, check, judge, rules,
};
