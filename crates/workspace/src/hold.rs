//! Hold rules: what of a change some program of the host would run, or some agent obey.
//!
//! One table ([`rules`]) and one interpreter ([`Judge`]). Pure: the caller says what changed, and
//! answers for the files beside it ([`Lookup`]). A finding is no verdict about the payload: it says
//! that the change does more than change a file, what would run, and when. Upholds I2 (nothing
//! comes out unseen).

mod change;
mod closure;
mod glob;
mod judge;
mod lines;
mod lock;
mod name;
mod parse;
mod places;
mod rule;
mod siblings;
mod table;
mod text;
mod trick;
mod users;

pub use change::{Change, Held, Kind, Line, Lookup, Nothing, READ_LIMIT, State};
pub use judge::{Judge, Judging, judge};
pub(crate) use name::normal;
pub use parse::check;
pub use places::{MOST as MOST_PLACES, places};
pub use rule::{
    Check, Format, Keys, Lock, Look, Named, Rule, Severity, Standing, Text, Trick, Value,
};
pub use table::{FAMILIES, Family, rules};
pub use users::Users;
