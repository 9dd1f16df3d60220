//! Boundary probes: attempts to get out of a sandbox, and what came of each.
//!
//! [`PROBES`] is one table of attempts; [`inside`] makes them and prints a line for each. The same
//! attempts, made outside, are their own controls: an attempt that is refused there too proves
//! nothing. [`ROWS`] is the catalogue of everything that is to be attempted, and where each of it
//! is. A probe works on what its caller made for it, and leaves nothing behind when a wall falls.
//!
//! Unlike other rooms this one holds raw system calls: an attack is what no library offers. They
//! stand in `raw`, and run in processes made for one attempt each.

mod attempt;
mod attempts;
mod errno;
mod inside;
mod line;
mod probe;
mod raw;
mod rows;
mod scene;
mod table;

pub use attempt::OTHER;
pub use inside::inside;
pub use line::{Finding, LONGEST_LINE, Line, Verdict};
pub use probe::{Control, GROUPS, Group, Held, Probe};
pub use rows::{Disposition, ROWS, Row};
pub use scene::{Facts, Scene, facts};
pub use table::{PROBES, probe};
