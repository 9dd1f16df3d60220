//! Why a read-only share is a bind and no overlay, and why its files are nobody's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use drybox_spec::{Notice, ShellWords, Shown};

use super::super::inside::Inside;
use super::super::mounts::{self, Mounted};
use super::super::{Finding, State};
use crate::host::Host;

/// How many are named.
const SHOWN: usize = 3;

pub(super) fn finding(finding: Finding, inside: &Inside, host: &Host<'_>, root: &Path) -> Finding {
    let binds = inside.notices.iter().filter_map(|notice| match notice {
        Notice::ShareIsBind { path } => Some(path.as_str()),
        _ => None,
    });
    let binds: Vec<&str> = binds.collect();
    let hidden = inside.notices.iter().find_map(|notice| match notice {
        Notice::WorkspaceHidden { why, .. } => Some(why),
        _ => None,
    });
    let Some(first) = binds.first() else {
        return match hidden {
            // Nothing is weaker: there is simply nothing to see from here.
            Some(why) => finding.why(format!("the current directory is not shown: {why}")),
            None => finding,
        };
    };
    let named: Vec<&str> = binds.iter().copied().take(SHOWN).collect();
    let weaker = Finding { state: State::Weaker, ..finding };
    let all = mounts::of_host(root);
    // The name is escaped; only one that needed no escape can be looked up, and most need none.
    let cause = cause(&all, Path::new(OsStr::from_bytes(first.as_bytes())), host);
    Finding { fix: Some(cause.1), ..weaker }.why(format!(
        "{} came in as a bind: {}",
        named.join(", "),
        cause.0
    ))
}

/// Why the kernel made no overlay of this directory, and what helps.
fn cause(all: &[Mounted], path: &Path, host: &Host<'_>) -> (String, String) {
    let below = all.iter().filter(|mount| mount.at != path && mount.at.starts_with(path));
    let below: Vec<&Mounted> = below.collect();
    if let Some(first) = below.first() {
        let at = first.at.as_os_str().as_bytes();
        let why = format!("{} is mounted below it, {} in all", Shown(at), below.len());
        return (why, format!("sudo umount {}, or a workspace beside it", ShellWords(&[at])));
    }
    let kind = mounts::holder(all, path).map_or("?", |mount| mount.kind.as_str());
    let kind = Shown(kind.as_bytes());
    let why = format!("the kernel makes no overlay of it (its filesystem is {kind})");
    let is_workspace = path == host.cwd.as_path();
    let what = if is_workspace { "a workspace" } else { "it" };
    (why, format!("put {what} on ext4, xfs, btrfs or tmpfs, with Linux 5.11 or newer"))
}

pub(super) fn owners(finding: Finding, notices: &[Notice]) -> Finding {
    let trees = notices.iter().find_map(|notice| match notice {
        Notice::NoIdMap { trees } => Some(*trees),
        _ => None,
    });
    match trees {
        None => finding,
        Some(trees) => Finding { state: State::Weaker, ..finding }
            .why(format!(
                "{trees} shared trees lie on a filesystem without id-mapped mounts: their files \
                 are nobody's"
            ))
            .fix("run drybox as an ordinary user, or put them on ext4, xfs or btrfs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(at: &str, kind: &str) -> Mounted {
        mounts::mounted(&format!("1 2 3:4 / {at} rw - {kind} x rw")).unwrap()
    }

    #[test]
    fn submounts_are_named_and_else_the_filesystem_is() {
        let env = |_: &str| None;
        let host = Host::of_process(&env).unwrap();
        let all = [mount("/", "ext4"), mount("/w", "fuse.x"), mount("/w/a", "tmpfs")];
        let (why, fix) = cause(&all, Path::new("/w"), &host);
        assert_eq!(why, "/w/a is mounted below it, 1 in all");
        assert_eq!(fix, "sudo umount /w/a, or a workspace beside it");
        let (why, fix) = cause(&all[..2], Path::new("/w/b"), &host);
        assert!(why.ends_with("(its filesystem is fuse.x)"), "{why}");
        assert!(fix.starts_with("put it on ext4"), "{fix}");
    }
}
