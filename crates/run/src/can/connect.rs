//! Whether a host is behind the doors of a box: the rules that the relay asks, and nothing is looked up.

use std::net::IpAddr;

use drybox_egress::address::class_of;
use drybox_spec::{AllowHost, DnsName, Doors, Permit, SandboxSpec, Shown, Source};

use super::Answer;

/// Whom a question is about, and at which port.
enum Place {
    Name(DnsName, u16),
    Address(IpAddr, u16),
}

/// Answers for `HOST:PORT`, with an IPv6 address in brackets.
pub(super) fn answer(spec: &SandboxSpec, asked: &[u8]) -> Answer {
    let doors = &spec.doors.value;
    let mut answer = Answer {
        yes: false,
        inside: None,
        link: None,
        why: "a box has no network: a loopback of its own, where only its own programs listen"
            .into(),
        setting: "doors",
        from: spec.doors.from.to_string(),
        fix: fix(spec, asked),
    };
    if !doors.has_network() {
        return answer;
    }
    let Some(place) = place(asked) else {
        answer.why = "this is neither a host name nor an address, with a port".into();
        return answer;
    };
    let (permit, until) = match &place {
        Place::Name(name, port) => {
            (doors.by_name(name, *port), ", as long as its addresses are public ones or named")
        }
        // A connection to an address that stands for a name inside is judged as the name's.
        Place::Address(address, port) => {
            (doors.by_address(*address, *port).or_else(|| doors.any_address(*port)), "")
        }
    };
    match (permit, &place) {
        (None, _) => answer.why = "no rule names this host at this port".into(),
        (Some(Permit::Public), Place::Address(address, _)) if class_of(*address).is_some() => {
            let what = class_of(*address).map_or("", |class| class.what);
            answer.why = format!("every public host is open, and this is none: {what}").into();
        }
        (Some(permit), _) => {
            answer.yes = true;
            answer.fix = None;
            answer.why = format!("{permit} lets it{until}").into();
            if let Permit::Rule(rule) = permit {
                let sourced = doors.rules().iter().find(|sourced| sourced.value == *rule);
                answer.from = sourced.map_or(answer.from, |sourced| sourced.from.to_string());
            }
        }
    }
    answer
}

fn place(asked: &[u8]) -> Option<Place> {
    let colon = asked.iter().rposition(|&byte| byte == b':')?;
    let (host, port) = asked.split_at_checked(colon)?;
    let port = std::str::from_utf8(port.strip_prefix(b":")?).ok()?.parse().ok()?;
    let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    let address = std::str::from_utf8(bare).ok().and_then(|text| text.parse::<IpAddr>().ok());
    match address {
        Some(address) => Some(Place::Address(address.to_canonical(), port)),
        None => {
            let host = host.strip_suffix(b".").unwrap_or(host);
            DnsName::typed(host).ok().map(|name| Place::Name(name, port))
        }
    }
}

/// The rule that would let it; none when no rule can, or when `--network none` was asked for.
fn fix(spec: &SandboxSpec, asked: &[u8]) -> Option<String> {
    let none = spec.doors.value == Doors::FilesOnly && spec.doors.from != Source::Default;
    let rule = AllowHost::parse(asked).ok().filter(|_| !none)?;
    Some(format!("--allow {}", Shown(rule.to_string().as_bytes())))
}
