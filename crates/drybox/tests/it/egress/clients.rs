//! Real programs, none of which knows that there is a relay.

use drybox_testkit::require;

use super::Outside;
use super::peers::Tls;

/// The box's rules for a TLS server.
fn rules(port: u16) -> [String; 2] {
    [format!("good.example:{port}"), format!("127.0.0.1:{port}")]
}

#[test]
fn curl_reaches_a_named_host_and_no_other() {
    let outside = Outside::new();
    let port = outside.http.port();
    let curl = |host: &str| {
        let url = format!("http://{host}:{port}/x");
        outside.allowed().args(["-q", "--", "curl", "-sS", "-m", "20", &url]).run()
    };
    assert_eq!(curl("good.example").expect_code(0).stdout, "served GET /x HTTP/1.1\n");
    let evil = curl("evil.example").expect_code(6);
    assert!(evil.stderr.contains("Could not resolve host: evil.example"), "{}", evil.stderr);
}

#[test]
fn tls_works_from_end_to_end() {
    let outside = Outside::new();
    let tls = Tls::new(&outside.env.work());
    let [name, address] = rules(tls.port());
    let url = format!("https://good.example:{}/", tls.port());
    let run = |words: &[&str]| outside.run(&[&name, &address]).args(["-q", "--"]).args(words).run();
    let curl = run(&["curl", "-sS", "-m", "20", "--cacert", "ca.pem", &url]).expect_code(0);
    assert!(curl.stdout.contains("s_server"), "{}", curl.stdout);
    let python = format!(
        "import ssl, urllib.request as u\n\
         print(u.urlopen('{url}', context=ssl.create_default_context(cafile='ca.pem')).status)"
    );
    assert_eq!(run(&["python3", "-c", &python]).expect_code(0).stdout, "200\n");
    let node = format!("fetch('{url}').then(r => console.log(r.status))");
    let node = outside
        .run(&[&name, &address])
        .args(["-q", "-e", "NODE_EXTRA_CA_CERTS=ca.pem", "--", "node", "-e", &node])
        .run()
        .expect_code(0);
    assert_eq!(node.stdout, "200\n");
}

#[test]
fn node_fetches_and_python_reads_over_http() {
    let outside = Outside::new();
    let url = format!("http://good.example:{}/n", outside.http.port());
    let node = format!("fetch('{url}').then(r => r.text()).then(t => process.stdout.write(t))");
    let node = outside.allowed().args(["-q", "--", "node", "-e", &node]).run().expect_code(0);
    assert_eq!(node.stdout, "served GET /n HTTP/1.1\n");
    let python =
        "import urllib.request as u\nprint(u.urlopen(f'http://good.example:{PORT}/p').read())";
    let python = outside.python(python).expect_code(0);
    assert_eq!(python.stdout, "b'served GET /p HTTP/1.1\\n'\n");
}

#[test]
fn git_clones_from_a_named_host() {
    let outside = Outside::new();
    let env = &outside.env;
    let git = |words: &[&str]| {
        let name = ["-c", "user.name=u", "-c", "user.email=u@example.com"];
        env.command(require("git")).args(name).args(words).run().expect_code(0)
    };
    git(&["init", "-q", "-b", "main", "origin"]);
    env.write("origin/file", "content\n");
    git(&["-C", "origin", "add", "."]);
    git(&["-C", "origin", "commit", "-q", "-m", "one"]);
    git(&["-C", "origin", "update-server-info"]);
    let server = Files::new(&env.work());
    let [name, address] = rules(server.port);
    let url = format!("http://good.example:{}/origin/.git", server.port);
    let script = format!("cd /tmp && git clone -q {url} copy && cat copy/file");
    let done = outside.run(&[&name, &address]).args(["-q", "--", "sh", "-c", &script]).run();
    assert_eq!(done.expect_code(0).stdout, "content\n");
    // The control: without a rule the same clone fails.
    let done = outside.run(&[]).args(["-q", "--", "sh", "-c", &script]).run();
    assert_ne!(done.code(), Some(0));
}

/// `python3 -m http.server`.
struct Files {
    port: u16,
    server: std::process::Child,
}

impl Files {
    fn new(dir: &std::path::Path) -> Self {
        use std::io::{BufRead, BufReader};
        let mut server = std::process::Command::new(require("python3"))
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
            .current_dir(dir)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // `Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ...`
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(' ').nth(5).unwrap().parse().unwrap();
        Self { port, server }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
