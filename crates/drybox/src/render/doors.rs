//! Which doors of a box are open, told before it starts (I1).

use drybox_run::Place;
use drybox_spec::{Access, Doors, Facts, Publish, SandboxSpec, Shown, Sourced, Workspace};
use serde::Serialize;

use super::{Format, say};

/// Tells it on stderr. `place`: what a copy-on-write workspace shows.
pub(crate) fn doors(spec: &SandboxSpec, facts: &Facts<'_>, place: Option<&Place>, format: Format) {
    let open = Open::of(spec, facts, place);
    match format {
        Format::Text => say(&open.text()),
        // Strings always are JSON.
        Format::Json => {
            if let Ok(line) = serde_json::to_string(&open) {
                say(&(line + "\n"));
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "doors")]
struct Open {
    files: Vec<String>,
    hosts: Vec<String>,
    ports: Vec<String>,
}

impl Open {
    fn of(spec: &SandboxSpec, facts: &Facts<'_>, place: Option<&Place>) -> Self {
        let access = |access| match access {
            Access::ReadOnly => "read-only",
            Access::ReadWrite => "writable",
        };
        let file = |path: &[u8], how| format!("{} ({how})", Shown(path));
        let mut files = Vec::new();
        let shares = || spec.shares.iter().map(|share| &share.value);
        let covered = shares().any(|share| share.target.as_bytes() == facts.cwd.as_bytes());
        if let Some(Place { top, git, .. }) = place.filter(|_| !covered) {
            let seen = std::iter::once(top).chain(git);
            files.extend(seen.map(|dir| file(dir.as_bytes(), "changes are kept apart")));
        }
        if spec.workspace.value == Workspace::CurrentDir
            && !(covered || spec.workspace_at_work(facts.cwd).is_some())
            && Workspace::why_hidden(facts.cwd, facts.home).is_none()
        {
            files.push(file(facts.cwd.as_bytes(), "read-only"));
        }
        files.extend(shares().map(|share| file(share.source.as_bytes(), access(share.access))));
        let mut hosts = Vec::new();
        if matches!(spec.doors.value, Doors::AnyPublicHost { .. }) {
            hosts.push("every public host".to_owned());
        }
        hosts.extend(spec.doors.value.rules().iter().map(|rule| rule.value.to_string()));
        let port = |publish: &Sourced<Publish>| publish.value.to_string();
        let ports = spec.publish.iter().map(port).collect();
        Self { files, hosts, ports }
    }

    fn text(&self) -> String {
        let hosts = self.hosts.join(", ");
        let doors = match self.files.as_slice() {
            _ if hosts.is_empty() => String::new(),
            [] => format!("note: open: the network to {hosts}; none of your files\n"),
            files => {
                let files = files.join(", ");
                format!("note: both doors are open: {files}; the network to {hosts}\n")
            }
        };
        let ports = self.ports.iter().filter_map(|port| port.rsplit_once(':'));
        let ports = ports.map(|(outside, inside)| {
            format!("note: open: who connects to {outside} reaches port {inside} of the box\n")
        });
        doors + &ports.collect::<String>()
    }
}
