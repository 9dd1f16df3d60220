//! The payload's environment: `--env-file`, then `-e`, in the order of the command line.

use crate::error::Why;
use crate::grammar::{EnvEntry, absolute, env_file};
use crate::spec::Workspace;
use crate::{EnvVar, Facts, HostPath, RunRequest, Source, Sourced, SpecError};

/// As podman has it: files first, whatever the order; the last of a name wins; a bare name that the
/// host does not have is left out.
pub(super) fn resolve(
    request: &RunRequest,
    facts: &Facts<'_>,
    workspace: &Workspace,
) -> Result<Vec<Sourced<EnvVar>>, SpecError> {
    let mut env = Env { facts, workspace, variables: Vec::new() };
    for typed in &request.env_files {
        let path = HostPath::parse(&absolute(typed, facts.cwd)).map_err(|why| {
            SpecError::Value { flag: "--env-file", value: typed.clone(), source: why.into() }
        })?;
        env.add_file(path)?;
    }
    for typed in &request.env {
        let bad = |source| SpecError::Value { flag: "--env", value: typed.clone(), source };
        let entry = EnvEntry::parse(typed).map_err(bad)?;
        env.add(entry, "--env").map_err(bad)?;
    }
    Ok(env.variables)
}

struct Env<'a> {
    facts: &'a Facts<'a>,
    workspace: &'a Workspace,
    variables: Vec<Sourced<EnvVar>>,
}

impl Env<'_> {
    fn add_file(&mut self, path: HostPath) -> Result<(), SpecError> {
        let bytes = self.facts.host.read(&path);
        let bytes = bytes.map_err(|source| SpecError::EnvFile { path: path.clone(), source })?;
        let entries =
            env_file(&bytes).map_err(|source| SpecError::EnvLine { path: path.clone(), source })?;
        for entry in entries {
            if let EnvEntry::Copy { name } | EnvEntry::CopyPrefix { prefix: name } = &entry
                && self.is_of_workspace(&path)
            {
                return Err(SpecError::EnvCopy { path, name: name.clone(), source: FOREIGN_FILE });
            }
            self.add(entry, "--env-file")
                .map_err(|source| SpecError::EnvLine { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// True when the file lies in the workspace, or it cannot be known.
    fn is_of_workspace(&self, path: &HostPath) -> bool {
        if *self.workspace == Workspace::Empty {
            return false;
        }
        let within = |path: &[u8]| crate::path::is_within(path, self.facts.cwd.as_bytes());
        self.facts.host.real(path).map_or(true, |real| within(real.path.as_bytes()))
    }

    fn add(&mut self, entry: EnvEntry, flag: &'static str) -> Result<(), crate::BadValue> {
        let host = self.facts.host;
        let pairs = match entry {
            EnvEntry::Set { name, value } => vec![(name, value)],
            EnvEntry::Copy { name } => {
                host.variable(&name).map(|value| (name, value)).into_iter().collect()
            }
            EnvEntry::CopyPrefix { prefix } => host.variables(&prefix),
        };
        for (name, value) in pairs {
            self.variables.retain(|earlier| earlier.value.name() != name);
            self.variables.push(Sourced::new(EnvVar::new(&name, &value)?, Source::Flag(flag)));
        }
        Ok(())
    }
}

const FOREIGN_FILE: Why = Why(
    "a name without a value would copy your variable, and a file of the workspace may not ask for \
     that",
);
