//! What the payload of a disturbed run says of its walls, and how that is judged.

use std::collections::BTreeSet;

use drybox_testkit::{Done, TestEnv};

/// Prints a line a fact: every wall that can be seen from inside, and what of the host is there.
///
/// `sees` lines are the host's things: a fault may leave one out, never add one. All other lines
/// are walls: they have to be exactly those of an undisturbed run.
pub(crate) const FACTS: &str = r#"
while read -r line; do case $line in
    Uid*|Gid*|Groups*|NSpid*|NSsid*|NSpgid*|Sig[BIC]*|Cap*|NoNew*|Seccomp*|CoreD*) echo "$line";;
esac; done </proc/self/status
while read -r a b c d at options rest; do case $at in
    /etc/*) ;;
    *) rest=${rest##*- }; echo "mount $at $options ${rest%% *}";;
esac; done </proc/self/mountinfo
read -r name </proc/1/comm; echo "init $name"
read -r line </proc/self/coredump_filter; echo "coredump_filter $line"
for path in /* /proc/self/fd/* /dev/*; do echo "sees $path"; done
echo "umask $(umask) core $(ulimit -c) in $PWD"
while read -r line; do echo "net $line"; done </proc/net/dev
read -r name </proc/sys/kernel/hostname; echo "host $name"
read -r name </proc/sys/kernel/domainname; echo "domain $name"
read -r count </proc/sys/user/max_user_namespaces; echo "user namespaces $count"
read -r inside outside count </proc/self/uid_map; [ $outside = 0 ] && echo "uid 0 OF THE HOST"
readlink /proc/self/ns/cgroup /proc/self/ns/ipc /proc/self/ns/mnt /proc/self/ns/net \
    /proc/self/ns/pid /proc/self/ns/user /proc/self/ns/uts | while read -r ns; do
    case " $HOST_NS " in *" $ns "*) echo "SHARES $ns WITH THE HOST";; esac
done
(echo x >/usr/x) 2>/dev/null && echo "WRITES /usr"
echo OK
"#;

/// The arguments that run [`FACTS`] in a box with these flags.
pub(crate) fn args(flags: &[&str]) -> Vec<String> {
    let of_host = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
        .map(|ns| std::fs::read_link(format!("/proc/self/ns/{ns}")).unwrap())
        .map(|link| link.to_str().unwrap().to_owned())
        .join(" ");
    let named = format!("HOST_NS={of_host}");
    let box_of = ["run", "-e", &named].into_iter().chain(flags.iter().copied());
    box_of.chain(["--", "/bin/sh", "-c", FACTS]).map(ToOwned::to_owned).collect()
}

/// What an undisturbed run says.
#[derive(Debug)]
pub(crate) struct Walls {
    lines: BTreeSet<String>,
}

impl Walls {
    /// Takes an undisturbed run as the measure, after a look that it is one.
    #[track_caller]
    pub(crate) fn of(done: &Done) -> Self {
        assert_eq!(done.code(), Some(0), "{}", done.stderr);
        assert_eq!(done.stderr, "");
        let lines: BTreeSet<String> = printed(done).lines().map(ToOwned::to_owned).collect();
        for wall in [
            "CapEff:\t0000000000000000",
            "CapBnd:\t0000000000000000",
            "NoNewPrivs:\t1",
            "Seccomp:\t2",
            "init drybox-init",
            "coredump_filter 00000000",
            "user namespaces 0",
            "host drybox",
            "mount / ro,nosuid,nodev,noexec,relatime tmpfs",
            "mount /proc ro,nosuid,nodev,noexec,relatime proc",
            "OK",
        ] {
            assert!(lines.contains(wall), "{wall}: {lines:#?}");
        }
        for hole in ["SHARES", "WRITES", "uid 0 OF", "STRAY"] {
            assert!(!lines.iter().any(|line| line.contains(hole)), "{hole}: {lines:#?}");
        }
        Self { lines }
    }

    /// Whether a disturbed run that exited with 0 stands with every wall. `notes` are what it told
    /// on stderr.
    pub(crate) fn hold(&self, stdout: &str, notes: &str) -> Result<(), String> {
        self.holds_so_far(stdout, notes)?;
        let seen: BTreeSet<&str> = stdout.lines().collect();
        let gone = self.lines.iter().filter(|line| {
            let replaced = is_bind(notes) && is_share(line) && line.ends_with(" overlay");
            let may_lack = replaced || line.starts_with("sees ");
            !may_lack && !seen.contains(line.as_str())
        });
        none_of('-', gone.map(String::as_str))
    }

    /// Whether what was printed up to some point is of a run with every wall: a run whose
    /// supervisor failed in the middle.
    pub(crate) fn holds_so_far(&self, stdout: &str, notes: &str) -> Result<(), String> {
        let whole = stdout.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let whole = whole.map(|line| line.trim_end_matches('\r'));
        let added = whole.filter(|line| {
            // A mask too many, and a share in its second-best form, when that was told.
            let replaced = is_bind(notes) && is_share(line) && line.contains(" ro,");
            let may_be = replaced || line.starts_with("mount /proc/");
            !may_be && !self.lines.contains(*line)
        });
        none_of('+', added)
    }
}

fn is_bind(notes: &str) -> bool {
    notes.contains(" is shared by a bind mount: ") || notes.contains(" could only be read: ")
}

fn is_share(line: &str) -> bool {
    ["mount /var/tmp/", "mount /x ", "mount /y "].iter().any(|at| line.starts_with(at))
}

fn none_of<'a>(sign: char, lines: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let lines: Vec<String> = lines.map(|line| format!("{sign}{line}")).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join(" ")) }
}

/// The notes that a run may end with although a call failed: a wall in its second-best form.
const NOTES: &[&str] = &[
    // The box of changes met the fault.
    "was in memory, and is gone",
    "could only be read: no overlay works there",
    "the changes could not be looked at",
    "this is not in the event log: ",
    " is shared by a bind mount: sockets and FIFOs in it can be reached",
    "this kernel has no Landlock scopes: one wall fewer",
    " shares show as nobody's: no id-mapped mounts there",
];

/// What the payload printed; a terminal ends its lines as terminals do.
fn printed(done: &Done) -> String {
    done.stdout.replace("\r\n", "\n")
}

/// Judges the end of a run whose launch was disturbed.
pub(crate) fn judge(done: &Done, walls: &Walls) -> Result<(), String> {
    let (out, err) = (&*printed(done), done.stderr.as_str());
    if err.contains("panicked") || out.contains("STRAY") {
        return Err(format!("{out}{err}"));
    }
    match done.code() {
        Some(0) => {
            let strange = err.lines().find(|line| {
                !(line.starts_with("note: ") && NOTES.iter().any(|note| line.contains(note)))
            });
            strange.map_or_else(|| walls.hold(out, err), |line| Err(format!("told {line}")))
        }
        Some(125..=127) => {
            // What the payload itself says of a terminal that is gone stands before it.
            if !err.contains("error: ") || !err.contains("\n  cause: ") {
                return Err(format!("not an error: {err:?}"));
            }
            walls.holds_so_far(out, err)
        }
        _ => Err(format!("{}: {err:?}", done.status)),
    }
}

#[test]
fn an_undisturbed_run_has_every_wall() {
    let env = TestEnv::new();
    let done = env.drybox().args(args(&[])).run();
    let walls = Walls::of(&done);
    // The judge is no rubber stamp: a wall less or a path more is found.
    assert_eq!(walls.hold(&done.stdout, ""), Ok(()));
    let weaker = done.stdout.replace("Seccomp:\t2", "Seccomp:\t0");
    assert!(walls.hold(&weaker, "").unwrap_err().contains("+Seccomp:\t0"));
    let more = format!("{}sees /root\n", done.stdout);
    assert_eq!(walls.hold(&more, "").unwrap_err(), "+sees /root");
    let uncovered = done.stdout.replace("mount /proc/keys", "mount /proc/x");
    assert!(walls.hold(&uncovered, "").unwrap_err().contains("-mount /proc/keys"));
}
