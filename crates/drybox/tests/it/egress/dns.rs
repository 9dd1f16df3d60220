//! Names: answered by the relay alone.

use super::Outside;

#[test]
fn refused_names_are_asked_of_nobody_and_allowed_ones_only_when_connected() {
    let outside = Outside::new();
    let done = outside.python(
        "for name in ['data.evil.example', 'data.good.example', 'evilgood.example', 'good.example']:\n\
         \x20   print(name, said(lambda: socket.getaddrinfo(name, 80, socket.AF_INET)[0][4][0][:7]))",
    );
    assert_eq!(
        done.expect_code(0).stdout,
        "data.evil.example NONAME\ndata.good.example NONAME\nevilgood.example NONAME\n\
         good.example 198.18.\n"
    );
    assert_eq!(outside.dns.asked(), Vec::<String>::new());
    // The control: the same name server is asked once something is connected.
    let get = "b'GET / HTTP/1.1\\r\\nHost: good.example\\r\\n\\r\\n'";
    let program = format!(
        "s = socket.create_connection(('good.example', PORT)); s.sendall({get}); print(s.recv(12))"
    );
    assert_eq!(outside.python(&program).expect_code(0).stdout, "b'HTTP/1.1 200'\n");
    assert_eq!(outside.dns.asked(), ["good.example"]);
}

#[test]
fn only_addresses_are_told() {
    let outside = Outside::new();
    let done = outside.python(
        "for kind in [1, 28, 16, 15, 33, 65, 64, 12, 255, 252]:\n\
         \x20   print(kind, *query([b'good', b'example'], kind))\n\
         print('evil', *query([b'evil', b'example'], 1))\n\
         print('two', query([b'good', b'example'], 1, extra=b'\\4evil\\7example\\0\\0\\1\\0\\1', count=2)[0])\n\
         print('nul', query([b'good\\0evil', b'example'], 1)[0])",
    );
    assert_eq!(
        done.expect_code(0).stdout,
        "1 0 1\n28 0 1\n16 0 0\n15 0 0\n33 0 0\n65 0 0\n64 0 0\n12 0 0\n255 0 0\n252 0 0\n\
         evil 3 0\ntwo 1\nnul 3\n"
    );
}

#[test]
fn no_other_name_server_is_there() {
    let outside = Outside::new();
    let done = outside.python(
        "print(said(lambda: query([b'good', b'example'], 1, host='8.8.8.8')))\n\
         print(said(lambda: query([b'good', b'example'], 1, host='127.0.0.53')))\n\
         print(query([b'good', b'example'], 1))\n\
         s = connect('198.18.0.1', 53)\n\
         q = bytes.fromhex('000701000001000000000000') + b'\\4good\\7example\\0\\0\\1\\0\\1'\n\
         s.sendall((struct.pack('>H', len(q)) + q) * 2)\n\
         print(len(s.recv(2, socket.MSG_WAITALL)))",
    );
    assert_eq!(done.expect_code(0).stdout, "ECONNREFUSED\nECONNREFUSED\n(0, 1)\n2\n");
}

#[test]
fn a_wildcard_is_for_names_below_it() {
    let outside = Outside::new();
    let port = outside.http.port();
    let rules = [format!("*.example:{port}"), format!("*.good.example:{port}")];
    let refused = outside.run(&[&rules[0]]).args(["--", "true"]).run().expect_code(125);
    assert!(refused.stderr.contains("anybody can get a name below it"), "{}", refused.stderr);
    let look = "import socket\n\
        for name in ['a.good.example', 'good.example', 'a.b.good.example', 'x' * 60 + '.' + 'y' * 60 + '.good.example']:\n\
        \x20   try: print(socket.gethostbyname(name)[:7])\n\
        \x20   except OSError as e: print(e.errno)";
    let done = outside.run(&[&rules[1]]).args(["-q", "--", "python3", "-c", look]).run();
    assert_eq!(done.expect_code(0).stdout, "198.18.\n-2\n198.18.\n-2\n");
}
