//! The merge as a whole, against a host that is a table.

mod boxes;
mod flags;
mod mounts;
mod places;

use std::collections::BTreeMap;

use super::*;
use crate::refuse::{Place, Reach, SOURCES, TARGETS, When};
use crate::spec::Workspace;
use crate::*;

/// A host of a few paths, symlinks and variables.
#[derive(Debug, Default)]
struct Host {
    files: BTreeMap<&'static str, FileKind>,
    links: BTreeMap<&'static str, &'static str>,
    texts: BTreeMap<&'static str, &'static str>,
    variables: BTreeMap<&'static str, &'static str>,
    /// Every path is a directory.
    everything: bool,
}

impl Lookup for Host {
    fn real(&self, path: &HostPath) -> Result<Real, LookupError> {
        let mut text = clean(path.as_bytes());
        for (link, to) in &self.links {
            if let Some(rest) = text.strip_prefix(link).map(str::to_owned) {
                text = format!("{to}{rest}");
            }
        }
        let kind = self.files.get(text.as_str()).copied();
        let kind = kind.or(self.everything.then_some(FileKind::Directory));
        match kind {
            Some(kind) => Ok(Real { path: host(&text), kind }),
            None => Err(LookupError::Errno { errno: 2 }),
        }
    }

    fn read(&self, path: &HostPath) -> Result<Vec<u8>, LookupError> {
        let text = std::str::from_utf8(path.as_bytes()).unwrap();
        self.texts
            .get(text)
            .map(|text| text.as_bytes().to_vec())
            .ok_or(LookupError::Errno { errno: 2 })
    }

    fn variable(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.variables.get(std::str::from_utf8(name).unwrap()).map(|v| v.as_bytes().to_vec())
    }

    fn variables(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.variables
            .iter()
            .filter(|(name, _)| name.as_bytes().starts_with(prefix))
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect()
    }

    fn own(&self, which: Own) -> Option<HostPath> {
        Some(host(match which {
            Own::Executable => "/opt/drybox/bin/drybox",
            Own::Store => "/home/u/.local/share/drybox",
            Own::Config => "/home/u/.config/drybox",
        }))
    }
}

/// Normalises as the kernel would on a host without links.
fn clean(path: &[u8]) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in std::str::from_utf8(path).unwrap().split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn host(path: &str) -> HostPath {
    HostPath::parse(path.as_bytes()).unwrap()
}

fn on(host: &Host, cwd: &str, request: &RunRequest) -> Result<SandboxSpec, SpecError> {
    let (cwd, home) = (self::host(cwd), self::host("/home/u"));
    let terminals = [false; 3];
    resolve(request, &Facts { cwd: &cwd, home: Some(&home), uid: 501, gid: 20, terminals, host })
}

fn words(words: &[&str]) -> RunRequest {
    RunRequest {
        words: words.iter().map(|w| w.as_bytes().to_vec()).collect(),
        form: CommandForm::AfterDashes,
        ..RunRequest::default()
    }
}

fn volume(host: &Host, volume: &str) -> Result<SandboxSpec, SpecError> {
    on(host, "/home/u/p", &RunRequest { volumes: vec![volume.into()], ..words(&["true"]) })
}

fn everything() -> Host {
    Host { everything: true, ..Host::default() }
}
