//! `--allow @npm` and its like: the hosts in a tool's own settings.

use crate::grammar::BadValue;
use crate::path::is_within;
use crate::tool_sets::{SettingsFile, ToolSet};
use crate::{AllowHost, Facts, HostPath};

/// The hosts that the tool's user has set, each at the port of its URL.
///
/// # Errors
/// *User*, when there are none, or one that no rule can name.
pub(super) fn hosts(tool: &ToolSet, facts: &Facts<'_>) -> Result<Vec<AllowHost>, BadValue> {
    let mut rules = Vec::new();
    let mut add = |text: &[u8]| -> Result<(), BadValue> {
        for url in urls(text) {
            let rule = AllowHost::parse(&url)?;
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        Ok(())
    };
    for name in tool.variables {
        if let Some(value) = facts.host.variable(name.as_bytes()) {
            add(&value)?;
        }
    }
    for file in tool.files {
        // A file that is not there, or is another's, sets nothing.
        let text = path(*file, facts).and_then(|path| facts.host.read(&path).ok());
        let mut goes_on = false;
        for line in text.as_deref().unwrap_or_default().split(|&b| b == b'\n') {
            let indented = line.first().is_some_and(u8::is_ascii_whitespace);
            let value = value(line.trim_ascii(), tool.keys);
            let value = value.or_else(|| (goes_on && indented).then(|| line.trim_ascii()));
            goes_on = value.is_some();
            if let Some(value) = value {
                add(value)?;
            }
        }
    }
    if rules.is_empty() {
        return Err(BadValue::Refused {
            why: "the tool's own settings, outside of this directory, name no host",
            instead: "--allow HOST for each host that it fetches from, or its user's settings",
        });
    }
    Ok(rules)
}

/// Where a file is; none: it would be the workspace's, which must not name hosts (I5).
fn path(file: SettingsFile, facts: &Facts<'_>) -> Option<HostPath> {
    let path = match file {
        SettingsFile::Home(below) => [facts.home?.as_bytes(), b"/", below.as_bytes()].concat(),
        SettingsFile::System(path) => path.as_bytes().to_vec(),
    };
    let path = HostPath::parse(&path).ok()?;
    let real = facts.host.real(&path).ok()?;
    (!is_within(real.path.as_bytes(), facts.cwd.as_bytes())).then_some(real.path)
}

/// What stands behind a key of the list.
fn value<'a>(line: &'a [u8], keys: &[&str]) -> Option<&'a [u8]> {
    keys.iter().find_map(|key| {
        let at = match key.strip_prefix(':') {
            Some(_) => find(line, key.as_bytes())?,
            None => 0,
        };
        let (begin, rest) = line.get(at..)?.split_at_checked(key.len())?;
        let ends = rest.first().is_some_and(|b| b"=: \t".contains(b));
        (begin.eq_ignore_ascii_case(key.as_bytes()) && ends).then_some(rest)
    })
}

fn find(line: &[u8], what: &[u8]) -> Option<usize> {
    line.windows(what.len()).position(|window| window == what)
}

/// `HOST:PORT` of every URL in a text; names and passwords in front of a host are left out.
fn urls(text: &[u8]) -> Vec<Vec<u8>> {
    let words = text.split(|b| b.is_ascii_whitespace() || b"\"',=[]".contains(b));
    words.filter_map(host_and_port).collect()
}

fn host_and_port(word: &[u8]) -> Option<Vec<u8>> {
    let word = word.strip_prefix(b"sparse+").unwrap_or(word);
    let (rest, port) = match (word.strip_prefix(b"https://"), word.strip_prefix(b"http://")) {
        (Some(rest), _) => (rest, &b":443"[..]),
        (None, Some(rest)) => (rest, &b":80"[..]),
        (None, None) => return None,
    };
    let authority = rest.split(|b| b"/?#".contains(b)).next()?;
    let host = authority.rsplit(|&b| b == b'@').next()?;
    let has_port = host.contains(&b':');
    Some(if has_port { host.to_vec() } else { [host, port].concat() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_hosts_and_ports_without_their_secrets() {
        let all = |text: &str| -> Vec<String> {
            urls(text.as_bytes()).into_iter().map(|url| String::from_utf8(url).unwrap()).collect()
        };
        assert_eq!(all("= https://u:secret@a.example/x?y#z"), ["a.example:443"]);
        assert_eq!(all("\"sparse+https://b.example:8443/index/\","), ["b.example:8443"]);
        assert_eq!(
            all("[arch=amd64] http://c.example/debian stable https://d.example"),
            ["c.example:80", "d.example:443"]
        );
        assert_eq!(all("ftp://a.example file:/x a.example"), Vec::<String>::new());
    }

    #[test]
    fn a_key_is_a_whole_word() {
        let got = |line: &str| value(line.as_bytes(), &["registry", ":registry"]).is_some();
        assert!(got("registry=https://a.example") && got("Registry = x") && got("@s:registry=x"));
        assert!(!got("registry-mirror=x") && !got("# registry=x") && !got("my-registry=x"));
    }
}
