//! A way into a box: a port of the host.

use std::fmt;
use std::net::SocketAddr;

/// A port of the host, and the port of the box that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where the host listens.
    pub outside: SocketAddr,
    /// A port of the box's own loopback.
    pub inside: u16,
}

/// As the flag takes it.
impl fmt::Display for Publish {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.outside, self.inside)
    }
}
