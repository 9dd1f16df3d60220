//! One row of what a spec says: for `--explain`, and for the event log.

use serde::Serialize;

/// One setting; bytes that are no plain text are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name.
    pub setting: &'static str,
    /// Its value, for people. Of a variable it is the name: a value may be a secret.
    pub value: String,
    /// Who made it.
    pub from: String,
}
