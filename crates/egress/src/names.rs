//! The private addresses that stand for names inside a box.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use drybox_spec::{DnsName, Doors, HostPattern};

/// Names and their addresses inside. An address is never given to another name, so that what a
/// program remembers stays true (EG-79); the table only grows, up to a limit (EG-78).
#[derive(Debug, Default)]
pub struct Names {
    by_name: HashMap<DnsName, u32>,
    by_number: Vec<DnsName>,
    /// How many of them are there by a wildcard.
    wild: usize,
}

/// The addresses of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Below [`POOL_V4`].
    pub v4: Ipv4Addr,
    /// Below [`POOL_V6`].
    pub v6: Ipv6Addr,
}

/// Why a name has no address inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// Nothing lets it be reached.
    NotAllowed,
    /// Below a wildcard, and longer than names are: it carries something.
    TooLong,
    /// There are too many.
    TooMany,
}

impl Names {
    /// The addresses of a name, given to it now if need be.
    ///
    /// # Errors
    /// When it may have none.
    pub fn address_of(&mut self, name: &DnsName, doors: &Doors) -> Result<Inside, NoAddress> {
        if let Some(&number) = self.by_name.get(name) {
            return Ok(inside(number));
        }
        if !doors.knows(name) {
            return Err(NoAddress::NotAllowed);
        }
        let wild = doors.rules().iter().find_map(|rule| match &rule.value.host {
            HostPattern::Below(suffix) if name.is_below(suffix) => Some(suffix),
            _ => None,
        });
        let exact = |rule: &drybox_spec::Sourced<drybox_spec::AllowHost>| matches!(&rule.value.host, HostPattern::Name(own) if own == name);
        if let Some(suffix) = wild.filter(|_| !doors.rules().iter().any(exact)) {
            let own = name.as_str().len().saturating_sub(suffix.as_str().len());
            if own > LONGEST_WILD {
                return Err(NoAddress::TooLong);
            }
            if self.wild >= MOST_WILD {
                return Err(NoAddress::TooMany);
            }
            self.wild = self.wild.saturating_add(1);
        }
        let number = u32::try_from(self.by_number.len()).map_err(|_| NoAddress::TooMany)?;
        if number >= MOST {
            return Err(NoAddress::TooMany);
        }
        self.by_number.push(name.clone());
        self.by_name.insert(name.clone(), number);
        Ok(inside(number))
    }

    /// The name behind an address inside; none: it was given to nobody.
    #[must_use]
    pub fn name_of(&self, address: IpAddr) -> Option<&DnsName> {
        let low = match address {
            IpAddr::V4(v4) => v4.to_bits(),
            IpAddr::V6(v6) => {
                let [.., a, b, c, d] = v6.octets();
                let low = u32::from_be_bytes([a, b, c, d]);
                (inside(low.checked_sub(POOL_V4.to_bits().checked_add(FIRST)?)?).v6 == v6)
                    .then_some(low)?
            }
        };
        let number = low.checked_sub(POOL_V4.to_bits())?.checked_sub(FIRST)?;
        self.by_number.get(usize::try_from(number).ok()?)
    }
}

/// True when an address is one of those that stand for names, given or not.
#[must_use]
pub fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.to_bits() >> 17 == POOL_V4.to_bits() >> 17,
        IpAddr::V6(v6) => v6.to_bits() >> 32 == POOL_V6.to_bits() >> 32,
    }
}

const fn inside(number: u32) -> Inside {
    let low = POOL_V4.to_bits().saturating_add(FIRST).saturating_add(number);
    Inside {
        v4: Ipv4Addr::from_bits(low),
        v6: Ipv6Addr::from_bits(POOL_V6.to_bits() | low as u128),
    }
}

/// 198.18.0.0/15: for benchmarks between networks (RFC 2544), so that nobody's host is there, and
/// programs that sort out private addresses (RFC 1918) let it pass.
pub const POOL_V4: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);

/// A /96 of unique local addresses (RFC 4193) with a fixed number; the IPv4 address is its end.
pub const POOL_V6: Ipv6Addr = Ipv6Addr::new(0xfd64, 0x7279, 0x626f, 0x7800, 0, 0, 0, 0);

/// The pool's beginning is for the interface and the name server.
const FIRST: u32 = 256;

/// Names at most; a fraction of the pool, and a few megabytes.
const MOST: u32 = 16_384;

/// Names below wildcards at most, and bytes in front of a wildcard's suffix: whoever runs the zone
/// hears each of them (NP-13).
const MOST_WILD: usize = 1024;
const LONGEST_WILD: usize = 80;

#[cfg(test)]
pub(crate) mod tests {
    use drybox_spec::{AllowHost, NamedHosts, Source, Sourced};

    use super::*;

    pub(crate) fn doors(rules: &[&str]) -> Doors {
        let sourced = |rule: &&str| {
            Sourced::new(AllowHost::parse(rule.as_bytes()).unwrap(), Source::Flag("--allow"))
        };
        Doors::FilesAndHosts(NamedHosts::new(rules.iter().map(sourced).collect()).unwrap())
    }

    pub(crate) fn name(text: &str) -> DnsName {
        DnsName::typed(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_keeps_its_addresses_and_they_lead_back() {
        let (doors, mut names) = (doors(&["a.example", "*.b.example"]), Names::default());
        let a = names.address_of(&name("a.example"), &doors).unwrap();
        let b = names.address_of(&name("x.b.example"), &doors).unwrap();
        assert_ne!(a, b);
        assert_eq!(names.address_of(&name("a.example"), &doors), Ok(a));
        for (address, expected) in [(IpAddr::V4(b.v4), "x.b.example"), (a.v6.into(), "a.example")] {
            assert_eq!(names.name_of(address), Some(&name(expected)));
            assert!(is_inside(address));
        }
        for other in [
            "198.18.0.1",
            "198.18.1.2",
            "198.20.1.0",
            "10.0.0.1",
            "::1",
            "fd64:7279:626f:7801::c612:100",
        ] {
            assert_eq!(names.name_of(other.parse().unwrap()), None, "{other}");
        }
        assert_eq!(names.address_of(&name("c.example"), &doors), Err(NoAddress::NotAllowed));
        assert_eq!(names.address_of(&name("b.example"), &doors), Err(NoAddress::NotAllowed));
    }

    #[test]
    fn a_wildcard_is_a_narrow_channel() {
        let (doors, mut names) = (doors(&["*.b.example"]), Names::default());
        let long = format!("{0}.{0}.b.example", "x".repeat(60));
        assert_eq!(names.address_of(&name(&long), &doors), Err(NoAddress::TooLong));
        for n in 0..MOST_WILD {
            names.address_of(&name(&format!("n{n}.b.example")), &doors).unwrap();
        }
        assert_eq!(names.address_of(&name("one-more.b.example"), &doors), Err(NoAddress::TooMany));
        assert!(names.address_of(&name("n5.b.example"), &doors).is_ok());
    }

    #[test]
    fn the_table_has_an_end() {
        let (doors, mut names) = (Doors::AnyPublicHost { named: Vec::new() }, Names::default());
        for n in 0..MOST {
            names.address_of(&name(&format!("n{n}.example")), &doors).unwrap();
        }
        assert_eq!(names.address_of(&name("more.example"), &doors), Err(NoAddress::TooMany));
    }
}
