//! Addresses that are not the public internet's: one table, with what each range is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// A range that a name may not lead to unless the user spelled the address out.
#[derive(Debug, PartialEq, Eq)]
pub struct AddressClass {
    /// Stable name.
    pub id: &'static str,
    first: IpAddr,
    prefix: u8,
    /// What it is, for people.
    pub what: &'static str,
}

/// What an address is, when it is no public host's; none: it may be one.
///
/// An IPv4 address in the clothes of an IPv6 one is refused by its clothes, and judged by itself.
#[must_use]
pub fn class_of(address: IpAddr) -> Option<&'static AddressClass> {
    let row = CLASSES.iter().find(|row| row.contains(address));
    match (row, address) {
        (None, IpAddr::V6(v6)) if v6.segments().first().is_none_or(|s| s >> 13 != 1) => {
            Some(&OUTSIDE)
        }
        (None, IpAddr::V6(v6)) => isatap(v6).and_then(|v4| class_of(v4.into())),
        (row, _) => row,
    }
}

/// True for an address of this machine itself, public ones and a VPN's included: what listens there
/// may trust whoever comes from the machine (EG-20). Only such an address can be bound.
#[must_use]
pub fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

impl AddressClass {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(v4)) => {
                let shift = 32_u32.saturating_sub(self.prefix.into());
                let above = |v4: Ipv4Addr| v4.to_bits().checked_shr(shift).unwrap_or(0);
                above(first) == above(v4)
            }
            (IpAddr::V6(first), IpAddr::V6(v6)) => {
                let shift = 128_u32.saturating_sub(self.prefix.into());
                let above = |v6: Ipv6Addr| v6.to_bits().checked_shr(shift).unwrap_or(0);
                above(first) == above(v6)
            }
            _ => false,
        }
    }
}

/// The IPv4 address inside an ISATAP interface identifier (RFC 5214).
fn isatap(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = v6.octets();
    let [.., id0, id1, _, _] = v6.segments();
    (id0 & 0xfdff == 0 && id1 == 0x5efe).then(|| Ipv4Addr::new(a, b, c, d))
}

/// Everything in IPv6 that is no global unicast address (RFC 4291), beside the rows.
static OUTSIDE: AddressClass = AddressClass {
    id: "reserved6",
    first: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    prefix: 0,
    what: "a reserved address",
};

const fn v4(id: &'static str, first: [u8; 4], prefix: u8, what: &'static str) -> AddressClass {
    let [a, b, c, d] = first;
    AddressClass { id, first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix, what }
}

const fn v6(id: &'static str, first: [u16; 3], prefix: u8, what: &'static str) -> AddressClass {
    let [a, b, c] = first;
    AddressClass { id, first: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix, what }
}

const fn whole(id: &'static str, first: Ipv6Addr, prefix: u8, what: &'static str) -> AddressClass {
    AddressClass { id, first: IpAddr::V6(first), prefix, what }
}

/// Sources: the special-purpose registries of IANA (RFC 6890 and its updates), and the addresses
/// at which clouds serve credentials. The narrower row stands first.
#[rustfmt::skip] // one row a line
pub const CLASSES: &[AddressClass] = &[
    v4("metadata-aws", [169, 254, 169, 254], 32, "a cloud's metadata service"),
    v4("metadata-ecs", [169, 254, 170, 2], 32, "a cloud's metadata service"),
    v4("metadata-alibaba", [100, 100, 100, 200], 32, "a cloud's metadata service"),
    v4("metadata-azure", [168, 63, 129, 16], 32, "a cloud's metadata service"),
    v4("metadata-oracle", [192, 0, 0, 192], 32, "a cloud's metadata service"),
    v4("this-network", [0, 0, 0, 0], 8, "this host"),
    v4("private-10", [10, 0, 0, 0], 8, "a private network"),
    v4("shared", [100, 64, 0, 0], 10, "a provider's or a VPN's inner network"),
    v4("loopback", [127, 0, 0, 0], 8, "this host's loopback"),
    v4("link-local", [169, 254, 0, 0], 16, "the local link"),
    v4("private-172", [172, 16, 0, 0], 12, "a private network"),
    v4("protocol", [192, 0, 0, 0], 24, "an address for protocols"),
    v4("documentation-1", [192, 0, 2, 0], 24, "an address for documents"),
    v4("6to4-relay", [192, 88, 99, 0], 24, "a tunnel's entry"),
    v4("private-192", [192, 168, 0, 0], 16, "a private network"),
    v4("benchmark", [198, 18, 0, 0], 15, "an address for benchmarks"),
    v4("documentation-2", [198, 51, 100, 0], 24, "an address for documents"),
    v4("documentation-3", [203, 0, 113, 0], 24, "an address for documents"),
    v4("multicast", [224, 0, 0, 0], 4, "a multicast group"),
    v4("reserved", [240, 0, 0, 0], 4, "a reserved address"),
    whole("unspecified6", Ipv6Addr::UNSPECIFIED, 128, "this host"),
    whole("loopback6", Ipv6Addr::LOCALHOST, 128, "this host's loopback"),
    whole("mapped", Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4 address in disguise"),
    whole("translated", Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, "an IPv4 address in disguise"),
    whole("compatible", Ipv6Addr::UNSPECIFIED, 96, "an IPv4 address in disguise"),
    whole("metadata6", Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, "a cloud's metadata service"),
    v6("nat64", [0x64, 0xff9b, 0], 96, "an IPv4 address in disguise"),
    v6("nat64-local", [0x64, 0xff9b, 1], 48, "an IPv4 address in disguise"),
    v6("discard", [0x100, 0, 0], 64, "nowhere"),
    v6("teredo", [0x2001, 0, 0], 32, "a tunnel to an IPv4 address"),
    v6("protocol6", [0x2001, 0, 0], 23, "an address for protocols"),
    v6("documentation6", [0x2001, 0xdb8, 0], 32, "an address for documents"),
    v6("6to4", [0x2002, 0, 0], 16, "a tunnel to an IPv4 address"),
    v6("documentation6-2", [0x3fff, 0, 0], 20, "an address for documents"),
    v6("unique-local", [0xfc00, 0, 0], 7, "a private network"),
    v6("link-local6", [0xfe80, 0, 0], 10, "the local link"),
    v6("site-local", [0xfec0, 0, 0], 10, "a private network"),
    v6("multicast6", [0xff00, 0, 0], 8, "a multicast group"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> &'static str {
        class_of(text.parse().unwrap()).map_or("public", |class| class.id)
    }

    #[test]
    fn every_row_is_met_by_its_first_and_last_address_and_missed_beside_it() {
        for row in CLASSES {
            assert!(class_of(row.first).is_some(), "{}", row.id);
            assert!(row.contains(row.first), "{}", row.id);
            let (last, beyond): (IpAddr, Option<IpAddr>) = match row.first {
                IpAddr::V4(first) => {
                    let rest = u32::MAX.checked_shr(row.prefix.into()).unwrap_or(0);
                    let last = first.to_bits() | rest;
                    let beyond = last.checked_add(1).map(|bits| Ipv4Addr::from_bits(bits).into());
                    (Ipv4Addr::from_bits(last).into(), beyond)
                }
                IpAddr::V6(first) => {
                    let rest = u128::MAX.checked_shr(row.prefix.into()).unwrap_or(0);
                    let last = first.to_bits() | rest;
                    let beyond = last.checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into());
                    (Ipv6Addr::from_bits(last).into(), beyond)
                }
            };
            assert!(row.contains(last), "{}", row.id);
            assert!(beyond.is_none_or(|beyond| !row.contains(beyond)), "{}", row.id);
            assert_eq!(CLASSES.iter().filter(|other| other.id == row.id).count(), 1);
        }
    }

    #[test]
    fn forms_of_inner_addresses_are_seen_through() {
        for (text, expected) in [
            ("169.254.169.254", "metadata-aws"),
            ("168.63.129.16", "metadata-azure"),
            ("100.100.100.200", "metadata-alibaba"),
            ("127.5.6.7", "loopback"),
            ("::ffff:127.0.0.1", "mapped"),
            ("::ffff:a9fe:a9fe", "mapped"),
            ("::127.0.0.1", "compatible"),
            ("::ffff:0:7f00:1", "translated"),
            ("64:ff9b::7f00:1", "nat64"),
            ("64:ff9b:1::1", "nat64-local"),
            ("2002:7f00:1::", "6to4"),
            ("2001:0:4136:e378::1", "teredo"),
            ("fd00:ec2::254", "metadata6"),
            ("fd64::1", "unique-local"),
            ("fe80::1", "link-local6"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast6"),
            ("255.255.255.255", "reserved"),
            ("198.19.255.255", "benchmark"),
            ("4000::1", "reserved6"),
            ("2606:4700::5efe:7f00:1", "loopback"),
            ("2606:4700::200:5efe:a00:1", "private-10"),
        ] {
            assert_eq!(id(text), expected, "{text}");
        }
        // The control: public addresses are none of these.
        for public in
            ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "172.32.0.1", "2606:4700::5efe:101:101"]
        {
            assert_eq!(id(public), "public", "{public}");
        }
    }

    #[test]
    fn this_machines_addresses_are_known() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("93.184.216.34".parse().unwrap()));
    }
}
