//! What starts a program: ours, the peers, and what any start costs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::shell;

/// A way to start a program.
pub(super) struct Engine {
    pub(super) name: &'static str,
    /// Program and arguments before the payload. A first word without a slash is looked up.
    argv: &'static [&'static str],
    /// A script for sh that makes it ready, once.
    ready: &'static str,
    pub(super) payload: Payload,
    /// It takes part in every so many rounds: what takes a quarter of a second needs fewer.
    pub(super) every: usize,
}

/// What an engine is given to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// The words.
    Words,
    /// Nothing: it runs something by itself.
    None,
}

/// Stands for the executable under test.
pub(super) const OURS: Engine = engine("drybox run", &["{drybox}", "run", "--"]);

/// The same where several run at once: a box that keeps changes is for one run at a time.
pub(super) const APART: Engine = engine(OURS.name, &["{drybox}", "run", "--rm", "--"]);

/// The nearest peer, with every namespace and a comparable mount tree.
pub(super) const PEER: Engine = engine(
    "bwrap",
    &[
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
    ],
);

/// Nothing between: what this bench itself needs to start a program.
pub(super) const BARE: Engine = engine("bare", &[]);

/// The rest of the group `start`.
pub(super) const STARTED: &[Engine] = &[
    engine("drybox run --workspace ro", &["{drybox}", "run", "--workspace", "ro", "--"]),
    Engine { payload: Payload::None, ..engine("drybox --version", &["{drybox}", "--version"]) },
    Engine { payload: Payload::None, ..engine("floor: namespaces alone", &["{floor}"]) },
    engine(
        "unshare",
        &["unshare", "-Ur", "-m", "-p", "-f", "-n", "-u", "-i", "-C", "--mount-proc"],
    ),
    engine("sandlock", &["sandlock", "run", "-r", "/", "--"]),
    Engine { every: 4, ..engine("nono", &["nono", "run", "--allow", ".", "--"]) },
    Engine {
        every: 4,
        ..engine(
            "firejail",
            &[
                "firejail",
                "--quiet",
                "--noprofile",
                "--net=none",
                "--private-tmp",
                "--private-dev",
                "--read-only=/",
                "--caps.drop=all",
                "--nonewprivs",
                "--seccomp",
                "--",
            ],
        )
    },
    Engine { every: 4, ..engine("codex sandbox", &[CODEX, "sandbox", "--"]) },
    Engine { every: 10, ..engine("codex sandbox (npm)", &["codex", "sandbox", "--"]) },
    podman("podman (crun)", "crun"),
    podman("podman (runc)", "runc"),
    Engine { every: 10, ..engine("sandbox-runtime", &["srt"]) },
];

const fn engine(name: &'static str, argv: &'static [&'static str]) -> Engine {
    Engine { name, argv, ready: "", payload: Payload::Words, every: 1 }
}

const fn podman(name: &'static str, runtime: &'static str) -> Engine {
    let argv: &[&str] = match runtime.as_bytes() {
        b"crun" => {
            &["podman", "--runtime", "crun", "run", "--rm", "--network=none", "--read-only", IMAGE]
        }
        _ => {
            &["podman", "--runtime", "runc", "run", "--rm", "--network=none", "--read-only", IMAGE]
        }
    };
    Engine { name, argv, ready: MAKE_IMAGE, payload: Payload::Words, every: 10 }
}

/// The program that npm's `codex` starts.
const CODEX: &str =
    "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex";
const IMAGE: &str = "localhost/drybox-bench";
/// An image with a shell and `true`, from this machine's own files: no registry is asked.
const MAKE_IMAGE: &str = "podman image exists localhost/drybox-bench || \
    tar -C / -ch bin/sh bin/true $(ldd /bin/sh /bin/true | grep -o '/[^ ]*[0-9]' | sort -u | \
    sed s,^/,,) | podman import -q - localhost/drybox-bench";

/// Where the programs of this bench are.
pub(super) struct Places {
    pub(super) drybox: PathBuf,
    pub(super) floor: PathBuf,
    /// Where peers are that no package of the system brings: `bin` and `node_modules` below.
    pub(super) peers: Option<PathBuf>,
    pub(super) work: PathBuf,
}

impl Engine {
    /// The command that runs `payload` in it; none when the program is not on this machine.
    pub(super) fn command(&self, payload: &[&str], places: &Places) -> Option<Command> {
        let payload = if self.payload == Payload::None { &[] } else { payload };
        let mut words = self.argv.iter().chain(payload);
        let mut command = places.start(&places.find(words.next()?)?);
        command.args(words);
        Some(command)
    }

    /// Makes the engine ready, and that it runs what it is given: what does not must not be measured
    /// as if it did. The reason when it cannot take part.
    pub(super) fn check(&self, places: &Places) -> Result<Result<(), String>, Failure> {
        let Some(mut command) = self.command(self.control().0, places) else {
            return Ok(Err("not installed".into()));
        };
        if !self.ready.is_empty() {
            let mut script = places.start(Path::new("/bin/sh"));
            let output = script.args(["-c", self.ready]).output();
            let output = output.map_err(|source| shell::cannot_start(&script, source))?;
            if !output.status.success() {
                return Ok(Err(format!("cannot be made ready ({})", output.status)));
            }
        }
        let output = command.stderr(Stdio::piped()).output();
        let output = output.map_err(|source| shell::cannot_start(&command, source))?;
        if output.status.code() == Some(self.control().1) {
            return Ok(Ok(()));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        Ok(Err(format!("does not run what it is given ({}) {said}", output.status)))
    }

    /// A payload that only a real run can answer so.
    const fn control(&self) -> (&'static [&'static str], i32) {
        match self.payload {
            Payload::Words => (&["sh", "-c", "exit 7"], 7),
            Payload::None => (&[], 0),
        }
    }
}

impl Places {
    /// The same surroundings for all: no input, no output, a bare environment. With an absolute path
    /// and no other change std starts it by posix_spawn(3), which copies nothing of this process.
    pub(super) fn start(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work).env_clear();
        match std::env::var("HOME") {
            // Cargo's place, for the work that needs it.
            Ok(home) => command.env("PATH", format!("{PATH}:{home}/.cargo/bin")).env("HOME", home),
            Err(_) => command.env("PATH", PATH),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        match program {
            "{drybox}" => return Some(self.drybox.clone()),
            "{floor}" => return Some(self.floor.clone()),
            _ => {}
        }
        let named = Path::new(program);
        if named.is_absolute() {
            return Some(named.to_owned());
        }
        let own = self.peers.iter().flat_map(|peers| OF_PEERS.map(|dir| peers.join(dir)));
        let system = PATH.split(':').map(PathBuf::from);
        own.chain(system).map(|dir| dir.join(program)).find(|file| file.is_file())
    }
}

/// Where cargo and npm put programs below the directory that they are told; a word with a slash is
/// looked up there too.
const OF_PEERS: [&str; 3] = ["bin", "node_modules/.bin", ""];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Stands in for a peer: a shell that does with its payload what the script says.
    pub(in crate::bench) fn stand_in(script: &'static str) -> Engine {
        let argv = Box::leak(Box::new(["/bin/sh", "-c", script, "sh"]));
        engine("stand-in", argv)
    }

    pub(in crate::bench) fn places() -> Places {
        let none = PathBuf::from("/nowhere");
        Places { drybox: none.clone(), floor: none, peers: None, work: "/".into() }
    }

    #[test]
    fn what_does_not_run_its_payload_takes_no_part() {
        let told = |script| stand_in(script).check(&places()).unwrap();
        assert_eq!(told("exec \"$@\""), Ok(()));
        assert!(told("exit 0").unwrap_err().contains("does not run what it is given"));
        assert!(told("echo no such thing >&2; exit 1").unwrap_err().ends_with("no such thing"));
    }

    #[test]
    fn what_is_not_installed_is_named() {
        let absent = engine("absent", &["no-such-peer"]);
        assert_eq!(absent.check(&places()).unwrap(), Err("not installed".into()));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = STARTED.iter().map(|engine| engine.name).collect();
        names.extend([OURS.name, PEER.name, BARE.name]);
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
