//! What a payload can make the relay hold, send and wait for.

use super::Outside;
use super::peers::Counter;

#[test]
fn no_more_leaves_for_a_host_than_was_allowed() {
    let outside = Outside::new();
    let counter = Counter::new();
    let port = counter.port();
    let rules = [format!("good.example:{port}"), format!("127.0.0.1:{port}")];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let program = format!(
        "import socket\n\
         def send(n):\n\
         \x20   s = socket.create_connection(('good.example', {port}), 20)\n\
         \x20   try:\n\
         \x20       s.sendall(b'x' * n); s.shutdown(socket.SHUT_WR)\n\
         \x20       return s.makefile('r').read().split()[-1]\n\
         \x20   except OSError: return 'refused'\n\
         print(send(600000)); print(send(300000)); print(send(300000))"
    );
    let run = |limit: &str| {
        let run =
            outside.run(&rules).args(["--max-upload", limit, "--", "python3", "-c", &program]);
        run.run().expect_code(0)
    };
    let done = run("1000000");
    assert_eq!(done.stdout, "600000\n300000\nrefused\n");
    assert!(
        done.stderr.contains("more than 1000000 bytes to it (--max-upload)"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("KiB left for good.example"), "{}", done.stderr);
    // The control: with room for it, all of it goes.
    assert_eq!(run("2m").stdout, "600000\n300000\n300000\n");
}

/// The time below which it cannot be done is asserted, and none above: a machine may be busy.
#[test]
fn no_more_passes_in_a_second_than_was_allowed() {
    let outside = Outside::new();
    let counter = Counter::new();
    let port = counter.port();
    let rules = [format!("good.example:{port}"), format!("127.0.0.1:{port}")];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let program = format!(
        "import socket, threading, time\n\
         began = time.monotonic()\n\
         def send():\n\
         \x20   s = socket.create_connection(('good.example', {port}), 60)\n\
         \x20   s.sendall(b'x' * 500000); s.shutdown(socket.SHUT_WR)\n\
         \x20   print(s.makefile('r').read().split()[-1])\n\
         both = [threading.Thread(target=send) for _ in range(2)]\n\
         for t in both: t.start()\n\
         for t in both: t.join()\n\
         print(time.monotonic() - began > 1.5)"
    );
    let run = |more: &[&str]| {
        let run = outside.run(&rules).args(more).args(["-q", "--", "python3", "-c", &program]);
        run.run().expect_code(0).stdout
    };
    // A million bytes at half a million a second, whichever of the connections they are of.
    assert_eq!(run(&["--net-limit", "500000"]), "500000\n500000\nTrue\n");
    // The control: the bytes are the same without it.
    assert!(run(&[]).starts_with("500000\n500000\n"));
}

#[test]
fn a_crowd_of_silent_connections_hinders_nobody() {
    let outside = Outside::new();
    let done = outside.python(
        "import resource\n\
         soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n\
         resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))\n\
         crowd = [socket.create_connection(('good.example', PORT), 20) for _ in range(1500)]\n\
         for s in crowd[::3]: s.sendall(b'GET / HT')\n\
         get = b'GET / HTTP/1.1\\r\\nHost: good.example\\r\\nConnection: close\\r\\n\\r\\n'\n\
         s = socket.create_connection(('good.example', PORT), 20)\n\
         s.sendall(get)\n\
         print(s.recv(15))\n\
         for s in crowd: s.close()",
    );
    assert_eq!(done.expect_code(0).stdout, "b'HTTP/1.1 200 OK'\n");
}

/// A payload that refuses to read holds up itself alone.
#[test]
fn a_reader_that_does_not_read_is_waited_for_alone() {
    let outside = Outside::new();
    let done = outside.python(
        "get = b'GET /%s HTTP/1.1\\r\\nHost: good.example\\r\\n\\r\\n' % (b'x' * 2000)\n\
         slow = socket.create_connection(('good.example', PORT), 20)\n\
         slow.settimeout(1)\n\
         sent = 0\n\
         try:\n\
         \x20   while sent < 1 << 28: sent += slow.send(get)\n\
         except TimeoutError: pass\n\
         print(sent < 1 << 28)\n\
         s = socket.create_connection(('good.example', PORT), 20)\n\
         s.sendall(b'GET / HTTP/1.1\\r\\nHost: good.example\\r\\n\\r\\n')\n\
         print(s.recv(15))",
    );
    assert_eq!(done.expect_code(0).stdout, "True\nb'HTTP/1.1 200 OK'\n");
}
