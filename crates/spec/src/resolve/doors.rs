//! `--allow` and `--network`: which doors are open.

use super::{SpecError, tools};
use crate::doors::MOST_PORTS;
use crate::error::Why;
use crate::grammar::{self, AllowArg, BadValue};
use crate::request::Typed;
use crate::{AllowHost, Doors, Facts, NamedHosts, Publish, RunRequest, Source, Sourced, Workspace};

/// The doors of a request. What `--network` cannot say was refused before.
pub(super) fn doors(request: &RunRequest, facts: &Facts<'_>) -> Result<Sourced<Doors>, SpecError> {
    let none = request.networks.iter().any(|network| network == b"none");
    let opened = request.allow.first().map(|host| ("--allow", host));
    let opened = opened.or(request.allow_host_ports.first().map(|port| (HOST_PORT, port)));
    if let Some((flag, allowed)) = opened.filter(|_| none) {
        return Err(SpecError::Contradiction {
            first: "--network none".into(),
            second: format!("{flag} {}", crate::ShellWords(&[allowed])).into(),
            source: Why("a host can be reached, or nothing can"),
            fix: "--allow HOST alone",
        });
    }
    let mut rules = Vec::new();
    for value in &request.allow {
        add(&mut rules, "--allow", value, value, facts)?;
    }
    for value in &request.allow_host_ports {
        let bad = |source| SpecError::Value { flag: HOST_PORT, value: value.clone(), source };
        for loopback in LOOPBACKS {
            let port = std::str::from_utf8(value).unwrap_or("?");
            let port = grammar::port(port).map_err(bad)?;
            let rule = AllowHost::parse(format!("{loopback}:{port}").as_bytes()).map_err(bad)?;
            push(&mut rules, Sourced::new(rule, Source::Flag(HOST_PORT)));
        }
    }
    for value in &request.networks {
        let Some(list) = value.strip_prefix(b"allow:") else { continue };
        for rule in split(list) {
            add(&mut rules, "--network", value, &rule, facts)?;
        }
    }
    let bridge = request.networks.iter().any(|network| network == b"bridge");
    let from = match (request.networks.is_empty(), opened) {
        (false, _) => Source::Flag("--network"),
        (true, Some((flag, _))) => Source::Flag(flag),
        (true, None) => Source::Default,
    };
    let doors = match bridge {
        true => Doors::AnyPublicHost { named: rules },
        false => NamedHosts::new(rules).map_or(Doors::FilesOnly, Doors::FilesAndHosts),
    };
    if doors.ports().len() > MOST_PORTS {
        return Err(SpecError::Refused {
            flag: "--allow".to_owned(),
            value: None,
            source: Why("all rules together name more than 100 ports"),
            instead: "the ports that are needed",
        });
    }
    Ok(Sourced::new(doors, from))
}

/// `-p`: ports of the host that lead into the box.
pub(super) fn publish(
    request: &RunRequest,
    doors: &Doors,
) -> Result<Vec<Sourced<Publish>>, SpecError> {
    let mut all: Vec<Sourced<Publish>> = Vec::new();
    for value in &request.publish {
        let bad = |source| SpecError::Value { flag: PUBLISH, value: value.clone(), source };
        let publish = Publish::parse(value).map_err(bad)?;
        let refused = |why, instead| bad(BadValue::Refused { why, instead });
        if doors.ports().contains(&publish.inside) {
            return Err(refused(
                "inside, drybox itself listens at that port, for a host that is allowed at it",
                "another port for the server in the box",
            ));
        }
        if all.iter().any(|earlier| earlier.value.outside == publish.outside) {
            return Err(refused("that port of the host leads into the box already", "each once"));
        }
        if all.len() >= MOST_PUBLISHED {
            return Err(refused("more than 32 ports", "the ports that are needed"));
        }
        all.push(Sourced::new(publish, Source::Flag(PUBLISH)));
    }
    Ok(all)
}

/// With every public host open, none of the user's files are there (I1).
pub(super) fn close_files(
    doors: &Doors,
    request: &RunRequest,
    workspace: &mut Sourced<Workspace>,
) -> Result<(), SpecError> {
    if !matches!(doors, Doors::AnyPublicHost { .. }) {
        return Ok(());
    }
    let shares = [("-v", &request.volumes), ("--mount", &request.mounts)];
    let shared = shares.iter().find_map(|(flag, values)| Some((*flag, values.first()?)));
    if let Some((flag, value)) = shared {
        return Err(SpecError::Contradiction {
            first: BRIDGE.into(),
            second: format!("{flag} {}", crate::ShellWords(&[value])).into(),
            source: Why(EVERY_HOST),
            fix: NAME_HOSTS,
        });
    }
    if workspace.value == Workspace::Empty {
        return Ok(());
    }
    if let Some(shown) = &request.workspace {
        return Err(SpecError::Contradiction {
            first: BRIDGE.into(),
            second: format!("--workspace {}", crate::ShellWords(&[shown])).into(),
            source: Why(EVERY_HOST),
            fix: NAME_HOSTS,
        });
    }
    *workspace = Sourced::new(Workspace::Empty, Source::Implied(BRIDGE));
    Ok(())
}

fn add(
    rules: &mut Vec<Sourced<AllowHost>>,
    flag: &'static str,
    typed: &Typed,
    rule: &[u8],
    facts: &Facts<'_>,
) -> Result<(), SpecError> {
    let bad = |source| SpecError::Value { flag, value: typed.clone(), source };
    match AllowArg::parse(rule).map_err(bad)? {
        AllowArg::Host(rule) => push(rules, Sourced::new(rule, Source::Flag(flag))),
        AllowArg::Tool(tool) => {
            for rule in tools::hosts(tool, facts).map_err(bad)? {
                push(rules, Sourced::new(rule, Source::HostSet(tool.name)));
            }
        }
        AllowArg::Set(set) => {
            for rule in set.rules {
                let rule = AllowHost::parse(rule.as_bytes()).map_err(bad)?;
                push(rules, Sourced::new(rule, Source::HostSet(set.name)));
            }
        }
    }
    Ok(())
}

fn push(rules: &mut Vec<Sourced<AllowHost>>, rule: Sourced<AllowHost>) {
    if !rules.iter().any(|earlier| earlier.value == rule.value) {
        rules.push(rule);
    }
}

/// Rules between commas; numbers alone are further ports of the rule before them.
fn split(list: &[u8]) -> Vec<Vec<u8>> {
    let mut rules: Vec<Vec<u8>> = Vec::new();
    if list.is_empty() {
        return rules;
    }
    for part in list.split(|&b| b == b',') {
        let is_port = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        match rules.last_mut() {
            Some(rule) if is_port && rule.contains(&b':') => {
                rule.push(b',');
                rule.extend_from_slice(part);
            }
            _ => rules.push(part.to_vec()),
        }
    }
    rules
}

/// `--max-upload SIZE`: bytes to each host.
pub(super) fn max_upload(value: &[u8]) -> Result<crate::ByteSize, BadValue> {
    crate::ByteSize::parse(value)
}

/// `--net-limit RATE`: bytes a second.
pub(super) fn net_limit(value: &[u8]) -> Result<crate::ByteSize, BadValue> {
    match crate::ByteSize::parse(value)? {
        crate::ByteSize(0) => Err(BadValue::Refused {
            why: "nothing would ever pass",
            instead: "--network none, which is the default",
        }),
        limit => Ok(limit),
    }
}

const PUBLISH: &str = "--publish";
const MOST_PUBLISHED: usize = 32;
const HOST_PORT: &str = "--allow-host-port";
/// A program that says `localhost` may mean either.
const LOOPBACKS: [&str; 2] = ["127.0.0.1", "[::1]"];
const BRIDGE: &str = "--network bridge";
const EVERY_HOST: &str = "what can read your files would reach every host";
const NAME_HOSTS: &str = "--allow HOST for each host that is needed, in place of --network bridge";
