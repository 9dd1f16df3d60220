//! What an untrusted payload may do to the user's terminal.
//!
//! A terminal is an interpreter: it has a clipboard, types answers into the user's input, fetches
//! links, keeps settings when the program is gone. [`Filter`] stands between the pty of a box and the
//! user's terminal and lets through what the table in `allowed.rs` names (I8); what it withheld is
//! told at the end (I6, [`Withheld`]); [`Filter::reset`] gives the terminal back.

mod allowed;
mod csi;
mod filter;
mod left;
mod text;
mod withheld;

#[cfg(test)]
mod tests;

pub use filter::Filter;
pub use left::RESET;
pub use withheld::{Kind, Withheld};

/// A question (DSR 5) that every terminal answers in order: all earlier answers come before its own.
pub const FENCE: &[u8] = b"\x1b[5n";

/// The answer to [`FENCE`].
pub const FENCE_ANSWER: &[u8] = b"\x1b[0n";

/// Whether the filter keeps its promises for these bytes: the entry for fuzzing and properties.
///
/// Filtering what it wrote changes nothing and withholds nothing, and any cut of the input gives the
/// same output, counts and answers.
#[must_use]
pub fn check(bytes: &[u8]) -> bool {
    let whole = filtered(&[bytes]);
    let (first, second) = bytes.split_at_checked(bytes.len() / 2).unwrap_or((bytes, b""));
    let (again, quiet) = {
        let mut filter = Filter::new();
        let mut out = Vec::new();
        // A filter that is told of no answers lets only so many questions pass; as did the first.
        filter.feed(&whole.0, &mut out);
        (out, filter.withheld().is_empty())
    };
    quiet
        && again == whole.0
        && whole == filtered(&[first, second])
        && whole == filtered(&bytes.chunks(1).collect::<Vec<_>>())
}

fn filtered(chunks: &[&[u8]]) -> (Vec<u8>, Withheld, Vec<u8>) {
    let (mut filter, mut out, mut answers) = (Filter::new(), Vec::new(), Vec::new());
    for chunk in chunks {
        filter.feed(chunk, &mut out);
    }
    filter.answers(&mut answers);
    (out, filter.withheld(), answers)
}
