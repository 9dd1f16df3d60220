//! Who the payload is, inside and on the host, and that it can become nobody else.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drybox_testkit::{TestEnv, processes_mentioning};

use super::{Probe, Scene, held};

const IDENTITY: &[Probe] = &[
    held(
        "ID-01",
        "print({line.split()[1].strip('0') for line in open('/proc/self/status')
       if line.startswith('Cap')})",
        "{''}",
    ),
    held("ID-02", "print(field('NoNewPrivs'), field('Seccomp:'))", "1 2"),
    held("ID-03", "print(C.prctl(27, 0, 0, 0, 0))", "239"),
    held("ID-03", "print(call('prctl', 28, 0, 0, 0, 0))", "EPERM").of_root(),
    held(
        "ID-04",
        "done = subprocess.run(['/usr/bin/su', '--version'], env={'LD_SHOW_AUXV': '1'},
                      capture_output=True, text=True)
print([line.split()[1] for line in done.stdout.splitlines() if line.startswith('AT_SECURE')])",
        "['0']",
    )
    .of_user(),
    held("ID-06", "print(tried(os.setgroups, []))", "EPERM").of_root(),
    held("ID-08", "print(tried(os.setresuid, -1, 0, -1), tried(os.setgid, 0))", "EINVAL EINVAL")
        .or_root("EPERM EPERM"),
    held("ID-08", "print(tried(os.setuid, 0), tried(os.setgid, 65534))", "EINVAL EINVAL")
        .or_root("EPERM EPERM")
        .of_root(),
    held("ID-19", "print(open('/proc/self/uid_map').read().split()[2])", "1").or_root("65536"),
    held("ID-06", "print(open('/proc/self/setgroups').read().strip())", "deny").or_root("allow").of_user(),
    held(
        "ID-09",
        "print(*sorted({call('unshare', f) for f in
    (0x10000000, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000, 0x80)}))",
        "EPERM",
    ),
    held(
        "ID-10",
        "pid = C.syscall(CALLS['clone'][0 if platform.machine() == 'x86_64' else 1],
               *[ctypes.c_long(a) for a in (0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)])
if pid == 0: os._exit(0)
print('made' if pid > 0 else name(ctypes.get_errno()))",
        "EPERM",
    ),
    held("ID-11", "print(call('clone3', 0, 0))", "ENOSYS"),
    held(
        "ID-13",
        "print(*{call('setns', os.open('/proc/self/ns/' + n, os.O_RDONLY), 0) for n in ('user', 'net')})",
        "EPERM",
    ),
    held(
        "ID-14",
        "f = os.open('/proc/self/ns/pid', os.O_RDONLY)
print(tried(fcntl.ioctl, f, 0xb701), tried(fcntl.ioctl, f, 0xb702))",
        "ENOTTY ENOTTY",
    ),
    held("ID-16", "print(call('ptrace', 0x4206, victim(), 0, 0))", "EPERM"),
    held(
        "SC-13",
        "pid, room = victim(), ctypes.create_string_buffer(8)
class Piece(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]
if INSIDE: start = 0x400000
else: start = int(open(f'/proc/{pid}/maps').readline().split('-')[0], 16)
ours, theirs = Piece(ctypes.addressof(room), 8), Piece(start, 8)
print(call('process_vm_readv', pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0))",
        "EPERM",
    ),
    held(
        "SC-13 IP-04",
        "fd = os.pidfd_open(victim())
print({call('pidfd_getfd', fd, n, 0) for n in range(3)} - {'EBADF'})",
        "{'ENOSYS'}",
    ),
    // Of itself: another process is closed to it without the filter too.
    held("SC-13", "print(call('kcmp', os.getpid(), os.getpid(), 0, 0, 0))", "EPERM"),
    held("ID-17", "print(call('personality', 0x400000))", "EPERM"),
    held("ID-24 SC-09", "print(call('keyctl', 0, -3, 1))", "ENOSYS"),
    held(
        "SC-38",
        "import resource
print(resource.getrlimit(resource.RLIMIT_CORE), int(open('/proc/self/coredump_filter').read(), 16))",
        "(1, 1) 0",
    ),
];

#[test]
fn the_payload_has_no_privilege_and_gets_none() {
    Scene::new().expect_all(IDENTITY);
}

/// ID-01: whoever took over init would gain nothing. The payload loses its own by executing.
#[test]
fn init_has_no_capability() {
    let env = TestEnv::new();
    let show = ["-c", "grep -h ^Cap /proc/1/status"];
    let inside = env.drybox().args(["run", "--", "/bin/sh"]).args(show).run().expect_code(0);
    let sets: Vec<&str> = inside.stdout.split_whitespace().skip(1).step_by(2).collect();
    assert_eq!(sets, ["0000000000000000"; 5]);
    // The control: the host's has some.
    let outside = env.command("/bin/sh").args(show).run().expect_code(0);
    assert!(outside.stdout.contains("ffff"), "{}", outside.stdout);
}

/// ID-24: two walls stand here, the filter and a session keyring of the box's own; either's answer
/// will do.
#[test]
fn no_key_of_the_callers_session_is_found() {
    let scene = Scene::new();
    let find = "print(call('keyctl', 10, -3, b'user', b'{MARK}', 0))";
    let prelude = super::PRELUDE;
    let child = format!("INSIDE = True\n{prelude}\n{find}");
    // keyctl(2): joins a new session keyring, of which the child is given the possession.
    let script = |program: &str| {
        format!(
            "call('keyctl', 1, 0)
assert call('add_key', b'user', b'{{MARK}}', b'secret', 6, -3) == 'done'
subprocess.run([{program}, '-c', {child:?}])"
        )
    };
    let drybox = drybox_testkit::drybox_bin();
    let python = format!("'{}'", super::PYTHON);
    let boxed = format!("'{}', 'run', '--', {python}", drybox.display());
    let inside = scene.observe(scene.env.command(super::PYTHON), &script(&boxed), false);
    assert!(["ENOSYS", "ENOKEY"].contains(&inside.as_str()), "{inside}");
    let outside = scene.observe(scene.env.command(super::PYTHON), &script(&python), false);
    assert_eq!(outside, "done", "the control");
}

/// SC-02: the numbers of 32-bit programs mean other calls.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_call_with_another_architectures_number_kills() {
    // mov eax, 20 (getpid); int 0x80; ret
    let attempt = r"import mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3')
run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
pid = os.fork()
if pid == 0: os._exit(0 if run() == os.getpid() else 1)
print(os.waitpid(pid, 0)[1])";
    let scene = Scene::new();
    let run = scene.env.drybox().args(["run", "--", super::PYTHON]);
    // SIGSYS, and nothing dumped.
    assert_eq!(scene.observe(run, attempt, true), "31");
    let outside = scene.observe(scene.env.command(super::PYTHON), attempt, false);
    assert_eq!(outside, "0", "the control: a kernel with 32-bit calls");
}

/// What the caller ignores, masks and limits is not the payload's (FD-17, FD-18).
#[test]
fn the_callers_umask_and_signals_do_not_enter() {
    let env = TestEnv::new();
    let tell = "import os,resource; s=open('/proc/self/status').read(); \
                f=lambda k:[l.split()[1] for l in s.splitlines() if l.startswith(k)][0]; \
                print(f('Umask'), int(f('SigBlk'),16), int(f('SigIgn'),16) & 0x4201)";
    let script = "umask 000; trap '' HUP TERM USR1; exec \"$@\"";
    let shell = || env.command("/bin/sh").args(["-c", script, "sh"]);
    let outside = shell().args([super::PYTHON, "-c", tell]).run().expect_code(0);
    assert_eq!(outside.stdout, "0000 0 16897\n", "the control");
    let inside = shell()
        .arg(drybox_testkit::drybox_bin())
        .args(["run", "--", super::PYTHON, "-c", tell])
        .run()
        .expect_code(0);
    assert_eq!(inside.stdout, "0022 0 0\n");
}

/// A limit of 1 keeps the host's core helper from starting; a caller's hard limit of 0 stays.
#[test]
fn a_crash_dumps_nothing_whatever_the_caller_allows() {
    let env = TestEnv::new();
    let tell = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))";
    for (set, inside) in [("ulimit -S -c 0", "(1, 1)\n"), ("ulimit -c 0", "(0, 0)\n")] {
        let shell = env.command("/bin/bash").args(["-c", &format!("{set}; exec \"$@\""), "sh"]);
        let run = shell.arg(drybox_testkit::drybox_bin()).args(["run", "--", super::PYTHON]);
        assert_eq!(run.args(["-c", tell]).run().expect_code(0).stdout, inside, "{set}");
    }
}

/// The user and group ids of every process of a sandbox, as the host sees them.
fn ids_on_the_host(env: &TestEnv) -> Vec<(String, String)> {
    let mark = "a-payload-to-look-at";
    let mut command: Command = env
        .drybox()
        .args(["run", "--", "/bin/sh", "-c", "echo up; read line", mark])
        .env("MARK", env.marker())
        .into_command();
    let mut box_ = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    let pid = box_.id();
    let found = loop {
        let all = processes_mentioning(mark.as_bytes());
        let payload = all.iter().find(|p| p.command.starts_with("/bin/sh -c echo up"));
        if let Some(payload) = payload.filter(|p| parent_of(p.parent) == Some(pid)) {
            break vec![payload.parent, payload.pid];
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no payload: {all:#?}");
        std::thread::sleep(Duration::from_millis(5));
    };
    let ids = found.iter().map(|pid| (field(*pid, "Uid:"), field(*pid, "Gid:"))).collect();
    drop(box_.stdin.take());
    box_.wait().unwrap();
    ids
}

fn parent_of(pid: u32) -> Option<u32> {
    field(pid, "PPid:").trim().parse().ok()
}

fn field(pid: u32, key: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_default().to_owned()
}

mod root_only {
    use super::*;

    /// ID-05: no group of the caller, which may open disks and sockets, enters.
    #[test]
    fn the_callers_groups_do_not_enter() {
        let env = TestEnv::new();
        let list = "import os; print(os.getgroups())";
        let run = |inside: bool| {
            let with = ["--groups", "4,6,24", "--"];
            let mut run = env.command(drybox_testkit::require("setpriv")).args(with);
            if inside {
                run = run.arg(drybox_testkit::drybox_bin()).args(["run", "--"]);
            }
            run.args([super::super::PYTHON, "-c", list]).run().expect_code(0).stdout
        };
        assert_eq!(run(false), "[4, 6, 24]\n", "the control");
        assert_eq!(run(true), "[]\n");
    }

    /// ID-19: a process with kuid 0 may write root's sysctls even without a capability.
    #[test]
    fn no_process_of_a_box_is_root_on_the_host() {
        let env = TestEnv::new();
        for (uid, gid) in ids_on_the_host(&env) {
            let ids: Vec<u32> = [uid, gid]
                .iter()
                .flat_map(|ids| ids.split_whitespace())
                .map(|id| id.parse().unwrap())
                .collect();
            assert_eq!(ids.len(), 8);
            assert!(ids.iter().all(|id| *id >= 0x6000_0000), "{ids:?}");
        }
        // The control: we are.
        assert_eq!(field(std::process::id(), "Uid:").split_whitespace().next(), Some("0"));
    }
}

mod user_only {
    use super::*;

    #[test]
    fn every_process_of_a_box_is_its_user_on_the_host() {
        let env = TestEnv::new();
        let own = (field(std::process::id(), "Uid:"), field(std::process::id(), "Gid:"));
        for ids in ids_on_the_host(&env) {
            assert_eq!(ids, own);
        }
    }
}
