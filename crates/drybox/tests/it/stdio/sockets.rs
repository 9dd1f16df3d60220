//! Sockets on 0 to 2, as Node and inetd give them: the payload gets pipes (FD-06, FD-07).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use drybox_testkit::TestEnv;

/// What the payload prints of each of its three, then of what it reads.
const PAYLOAD: &str = "for n in 0 1 2; do stat -L -c %F /proc/self/fd/$n; done; cat; echo end >&2";

const SAID: &str = "fifo\nfifo\nfifo\nword\nend\n";

fn start(env: &TestEnv, socket: OwnedFd, inside: bool) -> Child {
    let mut words = vec!["/bin/sh", "-c", PAYLOAD];
    let run = if inside {
        words.splice(0..0, ["run", "--"]);
        env.drybox()
    } else {
        env.command(words.remove(0))
    };
    let clone = || Stdio::from(socket.try_clone().unwrap());
    let mut command = run.args(words).into_command();
    command.stdin(clone()).stdout(clone()).stderr(clone()).spawn().unwrap()
}

#[test]
fn a_unix_socket_becomes_pipes() {
    for (inside, said) in [(true, SAID), (false, "socket\nsocket\nsocket\nword\nend\n")] {
        let env = TestEnv::new();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut child = start(&env, theirs.into(), inside);
        ours.write_all(b"word\n").unwrap();
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        let mut got = String::new();
        ours.read_to_string(&mut got).unwrap();
        assert_eq!(got, said);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn an_internet_socket_becomes_pipes() {
    let env = TestEnv::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    let mut child = start(&env, theirs.into(), true);
    ours.write_all(b"word\n").unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let mut got = String::new();
    ours.read_to_string(&mut got).unwrap();
    assert_eq!(got, SAID);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_peer_that_leaves_ends_a_writer() {
    let env = TestEnv::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = env.drybox().args(["run", "--", "yes"]).into_command();
    command.stdin(Stdio::null()).stdout(OwnedFd::from(theirs)).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut some = [0; 64];
    (&ours).read_exact(&mut some).unwrap();
    drop(ours);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    env.expect_no_stray_process();
}

#[test]
fn megabytes_pass_a_socket_unchanged() {
    let env = TestEnv::new();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let clone = || Stdio::from(OwnedFd::from(theirs.try_clone().unwrap()));
    let mut command = env.drybox().args(["run", "--", "cat"]).into_command();
    let mut child = command.stdin(clone()).stdout(clone()).stderr(Stdio::null()).spawn().unwrap();
    drop((command, theirs));
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut writer = ours.try_clone().unwrap();
    let copy = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut got = Vec::new();
    ours.read_to_end(&mut got).unwrap();
    writing.join().unwrap();
    assert!(got == sent, "{} bytes of {}", got.len(), sent.len());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
