//! The spec: everything that decides what a sandbox is.

use std::time::Duration;

use crate::path::is_within;
use crate::{
    BoxName, BoxPath, BoxUser, ByteSize, Command, Doors, EnvVar, HostPath, Hostname, Limits,
    Publish, Share, Source, Sourced, SpecBuilder, Tmpfs, Ulimit,
};

/// What a sandbox is. Every setting remembers who made it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SandboxSpec {
    /// What runs.
    pub command: Sourced<Command>,
    /// Which of the two doors are open (I1).
    pub doors: Sourced<Doors>,
    /// Ports of the host that lead into the box: a door of their own, that others come in by.
    pub publish: Vec<Sourced<Publish>>,
    /// How many bytes may leave for each host.
    pub max_upload: Sourced<ByteSize>,
    /// How many bytes a second pass in both directions, to and from all hosts together.
    pub net_limit: Option<Sourced<ByteSize>>,
    /// What the sandbox sees of the current directory.
    pub workspace: Sourced<Workspace>,
    /// What becomes of changes to the workspace.
    pub life: Sourced<Life>,
    /// Which box of the workspace; none: the one without a name.
    pub box_name: Option<Sourced<BoxName>>,
    /// How far the payload is trusted.
    pub profile: Sourced<Profile>,
    /// Further directories and files, named by the user.
    pub shares: Vec<Sourced<Share>>,
    /// Further scratch space.
    pub tmpfs: Vec<Sourced<Tmpfs>>,
    /// Variables beside those that drybox makes itself; the last of a name wins.
    pub env: Vec<Sourced<EnvVar>>,
    /// Where the command starts; none: in the workspace.
    pub workdir: Option<Sourced<BoxPath>>,
    /// Who the payload is, inside.
    pub user: Sourced<BoxUser>,
    /// The host name inside.
    pub hostname: Sourced<Hostname>,
    /// The box's name.
    pub name: Option<Sourced<BoxName>>,
    /// Whether the payload gets a terminal of its own.
    pub terminal: Sourced<Terminal>,
    /// Whether the caller's standard input reaches the payload.
    pub stdin: Sourced<Stdin>,
    /// Tool chains under the user's home.
    pub tool_chains: Sourced<ToolChains>,
    /// Resource limits of setrlimit(2), one a resource.
    pub ulimits: Vec<Sourced<Ulimit>>,
    /// What the box may take beside them.
    pub limits: Limits,
    /// Size of `/dev/shm`.
    pub shm_size: Option<Sourced<ByteSize>>,
    /// The box is killed after this long.
    pub timeout: Option<Sourced<Duration>>,
}

/// What the sandbox sees of the current directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Workspace {
    /// The current directory, or the top level of the git repository that it is in, at its own path:
    /// it can be written, and what is written is kept in a box and not there.
    CopyOnWrite,
    /// The current directory at its own path, read-only, with `/work` as a link to it. A directory
    /// that is no project (a home directory, `/`, a system directory) is not shown.
    CurrentDir,
    /// An empty directory at `/work`.
    Empty,
}

/// What becomes of changes to a workspace that is [`Workspace::CopyOnWrite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The next run continues with them.
    Continue,
    /// As before, and this run begins without those of the last: they are put aside.
    Afresh,
    /// They are gone when the run ends, and this run begins without any.
    ThrownAway,
}

/// How far a payload is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The user's own agent or tool: its box continues.
    Agent,
    /// Somebody else's: its box is thrown away unless the user keeps it.
    Untrusted,
}

impl SandboxSpec {
    /// Whether changes to the workspace have to be kept: somebody asked for it, so that a box which
    /// cannot keep them does not start.
    #[must_use]
    pub fn must_keep(&self) -> bool {
        let asked = |from: &Source| matches!(from, Source::Flag(_) | Source::Api);
        self.life.value != Life::ThrownAway
            && (asked(&self.life.from)
                || asked(&self.workspace.from)
                || self.box_name.as_ref().is_some_and(|name| asked(&name.from)))
    }
}

/// Whether the payload has a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Terminal {
    /// A new pty when both stdin and stdout are terminals (base `host`).
    Auto,
    /// Always a new pty (`-t`), its output filtered.
    Filtered,
    /// A new pty, its output unfiltered (`-t --raw-terminal`).
    Raw,
    /// As `Auto`, with its output unfiltered.
    AutoRaw,
    /// Never.
    None,
}

/// Whether the caller's standard input reaches the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// It does (base `host`; podman's `-i`).
    Forward,
    /// The payload's standard input is empty.
    Empty,
}

/// Tool chains under the user's home (rustup, nvm, pyenv, …), read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolChains {
    /// Those that the user's own `PATH` names.
    FromPath,
    /// None.
    Hidden,
}

impl SandboxSpec {
    /// Begins a spec for `command` with drybox's defaults.
    pub fn builder(command: Command) -> SpecBuilder {
        SpecBuilder::new(command)
    }

    /// The share that puts the workspace itself at `/work`, as in `-v .:/work`. The workspace's
    /// own path is a link to it then: it is one directory, under two names, of one kind.
    ///
    /// None when something is shared below that path, which a link cannot hold.
    #[must_use]
    pub fn workspace_at_work(&self, cwd: &HostPath) -> Option<&Sourced<Share>> {
        let shares = self.shares.iter().map(|share| &share.value.target);
        let mut targets = shares.chain(self.tmpfs.iter().map(|tmpfs| &tmpfs.value.target));
        if targets.any(|target| is_within(target.as_bytes(), cwd.as_bytes())) {
            return None;
        }
        let at_work = |share: &&Sourced<Share>| share.value.target.as_bytes() == WORK;
        self.shares.iter().find(at_work).filter(|share| share.value.source == *cwd)
    }
}

/// The workspace's second name.
pub(crate) const WORK: &[u8] = b"/work";
