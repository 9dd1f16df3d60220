//! `--allow HOST[:PORT[,PORT…]][/tcp]`, or `@SET`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{BadValue, decimal, split_once};
use crate::host_sets::{HOST_SETS, HostSet, KNOWN_SETS};
use crate::refuse::SHARED_SUFFIXES;
use crate::tool_sets::{TOOL_SETS, ToolSet};
use crate::{AddressRange, AllowHost, DnsName, HostPattern};

/// One `--allow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowArg {
    /// One rule.
    Host(AllowHost),
    /// A set of hosts that drybox knows.
    Set(&'static HostSet),
    /// The hosts in a tool's own settings.
    Tool(&'static ToolSet),
}

impl AllowArg {
    /// Takes one rule or the name of a set.
    ///
    /// # Errors
    /// *User*, when it is neither, or opens more than one would think.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        match text.strip_prefix(b"@") {
            Some(name) => set(name),
            None => AllowHost::parse(text).map(Self::Host),
        }
    }
}

impl AllowHost {
    /// Takes `HOST[:PORT[,PORT…]][/tcp]`; port 443 when none is named.
    ///
    /// # Errors
    /// *User*, when it is no rule, or opens more than one would think.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let text = text.strip_suffix(b"/tcp").unwrap_or(text);
        if text.ends_with(b"/udp") {
            return Err(BadValue::Refused {
                why: "only TCP leaves a box; drybox itself answers DNS",
                instead: "HOST:PORT; programs fall back from QUIC to TCP by themselves",
            });
        }
        let (host, ports) = match text.strip_prefix(b"[") {
            Some(rest) => {
                let (inside, after) = split_once(rest, b']').ok_or(SHAPE)?;
                let ports = match after {
                    b"" => None,
                    after => Some(after.strip_prefix(b":").ok_or(SHAPE)?),
                };
                (HostPattern::Addresses(range_v6(inside)?), ports)
            }
            None => {
                let (host, ports) = match split_once(text, b':') {
                    Some((host, ports)) => (host, Some(ports)),
                    None => (text, None),
                };
                if ports.is_some_and(|ports| ports.contains(&b':')) {
                    return Err(BadValue::shape(
                        "an IPv6 address stands in brackets: [2001:db8::1]:443",
                    ));
                }
                (pattern(host)?, ports)
            }
        };
        let ports = ports.map_or_else(|| Ok(vec![HTTPS]), self::ports)?;
        Ok(Self { host, ports })
    }
}

fn set(name: &[u8]) -> Result<AllowArg, BadValue> {
    let set = HOST_SETS.iter().find(|set| set.name.as_bytes() == name).map(AllowArg::Set);
    let tool = || TOOL_SETS.iter().find(|tool| tool.name.as_bytes() == name).map(AllowArg::Tool);
    let unknown = || BadValue::UnknownOption { option: [b"@", name].concat(), known: KNOWN_SETS };
    set.or_else(tool).ok_or_else(unknown)
}

fn pattern(host: &[u8]) -> Result<HostPattern, BadValue> {
    if let Some(range) = range_v4(host)? {
        return Ok(HostPattern::Addresses(range));
    }
    let Some(suffix) = host.strip_prefix(b"*.") else {
        if host.contains(&b'*') {
            return Err(if host == b"*" { EVERYTHING } else { WILDCARD });
        }
        let name = DnsName::typed(host)?;
        if name.as_str() == "localhost" || name.as_str().ends_with(".localhost") {
            return Err(LOCALHOST);
        }
        return Ok(HostPattern::Name(name));
    };
    if suffix.contains(&b'*') {
        return Err(WILDCARD);
    }
    let suffix = DnsName::typed(suffix)?;
    let shared = |row: &&str| row.as_bytes() == suffix.as_str().as_bytes();
    if suffix.labels() < 2 || SHARED_SUFFIXES.iter().any(shared) {
        return Err(BadValue::Refused {
            why: "anybody can get a name below it",
            instead: "the one name that is needed, or *. with the organisation's own name",
        });
    }
    Ok(HostPattern::Below(suffix))
}

/// An IPv4 address or range in its one spelling: none of inet_aton(3)'s others.
fn range_v4(text: &[u8]) -> Result<Option<AddressRange>, BadValue> {
    let (address, prefix) = match split_once(text, b'/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let parsed = std::str::from_utf8(address).ok().and_then(|text| text.parse::<Ipv4Addr>().ok());
    match (parsed, prefix) {
        (Some(address), None) => Ok(Some(AddressRange::one(address.into()))),
        (Some(address), Some(prefix)) => range(address.into(), prefix, 8).map(Some),
        (None, Some(_)) => Err(SHAPE),
        (None, None) => Ok(None),
    }
}

/// An IPv6 address or range in its one spelling (RFC 5952), none that holds an IPv4 address.
fn range_v6(text: &[u8]) -> Result<AddressRange, BadValue> {
    let (address, prefix) = match split_once(text, b'/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let text = std::str::from_utf8(address).map_err(|_| SHAPE)?;
    let parsed: Ipv6Addr =
        text.parse().map_err(|_| BadValue::shape("[…] holds an IPv6 address"))?;
    if parsed.to_string() != text {
        return Err(BadValue::shape(
            "an IPv6 address is written as RFC 5952 has it: lower case, shortest",
        ));
    }
    if parsed.to_ipv4_mapped().is_some() {
        return Err(BadValue::shape("an IPv4 address is written as four decimal numbers"));
    }
    match prefix {
        Some(prefix) => range(parsed.into(), prefix, 16),
        None => Ok(AddressRange::one(parsed.into())),
    }
}

fn range(first: IpAddr, prefix: &[u8], shortest: u8) -> Result<AddressRange, BadValue> {
    let prefix: u8 = decimal(prefix).ok_or(SHAPE)?;
    if prefix < shortest {
        return Err(EVERYTHING);
    }
    AddressRange::new(first, prefix)
        .ok_or(BadValue::shape("a range is written from its first address, as 10.0.0.0/8"))
}

fn ports(text: &[u8]) -> Result<Vec<u16>, BadValue> {
    let mut ports = Vec::new();
    for text in text.split(|&b| b == b',') {
        let port: u16 = decimal(text).filter(|&port| port != 0).ok_or(PORTS)?;
        if port == 53 {
            return Err(BadValue::Refused {
                why: "drybox itself answers DNS, so that look-ups are no way out",
                instead: "the ports of the service that is needed",
            });
        }
        ports.push(port);
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// The one port of a rule that names none: with TLS the name is checked on every connection.
const HTTPS: u16 = 443;

const SHAPE: BadValue =
    BadValue::shape("a rule is HOST[:PORT[,PORT…]], as api.example.com or [2001:db8::1]:8443");
const PORTS: BadValue = BadValue::shape("a port is a number from 1 to 65535; several are 80,443");
const WILDCARD: BadValue =
    BadValue::shape("a wildcard stands for whole names at the front: *.example.com");
const EVERYTHING: BadValue = BadValue::Refused {
    why: "it would open nearly everything",
    instead: "the hosts that are needed; --network bridge opens every public host to a box without your files",
};
const LOCALHOST: BadValue = BadValue::Refused {
    why: "inside, localhost is the box itself",
    instead: "--allow-host-port PORT for one port of the host's own loopback",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match AllowArg::parse(text.as_bytes()) {
            Ok(AllowArg::Host(rule)) => rule.to_string(),
            Ok(AllowArg::Set(set)) => format!("set {}", set.name),
            Ok(AllowArg::Tool(tool)) => format!("tool {}", tool.name),
            Err(BadValue::Refused { .. }) => "refused".to_owned(),
            Err(BadValue::UnknownOption { .. }) => "unknown".to_owned(),
            Err(_) => "bad".to_owned(),
        }
    }

    #[test]
    fn rules_are_read_and_shown_in_one_spelling() {
        for (typed, rule) in [
            ("api.Example.com", "api.example.com:443"),
            ("api.example.com.", "bad"),
            ("api.example.com:80,443,80", "api.example.com:80,443"),
            ("api.example.com:8443/tcp", "api.example.com:8443"),
            ("*.example.com", "*.example.com:443"),
            ("bücher.example:1", "xn--bcher-kva.example:1"),
            ("93.184.216.34", "93.184.216.34:443"),
            ("10.0.0.0/8:5432", "10.0.0.0/8:5432"),
            ("10.0.0.0/8/tcp", "10.0.0.0/8:443"),
            ("127.0.0.1:65535", "127.0.0.1:65535"),
            ("[2001:db8::1]:22", "[2001:db8::1]:22"),
            ("[2001:db8::/32]", "[2001:db8::/32]:443"),
            ("@github", "set github"),
            ("@npm", "tool npm"),
        ] {
            assert_eq!(shown(typed), rule, "{typed}");
        }
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for bad in [
            "",
            ":",
            ":443",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "a.example:443-",
            "a.example:+1",
            "a.example:080",
            "a.example:80,",
            "a.example:http",
            "a.*.example",
            "**.example",
            "*good.example",
            "good.*",
            "*.",
            "a..b",
            "good.example@evil",
            "good.example#",
            "good.example\\.evil",
            "a/b",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.0.1.",
            "1.2.3.4.",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "[::ffff:7f00:1]",
            "[::FFFF:1]",
            "[0:0:0:0:0:0:0:1]",
            "[fe80::1%lo]",
            "2001:db8::1",
            "[::1",
            "[::1]443",
            "[127.0.0.1]",
            "①②⑦.⓪.⓪.①",
            "ｇood.example",
            "good\u{3002}example",
            "http://good.example",
            "good.example/",
            "a b.example",
            "a\nb.example",
            "a\0.example",
        ] {
            assert_eq!(shown(bad), "bad", "{bad:?}");
        }
        for refused in [
            "*",
            "*.com",
            "*.co.uk",
            "*.github.io",
            "*.s3.amazonaws.com",
            "0.0.0.0/0",
            "[::/0]",
            "a.example:53",
            "a.example:443/udp",
            "localhost:80",
            "x.localhost",
        ] {
            assert_eq!(shown(refused), "refused", "{refused}");
        }
        for unknown in ["@", "@nope", "@GitHub"] {
            assert_eq!(shown(unknown), "unknown", "{unknown}");
        }
    }
}
