//! TLS: the name in the handshake is the name that was connected to.

use super::Outside;
use super::peers::Tls;

#[test]
fn the_handshake_names_who_was_connected_to() {
    let outside = Outside::new();
    let tls = Tls::new(&outside.env.work());
    let port = tls.port();
    let rules = [
        format!("good.example:{port}"),
        format!("other.example:{port}"),
        format!("127.0.0.1:{port}"),
    ];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let program = format!(
        "import socket, ssl\n\
         def shake(name, sni):\n\
         \x20   c = ssl.create_default_context(cafile='ca.pem'); c.check_hostname = False\n\
         \x20   try: return c.wrap_socket(socket.create_connection((name, {port}), 20), server_hostname=sni).version()\n\
         \x20   except ssl.SSLError as e: return e.reason\n\
         \x20   except OSError as e: return type(e).__name__\n\
         for name, sni in [('good.example', 'good.example'), ('other.example', 'other.example'), ('good.example', 'evil.example'),\n\
         \x20                 ('good.example', 'other.example'), ('good.example', None), ('good.example', '127.0.0.1'),\n\
         \x20                 ('good.example', 'GOOD.example')]:\n\
         \x20   print(name, sni, shake(name, sni))"
    );
    let done =
        outside.run(&rules).args(["--json", "--", "python3", "-c", &program]).run().expect_code(0);
    assert_eq!(
        done.stdout,
        "good.example good.example TLSv1.3\nother.example other.example TLSv1.3\n\
         good.example evil.example TLSV1_ALERT_ACCESS_DENIED\n\
         good.example other.example TLSV1_ALERT_ACCESS_DENIED\n\
         good.example None TLSV1_ALERT_ACCESS_DENIED\n\
         good.example 127.0.0.1 TLSV1_ALERT_ACCESS_DENIED\n\
         good.example GOOD.example TLSv1.3\n"
    );
    let told = |why: &str| done.stderr.matches(why).count();
    assert_eq!(told("its handshake is for evil.example"), 1, "{}", done.stderr);
    assert_eq!(told("its ClientHello names no host"), 2, "{}", done.stderr);
}

/// At 443 nothing but TLS passes, and at 80 nothing but HTTP; both need no server to be seen.
#[test]
fn at_their_ports_other_protocols_do_not_pass() {
    let outside = Outside::new();
    let program = "import socket\n\
        for port, text in [(443, b'SSH-2.0-x\\r\\n'), (443, b'GET / HTTP/1.1\\r\\n'), (80, b'SSH-2.0-x\\r\\n'), (80, b'\\x16\\x03\\x01')]:\n\
        \x20   s = socket.create_connection(('good.example', port), 20)\n\
        \x20   s.sendall(text)\n\
        \x20   print(s.recv(12))";
    let rules = ["good.example:80,443", "127.0.0.1:80,443"];
    let done =
        outside.run(&rules).args(["-q", "--", "python3", "-c", program]).run().expect_code(0);
    assert_eq!(
        done.stdout,
        format!("{0}{0}{1}{1}", "b'\\x15\\x03\\x03\\x00\\x02\\x021'\n", "b'HTTP/1.1 403'\n")
    );
    assert_eq!(outside.dns.asked(), Vec::<String>::new());
}
