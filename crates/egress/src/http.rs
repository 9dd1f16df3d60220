//! HTTP/1 requests on one connection: each must be for the name that the connection is for, and
//! framed so that everybody reads it alike. Bytes go on as they came, once they were checked.

use drybox_spec::DnsName;
use httparse::{EMPTY_HEADER, Request, Status};

/// Reads the requests of one connection, one after the other.
#[derive(Debug)]
pub struct Requests {
    name: DnsName,
    port: u16,
    at: At,
    /// Bytes of a head that has not ended within them.
    scanned: usize,
}

/// Where in the stream of requests we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A request's head comes.
    Head,
    /// So many bytes of a body come.
    Body(u64),
    /// The length of a chunk comes.
    ChunkSize,
    /// So many bytes of a chunk come, and the end of its line.
    Chunk(u64),
    /// The lines after the last chunk come.
    Trailers,
}

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", match self {
    Self::NotHttp => "it is no HTTP/1 request",
    Self::Long => "its head has no end",
    Self::NoHost => "its request names no host, or several",
    Self::OtherHost => "its request is for another host",
    Self::Tunnel => "its request asks for a tunnel or another protocol",
    Self::Framing => "where its request ends can be read in two ways",
})]
pub enum BadRequest {
    /// Another protocol, HTTP/0.9, HTTP/2, or not by the grammar.
    NotHttp,
    /// A head or line longer than [`LONGEST`].
    Long,
    /// Not exactly one `Host`.
    NoHost,
    /// `Host`, or an absolute target, is not what was connected to.
    OtherHost,
    /// `CONNECT`, `Upgrade`.
    Tunnel,
    /// Both lengths, a folded line, a bare line feed (RFC 9112, 11.2).
    Framing,
}

impl Requests {
    /// The requests of a connection to `name`.
    #[must_use]
    pub const fn new(name: DnsName, port: u16) -> Self {
        Self { name, port, at: At::Head, scanned: 0 }
    }

    /// How many of these bytes, which follow those that were let on before, may go on. 0: more
    /// have to come first.
    ///
    /// # Errors
    /// When what comes must not go on. Nothing of this connection may, from then on.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadRequest> {
        let mut done = 0_usize;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let taken = match self.at {
                At::Head => self.head(rest)?,
                At::Body(left) => {
                    let (taken, left) = part(rest, left);
                    self.at = if left == 0 { At::Head } else { At::Body(left) };
                    taken
                }
                At::Chunk(left) => {
                    let (taken, left) = part(rest, left);
                    self.at = if left == 0 { At::ChunkSize } else { At::Chunk(left) };
                    check_line_end(rest, taken, left)?;
                    taken
                }
                At::ChunkSize => self.chunk_size(rest)?,
                At::Trailers => self.trailers(rest)?,
            };
            if taken == 0 {
                break;
            }
            done = done.saturating_add(taken);
        }
        Ok(done)
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, BadRequest> {
        // httparse would skip empty lines in front (microsandbox: a request behind one was unseen).
        if !bytes.first().is_some_and(u8::is_ascii_uppercase) {
            return Err(BadRequest::NotHttp);
        }
        // A head that comes byte by byte is not parsed as often.
        let from = self.scanned.saturating_sub(3);
        let ends = |bytes: &[u8]| bytes.windows(2).any(|w| w == b"\n\n" || w == b"\n\r");
        if self.scanned > 0 && bytes.len() < LONGEST && !bytes.get(from..).is_some_and(ends) {
            self.scanned = bytes.len();
            return Ok(0);
        }
        self.scanned = bytes.len();
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut request = Request::new(&mut headers);
        let length = match request.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if bytes.len() >= LONGEST => return Err(BadRequest::Long),
            Ok(Status::Partial) => return Ok(0),
            Err(httparse::Error::TooManyHeaders) => return Err(BadRequest::Long),
            Err(_) => return Err(BadRequest::NotHttp),
        };
        let lines = bytes.get(..length).unwrap_or_default();
        if length > LONGEST {
            return Err(BadRequest::Long);
        }
        if has_bare_line_feed(lines) {
            return Err(BadRequest::Framing);
        }
        let one = |name: &str| {
            let mut all = request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name));
            (all.next().map(|header| header.value), all.next().is_some())
        };
        let method = request.method.unwrap_or_default();
        if method == "CONNECT" || one("upgrade").0.is_some() || one("http2-settings").0.is_some() {
            return Err(BadRequest::Tunnel);
        }
        let (Some(host), false) = one("host") else { return Err(BadRequest::NoHost) };
        if !self.is_ours(host) {
            return Err(BadRequest::OtherHost);
        }
        self.check_target(method, request.path.unwrap_or_default())?;
        let (length_header, twice) = one("content-length");
        let (coding, coded_twice) = one("transfer-encoding");
        if twice || coded_twice || (length_header.is_some() && coding.is_some()) {
            return Err(BadRequest::Framing);
        }
        self.scanned = 0;
        self.at = match (length_header, coding, request.version) {
            (None, None, _) => At::Head,
            (None, Some(coding), Some(1)) if coding.eq_ignore_ascii_case(b"chunked") => {
                At::ChunkSize
            }
            (Some(text), None, _) => match number(text, 10).ok_or(BadRequest::Framing)? {
                0 => At::Head,
                length => At::Body(length),
            },
            _ => return Err(BadRequest::Framing),
        };
        Ok(length)
    }

    /// `HOST` or `HOST:PORT`, and it is ours.
    fn is_ours(&self, authority: &[u8]) -> bool {
        let colon = authority.iter().position(|&b| b == b':');
        let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
            Some((host, port)) => (host, port.get(1..)),
            None => (authority, None),
        };
        let port = port.map(|text| number(text, 10));
        DnsName::from_wire(host).is_some_and(|host| host == self.name)
            && port.is_none_or(|port| port == Some(self.port.into()))
    }

    fn check_target(&self, method: &str, target: &str) -> Result<(), BadRequest> {
        if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
            return Ok(());
        }
        // The absolute form, which some clients send to an origin as well (RFC 9112, 3.2.2).
        let (scheme, rest) = target.split_once("://").ok_or(BadRequest::NotHttp)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match scheme.eq_ignore_ascii_case("http") && self.is_ours(authority.as_bytes()) {
            true => Ok(()),
            false => Err(BadRequest::OtherHost),
        }
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Result<usize, BadRequest> {
        let Some(line) = line(bytes, MOST_CHUNK_LINE)? else { return Ok(0) };
        // An extension means something to some and nothing to others: none is let through.
        let size = number(line, 16).ok_or(BadRequest::Framing)?;
        self.at = match size {
            0 => At::Trailers,
            size => At::Chunk(size.checked_add(2).ok_or(BadRequest::Framing)?),
        };
        Ok(line.len().saturating_add(2))
    }

    fn trailers(&mut self, bytes: &[u8]) -> Result<usize, BadRequest> {
        let Some(line) = line(bytes, LONGEST)? else { return Ok(0) };
        match line {
            [] => self.at = At::Head,
            // Whoever merged it into the head would read another request.
            _ => return Err(BadRequest::Framing),
        }
        Ok(2)
    }
}

/// The whole of what is left, or of what is here; and what is left then.
fn part(bytes: &[u8], left: u64) -> (usize, u64) {
    let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let taken = left.min(here);
    (usize::try_from(taken).unwrap_or(bytes.len()), left.saturating_sub(taken))
}

/// The last two bytes of a chunk end its line.
fn check_line_end(bytes: &[u8], taken: usize, left: u64) -> Result<(), BadRequest> {
    let expected: &[u8] = match left {
        0 if taken == 1 => b"\n",
        0 => b"\r\n",
        1 => b"\r",
        _ => return Ok(()),
    };
    let end = bytes.get(..taken).unwrap_or_default();
    if end.ends_with(expected) { Ok(()) } else { Err(BadRequest::Framing) }
}

/// A line without its end; none: it has not come yet.
fn line(bytes: &[u8], longest: usize) -> Result<Option<&[u8]>, BadRequest> {
    let Some(end) = bytes.iter().take(longest).position(|&b| b == b'\n') else {
        return if bytes.len() >= longest { Err(BadRequest::Long) } else { Ok(None) };
    };
    let line = bytes.get(..end).and_then(|line| line.strip_suffix(b"\r"));
    line.map(Some).ok_or(BadRequest::Framing)
}

fn has_bare_line_feed(lines: &[u8]) -> bool {
    let mut before = 0;
    lines.iter().any(|&byte| {
        let bare = byte == b'\n' && before != b'\r';
        before = byte;
        bare
    })
}

/// Digits alone: no sign, no space, no prefix.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(|&b| char::from(b).is_digit(radix));
    digits.then(|| u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()).flatten()
}

/// Runs hostile bytes through everything that reads them: a fuzzer's entry. In one piece and byte
/// by byte they must mean the same.
pub fn check(bytes: &[u8]) {
    let Some(name) = DnsName::from_wire(b"good.example") else { return };
    let mut whole = Requests::new(name.clone(), 80);
    let at_once = whole.advance(bytes);
    let (mut slow, mut passed, mut held) = (Requests::new(name, 80), 0, Vec::new());
    let mut failed = None;
    for &byte in bytes {
        held.push(byte);
        match slow.advance(&held) {
            Ok(n) => {
                passed += n;
                held.drain(..n);
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if let Ok(n) = at_once {
        assert_eq!(failed, None, "refused in pieces, accepted at once");
        assert!(n == passed && whole.at == slow.at, "pieces were read otherwise");
    }
}

/// Bytes of a head at most; common servers take half of it.
pub const LONGEST: usize = 64 * 1024;

const MOST_HEADERS: usize = 128;
const MOST_CHUNK_LINE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::tests::name;

    fn requests() -> Requests {
        Requests::new(name("good.example"), 80)
    }

    fn all(text: &str) -> Result<usize, BadRequest> {
        let done = requests().advance(text.as_bytes());
        check(text.as_bytes());
        done
    }

    #[test]
    fn ordinary_requests_pass_whole() {
        for text in [
            "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n",
            "GET /a?b=http://evil.example HTTP/1.1\r\nhost:GOOD.example.\r\nX: y\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: good.example:80\r\n\r\n",
            "GET http://good.example/x HTTP/1.1\r\nHost: good.example\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: good.example\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: good.example\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: good.example\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: good.example\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        ] {
            assert_eq!(all(text), Ok(text.len()), "{text}");
        }
    }

    #[test]
    fn what_has_not_come_yet_is_waited_for() {
        let text = "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n";
        for cut in 1..text.len() {
            assert_eq!(all(&text[..cut]), Ok(0), "{cut}");
        }
        let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(LONGEST));
        assert_eq!(all(&endless), Err(BadRequest::Long));
    }

    #[test]
    fn the_second_request_is_checked_as_the_first() {
        let first = "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n";
        for second in
            ["GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
        {
            assert!(all(&format!("{first}{second}")).is_err(), "{second}");
        }
        let post = "POST / HTTP/1.1\r\nHost: good.example\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(
            all(&format!("{post}GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")),
            Err(BadRequest::OtherHost)
        );
    }

    #[test]
    fn other_hosts_tunnels_and_ambiguities_are_refused() {
        use BadRequest::*;
        let host = "Host: good.example\r\n";
        for (text, why) in [
            ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: good.example.evil.example\r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: good.example@evil.example\r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: good.example:81\r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: good.example:\r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: \r\n\r\n".to_owned(), OtherHost),
            ("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n".to_owned(), OtherHost),
            (format!("GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n"), NoHost),
            (format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), NoHost),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), NoHost),
            ("GET / HTTP/1.0\r\n\r\n".to_owned(), NoHost),
            ("GET / HTTP/1.1\r\nHost : good.example\r\n\r\n".to_owned(), NotHttp),
            (format!("GET / HTTP/1.1\r\nX: a\r\n {host}\r\n"), NotHttp),
            (format!("\r\nGET / HTTP/1.1\r\n{host}\r\n"), NotHttp),
            (format!("GET / HTTP/1.1\n{host}\r\n"), Framing),
            ("GET /\r\n".to_owned(), NotHttp),
            (format!("GET http://evil.example/ HTTP/1.1\r\n{host}\r\n"), OtherHost),
            (format!("GET https://good.example/ HTTP/1.1\r\n{host}\r\n"), OtherHost),
            (format!("GET http://good.example@evil.example/ HTTP/1.1\r\n{host}\r\n"), OtherHost),
            (format!("GET good.example HTTP/1.1\r\n{host}\r\n"), NotHttp),
            (format!("CONNECT evil.example:443 HTTP/1.1\r\n{host}\r\n"), Tunnel),
            (format!("CONNECT good.example:80 HTTP/1.1\r\n{host}\r\n"), Tunnel),
            (format!("GET / HTTP/1.1\r\n{host}Upgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n"), Tunnel),
            (format!("GET / HTTP/1.1\r\n{host}Upgrade: websocket\r\n\r\n"), Tunnel),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), NotHttp),
            (
                format!(
                    "POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                ),
                Framing,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
                Framing,
            ),
            (format!("POST / HTTP/1.1\r\n{host}Content-Length: 1, 1\r\n\r\n"), Framing),
            (format!("POST / HTTP/1.1\r\n{host}Content-Length: +1\r\n\r\n"), Framing),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: 99999999999999999999\r\n\r\n"),
                Framing,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked, identity\r\n\r\n"),
                Framing,
            ),
            (format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n"), Framing),
            (format!("POST / HTTP/1.0\r\n{host}Transfer-Encoding: chunked\r\n\r\n"), Framing),
        ] {
            assert_eq!(all(&text), Err(why), "{text}");
        }
        let chunked = format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n");
        for body in [
            "5;x=y\r\nhello\r\n",
            "5\nhello\r\n",
            "5\r\nhelloXX",
            "5\r\nhello\n\n",
            "-1\r\n",
            "0x5\r\n",
            "\r\n",
            "ffffffffffffffff\r\n",
            "0\r\nHost: evil.example\r\n\r\n",
        ] {
            assert_eq!(all(&format!("{chunked}{body}")), Err(Framing), "{body:?}");
        }
        assert_eq!(all(&format!("{chunked}{}", "0".repeat(40))), Err(Long));
    }
}
