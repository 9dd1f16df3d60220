//! The ClientHello of TLS: which name it asks for. The bytes are kept, and go on as they came.

use drybox_spec::DnsName;
use rustls::server::Acceptor;

/// What a connection has said so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Hello {
    /// More bytes are needed.
    Partial,
    /// It asks for this name.
    Names(DnsName),
    /// It goes no further.
    Refused(BadHello),
}

/// Why a ClientHello goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", match self {
    Self::NotTls => "it is no TLS",
    Self::Broken => "its ClientHello is broken",
    Self::Long => "its ClientHello has no end",
    Self::NoName => "its ClientHello names no host",
    Self::Hidden => "it hides a name (ECH)",
})]
pub enum BadHello {
    /// Another protocol, or a version of SSL.
    NotTls,
    /// Not by its own rules.
    Broken,
    /// Longer than [`LONGEST`].
    Long,
    /// No name, or one that is none, as an address.
    NoName,
    /// Encrypted ClientHello (RFC 9849): the name that counts is not the one that is seen.
    Hidden,
}

/// Reads the beginning of a connection.
#[must_use]
pub fn read(bytes: &[u8]) -> Hello {
    // A handshake record (RFC 8446, 5.1), so that other protocols are not waited for.
    if bytes.first().is_some_and(|&first| first != HANDSHAKE) {
        return Hello::Refused(BadHello::NotTls);
    }
    let mut acceptor = Acceptor::default();
    let mut rest = bytes;
    loop {
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let name = hello.server_name().and_then(|name| DnsName::from_wire(name.as_bytes()));
                return match (hides_a_name(bytes), name) {
                    (None, _) => Hello::Refused(BadHello::Broken),
                    (Some(true), _) => Hello::Refused(BadHello::Hidden),
                    (Some(false), None) => Hello::Refused(BadHello::NoName),
                    (Some(false), Some(name)) => Hello::Names(name),
                };
            }
            Ok(None) => {}
            Err(_) => return Hello::Refused(BadHello::Broken),
        }
        match acceptor.read_tls(&mut rest) {
            Ok(0) if bytes.len() >= LONGEST => return Hello::Refused(BadHello::Long),
            Ok(0) => return Hello::Partial,
            Ok(_) => {}
            Err(_) => return Hello::Refused(BadHello::Broken),
        }
    }
}

/// Whether the extension `encrypted_client_hello` is there; none: the bytes are not what was
/// accepted. rustls reads it over.
fn hides_a_name(bytes: &[u8]) -> Option<bool> {
    let message = handshake(bytes)?;
    let mut message = Cut(&message);
    message.take(4 + 2 + 32)?;
    let session = message.number(1)?;
    message.take(session)?;
    let suites = message.number(2)?;
    message.take(suites)?;
    let compressions = message.number(1)?;
    message.take(compressions)?;
    let length = message.number(2)?;
    let mut extensions = Cut(message.take(length)?);
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let length = extensions.number(2)?;
        extensions.take(length)?;
        if kind == ECH {
            return Some(true);
        }
    }
    Some(false)
}

/// The first handshake message, with its header, out of as many records as it lies in.
fn handshake(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut records, mut message) = (Cut(bytes), Vec::new());
    loop {
        let header = records.take(3)?;
        let length = records.number(2)?;
        message.extend_from_slice(records.take(length)?);
        if header.first() != Some(&HANDSHAKE) {
            return None;
        }
        if let [_, a, b, c, ..] = message.as_slice() {
            let whole =
                usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?.checked_add(4)?;
            if message.len() >= whole {
                message.truncate(whole);
                return Some(message);
            }
        }
    }
}

/// Bytes that are taken from the front.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |number, &byte| (number << 8) | usize::from(byte)))
    }
}

/// Runs hostile bytes through everything that reads them: a fuzzer's entry.
pub fn check(bytes: &[u8]) {
    let whole = read(bytes);
    // What was refused stays so, whatever follows, and no beginning of it was let through.
    if let (Hello::Names(_), Some(less)) = (&whole, bytes.split_last().map(|(_, less)| read(less)))
    {
        assert!(!matches!(less, Hello::Refused(_)), "refused first, accepted later");
    }
}

/// Record type of a handshake, and the extension's number (RFC 9849).
const HANDSHAKE: u8 = 22;
const ECH: usize = 0xfe0d;

/// Bytes that a ClientHello may take, record headers included; with post-quantum keys it is about
/// 2 KiB. It is read anew with every piece that comes, so that no more is kept than its bytes.
pub const LONGEST: usize = 16 * 1024;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One ClientHello by the RFC's grammar, in one record.
    pub(crate) fn hello(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let sized = |width: usize, bytes: &[u8]| {
            let length = (bytes.len() as u64).to_be_bytes();
            [&length[8 - width..], bytes].concat()
        };
        let all: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, data)| [kind.to_be_bytes().to_vec(), sized(2, data)].concat())
            .collect();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &sized(1, &[]),
            &sized(2, &[0x13, 1, 0xc0, 0x2b]),
            &sized(1, &[0]),
            &sized(2, &all),
        ]
        .concat();
        let message = [&[1][..], &sized(3, &body)].concat();
        [&[22, 3, 1][..], &sized(2, &message)].concat()
    }

    pub(crate) fn sni(name: &[u8]) -> (u16, Vec<u8>) {
        let length = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
        (0, [&length(name.len() + 3)[..], &[0], &length(name.len()), name].concat())
    }

    /// supported_versions, signature_algorithms, supported_groups and key_share, as every client
    /// has them.
    pub(crate) fn common() -> Vec<(u16, Vec<u8>)> {
        vec![
            (43, vec![4, 3, 4, 3, 3]),
            (13, vec![0, 2, 4, 3]),
            (10, vec![0, 2, 0, 29]),
            (51, [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat()),
        ]
    }

    fn with(extensions: &[(u16, Vec<u8>)]) -> Hello {
        read(&hello(&[common(), extensions.to_vec()].concat()))
    }

    #[test]
    fn the_name_is_read_without_case_and_dot() {
        let good = Hello::Names(crate::names::tests::name("good.example"));
        assert_eq!(with(&[sni(b"good.example")]), good);
        assert_eq!(with(&[sni(b"GOOD.example")]), good);
    }

    #[test]
    fn in_any_pieces_it_is_the_same() {
        let whole = hello(&[common(), vec![sni(b"good.example")]].concat());
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), Hello::Partial, "{cut}");
        }
        // One byte a record.
        let pieces: Vec<u8> = whole[5..].iter().flat_map(|&byte| [22, 3, 1, 0, 1, byte]).collect();
        assert_eq!(read(&pieces), read(&whole));
    }

    #[test]
    fn without_a_plain_name_it_is_refused() {
        let refused = |why| Hello::Refused(why);
        assert_eq!(with(&[]), refused(BadHello::NoName));
        assert_eq!(with(&[sni(b"127.0.0.1")]), refused(BadHello::NoName));
        assert_eq!(
            with(&[(0xfe0d, vec![0, 0, 1, 0, 1, 5, 0, 1, 9, 0, 1, 9]), sni(b"good.example")]),
            refused(BadHello::Hidden)
        );
        for bad in
            [&b"good.example\0.evil.example"[..], b"", b"a b", b"*.good.example", &[b'a'; 300]]
        {
            let got = with(&[sni(bad)]);
            assert!(
                matches!(got, Hello::Refused(BadHello::Broken | BadHello::NoName)),
                "{bad:?} {got:?}"
            );
        }
        let twice = with(&[sni(b"good.example"), sni(b"evil.example")]);
        assert_eq!(twice, refused(BadHello::Broken));
        let (kind, one) = sni(b"good.example");
        let (_, other) = sni(b"evil.example");
        let both = [&[0, 30][..], &one[2..], &other[2..]].concat();
        assert_eq!(with(&[(kind, both)]), refused(BadHello::Broken));
    }

    #[test]
    fn what_is_no_tls_is_refused_at_once() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"SSH-2.0-x\r\n",
            &[0x80, 0x2e, 1, 3, 1],
            b"\r\n\x16\x03\x01",
        ] {
            assert_eq!(read(bytes), Hello::Refused(BadHello::NotTls));
        }
        assert_eq!(read(&[]), Hello::Partial);
        // A record without an end.
        assert_eq!(
            read(&[&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 16380]].concat()),
            Hello::Refused(BadHello::Broken)
        );
    }
}
