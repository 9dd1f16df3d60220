//! The two doors of a box (I1), and which hosts are behind one of them.

use std::net::IpAddr;

use crate::{AllowHost, DnsName, Sourced};

/// Which doors are open. "Both open" cannot be written without naming hosts (I1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doors {
    /// The user's files, no network.
    FilesOnly,
    /// The user's files, and the hosts that the user named.
    FilesAndHosts(NamedHosts),
    /// Every public host at the web's ports, and none of the user's files: no workspace, no share.
    AnyPublicHost {
        /// Further ports and addresses, named by the user.
        named: Vec<Sourced<AllowHost>>,
    },
}

/// Rules about hosts; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHosts(Vec<Sourced<AllowHost>>);

impl NamedHosts {
    /// Takes rules; none when there are none: an empty list opens nothing (CVE-2025-66479).
    #[must_use]
    pub fn new(rules: Vec<Sourced<AllowHost>>) -> Option<Self> {
        (!rules.is_empty()).then_some(Self(rules))
    }

    /// The rules, in the user's order.
    #[must_use]
    pub fn rules(&self) -> &[Sourced<AllowHost>] {
        &self.0
    }
}

impl Doors {
    /// The user's rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[Sourced<AllowHost>] {
        match self {
            Self::FilesOnly => &[],
            Self::FilesAndHosts(hosts) => hosts.rules(),
            Self::AnyPublicHost { named } => named,
        }
    }

    /// True when something can be reached over the network.
    #[must_use]
    pub const fn has_network(&self) -> bool {
        !matches!(self, Self::FilesOnly)
    }

    /// Every port that something may be reached at, sorted.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = match self {
            Self::AnyPublicHost { .. } => WEB.to_vec(),
            Self::FilesOnly | Self::FilesAndHosts(_) => Vec::new(),
        };
        ports.extend(self.rules().iter().flat_map(|rule| rule.value.ports()));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// What lets a name be reached at a port; none: nothing does.
    #[must_use]
    pub fn by_name(&self, name: &DnsName, port: u16) -> Option<Permit<'_>> {
        let named = self.rules().iter().find(|rule| rule.value.names(name, port));
        match (named, self) {
            (Some(rule), _) => Some(Permit::Rule(&rule.value)),
            (None, Self::AnyPublicHost { .. }) if WEB.contains(&port) => Some(Permit::Public),
            _ => None,
        }
    }

    /// What lets a spelled-out address be reached at a port, whatever kind of address it is.
    #[must_use]
    pub fn by_address(&self, address: IpAddr, port: u16) -> Option<Permit<'_>> {
        let rule = self.rules().iter().find(|rule| rule.value.covers(address, port));
        rule.map(|rule| Permit::Rule(&rule.value))
    }

    /// What lets any address be reached at a port, as long as it is a public host's.
    #[must_use]
    pub fn any_address(&self, port: u16) -> Option<Permit<'_>> {
        let any = matches!(self, Self::AnyPublicHost { .. });
        (any && WEB.contains(&port)).then_some(Permit::Public)
    }

    /// True when a name is reachable at some port, so that it has an address inside.
    #[must_use]
    pub fn knows(&self, name: &DnsName) -> bool {
        matches!(self, Self::AnyPublicHost { .. })
            || self.rules().iter().any(|rule| {
                rule.value.ports().first().is_some_and(|&port| rule.value.names(name, port))
            })
    }
}

/// Why something may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit<'a> {
    /// This rule names it.
    Rule(&'a AllowHost),
    /// Every public host is open.
    Public,
}

impl std::fmt::Display for Permit<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule(rule) => write!(out, "--allow {rule}"),
            Self::Public => out.write_str("--network bridge"),
        }
    }
}

/// The ports of `--network bridge`: plain HTTP and HTTPS, where a name can be checked.
const WEB: &[u16] = &[80, 443];

/// How many ports all rules together may name: each costs two listening sockets.
pub(crate) const MOST_PORTS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn doors(rules: &[&str]) -> Doors {
        let parse = |rule: &&str| AllowHost::parse(rule.as_bytes()).unwrap();
        let sourced = |rule| Sourced::new(rule, Source::Flag("--allow"));
        Doors::FilesAndHosts(
            NamedHosts::new(rules.iter().map(parse).map(sourced).collect()).unwrap(),
        )
    }

    #[test]
    fn a_rule_opens_its_name_at_its_ports_and_nothing_else() {
        let doors = doors(&["good.example:80,443", "*.wild.example:22", "10.0.0.0/8:5432"]);
        let name = |text: &str| DnsName::typed(text.as_bytes()).unwrap();
        assert!(doors.by_name(&name("good.example"), 80).is_some());
        for (text, port) in [
            ("good.example", 22),
            ("sub.good.example", 443),
            ("evilgood.example", 443),
            ("wild.example", 22),
            ("a.wild.example", 443),
        ] {
            assert_eq!(doors.by_name(&name(text), port), None, "{text}:{port}");
        }
        assert!(doors.by_name(&name("a.b.wild.example"), 22).is_some());
        assert!(doors.by_address("10.1.2.3".parse().unwrap(), 5432).is_some());
        assert!(doors.by_address("10.1.2.3".parse().unwrap(), 443).is_none());
        assert!(doors.by_address("11.1.2.3".parse().unwrap(), 5432).is_none());
        assert_eq!(doors.ports(), [22, 80, 443, 5432]);
        assert!(doors.knows(&name("x.wild.example")) && !doors.knows(&name("x.good.example")));
    }

    #[test]
    fn an_empty_list_opens_nothing() {
        assert_eq!(NamedHosts::new(Vec::new()), None);
        let name = DnsName::typed(b"good.example").unwrap();
        assert_eq!(Doors::FilesOnly.by_name(&name, 443), None);
        assert!(Doors::FilesOnly.ports().is_empty() && !Doors::FilesOnly.knows(&name));
    }

    #[test]
    fn a_bridge_opens_every_name_at_the_ports_of_the_web() {
        let bridge = Doors::AnyPublicHost { named: Vec::new() };
        let name = DnsName::typed(b"any.example").unwrap();
        assert_eq!(bridge.by_name(&name, 443), Some(Permit::Public));
        assert_eq!(bridge.by_name(&name, 22), None);
        assert_eq!(bridge.by_address("10.0.0.1".parse().unwrap(), 443), None);
    }
}
