//! Other processes and the network: out of sight and out of reach.

use super::{PYTHON, Probe, Scene, held};

const NETWORK: &[Probe] = &[
    held(
        "NT-02",
        "print(tried(socket.create_connection, ('127.0.0.1', {PORT}), 2))",
        "ECONNREFUSED",
    ),
    held(
        "NT-03",
        "print(tried(socket.socket(socket.AF_UNIX).connect, '\\0{MARK}'))",
        "ECONNREFUSED",
    ),
    held("NT-06", "print(socket.if_nameindex())", "[(1, 'lo')]"),
    held(
        "NT-05",
        "print(tried(fcntl.ioctl, socket.socket(), 0x8914, b'nothing'.ljust(40, b'\\0')))",
        "ENOTTY",
    ),
    held("NT-12 SC-23", "print(tried(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1))", "EPERM")
        .of_root(),
    held("SC-24", "print(tried(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 15))", NO_FAMILY),
    held(
        "NT-10",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(tried(s.sendto, b'x', ('224.0.0.251', 5353)), tried(s.connect, ('192.0.2.9', 9)))",
        "ENETUNREACH ENETUNREACH",
    ),
];

const NO_FAMILY: &str = "EAFNOSUPPORT";

const PROCESSES: &[Probe] = &[
    held("IP-03", "print(tried(os.kill, {PID}, 0), tried(os.pidfd_open, {PID}))", NOBODY),
    held("IP-03", "print(tried(os.sched_getaffinity, {PID}), tried(os.getsid, {PID}))", NOBODY),
    held(
        "IP-02",
        "pid = victim()
for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP, signal.SIGRTMAX, signal.SIGKILL):
    tried(os.kill, pid, n)
time.sleep(.1)
print(field('State', f'/proc/{pid}/status').split()[0])",
        "S",
    ),
    held(
        "IP-01",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)
me = os.fork()
if me == 0: time.sleep(30); os._exit(0)
if INSIDE: os.kill(-1, signal.SIGKILL)
print('nothing killed us')",
        "",
    ),
    held("IP-05", "print(os.getsid(0), os.getpgid(0) == os.getpid())", "1 True"),
    held("ID-09", "print(socket.gethostname(), os.uname().nodename)", "drybox drybox"),
];

const NOBODY: &str = "ESRCH ESRCH";

#[test]
fn there_is_no_network_and_no_socket_of_the_host() {
    Scene::new().expect_all(NETWORK);
}

#[test]
fn processes_of_the_host_are_out_of_reach() {
    let rows: Vec<&Probe> = PROCESSES.iter().filter(|row| row.id != "IP-01").collect();
    let scene = Scene::new();
    for row in rows {
        scene.expect_all(std::slice::from_ref(row));
    }
}

/// NT-03: two walls stand here, the network namespace and Landlock's scope; either's answer will do.
#[test]
fn no_abstract_socket_of_the_host_is_reached() {
    let scene = Scene::new();
    let attempt = "print(tried(socket.socket(socket.AF_UNIX).connect, '\\0{MARK}'))";
    let inside = scene.observe(scene.env.drybox().args(["run", "--", PYTHON]), attempt, true);
    assert!(["ECONNREFUSED", "EPERM"].contains(&inside.as_str()), "{inside}");
    let outside = scene.observe(scene.env.command(PYTHON), attempt, false);
    assert_eq!(outside, "done", "the control");
}

/// IP-01: killing everybody ends the box, and nothing else.
#[test]
fn a_payload_that_kills_everybody_kills_its_box() {
    let scene = Scene::new();
    let attempt = PROCESSES.iter().find(|row| row.id == "IP-01").unwrap().attempt;
    let run = scene.env.drybox().args(["run", "--", PYTHON]);
    let seen = scene.observe(run, attempt, true);
    // kill(-1) does not reach the caller itself (kill(2)).
    assert_eq!(seen, "nothing killed us");
    scene.env.drybox().args(["run", "--", "true"]).run().expect_code(0);
}

/// Every namespace is the box's own, but for time.
#[test]
fn every_namespace_is_another() {
    let tell = "import os; print(*[os.readlink('/proc/self/ns/' + n) for n in \
                ('cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts')])";
    let scene = Scene::new();
    let outside = scene.env.command(PYTHON).args(["-c", tell]).run().expect_code(0).stdout;
    let inside =
        |_| scene.env.drybox().args(["run", "--", PYTHON, "-c", tell]).run().expect_code(0).stdout;
    let boxes = [inside(1), inside(2)];
    let outside: Vec<&str> = outside.split_whitespace().collect();
    for seen in &boxes {
        let seen: Vec<&str> = seen.split_whitespace().collect();
        assert_eq!((seen.len(), outside.len()), (7, 7));
        for (seen, outside) in seen.iter().zip(&outside) {
            assert_ne!(seen, outside);
        }
    }
}
