//! What a run tells: how it ended, and what was weaker than it could be.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::Shown;

use crate::Setting;

/// How the payload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// It exited with this code.
    Exited(u8),
    /// A signal ended it.
    Signalled(u8),
    /// `--timeout` was over.
    TimedOut,
    /// It took more memory than it may.
    OutOfMemory,
    /// The sandbox itself was killed from outside.
    Killed,
}

impl Ending {
    /// The exit code as podman gives it: the payload's, or 128 + signal.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signalled(signal) => 128_u8.saturating_add(signal),
            Self::TimedOut | Self::OutOfMemory | Self::Killed => 137,
        }
    }
}

/// A wall that stands, but weaker than on a kernel that can do more. Told by `doctor` and `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// A read-only share is a bind, not an overlay: sockets and FIFOs in it can be reached.
    ShareIsBind {
        /// The share's place inside, escaped.
        path: String,
    },
    /// The current directory is not shown inside.
    WorkspaceHidden {
        /// The directory, escaped.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// The workspace can be read only: no overlay works there.
    WorkspaceReadOnly {
        /// The directory, escaped.
        path: String,
    },
    /// What was written to the workspace was in memory, and is gone.
    ChangesInMemory {
        /// Why it could not be kept.
        why: String,
    },
    /// What is mounted below the workspace is not shown; what lies below the mount is.
    MountNotShown {
        /// The mount point, escaped.
        path: String,
    },
    /// A git file of the workspace names a directory outside of it that is not shown.
    GitElsewhere {
        /// The directory, escaped.
        path: String,
    },
    /// A git file of the workspace names more than is looked at; none of that is shown.
    GitNamesMany {
        /// The file, escaped.
        path: String,
    },
    /// Files of the workspace were changed on the host and in the box: the box shows its own.
    HostChanged {
        /// How many.
        files: usize,
    },
    /// The box of changes could not be brought to its end.
    BoxNotEnded {
        /// Why.
        why: String,
    },
    /// Landlock's scopes are not in force.
    NoLandlockScope,
    /// The host's file owners could not be mapped, so that files show as nobody's.
    NoIdMap {
        /// How many shared trees.
        trees: usize,
    },
    /// No cgroup could be had: the supervisor looks how much memory the box takes.
    MemoryWatched {
        /// Why.
        why: String,
        /// The command with which the kernel would keep the limit.
        fix: String,
    },
    /// A limit was met, and the payload went on.
    LimitMet {
        /// Which: `memory`, `pids`.
        limit: &'static str,
        /// How often.
        times: u64,
    },
    /// The kernel has not ended every process of the box: one sleeps where no signal reaches it.
    Lingers,
    /// Something of the box's could not be taken away.
    Leftover {
        /// What, and why, escaped.
        what: String,
    },
    /// The relay ended before the box did: nothing was reachable any more.
    RelayEnded,
    /// What the payload printed and the terminal did not get.
    Withheld {
        /// What, in words.
        what: String,
    },
    /// The run, or a part of it, is not in the event log.
    NotLogged {
        /// Why, escaped.
        why: String,
    },
    /// What was in the tree already, and some program of the host would run by itself.
    RunsByItself {
        /// The directory, escaped.
        path: String,
        /// How many things.
        findings: usize,
        /// There may be more: it was not looked at all of it.
        more: bool,
    },
    /// What changed in a directory that was shared to be written: it is on the host already.
    ChangedAtOnce {
        /// The directory, escaped.
        path: String,
        /// Files and links that were written while the run lasted, by whomever.
        files: usize,
        /// Those of them that some program of the host would run or obey.
        held: Vec<HeldName>,
        /// There may be more of both: it was not looked at all of it.
        more: bool,
    },
}

/// A path and the hold rule that is about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldName {
    /// Below the directory, escaped.
    pub path: String,
    /// The rule's id.
    pub rule: &'static str,
}

/// What a run begins with, as the event log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The directory that the run is about, escaped.
    pub workspace: String,
    /// The words of the command, escaped and cut; empty: the user's shell.
    pub command: Vec<String>,
    /// SHA-256 of the settings as a whole, in hexadecimal: two runs with the same one were the same.
    pub spec: String,
    /// Every setting of the resolved spec, as `--explain` has it; values may be cut.
    pub settings: Vec<Setting>,
    /// Something above was cut.
    pub cut: bool,
}

/// One attempt to reach the network (I6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What became of it.
    pub verdict: Verdict,
    /// What decided.
    pub layer: Layer,
    /// The name that it was for, as the wire has it; none: an address was spelled out.
    pub name: Option<String>,
    /// The address: that which was connected to, else that which was asked for.
    pub address: Option<IpAddr>,
    /// The port; none: it was a question for a name.
    pub port: Option<u16>,
    /// What allowed it, or why not, in words.
    pub why: String,
    /// Bytes that left the box.
    pub sent: u64,
    /// Bytes that came into it.
    pub received: u64,
    /// When it began, in milliseconds since the box's network began.
    pub began: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
}

impl Attempt {
    /// [`Attempt::why`] where a rule would have allowed it.
    pub const NOT_ALLOWED: &'static str = "no rule allows it";

    /// The host as `--allow` would take it: the port that rules have anyway is left out. What a name's
    /// port was to be is not known before it has an address.
    #[must_use]
    pub fn host(&self) -> String {
        let address = self.address.map(|address| match address.is_ipv6() {
            true => format!("[{address}]"),
            false => address.to_string(),
        });
        let name = self.name.as_ref().map(|name| Shown(name).to_string());
        let host = name.or(address).unwrap_or_default();
        match self.port {
            Some(port) if port != 443 => format!("{host}:{port}"),
            _ => host,
        }
    }

    /// What a program is told of a refusal, and whom it can ask (I6); none: it was not refused.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let host = self.host();
        match self.verdict {
            Verdict::Allowed | Verdict::Failed => None,
            Verdict::Refused if self.why == Self::NOT_ALLOWED => Some(format!(
                "connect to {host} refused by drybox; ask the user for --allow {host}"
            )),
            Verdict::Refused => {
                Some(format!("connect to {host} refused by drybox: {}", Shown(&self.why)))
            }
        }
    }
}

/// One connection to a published port (`--publish`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Whether something in the box listened.
    pub verdict: Verdict,
    /// Who came.
    pub from: SocketAddr,
    /// The port of the box.
    pub port: u16,
    /// What allowed it, or why it led to nothing, in words.
    pub why: String,
    /// Bytes that left the box.
    pub sent: u64,
    /// Bytes that came into it.
    pub received: u64,
    /// When it began, in milliseconds since the box's network began.
    pub began: u64,
    /// How long it took, in milliseconds.
    pub took: u64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was connected.
    Allowed,
    /// drybox refused it.
    Refused,
    /// It was allowed, and the host outside could not be reached.
    Failed,
}

/// What decided about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Layer {
    /// The name was asked for.
    Dns,
    /// The user's rules.
    Policy,
    /// The addresses that the name leads to.
    Address,
    /// The name in the TLS handshake.
    Tls,
    /// The name in an HTTP request.
    Http,
    /// A bound: bytes, connections, time.
    Limit,
    /// The network outside.
    Upstream,
}

/// What a box's relay tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NetworkEvent {
    /// Something was reached, or not.
    Attempt(Attempt),
    /// Somebody came to a published port.
    Visit(Visit),
    /// More attempts were made than are told one by one.
    Untold {
        /// How many.
        attempts: u64,
    },
}

/// One line of a run's event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A run began.
    Started(Started),
    /// Something is weaker than it could be.
    Notice(Notice),
    /// The run left changes in its box.
    Pending {
        /// The directory that they are changes to, escaped.
        workspace: String,
        /// The box.
        #[serde(rename = "box")]
        name: String,
        /// Files that differ; git's own bookkeeping apart.
        files: usize,
        /// Files of git's own bookkeeping.
        git: usize,
        /// There may be more of both.
        more: bool,
        /// Some of those files, escaped.
        names: Vec<String>,
    },
    /// A masked file was opened.
    MaskedRead {
        /// Below the workspace, escaped.
        path: String,
    },
    /// What is pending was shown to the user.
    Shown {
        /// Changes that were shown.
        changes: usize,
        /// Those of them that are held; none: it was not asked.
        held: Option<usize>,
    },
    /// Changes were thrown away.
    Discarded(Named),
    /// Changes came out into the user's directory.
    Applied {
        /// Which.
        #[serde(flatten)]
        what: Named,
        /// The hold rules and paths that were released by name, escaped.
        released: Vec<String>,
    },
    /// The last apply was taken back.
    Undone(Named),
    /// The log was not as it had been left.
    Mended(Mended),
    /// There was more to tell than a run may.
    Untold {
        /// Events that are not in the log.
        events: u64,
    },
    /// The run ended in an error of drybox's.
    Failed {
        /// Which, escaped.
        why: String,
        /// The exit code of `drybox`.
        code: u8,
    },
    /// The run is over.
    Ended {
        /// How.
        ending: Ending,
        /// The exit code of `drybox`.
        code: u8,
    },
    /// What the box's network was used for.
    #[serde(untagged)]
    Network(NetworkEvent),
}

/// Changes, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// How many; none: they could not be listed.
    pub changes: Option<usize>,
    /// Some of them, escaped.
    pub names: Vec<String>,
}

impl Named {
    /// Names that a line of the log has room for.
    pub const MOST: usize = 20;

    /// These changes, of which the first are named.
    pub fn of<T: AsRef<[u8]>>(changes: impl IntoIterator<Item = T>) -> Self {
        let (mut names, mut count) = (Vec::new(), 0_usize);
        for change in changes {
            if names.len() < Self::MOST {
                names.push(clipped(change.as_ref()));
            }
            count = count.saturating_add(1);
        }
        Self { changes: Some(count), names }
    }
}

/// A path for one line of the log: escaped, and no longer than a few hundred bytes.
#[must_use]
pub fn clipped(path: &[u8]) -> String {
    const MOST: usize = 300;
    match path.get(..MOST) {
        Some(head) if path.len() > MOST => format!("{}…", Shown(head)),
        _ => Shown(path).to_string(),
    }
}

/// How the log was found by the next who wrote to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mended {
    /// Its last line was half written, by a process that was killed; that half was taken away.
    Torn {
        /// How long it was.
        bytes: u64,
    },
    /// Lines that had been written were gone.
    Cut,
    /// Something had been written that is not drybox's.
    Foreign,
    /// The note of where it ended was gone or unreadable.
    NoHead,
}
