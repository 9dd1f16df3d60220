//! Tests of the terminal filter: attacks by name, the table's rows, properties, real programs.

mod attacks;
mod golden;
mod hostile;
mod properties;
mod rows;

use super::{Filter, Kind, Withheld};

/// What reaches the terminal of these bytes, and what was withheld.
fn filtered(input: &[u8]) -> (Vec<u8>, Withheld) {
    let (mut filter, mut out) = (Filter::new(), Vec::new());
    filter.feed(input, &mut out);
    (out, filter.withheld())
}

/// Bytes as a failing test shows them.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
