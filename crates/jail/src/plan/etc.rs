//! The synthesized `/etc`: a table of what programs need, without what tells of the host.

use std::borrow::Cow;
use std::ffi::CStr;

use drybox_spec::{BoxPath, Hostname};
use rustix::fs::{Dir, Mode, OFlags, open, stat};

use super::system::{add_bind, add_found};
use super::{Entry, Tree};
use crate::Network;

/// Directories and files of the host's `/etc` that others may see: links in `/usr` point into
/// them, or libraries read them.
const FROM_HOST: &[HostRow] = &[
    // `awk`, `cc`, `vi`, `java` are links through here.
    dir(c"etc/alternatives", c"/etc/alternatives"),
    // ld.so(8): without it every start searches.
    file(c"etc/ld.so.cache", c"/etc/ld.so.cache"),
    // Certificate authorities: Debian's place, Fedora's, Arch's.
    dir(c"etc/ssl/certs", c"/etc/ssl/certs"),
    file(c"etc/ssl/openssl.cnf", c"/etc/ssl/openssl.cnf"),
    dir(c"etc/pki/tls/certs", c"/etc/pki/tls/certs"),
    dir(c"etc/pki/ca-trust/extracted", c"/etc/pki/ca-trust/extracted"),
    dir(c"etc/crypto-policies", c"/etc/crypto-policies"),
    dir(c"etc/ca-certificates/extracted", c"/etc/ca-certificates/extracted"),
    // getservbyname(3), getprotobyname(3).
    file(c"etc/services", c"/etc/services"),
    file(c"etc/protocols", c"/etc/protocols"),
    // Programs whose configuration below /usr is a link to here.
    dir(c"etc/vim", c"/etc/vim"),
    dir(c"etc/maven", c"/etc/maven"),
    dir(c"etc/fonts", c"/etc/fonts"),
    // Names the extensions to load: half of PHP is missing without it.
    dir(c"etc/php", c"/etc/php"),
    // The start script reads it and gives up: headless tests of web pages.
    dir(c"etc/chromium.d", c"/etc/chromium.d"),
    // man(1) does not start without it (Debian's name, everybody else's), and groff complains.
    dir(c"etc/groff", c"/etc/groff"),
    file(c"etc/manpath.config", c"/etc/manpath.config"),
    file(c"etc/man_db.conf", c"/etc/man_db.conf"),
];

struct HostRow {
    inside: &'static CStr,
    outside: &'static CStr,
    is_dir: bool,
}

const fn dir(inside: &'static CStr, outside: &'static CStr) -> HostRow {
    HostRow { inside, outside, is_dir: true }
}

const fn file(inside: &'static CStr, outside: &'static CStr) -> HostRow {
    HostRow { inside, outside, is_dir: false }
}

const LINKS: &[(&CStr, &CStr)] =
    &[(c"etc/mtab", c"/proc/self/mounts"), (c"etc/os-release", c"../usr/lib/os-release")];

/// Files that are the same in every sandbox.
const FIXED: &[(&CStr, &[u8])] = &[
    (
        c"etc/nsswitch.conf",
        b"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n\
          services: files\nprotocols: files\n",
    ),
    (c"etc/shells", b"/bin/sh\n/bin/bash\n"),
];

/// Who the payload is, for `/etc/passwd`.
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whom the payload asks for names.
#[derive(Clone, Copy)]
pub(crate) enum Resolver {
    /// Nothing listens there: a look-up fails at once instead of after a timeout.
    Nobody,
    /// The relay, at the interface's own address.
    Relay,
}

impl Resolver {
    pub(crate) fn of(network: Option<&Network>) -> Self {
        if network.is_some_and(|network| network.ways_out.is_some()) {
            Self::Relay
        } else {
            Self::Nobody
        }
    }

    const fn settings(self) -> &'static [u8] {
        match self {
            Self::Nobody => b"nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
            Self::Relay => b"nameserver 198.18.0.1\n",
        }
    }
}

pub(crate) fn add_etc(tree: &mut Tree, account: &Account, hostname: &Hostname, resolver: Resolver) {
    for &(path, target) in LINKS {
        tree.link_row(path, Cow::Borrowed(target));
    }
    for &(path, content) in FIXED {
        tree.row(Entry::File(Cow::Borrowed(path), 0o644, Cow::Borrowed(content)));
    }
    let settings = Cow::Borrowed(resolver.settings());
    tree.row(Entry::File(Cow::Borrowed(c"etc/resolv.conf"), 0o644, settings));
    let name = hostname.as_str();
    let hosts = format!("127.0.0.1 localhost {name}\n::1 localhost ip6-localhost {name}\n");
    for (path, content) in [
        (c"etc/passwd", passwd(account)),
        (c"etc/group", group(account)),
        (c"etc/hosts", hosts),
        (c"etc/hostname", format!("{name}\n")),
    ] {
        let content = Cow::Owned(content.into_bytes());
        tree.row(Entry::File(Cow::Borrowed(path), 0o644, content));
    }
    for row in FROM_HOST {
        let Ok(found) = stat(row.outside) else {
            continue;
        };
        let is_dir = rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir();
        if is_dir == row.is_dir {
            add_parent(tree, row.inside);
            add_bind(tree, row.inside, row.outside, is_dir);
        }
    }
    add_java(tree);
}

/// The directory above a row, when it is not `/etc` itself.
fn add_parent(tree: &mut Tree, inside: &CStr) {
    let parent = inside.to_bytes().iter().rposition(|&byte| byte == b'/');
    let parent = parent.and_then(|end| inside.to_bytes().get(..end)).unwrap_or_default();
    if parent != b"etc"
        && let Ok(path) = BoxPath::parse(&[b"/", parent].concat())
    {
        tree.dir(&path, 0o755);
    }
}

/// OpenJDK keeps its configuration in `/etc/java-17-openjdk`, one directory a version.
fn add_java(tree: &mut Tree) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(machines) = open(c"/usr/lib/jvm", flags, Mode::empty()).and_then(Dir::new) else {
        return;
    };
    for machine in machines.flatten() {
        let name = machine.file_name().to_bytes();
        let Some(end) = name.windows(OPENJDK.len()).position(|part| part == OPENJDK) else {
            continue;
        };
        let name = name.get(..end + OPENJDK.len()).unwrap_or_default();
        if let Ok(path) = BoxPath::parse(&[b"/etc/", name].concat())
            && name.starts_with(b"java-")
            && stat(path.as_c_str()).is_ok()
        {
            add_found(tree, &path);
        }
    }
}

const OPENJDK: &[u8] = b"-openjdk";

fn passwd(account: &Account) -> String {
    let Account { uid, gid } = *account;
    let mut text = format!("agent:x:{uid}:{gid}:agent:/home/agent:/bin/sh\n");
    if uid != 0 {
        text.push_str("root:x:0:0:root:/root:/usr/sbin/nologin\n");
    }
    text.push_str("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
    text
}

fn group(account: &Account) -> String {
    let gid = account.gid;
    let mut text = format!("agent:x:{gid}:\n");
    if gid != 0 {
        text.push_str("root:x:0:\n");
    }
    text.push_str("tty:x:5:\nnogroup:x:65534:\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_agent_whatever_its_number() {
        for uid in [0, 1000, 1001] {
            let text = passwd(&Account { uid, gid: uid });
            let first = text.lines().next().unwrap();
            assert!(first.starts_with(&format!("agent:x:{uid}:{uid}:")), "{text}");
            let same = text.lines().filter(|line| line.split(':').nth(2) == Some(&uid.to_string()));
            assert_eq!(same.count(), 1, "{text}");
        }
    }

    #[test]
    fn a_row_from_the_host_stands_where_it_stood() {
        for row in FROM_HOST {
            assert_eq!(&row.outside.to_bytes()[1..], row.inside.to_bytes());
        }
    }
}
