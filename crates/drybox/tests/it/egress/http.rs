//! Plain HTTP: every request on a connection is for the name that was connected to.

use super::Outside;

/// What the payload says to `good.example`; `{H}` is a good `Host` line.
const REFUSED: &[(&str, &str)] = &[
    ("EG-38", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    ("EG-39", "GET / HTTP/1.1\r\n{H}Host: evil.example\r\n\r\n"),
    ("EG-39", "GET / HTTP/1.1\r\nHost : good.example\r\n\r\n"),
    ("EG-39", "GET http://evil.example/ HTTP/1.1\r\n{H}\r\n"),
    ("EG-39", "GET / HTTP/1.0\r\n\r\n"),
    ("EG-40", "GET /1 HTTP/1.1\r\n{H}\r\nGET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    (
        "EG-41",
        "POST / HTTP/1.1\r\n{H}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("EG-41", "POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    (
        "EG-42",
        "GET / HTTP/1.1\r\n{H}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AA\r\n\r\n",
    ),
    ("EG-42", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("EG-43", "CONNECT evil.example:443 HTTP/1.1\r\n{H}\r\n"),
];

#[test]
fn requests_for_others_tunnels_and_ambiguities_do_not_pass() {
    let outside = Outside::new();
    let host = format!("Host: good.example:{}\r\n", outside.http.port());
    let good = ("", "GET /good HTTP/1.1\r\n{H}\r\n");
    let rows = std::iter::once(&good).chain(REFUSED);
    let all: Vec<String> =
        rows.map(|(_, text)| format!("{:?}", text.replace("{H}", &host))).collect();
    let program = format!(
        "for text in [{}]:\n\x20   print(ask('good.example', PORT, text.encode()))",
        all.join(", ")
    );
    let done = outside.python(&program).expect_code(0);
    let answers: Vec<&str> = done.stdout.lines().collect();
    // The control: a good request passes.
    assert!(answers[0].contains("served GET /good"), "{}", answers[0]);
    for ((id, text), answer) in REFUSED.iter().zip(&answers[1..]) {
        let refused = answer.contains("403 Forbidden") && answer.contains("refused by drybox");
        // Behind a request that was answered there is no place for words any more.
        let cut =
            answer.contains("served GET /1") && !answer.contains("/2") || *answer == "b'RESET'";
        assert!(refused || cut, "{id} {text:?}: {answer}");
    }
    let heard = outside.http.heard();
    for word in ["evil.example", "chunked", "h2c", "PRI", "CONNECT", "Host :"] {
        assert!(!heard.contains(word), "{word} reached the server: {heard}");
    }
}
