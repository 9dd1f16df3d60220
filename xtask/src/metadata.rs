//! What `cargo metadata` knows of the workspace.

use serde::Deserialize;

use crate::failure::Failure;
use crate::shell;

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) req: String,
    /// None: a normal dependency; else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// None: a path, so one of ours.
    pub(crate) source: Option<String>,
}

impl Metadata {
    /// Reads the whole graph. `--locked`: a Cargo.lock that was not committed is found here.
    pub(crate) fn read() -> Result<Self, Failure> {
        let mut command = shell::cargo(&["metadata", "--format-version=1", "--locked"]);
        let json = shell::capture(&mut command)?;
        serde_json::from_slice(&json)
            .map_err(|source| Failure::Json { command: shell::line(&command), source })
    }

    /// Our own packages.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}
