//! What a run tells: how it ended, and what was weaker than it could be.

use serde::Serialize;

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
    /// What the payload printed and the terminal did not get.
    Withheld {
        /// What, in words.
        what: String,
    },
}

/// One line of a run's event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
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
    },
    /// The run is over.
    Ended {
        /// How.
        ending: Ending,
        /// The exit code of `drybox`.
        code: u8,
    },
}
