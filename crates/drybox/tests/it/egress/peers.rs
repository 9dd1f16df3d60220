//! Servers on the host's loopback, in threads of the test.
#![expect(clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use drybox_testkit::require;

/// A name server that knows a table and remembers what it was asked.
pub(super) struct Dns {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    /// Several addresses of a name stand behind each other, with commas.
    pub(super) fn new(table: &[(&str, &str)]) -> Self {
        let table: BTreeMap<String, Vec<IpAddr>> = table
            .iter()
            .map(|(name, list)| {
                let list = list.split(',').map(|address| address.parse().unwrap());
                ((*name).to_owned(), list.collect())
            })
            .collect();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::default();
        let heard: Arc<Mutex<Vec<String>>> = Arc::clone(&asked);
        thread::spawn(move || {
            let mut packet = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                let (name, reply) = answer(&packet[..length], &table);
                heard.lock().unwrap().push(name);
                socket.send_to(&reply, from).unwrap();
            }
        });
        Self { address, asked }
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Every name that was asked for.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked
    }
}

fn answer(query: &[u8], table: &BTreeMap<String, Vec<IpAddr>>) -> (String, Vec<u8>) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let name = labels.join(".");
    let kind = query[at + 2];
    let mut records = Vec::new();
    let mut count = 0_u8;
    for address in table.get(&name).into_iter().flatten() {
        let (own, data) = match address {
            IpAddr::V4(v4) => (1, v4.octets().to_vec()),
            IpAddr::V6(v6) => (28, v6.octets().to_vec()),
        };
        if own == kind {
            count += 1;
            let length = u8::try_from(data.len()).unwrap();
            records.extend([0xc0, 12, 0, own, 0, 1, 0, 0, 0, 0, 0, length]);
            records.extend(data);
        }
    }
    let code = if table.contains_key(&name) { 0x80 } else { 0x83 };
    let head = [query[0], query[1], 0x81, code, 0, 1, 0, count, 0, 0, 0, 0];
    (name, [&head[..], &query[12..at + 5], &records].concat())
}

/// An HTTP server that answers every request with its first line and `Host`, and counts.
pub(super) struct Http {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Http {
    pub(super) fn new() -> Self {
        let (address, heard) = serve(|stream, heard| {
            let mut held = Vec::new();
            let mut part = [0; 65536];
            while let Ok(length) = stream.read(&mut part) {
                if length == 0 {
                    break;
                }
                heard.lock().unwrap().extend(&part[..length]);
                held.extend(&part[..length]);
                while let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
                    let head = String::from_utf8_lossy(&held[..end]).into_owned();
                    held.drain(..end + 4);
                    let line = head.lines().next().unwrap_or_default();
                    let body = format!("served {line}\n");
                    let length = body.len();
                    let reply =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                    if stream.write_all(reply.as_bytes()).is_err() {
                        return;
                    }
                }
            }
            stream.shutdown(Shutdown::Write).ok();
        });
        Self { address, heard }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Everything that anybody sent.
    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

/// A server that greets, takes everything until the end, and says how much it was.
pub(super) struct Counter {
    address: SocketAddr,
}

impl Counter {
    pub(super) fn new() -> Self {
        let (address, _) = serve(|stream, _| {
            if stream.write_all(b"hello\n").is_err() {
                return;
            }
            let (mut all, mut part) = (0, vec![0; 1 << 18]);
            while let Ok(length) = stream.read(&mut part) {
                if length == 0 {
                    break;
                }
                all += length;
            }
            stream.write_all(format!("took {all}\n").as_bytes()).ok();
        });
        Self { address }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn serve(
    each: impl Fn(&mut TcpStream, &Mutex<Vec<u8>>) + Send + Sync + 'static,
) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::default();
    let (each, shared) = (Arc::new(each), Arc::clone(&heard));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (each, shared) = (Arc::clone(&each), Arc::clone(&shared));
            thread::spawn(move || each(&mut stream.unwrap(), &shared));
        }
    });
    (address, heard)
}

/// `openssl s_server` with a certificate of its own for `good.example` and `other.example`.
pub(super) struct Tls {
    port: u16,
    server: Child,
}

impl Tls {
    /// The certificate is written to `ca.pem` in `dir`.
    pub(super) fn new(dir: &Path) -> Self {
        let openssl = require("openssl");
        let made = Command::new(&openssl)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=good.example"])
            .args(["-addext", "subjectAltName=DNS:good.example,DNS:other.example,DNS:evil.example"])
            .args(["-keyout", "key.pem", "-out", "ca.pem"])
            .current_dir(dir)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        // Free a moment ago; nobody else on this machine asks for a port by number.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let server = Command::new(&openssl)
            .args(["s_server", "-quiet", "-www", "-cert", "ca.pem", "-key", "key.pem"])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < until, "openssl s_server does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Self { port, server }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
