//! What is told: which doors are open, and what was refused.

use drybox_testkit::Pty;

use super::Outside;
use crate::terminal::LONG;

#[test]
fn open_doors_are_told_before_the_start_and_refusals_after_the_end() {
    let outside = Outside::new();
    let program = "import socket\n\
        for name in ['evil.example', 'evil.example']:\n\
        \x20   try: socket.create_connection((name, 443))\n\
        \x20   except OSError: pass";
    let run = || outside.run(&["good.example"]);
    let done = run().args(["--", "python3", "-c", program]).run().expect_code(0);
    assert_eq!(
        outside.env.scrub(&done.stderr),
        "note: both doors are open: [WORK] (changes are kept apart); the network to good.example:443\n\
         note: refused: evil.example: no rule allows it; --allow evil.example would allow it\n"
    );
    let quiet = run().args(["-q", "--", "python3", "-c", program]).run().expect_code(0);
    assert_eq!(quiet.stderr, "");
    let json = run().args(["--json", "--", "python3", "-c", program]).run().expect_code(0);
    let lines: Vec<&str> = json.stderr.lines().collect();
    assert!(lines[0].starts_with("{\"event\":\"doors\",\"files\":["), "{}", lines[0]);
    let begin = "{\"event\":\"attempt\",\"verdict\":\"refused\",\"layer\":\"dns\",\"name\":\"evil.example\"";
    assert!(lines[1].starts_with(begin), "{}", lines[1]);
    assert_eq!(lines.len(), 3, "{}", json.stderr);
}

#[test]
fn what_was_reached_is_an_event_with_its_bytes_and_its_rule() {
    let outside = Outside::new();
    let port = outside.http.port();
    let script = format!("curl -s http://good.example:{port}/");
    let done = outside.allowed().args(["--json", "--", "sh", "-c", &script]).run().expect_code(0);
    let line = done.stderr.lines().find(|line| line.contains("\"allowed\"")).unwrap();
    for part in [
        "\"name\":\"good.example\"",
        "\"address\":\"127.0.0.1\"",
        &format!("\"port\":{port}"),
        &format!("\"why\":\"--allow good.example:{port}\""),
        "\"received\":61",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains("\"sent\":0"), "{line}");
}

#[test]
fn with_every_host_open_the_users_files_are_not_there() {
    let outside = Outside::new();
    outside.env.write("secret", "of the user");
    let run = |network: &str| {
        let run =
            outside.run(&[]).args(["--network", network, "--", "sh", "-c", "cat secret || pwd"]);
        run.run().expect_code(0)
    };
    let bridge = run("bridge");
    assert_eq!(bridge.stdout, "/work\n", "{}", bridge.stderr);
    let told = "note: open: the network to every public host; none of your files";
    assert!(bridge.stderr.contains(told), "{}", bridge.stderr);
    // The control.
    assert_eq!(run("none").stdout, "of the user");
}

#[test]
fn what_a_box_kept_is_not_there_with_every_host_open() {
    let outside = Outside::new();
    let sh = |network: &str, script: &str| {
        let run = outside.run(&[]).args(["-q", "--network", network, "--", "sh", "-c", script]);
        run.run().expect_code(0).stdout
    };
    sh("none", "echo kept > kept");
    let work = outside.env.work().display().to_string();
    let look = format!("cat {work}/kept || echo nothing");
    assert_eq!(sh("bridge", &look), "nothing\n");
    // The control.
    assert_eq!(sh("none", &look), "kept\n");
}

#[test]
fn every_directory_of_the_user_that_is_open_is_named() {
    let outside = Outside::new();
    let run = |flags: &[&str]| {
        let run = outside.run(&["good.example"]).args(flags).args(["--", "true"]);
        outside.env.scrub(&run.run().expect_code(0).stderr)
    };
    let hosts = "the network to good.example:443\n";
    assert_eq!(
        run(&["--workspace", "ro"]),
        format!("note: both doors are open: [WORK] (read-only); {hosts}")
    );
    assert_eq!(
        run(&["-v", ".:/work"]),
        format!("note: both doors are open: [WORK] (writable); {hosts}")
    );
    assert_eq!(
        run(&["--workspace", "none"]),
        "note: open: the network to good.example:443; none of your files\n"
    );
}

#[test]
fn with_every_host_open_inner_ones_are_not() {
    let outside = Outside::new();
    let program = "import socket\n\
        def attempt(host, port):\n\
        \x20   try:\n\
        \x20       s = socket.create_connection((host, port), 9)\n\
        \x20       s.sendall(b'GET / HTTP/1.1\\r\\nHost: good.example\\r\\n\\r\\n')\n\
        \x20       return s.recv(12)\n\
        \x20   except OSError as e: return e.errno\n\
        for host, port in [('good.example', 80), ('127.0.0.1', 80), ('10.0.0.1', 80), ('::1', 80), ('good.example', 22)]:\n\
        \x20   print(attempt(host, port))";
    let run = outside.run(&[]).args(["--network", "bridge", "-q", "--", "python3", "-c", program]);
    // 104 reset: judged by the relay; 111 refused: no such port.
    assert_eq!(run.run().expect_code(0).stdout, "104\n104\n104\n104\n111\n");
}

#[test]
fn a_program_reads_what_was_refused_and_whom_to_ask() {
    let outside = Outside::new();
    let port = outside.http.port();
    let program = format!(
        "import socket\n\
         for name, port in [('evil.example', 443), ('evil.example', 443), ('1.1.1.1', {port})]:\n\
         \x20   try: socket.create_connection((name, port), 20).recv(1)\n\
         \x20   except OSError: pass\n\
         print(open('/run/drybox/refused').read(), end='')"
    );
    let run = |more: &[&str]| {
        let run = outside.allowed().args(["-q"]).args(more).args(["--", "python3", "-c", &program]);
        run.run()
    };
    let lines = format!(
        "connect to evil.example refused by drybox; ask the user for --allow evil.example\n\
         connect to 1.1.1.1:{port} refused by drybox; ask the user for --allow 1.1.1.1:{port}\n"
    );
    assert_eq!(run(&[]).expect_code(0).stdout, lines);
    // What the user put there is not written to.
    std::fs::create_dir_all(outside.env.work().join("run/drybox")).unwrap();
    outside.env.write("run/drybox/refused", "the user's\n");
    let shared = run(&["-v", "./run:/run"]).expect_code(0);
    assert_eq!(shared.stdout, "the user's\n");
    // Without a way out there is nothing that could be refused.
    let closed = outside.run(&[]).args(["-q", "--", "ls", "/run/drybox"]).run();
    assert_eq!(closed.expect_code(2).stdout, "");
}

#[test]
fn at_a_terminal_a_refusal_is_said_at_once_and_once() {
    let outside = Outside::new();
    let program = "import socket\n\
        def attempt():\n\
        \x20   try: socket.create_connection(('evil.example', 443), 20)\n\
        \x20   except OSError: pass\n\
        attempt(); input('one'); attempt(); input('two')";
    let said = "connect to evil.example refused by drybox; ask the user for --allow evil.example";
    let start = |more: &[&str]| {
        let run = outside.run(&["good.example"]).args(more);
        Pty::start(run.args(["--rm", "-t", "--", "python3", "-c", program]))
    };
    let mut pty = start(&[]);
    pty.expect(said);
    pty.send("\n");
    pty.expect("two");
    pty.send("\n");
    pty.wait(LONG);
    let output = String::from_utf8_lossy(pty.output()).into_owned();
    assert_eq!(output.matches(said).count(), 1, "{output}");
    // The control: one may be quiet.
    let mut pty = start(&["-q"]);
    for word in ["one", "two"] {
        pty.expect(word);
        pty.send("\n");
    }
    pty.wait(LONG);
    assert!(!String::from_utf8_lossy(pty.output()).contains("refused"));
}

#[test]
fn what_is_allowed_and_cannot_be_reached_is_told_as_that() {
    let outside = Outside::new();
    // Nobody listens there a moment after it was free.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rules =
        ["nowhere.example", "good.example", "127.0.0.1"].map(|host| format!("{host}:{free}"));
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let program = format!(
        "import socket\n\
         for host in ['nowhere.example', 'good.example']:\n\
         \x20   try:\n\
         \x20       s = socket.create_connection((host, {free}), 20)\n\
         \x20       print(s.recv(9))\n\
         \x20   except ConnectionError: print('error')"
    );
    let done = outside.run(&rules).args(["--", "python3", "-c", &program]).run().expect_code(0);
    assert_eq!(done.stdout, "error\nerror\n", "{}", done.stderr);
    for told in [
        format!("not reached: nowhere.example:{free}: the name has no address"),
        format!("not reached: good.example:{free}: Connection refused"),
    ] {
        assert!(done.stderr.contains(&told), "{told}: {}", done.stderr);
    }
}
