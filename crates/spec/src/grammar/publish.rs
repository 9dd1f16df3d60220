//! `-p [IP:]HOST:BOX[/tcp]`: a port of the host that leads to one of the box.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::BadValue;
use crate::Publish;

impl Publish {
    /// Takes podman's spelling, with both ports. Without an address it is the host's loopback: to
    /// podman it is every address of the host.
    ///
    /// # Errors
    /// *User*, when it is none, or asks for more than one port.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        let text = text.strip_suffix(b"/tcp").unwrap_or(text);
        if text.ends_with(b"/udp") || text.ends_with(b"/sctp") {
            return Err(BadValue::Refused {
                why: "only TCP is handed on into a box",
                instead: "[ADDRESS:]HOST_PORT:BOX_PORT",
            });
        }
        let text = std::str::from_utf8(text).map_err(|_| SHAPE)?;
        let (rest, inside) = text.rsplit_once(':').ok_or(ONE_PORT)?;
        let (address, outside) = match rest.rsplit_once(':') {
            Some((address, outside)) => (self::address(address)?, outside),
            None => (IpAddr::V4(Ipv4Addr::LOCALHOST), rest),
        };
        Ok(Self { outside: SocketAddr::new(address, port(outside)?), inside: port(inside)? })
    }
}

fn address(text: &str) -> Result<IpAddr, BadValue> {
    match text.strip_prefix('[') {
        Some(rest) => {
            let inside = rest.strip_suffix(']').ok_or(SHAPE)?;
            inside.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| SHAPE)
        }
        None => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| SHAPE),
    }
}

/// A port in plain decimal.
pub(crate) fn port(text: &str) -> Result<u16, BadValue> {
    if text.contains('-') {
        return Err(BadValue::Refused {
            why: "a range would open more ports than are needed",
            instead: "the flag once for each port",
        });
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ if text.is_empty() => Err(ONE_PORT),
        _ => Err(BadValue::shape("a port is a number from 1 to 65535")),
    }
}

const SHAPE: BadValue =
    BadValue::shape("[ADDRESS:]HOST_PORT:BOX_PORT, as 3000:3000 or 127.0.0.1:8080:80 or [::1]:1:2");
const ONE_PORT: BadValue = BadValue::Refused {
    why: "a port that the kernel chooses would be known to nobody",
    instead: "both ports: -p 3000:3000",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ports_are_named_and_the_address_is_loopback_by_default() {
        for (text, shown) in [
            ("3000:80", "127.0.0.1:3000:80"),
            ("127.0.0.1:3000:80/tcp", "127.0.0.1:3000:80"),
            ("0.0.0.0:1:65535", "0.0.0.0:1:65535"),
            ("[::1]:3000:80", "[::1]:3000:80"),
            ("[::]:3000:80", "[::]:3000:80"),
        ] {
            let publish = Publish::parse(text.as_bytes()).unwrap();
            assert_eq!(publish.to_string(), shown);
            assert_eq!(Publish::parse(shown.as_bytes()), Ok(publish));
        }
    }

    #[test]
    fn what_is_no_pair_of_ports_is_refused() {
        for text in [
            "",
            ":",
            "80",
            "/tcp",
            "::80",
            "127.0.0.1::80",
            "80:",
            ":80",
            "0:80",
            "80:0",
            "+80:80",
            "080x:80",
            "70000:80",
            "80:70000",
            "80-90:80-90",
            "localhost:80:80",
            "::1:80:80",
            "[::1:80:80",
            "[127.0.0.1]:80:80",
            "127.1:80:80",
            "80:80/udp",
            "80:80/TCP",
            "1:2:3:4",
            "80:80 ",
            "\u{660}:80",
        ] {
            assert!(Publish::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Publish::parse(b"\xff:80").is_err());
    }
}
