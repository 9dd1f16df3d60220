//! Builds a spec in a program that uses this library.

use std::time::Duration;

use crate::spec::{Stdin, Terminal, ToolChains};
use crate::{
    BoxPath, BoxUser, Command, Doors, EnvVar, Hostname, SandboxSpec, Share, Source, Sourced, Tmpfs,
    Workspace,
};

/// Builds a [`SandboxSpec`]; made by [`SandboxSpec::builder`].
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
            workspace: Sourced::default_of(Workspace::CurrentDir),
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
            shm_size: None,
            timeout: None,
        };
        Self { spec }
    }

    /// What the sandbox sees of the current directory.
    pub fn workspace(mut self, workspace: Workspace) -> Self {
        self.spec.workspace = Sourced::new(workspace, Source::Api);
        self
    }

    /// Adds a share.
    pub fn share(mut self, share: Share) -> Self {
        self.spec.shares.push(Sourced::new(share, Source::Api));
        self
    }

    /// Adds scratch space.
    pub fn tmpfs(mut self, tmpfs: Tmpfs) -> Self {
        self.spec.tmpfs.push(Sourced::new(tmpfs, Source::Api));
        self
    }

    /// Adds an environment variable.
    pub fn env(mut self, variable: EnvVar) -> Self {
        self.spec.env.push(Sourced::new(variable, Source::Api));
        self
    }

    /// Where the command starts.
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

    /// Hides or shows the user's tool chains.
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
    pub fn build(self) -> SandboxSpec {
        self.spec
    }
}
