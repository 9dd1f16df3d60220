//! Ways in: ports of the host that lead into a box.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use drybox_testkit::{Run, TestEnv};

/// A port that nobody has at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server in the box: the word that it is asked to say twice, after it has heard the end.
const TWICE: &str = "import socket, sys, threading\n\
    s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n\
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
    s.bind((sys.argv[1], 3000)); s.listen(200)\n\
    print('in', flush=True)\n\
    def serve(c):\n\
    \x20   heard = b''\n\
    \x20   while part := c.recv(65536): heard += part\n\
    \x20   c.sendall(heard * 2); c.close()\n\
    while True:\n\
    \x20   c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()";

struct Serving(Child);

impl Serving {
    fn new(run: Run, at: &str) -> Self {
        let run = run.args(["-q", "--", "python3", "-c", TWICE, at]);
        let mut command: Command = run.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut word = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        assert_eq!(&word, b"in\n");
        Self(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn twice(port: u16, word: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(word).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    heard
}

#[test]
fn a_published_port_leads_to_the_servers_loopback_of_either_family() {
    let env = TestEnv::new();
    for at in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
        let port = free_port();
        let run = env.drybox().args(["run", "--rm", "-p", &format!("{port}:3000")]);
        let serving = Serving::new(run, at);
        assert_eq!(twice(port, b"word"), b"wordword", "{at}");
        // Bytes of each way, whole.
        let long: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        assert_eq!(twice(port, &long), [long.as_slice(), &long].concat(), "{at}");
        drop(serving);
        // With the box the port is gone.
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            assert!(Instant::now() < until, "the port outlives its box");
        }
    }
    env.expect_no_stray_process();
}

#[test]
fn sockets_are_used_again_and_more_visitors_than_sockets_wait() {
    let env = TestEnv::new();
    let port = free_port();
    let run = env.drybox().args(["run", "-p", &format!("127.0.0.1:{port}:3000/tcp")]);
    let _serving = Serving::new(run, "127.0.0.1");
    for nth in 0..300 {
        assert_eq!(twice(port, b"x"), b"xx", "{nth}");
    }
    // More at a time than there are sockets, each with something to say.
    let mut visitors: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(b"y").unwrap();
            stream
        })
        .collect();
    for (nth, visitor) in visitors.iter_mut().enumerate() {
        visitor.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        visitor.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        visitor.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"yy", "{nth}");
    }
    // Visitors that go away in the middle leave their sockets as good as new.
    for _ in 0..300 {
        drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
    }
    assert_eq!(twice(port, b"z"), b"zz");
}

#[test]
fn a_way_in_is_told_and_is_no_way_out() {
    let env = TestEnv::new();
    let port = free_port();
    let program = "import socket\n\
        try: socket.create_connection(('1.1.1.1', 443), 5)\n\
        except OSError as e: print(e.errno)\n\
        try: socket.create_connection(('127.0.0.1', 3000), 5)\n\
        except OSError as e: print(e.errno)";
    let publish = format!("{port}:3000");
    let run = || env.drybox().args(["run", "--rm", "-p", &publish]);
    let done = run().args(["--", "python3", "-c", program]).run().expect_code(0);
    // No route, and nobody at its own port: as without the flag.
    assert_eq!(done.stdout, "101\n111\n");
    let told =
        format!("note: open: who connects to 127.0.0.1:{port} reaches port 3000 of the box\n");
    assert_eq!(done.stderr, told);
    // Who comes when nobody listens is turned away, and that is told.
    let run = run().args(["--json", "--", "sh", "-c", "echo in; read x"]);
    let mut command: Command = run.into_command();
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut word = [0; 3];
    child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
    let mut visitor = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(visitor.read(&mut [0]).is_err());
    drop(child.stdin.take());
    let done = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    let doors = format!("\"ports\":[\"127.0.0.1:{port}:3000\"]");
    assert!(stderr.contains(&doors), "{stderr}");
    let visit = "{\"event\":\"visit\",\"verdict\":\"failed\",\"from\":\"127.0.0.1:";
    assert!(stderr.contains(visit), "{stderr}");
}

#[test]
fn a_port_that_is_taken_stops_the_run_by_name() {
    let env = TestEnv::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let publish = format!("{port}:80");
    let run =
        || env.drybox().args(["run", "--rm", "-q", "-p", &publish, "--", "echo", "ran"]).run();
    let refused = run().expect_code(125);
    assert_eq!(refused.stdout, "");
    for part in [
        &format!("error: cannot publish 127.0.0.1:{port}:80"),
        "Address already in use",
        "fix:   another port of the host: -p OTHER:80",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    // The control.
    drop(taken);
    assert_eq!(run().expect_code(0).stdout, "ran\n");
}

#[test]
fn ways_in_and_out_stand_beside_each_other() {
    let outside = super::Outside::new();
    let port = free_port();
    let run = outside.allowed().args(["-p", &format!("{port}:3000")]);
    let _serving = Serving::new(run, "127.0.0.1");
    assert_eq!(twice(port, b"word"), b"wordword");
}

#[test]
fn one_port_of_the_hosts_loopback_is_reached_by_either_of_its_names() {
    let outside = super::Outside::new();
    let port = outside.http.port();
    let get = |host: &str| {
        let url = format!("http://{host}:{port}/");
        let run = outside.run(&[]).args(["--allow-host-port", &port.to_string(), "-q"]);
        let done = run.args(["--", "curl", "-sS", "-m", "20", &url]).run();
        (done.status, done.stdout.contains("served GET"), done.stderr)
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let (status, served, stderr) = get(host);
        assert!(served, "{host}: {status:?} {stderr}");
    }
    // Its other addresses are none of it.
    assert!(!get("127.0.0.2").1);
    let another = outside.run(&[]).args(["--allow-host-port", &free_port().to_string(), "-q"]);
    let url = format!("http://127.0.0.1:{port}/");
    another.args(["--", "curl", "-s", "-m", "20", &url]).run().expect_code(7);
}
