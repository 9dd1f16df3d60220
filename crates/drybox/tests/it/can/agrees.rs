//! The verdict is what a real box does: every path of a table is asked about, and then opened.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use drybox_testkit::{TestEnv, is_root};

/// What boxes are asked about.
const PATHS: &[&str] = &[
    "/",
    "/etc",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/new",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/alternatives",
    "/usr",
    "/usr/bin/env",
    "/usr/new",
    "/usr/bin/env/x",
    "/bin",
    "/bin/sh",
    "/lib",
    "/tmp",
    "/tmp/new",
    "/tmp/a/b",
    "/var",
    "/var/tmp",
    "/var/tmp/new",
    "/var/lock/new",
    "/var/log",
    "/run",
    "/run/new",
    "/run/lock",
    "/run/lock/new",
    "/home",
    "/home/x",
    "/home/agent",
    "/home/agent/new",
    "/root",
    "/mnt",
    "/srv",
    "/opt",
    "/boot",
    "/sys",
    "/sys/kernel",
    "/dev",
    "/dev/new",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/urandom",
    "/dev/tty",
    "/dev/kmsg",
    "/dev/shm",
    "/dev/shm/new",
    "/dev/pts",
    "/dev/mqueue",
    "/dev/mqueue/new",
    "/dev/fd",
    "/proc",
    "/proc/self",
    "/proc/self/status",
    "/proc/cpuinfo",
    "/proc/keys",
    "/proc/cmdline",
    "/proc/kcore",
    "/proc/bus",
    "/proc/bus/x",
    "/proc/acpi",
    "/proc/sys/kernel/hostname",
    "/proc/sysrq-trigger",
    "/proc/99999999",
    "/proc/none",
    "/work",
    "/work/f",
    "/work/new",
    "/work/sub/g",
    "f",
    "./sub/g",
    "sub",
    "sub/../f",
    "sub/../../work/f",
    "..",
    "../other",
    "../other/x",
    "lf",
    "lsub/g",
    "lsub/../f",
    "loop",
    "dang",
    "out",
    "up",
    "up/other/x",
    "abs",
    "mode0",
    "mode0/x",
    "dir0",
    "dir0/x",
    "dirx/x",
    "dirx",
    "no",
    "no/such",
    "f/x",
    "locked",
    "a\nb",
    "tool",
    "/data",
    "/data/x",
    "/data/new",
    "/data/closed",
    "/data/lx",
    "/data/sock",
    "/out",
    "/out/y",
    "/out/new",
    "/out/no/new",
    "/out/locked",
    "/one",
    "/one/x",
    "/s",
    "/s/new",
    "/sr",
    "/sr/new",
    "/sz",
    "/sz/new",
    "/in/side",
    "/in",
];

/// What is only asked for reading: whether it can be written depends on what stands on 0.
const ONLY_READ: &[&str] = &["/dev/stdin"];

/// Boxes: flags of `run`.
const BOXES: &[&[&str]] = &[
    &[],
    &["-v", ".:/work"],
    &["-v", ".:/work:ro"],
    &["-u", "0:0"],
    &[
        "-v",
        "../other:/data:ro",
        "-v",
        "../rw:/out",
        "-v",
        "./f:/one:ro",
        "-v",
        "./sub:/in/side:ro",
        "--tmpfs",
        "/s:mode=700",
        "--tmpfs",
        "/sr:ro",
        "--tmpfs",
        "/sz:mode=0",
        "--shm-size",
        "1m",
    ],
    &["-v", "../other:/work:ro", "--no-tool-chains", "-w", "/tmp"],
];

/// Opens each argument, and prints a letter for each.
const OPEN: &str = r#"
for path do
    case $WANT in
        read) (exec 3<"$path") 2>/dev/null ;;
        write) if [ -d "$path" ]; then path=$path/probe; fi; (exec 3>>"$path") 2>/dev/null ;;
    esac && printf y || printf n
done"#;

fn surroundings() -> TestEnv {
    let env = TestEnv::new();
    for (path, text) in [
        ("f", "x"),
        ("sub/g", "x"),
        ("mode0", "x"),
        ("dir0/x", "x"),
        ("dirx/x", "x"),
        ("locked", "x"),
        ("a\nb", "x"),
        ("tool", "#!/bin/sh\nexit 0\n"),
        ("../other/x", "x"),
        ("../other/closed", "x"),
        ("../rw/y", "x"),
        ("../rw/locked", "x"),
    ] {
        env.write(path, text);
    }
    for (name, target) in [
        ("lf", "f"),
        ("lsub", "sub"),
        ("loop", "loop"),
        ("dang", "nothing"),
        ("out", "/etc/shadow"),
        ("up", "../"),
        ("abs", "/usr/bin/env"),
        ("../other/lx", "x"),
    ] {
        symlink(target, env.work().join(name)).unwrap();
    }
    for (path, mode) in [
        ("mode0", 0o000),
        ("dir0", 0o000),
        ("dirx", 0o111),
        ("locked", 0o444),
        ("tool", 0o755),
        ("../other/closed", 0o600),
        ("../rw/locked", 0o444),
    ] {
        fs::set_permissions(env.work().join(path), Permissions::from_mode(mode)).unwrap();
    }
    if is_root() {
        // Files of others: root reads them, and its payload does not.
        for path in ["../other/closed", "locked", "../rw/locked"] {
            std::os::unix::fs::chown(env.work().join(path), Some(1234), Some(4321)).unwrap();
        }
    }
    drop(std::os::unix::net::UnixListener::bind(env.root().join("other/sock")).unwrap());
    env
}

#[test]
fn what_can_be_read_and_written_is_what_a_box_opens() {
    let env = surroundings();
    let mut yes = 0;
    for flags in BOXES {
        for want in ["read", "write"] {
            let more = if want == "read" { ONLY_READ } else { &[] };
            let paths: Vec<&str> = PATHS.iter().chain(more).copied().collect();
            let mut verdicts = String::new();
            for path in &paths {
                let done = env.drybox().arg("can").args(*flags).args([want, path]).run();
                verdicts.push(match done.code() {
                    Some(0) => 'y',
                    Some(1) => 'n',
                    _ => panic!("{flags:?} {want} {path}: {}", done.stderr),
                });
            }
            let run = env.drybox().arg("run").args(*flags);
            // The question is about a path from here, wherever the command starts.
            let here = |path: &&str| match path.starts_with('/') {
                true => (*path).to_owned(),
                false => format!("{}/{path}", env.work().display()),
            };
            let run = run.args(["-e", &format!("WANT={want}"), "--", "/bin/sh", "-c", OPEN, "sh"]);
            let done = run.args(paths.iter().map(here)).run().expect_code(0);
            let opened = done.stdout;
            let differ: Vec<_> = paths
                .iter()
                .zip(verdicts.chars().zip(opened.chars()))
                .filter(|(_, (said, did))| said != did)
                .collect();
            assert!(differ.is_empty(), "{flags:?} {want}: (said, did): {differ:?}");
            assert_eq!(verdicts.len(), opened.len());
            yes += opened.matches('y').count();
            assert!(opened.contains('n'), "{flags:?} {want}");
        }
    }
    assert!(yes > 200, "{yes}");
}

#[test]
fn what_can_be_run_is_what_a_box_starts() {
    let env = surroundings();
    let names: &[&[u8]] = &[
        b"true",
        b"/bin/true",
        b"nosuch",
        b"./tool",
        b"tool",
        b"./f",
        b"./sub",
        b"./no/such",
        b"./out",
        b"/etc/passwd",
        b"/tmp",
        b"./mode0",
        b"./f/x",
        b"/dev/null",
        b"./\xff",
    ];
    for flags in [&[][..], &["-v", ".:/work"], &["-v", "../other:/up:ro", "-w", "/up"]] {
        for name in names {
            let name = OsStr::from_bytes(name);
            let asked = env.drybox().arg("can").args(flags).arg("run").arg(name).run();
            let ran = env.drybox().arg("run").args(flags).arg("--").arg(name).run();
            let started = !matches!(ran.code(), Some(126 | 127));
            let said = asked.code() == Some(0);
            assert!(matches!(asked.code(), Some(0 | 1)), "{flags:?} {name:?}: {}", asked.stderr);
            assert_eq!(said, started, "{flags:?} {name:?}: {}{}", asked.stdout, ran.stderr);
        }
    }
}
