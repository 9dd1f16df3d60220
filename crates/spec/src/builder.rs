//! Builds a spec in a program that uses this library.
//!
//! What is set here is taken as it is: the refusals of the command line (home directories,
//! credentials, the host's own places) are in [`resolve`](crate::resolve) and in
//! [`Guards`](crate::Guards), which a program can ask about a share before it adds it.

use std::time::Duration;

use crate::spec::{Life, Profile, Stdin, Terminal, ToolChains};
use crate::{
    BoxName, BoxPath, BoxUser, ByteSize, Command, Cpus, Doors, EnvVar, Hostname, Limits, Memory,
    Pids, Publish, SandboxSpec, Share, Source, Sourced, Tmpfs, Ulimit, Workspace,
};

/// Builds a [`SandboxSpec`]; made by [`SandboxSpec::builder`].
///
/// ```
/// use drybox_spec::{Access, BoxPath, Command, HostPath, SandboxSpec, Share, Source, Workspace};
///
/// let command = Command::argv(["cargo", "test"])?;
/// let spec = SandboxSpec::builder(command)
///     .workspace(Workspace::Empty)
///     .share(Share {
///         source: HostPath::parse(b"/srv/project")?,
///         target: BoxPath::parse(b"/work/project")?,
///         access: Access::ReadOnly,
///     })
///     .workdir(BoxPath::parse(b"/work/project")?)
///     .build();
/// assert_eq!(spec.workspace.from, Source::Api);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SpecBuilder {
    spec: SandboxSpec,
}

impl SpecBuilder {
    pub(crate) fn new(command: Command) -> Self {
        let spec = SandboxSpec {
            command: Sourced::new(command, Source::Api),
            doors: Sourced::default_of(Doors::FilesOnly),
            publish: Vec::new(),
            max_upload: Sourced::default_of(ByteSize(1 << 30)),
            net_limit: None,
            workspace: Sourced::default_of(Workspace::CurrentDir),
            life: Sourced::default_of(Life::ThrownAway),
            box_name: None,
            profile: Sourced::default_of(Profile::Agent),
            shares: Vec::new(),
            tmpfs: Vec::new(),
            env: Vec::new(),
            workdir: None,
            user: Sourced::default_of(BoxUser::Agent),
            hostname: Sourced::default_of(Hostname::default()),
            name: None,
            terminal: Sourced::default_of(Terminal::None),
            stdin: Sourced::default_of(Stdin::Forward),
            tool_chains: Sourced::default_of(ToolChains::FromPath),
            ulimits: Vec::new(),
            limits: Limits::default(),
            shm_size: None,
            timeout: None,
        };
        Self { spec }
    }

    /// What the sandbox sees of the current directory; [`Workspace::CurrentDir`] by default.
    pub fn workspace(mut self, workspace: Workspace) -> Self {
        self.spec.workspace = Sourced::new(workspace, Source::Api);
        self
    }

    /// Which doors are open; [`Doors::FilesOnly`] by default. With [`Doors::AnyPublicHost`] the box
    /// gets no share and no workspace, whatever else is set here (I1).
    pub fn doors(mut self, doors: Doors) -> Self {
        self.spec.doors = Sourced::new(doors, Source::Api);
        self
    }

    /// Adds a port of the host that leads into the box.
    pub fn publish(mut self, publish: Publish) -> Self {
        self.spec.publish.push(Sourced::new(publish, Source::Api));
        self
    }

    /// How many bytes may leave for each host; 1 GiB by default.
    pub fn max_upload(mut self, limit: ByteSize) -> Self {
        self.spec.max_upload = Sourced::new(limit, Source::Api);
        self
    }

    /// How many bytes a second pass in both directions, to and from all hosts together.
    pub fn net_limit(mut self, limit: ByteSize) -> Self {
        self.spec.net_limit = Some(Sourced::new(limit, Source::Api));
        self
    }

    /// What becomes of changes to a workspace that is [`Workspace::CopyOnWrite`]; they are thrown
    /// away by default.
    pub fn life(mut self, life: Life) -> Self {
        self.spec.life = Sourced::new(life, Source::Api);
        self
    }

    /// Which box of the workspace keeps its changes.
    pub fn box_name(mut self, name: BoxName) -> Self {
        self.spec.box_name = Some(Sourced::new(name, Source::Api));
        self
    }

    /// Adds a directory or file of the host.
    pub fn share(mut self, share: Share) -> Self {
        self.spec.shares.push(Sourced::new(share, Source::Api));
        self
    }

    /// Adds scratch space.
    pub fn tmpfs(mut self, tmpfs: Tmpfs) -> Self {
        self.spec.tmpfs.push(Sourced::new(tmpfs, Source::Api));
        self
    }

    /// Adds an environment variable; the last of a name wins, also over drybox's own (`PATH`).
    pub fn env(mut self, variable: EnvVar) -> Self {
        self.spec.env.push(Sourced::new(variable, Source::Api));
        self
    }

    /// Where the command starts; in the workspace by default.
    pub fn workdir(mut self, path: BoxPath) -> Self {
        self.spec.workdir = Some(Sourced::new(path, Source::Api));
        self
    }

    /// Who the payload is, inside.
    pub fn user(mut self, user: BoxUser) -> Self {
        self.spec.user = Sourced::new(user, Source::Api);
        self
    }

    /// The host name inside.
    pub fn hostname(mut self, name: Hostname) -> Self {
        self.spec.hostname = Sourced::new(name, Source::Api);
        self
    }

    /// Gives the box a name.
    pub fn name(mut self, name: BoxName) -> Self {
        self.spec.name = Some(Sourced::new(name, Source::Api));
        self
    }

    /// Whether the payload gets a terminal of its own; [`Terminal::None`] by default. Counts where
    /// the box gets the caller's own descriptors (`drybox_run::run`).
    pub fn terminal(mut self, terminal: Terminal) -> Self {
        self.spec.terminal = Sourced::new(terminal, Source::Api);
        self
    }

    /// Whether the caller's standard input reaches the payload; it does by default. Counts where
    /// the box gets the caller's own descriptors (`drybox_run::run`).
    pub fn stdin(mut self, stdin: Stdin) -> Self {
        self.spec.stdin = Sourced::new(stdin, Source::Api);
        self
    }

    /// Adds a resource limit (setrlimit(2)).
    pub fn ulimit(mut self, limit: Ulimit) -> Self {
        self.spec.ulimits.push(Sourced::new(limit, Source::Api));
        self
    }

    /// How much memory the box may take; what the host can spare by default.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.spec.limits.memory = Sourced::new(memory, Source::Api);
        self
    }

    /// How many processes and threads the box may have; [`crate::DEFAULT_PIDS`] by default.
    pub fn pids(mut self, pids: Pids) -> Self {
        self.spec.limits.pids = Sourced::new(pids, Source::Api);
        self
    }

    /// How much processor time the box may take; it needs a cgroup, or does not start.
    pub fn cpus(mut self, cpus: Cpus) -> Self {
        self.spec.limits.cpus = Some(Sourced::new(cpus, Source::Api));
        self
    }

    /// How many bytes the box's scratch space may hold.
    pub fn storage(mut self, size: ByteSize) -> Self {
        self.spec.limits.storage = Some(Sourced::new(size, Source::Api));
        self
    }

    /// The size of `/dev/shm`; a part of the common scratch space by default.
    pub fn shm_size(mut self, size: ByteSize) -> Self {
        self.spec.shm_size = Some(Sourced::new(size, Source::Api));
        self
    }

    /// Hides or shows the user's tool chains; shown by default.
    pub fn tool_chains(mut self, tool_chains: ToolChains) -> Self {
        self.spec.tool_chains = Sourced::new(tool_chains, Source::Api);
        self
    }

    /// Kills the box after `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.spec.timeout = Some(Sourced::new(limit, Source::Api));
        self
    }

    /// The finished spec.
    #[must_use]
    pub fn build(mut self) -> SandboxSpec {
        if matches!(self.spec.doors.value, Doors::AnyPublicHost { .. }) {
            self.spec.shares.clear();
            self.spec.workspace =
                Sourced::new(Workspace::Empty, Source::Implied("the open network"));
        }
        self.spec
    }
}
