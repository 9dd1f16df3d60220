//! Boxes that run at the same time, and what a box's first process tells.

use std::io::Read as _;

use drybox_run::Stdio;
use drybox_spec::Ending;

use crate::piped::{builder, shell, start};

/// Listens, makes shared memory, finds both itself (the control), says so, and waits.
const FIRST: &str = r#"
import ctypes, os, socket, sys
C = ctypes.CDLL(None, use_errno=True)
tcp, abstract = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
abstract.bind("\0drybox-neighbour"); abstract.listen(1)
port = tcp.getsockname()[1]
socket.create_connection(("127.0.0.1", port)).close()
socket.socket(socket.AF_UNIX).connect("\0drybox-neighbour")
assert C.shmget(0x5eed, 4096, 0o1666) >= 0 and C.shmget(0x5eed, 0, 0) >= 0
print(port, flush=True)
sys.stdin.read()
"#;

/// Looks for all of it.
const SECOND: &str = r#"
import ctypes, os, socket, sys
C = ctypes.CDLL(None, use_errno=True)
def tried(act):
    try: act()
    except OSError as error: return error.strerror
    return "reached"
print(tried(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])))))
print(tried(lambda: socket.socket(socket.AF_UNIX).connect("\0drybox-neighbour")))
print(C.shmget(0x5eed, 0, 0), os.strerror(ctypes.get_errno()))
print(sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit()) == [1, os.getpid()])
"#;

/// PS-23, PS-25, NT-16, IP-09.
#[test]
fn two_boxes_do_not_find_each_other() {
    let first = builder(&["/usr/bin/python3", "-c", FIRST]).build();
    let mut first = start(&first, [Stdio::Piped, Stdio::Piped, Stdio::Null]).unwrap();
    let mut port = Vec::new();
    let output = first.stdout.as_mut().unwrap();
    while port.last() != Some(&b'\n') {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        port.push(byte[0]);
    }
    let port = String::from_utf8(port).unwrap();
    let second = builder(&["/usr/bin/python3", "-c", SECOND, port.trim()]).build();
    let mut second = start(&second, [Stdio::Null, Stdio::Piped, Stdio::Null]).unwrap();
    let mut found = String::new();
    second.stdout.take().unwrap().read_to_string(&mut found).unwrap();
    assert_eq!(second.wait().unwrap(), Ending::Exited(0));
    let nothing = "Connection refused\nConnection refused\n-1 No such file or directory\nTrue\n";
    assert_eq!(found, nothing);
    assert_eq!(first.wait().unwrap(), Ending::Exited(0));
}

/// FD-16, IL-03, PS-28: init is a copy of the caller, and shows nothing of it.
#[test]
fn the_first_process_of_a_box_tells_nothing_of_the_caller() {
    let script = "tr -d '\\0' < /proc/1/cmdline; echo; cat /proc/1/comm /proc/1/environ 2>&1; \
                  cut -d: -f3 /proc/1/cgroup | sort -u";
    let (inside, _) = shell(script);
    let refused = "cat: /proc/1/environ: Permission denied";
    assert_eq!(inside, format!("drybox-init\ndrybox-init\n{refused}\n/\n"));
    // The control: the caller has arguments and another name.
    let own = std::fs::read("/proc/self/cmdline").unwrap();
    let name = std::fs::read_to_string("/proc/self/comm").unwrap();
    assert!(!own.is_empty() && name != "drybox-init\n");
}

/// DV-07: without a terminal of its own a box has none of the caller's either.
#[test]
fn without_a_terminal_there_is_none_to_open() {
    let (printed, _) = shell("(: < /dev/tty) 2>&1; cat /proc/self/stat | cut -d' ' -f7");
    assert!(
        printed.contains("No such device or address") && printed.ends_with("\n0\n"),
        "{printed}"
    );
}
