//! Ways round the rules: addresses, ports, protocols, the box's own routes.

use super::Outside;
use super::peers::Dns;

#[test]
fn what_is_not_named_is_refused_at_once() {
    let outside = Outside::new();
    let done = outside.python(
        "for host, port in [('1.1.1.1', 443), ('1.1.1.1', PORT), ('2606:4700::1111', PORT), ('good.example', 22),\n\
         \x20                 ('127.0.0.1', 443), ('198.18.77.77', PORT), ('169.254.169.254', 80), ('1.1.1.1', 853)]:\n\
         \x20   began = time.monotonic()\n\
         \x20   def attempt():\n\
         \x20       s = socket.create_connection((host, port), 10)\n\
         \x20       s.sendall(b'x')\n\
         \x20       return s.recv(9)\n\
         \x20   print(host, port == PORT or port, said(attempt), time.monotonic() - began < 5)",
    );
    assert_eq!(
        done.expect_code(0).stdout,
        "1.1.1.1 443 ECONNREFUSED True\n1.1.1.1 True ECONNRESET True\n\
         2606:4700::1111 True ECONNRESET True\ngood.example 22 ECONNREFUSED True\n\
         127.0.0.1 443 ECONNREFUSED True\n198.18.77.77 True ECONNRESET True\n\
         169.254.169.254 80 ECONNREFUSED True\n1.1.1.1 853 ECONNREFUSED True\n"
    );
    assert_eq!(outside.http.heard(), "");
}

#[test]
fn udp_but_dns_is_refused_at_once() {
    let outside = Outside::new();
    let done = outside.python(
        "def attempt(port):\n\
         \x20   s = connect('198.18.1.0', port, socket.SOCK_DGRAM)\n\
         \x20   s.send(b'x')\n\
         \x20   s.send(b'x')\n\
         \x20   return s.recv(9)\n\
         for port in [443, 853, 123, PORT]:\n\
         \x20   print(said(lambda: attempt(port)))",
    );
    assert_eq!(done.expect_code(0).stdout, "ECONNREFUSED\n".repeat(4));
}

#[test]
fn the_payload_can_take_no_port_of_the_relay_and_change_no_route() {
    let outside = Outside::new();
    let done = outside.python(
        "def take(host, port, option=None):\n\
         \x20   s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)\n\
         \x20   if option: s.setsockopt(socket.SOL_SOCKET, option, 1)\n\
         \x20   s.bind((host, port)); s.listen(); return 'taken'\n\
         for option in [None, socket.SO_REUSEADDR, socket.SO_REUSEPORT]:\n\
         \x20   for host in ['0.0.0.0', '127.0.0.1', '198.18.1.0', '::', '::1']:\n\
         \x20       print(said(lambda: take(host, PORT, option)), end=' ')\n\
         print(said(lambda: take('127.0.0.1', 0)))\n\
         n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n\
         for kind in [24, 25, 20, 21, 16]:\n\
         \x20   n.send(struct.pack('=IHHIIBBBBIB', 33, kind, 0x405, 1, 0, 2, 0, 0, 0, 0, 0)[:36].ljust(36, b'\\0'))\n\
         \x20   print(name_of(-struct.unpack('=i', n.recv(999)[16:20])[0]), end=' ')",
    );
    let out = done.expect_code(0).stdout;
    assert_eq!(out, format!("{}taken\n{}", "EADDRINUSE ".repeat(15), "EPERM ".repeat(5)));
}

/// What a name leads to is judged, not what it is called.
#[test]
fn a_name_that_leads_inside_is_refused() {
    let mut outside = Outside::new();
    let inner = [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.2.1",
        "198.18.1.0",
        "224.0.0.251",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "fe80::1",
        "fec0::1",
        "fd00:ec2::254",
        "fd64::1",
        "ff02::1",
    ];
    let table: Vec<(String, &str)> = inner
        .iter()
        .enumerate()
        .map(|(nth, address)| (format!("n{nth}.good.example"), *address))
        .collect();
    let table: Vec<(&str, &str)> =
        table.iter().map(|(name, address)| (name.as_str(), *address)).collect();
    outside.dns = Dns::new(&table);
    let port = outside.http.port();
    let rule = format!("*.good.example:{port}");
    let get = "b'GET / HTTP/1.1\\r\\nHost: n%d.good.example\\r\\n\\r\\n' % n";
    let each = format!("print(ask(f'n{{n}}.good.example', PORT, {get}))");
    let program = outside.prelude(&format!("for n in range({}): {each}", inner.len()));
    let run = |more: &[&str]| {
        let rules: Vec<&str> = std::iter::once(rule.as_str()).chain(more.iter().copied()).collect();
        outside.run(&rules).args(["--json", "--", "python3", "-c", &program]).run().expect_code(0)
    };
    let done = run(&[]);
    assert_eq!(done.stdout, "b'RESET'\n".repeat(inner.len()));
    assert_eq!(outside.http.heard(), "");
    // Each was told, with what it is.
    for nth in 0..inner.len() {
        let told = format!("\"layer\":\"address\",\"name\":\"n{nth}.good.example\"");
        assert!(done.stderr.contains(&told), "{nth}: {}", done.stderr);
    }
    // The control: where the address is spelled out as well, it is reached.
    let opened = run(&[&format!("127.0.0.1:{port}")]);
    assert_eq!(opened.stdout.matches("served GET").count(), 1, "{}", opened.stdout);
}

/// Another inner address is not tried when the first is one (EG-14).
#[test]
fn an_inner_address_is_no_second_choice() {
    let mut outside = Outside::new();
    // 127.0.0.1 would answer.
    outside.dns = Dns::new(&[("good.example", "127.0.0.1,10.0.0.1")]);
    let rule = format!("good.example:{}", outside.http.port());
    let get = "b'GET / HTTP/1.1\\r\\nHost: good.example\\r\\n\\r\\n'";
    let program = outside.prelude(&format!("print(ask('good.example', PORT, {get}))"));
    let done = outside.run(&[&rule]).args(["-q", "--", "python3", "-c", &program]).run();
    assert_eq!(done.expect_code(0).stdout, "b'RESET'\n");
    assert_eq!(outside.http.heard(), "");
}

mod root_only {
    use std::process::Command;

    use drybox_testkit::require;

    use super::*;

    /// An address like everybody's, and this machine has it: what listens there may trust whoever
    /// comes from the machine (EG-20). It takes a network namespace to have one.
    #[test]
    fn a_name_that_leads_to_this_machine_is_refused() {
        let outside = Outside::new();
        outside.env.write("hosts", "93.184.216.34 own.example\n");
        outside.env.write(
            "server.py",
            "import socket, subprocess, sys\n\
             s = socket.create_server(('93.184.216.34', 8080))\n\
             import threading\n\
             def serve():\n\
             \x20   while True:\n\
             \x20       c, _ = s.accept(); c.recv(999); c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nserved'); c.close()\n\
             threading.Thread(target=serve, daemon=True).start()\n\
             sys.exit(subprocess.run(sys.argv[1:]).returncode)",
        );
        let get = "import socket\n\
            s = socket.create_connection(('own.example', 8080), 20)\n\
            s.sendall(b'GET / HTTP/1.1\\r\\nHost: own.example:8080\\r\\n\\r\\n')\n\
            try: print(s.recv(99)[-6:])\n\
            except ConnectionResetError: print('reset')";
        let script = "ip link set lo up && ip address add 93.184.216.34/32 dev lo && \
             mount --bind hosts /etc/hosts && exec python3 server.py \"$@\"";
        let attempt = |rules: &[&str]| {
            let drybox = outside.run(rules).args(["-q", "--", "python3", "-c", get]);
            let drybox: Command = drybox.into_command();
            let mut command = Command::new(require("unshare"));
            command.args(["--net", "--mount", "sh", "-ec", script, "sh"]);
            command.arg(drybox.get_program()).args(drybox.get_args());
            command.current_dir(outside.env.work()).env_clear();
            command.envs(drybox.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let done = command.output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (text(done.stdout), text(done.stderr))
        };
        let refused = attempt(&["own.example:8080"]);
        assert_eq!(refused.0, "reset\n", "{}", refused.1);
        // The control: the same where the address is spelled out.
        let reached = attempt(&["own.example:8080", "93.184.216.34:8080"]);
        assert_eq!(reached.0, "b'served'\n", "{}", reached.1);
    }
}

#[test]
fn without_a_rule_there_is_no_network() {
    let outside = Outside::new();
    let program = "import socket\n\
        try: socket.create_connection(('1.1.1.1', 443), 5)\n\
        except OSError as e: print(e.errno)\n\
        print(open('/etc/resolv.conf').read().split()[1])";
    let network = |rules: &[&str], more: &[&str]| {
        let run = outside.run(rules).args(more).args(["-q", "--", "python3", "-c", program]);
        run.run().expect_code(0).stdout
    };
    // ENETUNREACH: not even refused.
    assert_eq!(network(&[], &[]), "101\n127.0.0.1\n");
    assert_eq!(network(&[], &["--network", "none"]), "101\n127.0.0.1\n");
    assert_eq!(network(&[], &["--network", "allow:"]), "101\n127.0.0.1\n");
    // The control: with a rule there is one, and nobody at that port of it.
    assert_eq!(network(&["good.example:80"], &[]), "111\n198.18.0.1\n");
}

#[test]
fn a_server_that_speaks_first_is_heard() {
    let outside = Outside::new();
    let counter = super::peers::Counter::new();
    let rules =
        [format!("good.example:{}", counter.port()), format!("127.0.0.1:{}", counter.port())];
    let program = format!(
        "import socket\ns = socket.create_connection(('good.example', {}), 20)\n\
         f = s.makefile('r')\nprint(f.readline(), end='')\ns.sendall(b'x' * 3000000)\n\
         s.shutdown(socket.SHUT_WR)\nprint(f.read(), end='')",
        counter.port()
    );
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let done = outside.run(&rules).args(["-q", "--", "python3", "-c", &program]).run();
    assert_eq!(done.expect_code(0).stdout, "hello\ntook 3000000\n");
}
