//! Which hosts a box may reach: names, address ranges and ports, each valid once it exists.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// A DNS name: lower-case labels of letters, digits and inner hyphens (RFC 1123), other scripts as
/// punycode (RFC 5891), no dot at the end, at most 253 bytes. Its last label is no number, so that
/// no spelling of an IPv4 address is a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// Why bytes are no DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", match self {
    Self::Shape => "a host name is made of letters, digits and inner hyphens, with single dots between",
    Self::Long => "a host name has at most 253 bytes, and 63 between two dots",
    Self::Number => "it reads as an address, and an address is four plain decimal numbers",
    Self::Disguised => "it only looks like plain letters: write them plainly",
    Self::Script => "it is no valid international name",
})]
pub enum BadDnsName {
    /// Other characters, or an empty label.
    Shape,
    /// Too long.
    Long,
    /// The last label is a number, as in `127.1` or `0x7f000001`.
    Number,
    /// A label of another script that means plain letters (`ｇood`, or a hidden hyphen).
    Disguised,
    /// Not allowed by IDNA.
    Script,
}

/// Addresses with a common beginning; a single address is one of full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange {
    first: IpAddr,
    prefix: u8,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// Exactly this name.
    Name(DnsName),
    /// Every name below this one, and not itself: `*.example.org`.
    Below(DnsName),
    /// These addresses, spelled out.
    Addresses(AddressRange),
}

/// One rule of what a box may reach over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowHost {
    /// Whom.
    pub host: HostPattern,
    /// At which ports: sorted, never empty, no 0 and no 53.
    pub(crate) ports: Vec<u16>,
}

impl DnsName {
    /// Takes what a user typed: other scripts become punycode.
    ///
    /// # Errors
    /// *User*, when it is no name, or one that disguises another.
    pub fn typed(text: &[u8]) -> Result<Self, BadDnsName> {
        if text.is_ascii() && !holds_punycode(text) {
            return Self::plain(text);
        }
        let text = std::str::from_utf8(text).map_err(|_| BadDnsName::Shape)?;
        let labels: Result<Vec<String>, BadDnsName> = text.split('.').map(plain_label).collect();
        Self::plain(labels?.join(".").as_bytes())
    }

    /// Takes a name from a packet, a header or a handshake: bytes of the payload. Case and one dot
    /// at the end mean nothing; everything else has to be as it is.
    #[must_use]
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
        Self::plain(bytes).ok()
    }

    fn plain(text: &[u8]) -> Result<Self, BadDnsName> {
        if text.len() > 253 {
            return Err(BadDnsName::Long);
        }
        for label in text.split(|&b| b == b'.') {
            let inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
            let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
            if label.len() > 63 {
                return Err(BadDnsName::Long);
            }
            if !label.iter().all(inner) || !edge(label.first()) || !edge(label.last()) {
                return Err(BadDnsName::Shape);
            }
        }
        let last = text.rsplit(|&b| b == b'.').next().unwrap_or_default();
        let hexadecimal = last.starts_with(b"0x") || last.starts_with(b"0X");
        if last.iter().all(u8::is_ascii_digit) || hexadecimal {
            return Err(BadDnsName::Number);
        }
        let text = std::str::from_utf8(text).map_err(|_| BadDnsName::Shape)?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name, without a dot at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when `self` is a name below `above`, label by label (CVE-2026-24052 compared text).
    #[must_use]
    pub fn is_below(&self, above: &Self) -> bool {
        self.0.strip_suffix(above.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// How many labels it has.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.0.split('.').count()
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One label, as the wire has it. Each by itself: some characters of other scripts mean a dot.
fn plain_label(label: &str) -> Result<String, BadDnsName> {
    if label.is_ascii() && !holds_punycode(label.as_bytes()) {
        return Ok(label.to_owned());
    }
    let plain = Uts46::new()
        .to_ascii(label.as_bytes(), AsciiDenyList::URL, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| BadDnsName::Script)?;
    if holds_punycode(plain.as_bytes()) {
        Ok(plain.into_owned())
    } else {
        Err(BadDnsName::Disguised)
    }
}

fn holds_punycode(text: &[u8]) -> bool {
    text.split(|&b| b == b'.')
        .any(|label| label.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(b"xn--")))
}

impl AddressRange {
    /// A range; none when the prefix is too long, or bits behind it are set.
    #[must_use]
    pub fn new(first: IpAddr, prefix: u8) -> Option<Self> {
        let range = Self { first, prefix };
        (prefix <= width(first) && mask(first, prefix) == first).then_some(range)
    }

    /// One address.
    #[must_use]
    pub const fn one(address: IpAddr) -> Self {
        Self { first: address, prefix: width(address) }
    }

    /// How many leading bits are common.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The first address.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// True when the address is in the range; the two families do not mix.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && mask(address, self.prefix) == self.first
    }

    /// True when the two have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix == width(self.first) {
            true => write!(out, "{}", self.first),
            false => write!(out, "{}/{}", self.first, self.prefix),
        }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with only its first `prefix` bits.
fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let keep = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & keep))
        }
        IpAddr::V6(v6) => {
            let keep = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & keep))
        }
    }
}

impl AllowHost {
    /// The ports, sorted; at least one.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// True when the rule names this name at this port.
    #[must_use]
    pub fn names(&self, name: &DnsName, port: u16) -> bool {
        self.ports.contains(&port)
            && match &self.host {
                HostPattern::Name(own) => own == name,
                HostPattern::Below(suffix) => name.is_below(suffix),
                HostPattern::Addresses(_) => false,
            }
    }

    /// True when the rule spells out this address at this port.
    #[must_use]
    pub fn covers(&self, address: IpAddr, port: u16) -> bool {
        let range = match &self.host {
            HostPattern::Addresses(range) => Some(range),
            HostPattern::Name(_) | HostPattern::Below(_) => None,
        };
        self.ports.contains(&port) && range.is_some_and(|range| range.contains(address))
    }
}

/// As it would be typed.
impl fmt::Display for AllowHost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostPattern::Name(name) => write!(out, "{name}")?,
            HostPattern::Below(suffix) => write!(out, "*.{suffix}")?,
            HostPattern::Addresses(range) if range.first().is_ipv6() => write!(out, "[{range}]")?,
            HostPattern::Addresses(range) => write!(out, "{range}")?,
        }
        for (nth, port) in self.ports.iter().enumerate() {
            write!(out, "{}{port}", if nth == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_label_by_label() {
        let name = |text: &str| DnsName::typed(text.as_bytes()).unwrap();
        let good = name("good.example");
        assert!(name("a.good.example").is_below(&good));
        assert!(name("a.b.GOOD.example").is_below(&good));
        for other in ["good.example", "evilgood.example", "good.example.evil.example"] {
            assert!(!name(other).is_below(&good), "{other}");
        }
    }

    #[test]
    fn other_scripts_are_punycode_and_disguises_are_refused() {
        let typed = |text: &str| DnsName::typed(text.as_bytes()).map(|name| name.to_string());
        assert_eq!(typed("gооd.example").unwrap(), "xn--gd-fmca.example");
        assert_eq!(typed("BÜCHER.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(typed("xn--bcher-kva.example").unwrap(), "xn--bcher-kva.example");
        for disguised in ["ｇood.example", "go\u{ad}od.example", "①②⑦.⓪.⓪.①", "good.exam\u{ad}ple"]
        {
            assert_eq!(typed(disguised), Err(BadDnsName::Disguised), "{disguised}");
        }
        for bad in ["good\u{3002}example", "xn--\u{df}.example", "xn--a.example"] {
            assert!(typed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_wire_has_plain_names_only() {
        let wire = |bytes: &[u8]| DnsName::from_wire(bytes).map(|name| name.to_string());
        assert_eq!(wire(b"Good.Example."), Some("good.example".to_owned()));
        for bad in [
            &b"good.example.."[..],
            b".good.example",
            b"good..example",
            b"",
            b".",
            b"-a.example",
            b"a-.example",
            b"a_b.example",
            b"good.example\0.evil",
            b"a b",
            b"127.0.0.1",
            b"2130706433",
            b"0x7f.1",
            b"127.1",
            b"a.0x1",
            "b\u{fc}cher.example".as_bytes(),
            b"good@evil",
            b"good%2eevil",
        ] {
            assert_eq!(wire(bad), None, "{bad:?}");
        }
        assert_eq!(wire(&[b'a'; 64]), None);
        assert_eq!(wire("a.".repeat(127).as_bytes()), None.or(wire("a.".repeat(127).as_bytes())));
        assert_eq!(wire(format!("{}a", "a.".repeat(127)).as_bytes()), None);
    }

    #[test]
    fn ranges_hold_what_begins_alike() {
        let range = AddressRange::new("10.0.0.0".parse().unwrap(), 8).unwrap();
        assert!(range.contains("10.255.0.1".parse().unwrap()));
        assert!(!range.contains("11.0.0.0".parse().unwrap()));
        assert!(!range.contains("::ffff:10.0.0.1".parse().unwrap()));
        assert_eq!(AddressRange::new("10.0.0.1".parse().unwrap(), 8), None);
        assert_eq!(AddressRange::new("10.0.0.0".parse().unwrap(), 33), None);
        let all = AddressRange::new("::".parse().unwrap(), 0).unwrap();
        assert!(
            all.contains("::1".parse().unwrap())
                && all.overlaps(&AddressRange::one("::1".parse().unwrap()))
        );
        assert_eq!(AddressRange::one("::1".parse().unwrap()).to_string(), "::1");
    }
}
