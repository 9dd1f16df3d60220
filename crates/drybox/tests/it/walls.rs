//! The payload as the attacker: a table of attempts, each made inside and outside.
//!
//! A row is an attempt, what it has to get inside, and a control: the same attempt outside, as the
//! same user, gets something else. So a row can fail, and a wall that is gone is seen. Whatever the
//! attempt, nothing that the test made on the host may change.

mod descriptors;
mod filesystem;
mod identity;
mod leaks;
mod namespaces;
mod proc;
mod shares;

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Child;

use drybox_testkit::{Run, Snapshot, TestEnv, is_root, require};

/// One attempt.
pub(super) struct Probe {
    /// Which attempt of a catalogue of attempts it is: a name to find it by.
    pub(super) id: &'static str,
    /// Python statements after `walls/prelude.py`; what they print is the observation.
    pub(super) attempt: &'static str,
    /// What has to be seen inside.
    pub(super) inside: Want,
    /// Who sees something else outside.
    pub(super) control: Control,
}

/// What has to be seen.
pub(super) enum Want {
    /// Whoever runs drybox.
    Is(&'static str),
    /// The two launch paths differ.
    By { user: &'static str, root: &'static str },
}

/// Who sees something else outside; the rest has no right to lose.
pub(super) enum Control {
    Anyone,
    OnlyRoot,
    OnlyUser,
}

/// A wall that anyone sees.
pub(super) const fn held(id: &'static str, attempt: &'static str, inside: &'static str) -> Probe {
    Probe { id, attempt, inside: Want::Is(inside), control: Control::Anyone }
}

impl Probe {
    /// Only root can do it outside.
    pub(super) const fn of_root(mut self) -> Self {
        self.control = Control::OnlyRoot;
        self
    }

    /// Only an ordinary user gains by it outside.
    pub(super) const fn of_user(mut self) -> Self {
        self.control = Control::OnlyUser;
        self
    }

    /// Real root's launch path has another answer.
    pub(super) const fn or_root(mut self, root: &'static str) -> Self {
        if let Want::Is(user) = self.inside {
            self.inside = Want::By { user, root };
        }
        self
    }
}

/// What a host has that a payload could reach for.
pub(super) struct Scene {
    pub(super) env: TestEnv,
    process: Child,
    words: Vec<(&'static str, String)>,
    flags: Vec<&'static str>,
    _listeners: (TcpListener, UnixListener, UnixListener),
    _open: [File; 2],
}

impl Scene {
    pub(super) fn new() -> Self {
        let env = TestEnv::new();
        for name in ["file", "locked", "dir/below"] {
            env.write(name, "the host's");
        }
        std::fs::write(env.home().join("secret"), "key").unwrap();
        std::os::unix::fs::symlink("/etc/shadow", env.work().join("link")).unwrap();
        let in_work = |name: &str| env.work().join(name);
        env.command(require("mkfifo")).arg(in_work("fifo")).run().expect_code(0);
        let fifo = OpenOptions::new().read(true).write(true).open(in_work("fifo")).unwrap();
        let locked = File::open(in_work("locked")).unwrap();
        locked.lock().unwrap();
        let named = UnixListener::bind(in_work("socket")).unwrap();
        let mark = env.marker().to_str().unwrap().to_owned();
        let address = SocketAddr::from_abstract_name(mark.as_bytes()).unwrap();
        let unnamed = UnixListener::bind_addr(&address).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let process = env.command(require("sleep")).arg("600").into_command().spawn().unwrap();
        let words = vec![
            ("{WORK}", env.work().to_str().unwrap().to_owned()),
            ("{HOME}", env.home().to_str().unwrap().to_owned()),
            ("{PORT}", tcp.local_addr().unwrap().port().to_string()),
            ("{PID}", process.id().to_string()),
            ("{MARK}", mark),
        ];
        let _listeners = (tcp, named, unnamed);
        Self { env, process, words, flags: Vec::new(), _listeners, _open: [fifo, locked] }
    }

    /// The same, in boxes with these flags.
    pub(super) fn with(mut self, flags: &[&'static str]) -> Self {
        self.flags = flags.to_vec();
        self
    }

    /// Makes every attempt of a table.
    #[track_caller]
    pub(super) fn expect_all(&self, probes: &[Probe]) {
        let wrong: Vec<String> = probes.iter().filter_map(|probe| self.wrong(probe)).collect();
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), probes.len(), wrong.join("\n"));
    }

    /// What is wrong with an attempt.
    fn wrong(&self, probe: &Probe) -> Option<String> {
        let before = Snapshot::of(self.env.root());
        let inside = self.observe(
            self.env.drybox().arg("run").args(&self.flags).args(["--", PYTHON]),
            probe.attempt,
            true,
        );
        let changes = before.changes_to(&Snapshot::of(self.env.root()));
        let outside = self.observe(self.env.command(PYTHON), probe.attempt, false);
        let want = match probe.inside {
            Want::By { root, .. } if is_root() => root,
            Want::By { user: want, .. } | Want::Is(want) => want,
        };
        let controlled = match probe.control {
            Control::Anyone => true,
            Control::OnlyRoot => is_root(),
            Control::OnlyUser => !is_root(),
        };
        let says = |what: &str| Some(format!("{}: {what}\n  {}", probe.id, probe.attempt));
        if inside != want {
            says(&format!("inside {inside:?}, not {want:?} (outside {outside:?})"))
        } else if controlled && outside == inside {
            says(&format!("no control: outside it is {outside:?} too"))
        } else if outside.contains("Traceback") {
            says(&format!("the control does not run: {outside}"))
        } else if !changes.is_empty() {
            says(&format!("the host's files changed: {changes:?}"))
        } else {
            None
        }
    }

    /// What an attempt prints; that it could not be made is an observation too.
    pub(super) fn observe(&self, run: Run, attempt: &str, inside: bool) -> String {
        let mut text = format!("INSIDE = {}\n", if inside { "True" } else { "False" });
        text.push_str(PRELUDE);
        text.push_str(attempt);
        for (word, value) in &self.words {
            text = text.replace(word, value);
        }
        let done = run.args(["-c", &text]).run();
        let mut seen = done.stdout.trim_end().to_owned();
        if done.code() != Some(0) {
            seen.push_str(&format!("[{}] {}", done.status, done.stderr.trim_end()));
        }
        seen
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The same interpreter inside and outside.
pub(super) const PYTHON: &str = "/usr/bin/python3";
const PRELUDE: &str = include_str!("walls/prelude.py");
