//! The payload's environment: built from nothing (I3).

use std::os::unix::ffi::OsStrExt;

use drybox_spec::{BoxPath, EnvVar, SandboxSpec};

use crate::host::Host;
use crate::tool_chains::{BOX_HOME, ToolChains};

/// What every payload has.
const FIXED: &[(&str, &str)] = &[
    ("HOME", BOX_HOME),
    ("USER", "agent"),
    ("LOGNAME", "agent"),
    ("LANG", "C.UTF-8"),
    // What systemd and others look at to see that they are contained.
    ("container", "drybox"),
];

/// There is no network: package managers say so at once, instead of trying again for a minute.
const OFFLINE: &[(&str, &str)] = &[
    // npm and npx ask three times, 10 and 60 seconds apart.
    ("npm_config_offline", "true"),
    // pip tells why with its first retry: with none, or with --no-index, it would not.
    ("PIP_RETRIES", "1"),
    ("UV_OFFLINE", "1"),
];

/// What a payload with a terminal takes from the caller, when its value is plain.
const OF_TERMINAL: &[&str] = &["TERM", "COLORTERM"];

/// Where programs lie, beside tool chains.
const SYSTEM_PATH: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The directories of `PATH`: tool chains in the user's order, then the system's.
pub(crate) fn path(tools: &ToolChains) -> Vec<BoxPath> {
    let system = SYSTEM_PATH.iter().filter_map(|dir| BoxPath::parse(dir.as_bytes()).ok());
    tools.path.iter().cloned().chain(system).collect()
}

/// The whole environment. A later variable of the same name replaces an earlier one.
pub(crate) fn build(
    spec: &SandboxSpec,
    host: &Host<'_>,
    tools: &ToolChains,
    path: &[BoxPath],
    shell: &str,
    terminal: bool,
) -> Vec<EnvVar> {
    let mut env: Vec<EnvVar> = Vec::with_capacity(24);
    let mut set = |var: EnvVar| match env.iter_mut().find(|old| old.name() == var.name()) {
        Some(old) => *old = var,
        None => env.push(var),
    };
    let plain = |name: &str, value: &[u8]| EnvVar::new(name.as_bytes(), value).ok();
    let offline = if spec.doors.value.has_network() { &[] } else { OFFLINE };
    let fixed = FIXED.iter().chain(offline);
    fixed.filter_map(|(name, value)| plain(name, value.as_bytes())).for_each(&mut set);
    plain("SHELL", shell.as_bytes()).into_iter().for_each(&mut set);
    plain("PATH", &join(path)).into_iter().for_each(&mut set);
    plain("HOSTNAME", spec.hostname.value.as_str().as_bytes()).into_iter().for_each(&mut set);
    if terminal {
        for name in OF_TERMINAL {
            let value = (host.env)(name).filter(|value| is_plain(value.as_bytes()));
            let value = value.and_then(|value| plain(name, value.as_bytes()));
            value.into_iter().for_each(&mut set);
        }
    }
    #[cfg(drybox_weaken)]
    if drybox_jail::is_gone("environment") {
        let secret = (host.env)("GITHUB_TOKEN").and_then(|v| plain("GITHUB_TOKEN", v.as_bytes()));
        secret.into_iter().for_each(&mut set);
    }
    tools.env.iter().cloned().for_each(&mut set);
    spec.env.iter().map(|var| var.value.clone()).for_each(&mut set);
    env
}

fn join(path: &[BoxPath]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(128);
    for directory in path {
        if !joined.is_empty() {
            joined.push(b':');
        }
        joined.extend_from_slice(directory.as_bytes());
    }
    joined
}

/// The grammar of terminal names: terminfo(5) looks them up as files.
fn is_plain(value: &[u8]) -> bool {
    (1..=64).contains(&value.len())
        && value.iter().all(|b| b.is_ascii_alphanumeric() || b"-+._".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_name_is_no_path() {
        assert!(is_plain(b"xterm-256color"));
        assert!(!is_plain(b"../../x"));
        assert!(!is_plain(b""));
        assert!(!is_plain(&[b'x'; 65]));
    }
}
