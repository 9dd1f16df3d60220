//! Who the payload is, inside.

/// The payload's identity inside the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BoxUser {
    /// `agent`, with the invoking user's own number (real root: 1000).
    Agent,
    /// `-u UID[:GID]`; without a group, the group has the user's number.
    Ids {
        /// User id inside.
        uid: u32,
        /// Group id inside.
        gid: u32,
    },
}
