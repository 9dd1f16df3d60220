//! What a client says, checked against the name that its connection is for.

use drybox_spec::{DnsName, Layer};

use crate::admission::{Named, Target};
use crate::hello::{self, BadHello, Hello};
use crate::http::{BadRequest, Requests};

/// What has to be seen before bytes may go on.
#[derive(Debug)]
pub(super) enum Speech {
    /// A ClientHello for the name.
    Tls(DnsName),
    /// Requests for the name, every one.
    Http(Requests),
    /// Whatever the client begins with decides.
    Undecided(DnsName, u16),
    /// Nothing any more.
    Open,
}

/// Why a connection goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Hello(BadHello),
    /// A ClientHello for another name.
    OtherName(DnsName),
    Request(BadRequest),
}

impl Speech {
    /// At 443 it has to be TLS, at 80 HTTP; elsewhere what is one of the two is checked as such.
    /// An address that was spelled out has no name to be checked.
    pub(super) fn of(named: &Named) -> Self {
        match (named.target(), named.port()) {
            (Target::Address(_), _) => Self::Open,
            (Target::Name(name), 443) => Self::Tls(name.clone()),
            (Target::Name(name), 80) => Self::Http(Requests::new(name.clone(), 80)),
            (Target::Name(name), port) => Self::Undecided(name.clone(), port),
        }
    }

    /// True when the client has to speak before anything is connected.
    pub(super) const fn comes_first(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Http(_))
    }

    /// What its bytes are judged by.
    pub(super) const fn layer(&self) -> Layer {
        match self {
            Self::Tls(_) => Layer::Tls,
            Self::Http(_) => Layer::Http,
            Self::Undecided(..) | Self::Open => Layer::Policy,
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// How many of these bytes may go on; 0: more have to come first.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Unfit> {
        if let Self::Undecided(name, port) = self {
            let (name, port) = (name.clone(), *port);
            *self = match bytes.first() {
                None => return Ok(0),
                Some(&HANDSHAKE) => Self::Tls(name),
                Some(_) => match begins_a_request(bytes) {
                    Some(true) => Self::Http(Requests::new(name, port)),
                    Some(false) => Self::Open,
                    None => return Ok(0),
                },
            };
        }
        match self {
            Self::Open | Self::Undecided(..) => Ok(bytes.len()),
            Self::Http(requests) => requests.advance(bytes).map_err(Unfit::Request),
            Self::Tls(name) => match hello::read(bytes) {
                Hello::Partial => Ok(0),
                Hello::Refused(why) => Err(Unfit::Hello(why)),
                Hello::Names(other) if other != *name => Err(Unfit::OtherName(other)),
                Hello::Names(_) => {
                    *self = Self::Open;
                    Ok(bytes.len())
                }
            },
        }
    }
}

/// Whether these bytes are the beginning of a request; none: it may become one.
fn begins_a_request(bytes: &[u8]) -> Option<bool> {
    let fits = |method: &&&[u8]| method.iter().zip(bytes).all(|(a, b)| a == b);
    match METHODS.iter().find(fits) {
        None => Some(false),
        Some(method) if bytes.len() >= method.len() => Some(true),
        Some(_) => None,
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hello(why) => write!(out, "{why}"),
            Self::OtherName(name) => write!(out, "its handshake is for {name}"),
            Self::Request(why) => write!(out, "{why}"),
        }
    }
}

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 22;

/// Beginnings of HTTP requests, HTTP/2 included.
const METHODS: &[&[u8]] = &[
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI * HTTP/2",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hello::tests::{common, hello, sni};
    use crate::names::tests::name;

    fn client_hello(name: &str) -> Vec<u8> {
        hello(&[common(), vec![sni(name.as_bytes())]].concat())
    }

    #[test]
    fn the_handshakes_name_has_to_be_the_connections() {
        let mut speech = Speech::Tls(name("good.example"));
        let bytes = client_hello("good.example");
        assert_eq!(speech.advance(&bytes[..9]), Ok(0));
        assert_eq!(speech.advance(&bytes), Ok(bytes.len()));
        assert!(speech.is_open());
        let mut speech = Speech::Tls(name("good.example"));
        let other = Unfit::OtherName(name("evil.example"));
        assert_eq!(speech.advance(&client_hello("evil.example")), Err(other));
        let mut speech = Speech::Tls(name("good.example"));
        assert_eq!(speech.advance(b"GET / "), Err(Unfit::Hello(BadHello::NotTls)));
    }

    #[test]
    fn elsewhere_the_beginning_decides() {
        let new = || Speech::Undecided(name("good.example"), 8080);
        let (mut tls, mut http, mut ssh) = (new(), new(), new());
        assert!(matches!(tls.advance(&client_hello("evil.example")), Err(Unfit::OtherName(_))));
        assert_eq!(http.advance(b""), Ok(0));
        assert_eq!(http.advance(b"GE"), Ok(0));
        let evil = b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        assert_eq!(http.advance(evil), Err(Unfit::Request(BadRequest::OtherHost)));
        assert_eq!(ssh.advance(b"SSH-2.0-x\r\n"), Ok(11));
        assert!(ssh.is_open());
        let mut h2 = new();
        assert_eq!(
            h2.advance(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            Err(Unfit::Request(BadRequest::NotHttp))
        );
    }
}
