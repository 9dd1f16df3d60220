//! Which changes are git's own bookkeeping.

use drybox_tree::RelPath;

/// Whose a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The user's.
    Tree,
    /// What git writes at every turn and that nobody reads: told as a number.
    Git,
    /// git's cache of the working tree, which `git status` writes: not told.
    GitIndex,
}

/// Whose a path is. `in_git`: the layer itself is a directory of git's.
///
/// An allow-list: hooks, settings, attributes, alternates and what a later git may read are the
/// user's affair and shown one by one.
#[must_use]
pub fn area(path: &RelPath, in_git: bool) -> Area {
    let below = if in_git { Some(path.as_bytes()) } else { path.as_bytes().strip_prefix(b".git/") };
    let Some(mut below) = below else { return Area::Tree };
    // A linked worktree and a submodule have the same files again.
    for prefix in [&b"worktrees/"[..], b"modules/"] {
        if let Some(rest) = below.strip_prefix(prefix)
            && let Some(slash) = rest.iter().position(|&byte| byte == b'/')
        {
            below = rest.get(slash.saturating_add(1)..).unwrap_or_default();
        }
    }
    if below == b"index" {
        return Area::GitIndex;
    }
    if FILES.contains(&below) || is_object(below) {
        return Area::Git;
    }
    let in_tree = TREES.iter().any(|tree| below.starts_with(tree));
    if in_tree { Area::Git } else { Area::Tree }
}

/// Objects and packs by their names; `objects/info/alternates` is none.
fn is_object(path: &[u8]) -> bool {
    let Some(below) = path.strip_prefix(b"objects/") else { return false };
    let hex = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    match below.split(|&byte| byte == b'/').collect::<Vec<_>>().as_slice() {
        [fan, object] => {
            (fan.len() == 2 && hex(fan) && hex(object))
                || (*fan == b"pack"
                    && (object.starts_with(b"pack-") || object.starts_with(b"multi-pack-index")))
                || (*fan == b"info" && matches!(*object, b"packs" | b"commit-graph"))
        }
        [fan] => fan.len() == 2 && hex(fan),
        _ => false,
    }
}

const TREES: &[&[u8]] = &[b"refs/heads/", b"refs/tags/", b"refs/remotes/", b"refs/stash", b"logs/"];
const FILES: &[&[u8]] = &[
    b"HEAD",
    b"ORIG_HEAD",
    b"FETCH_HEAD",
    b"MERGE_HEAD",
    b"MERGE_MSG",
    b"MERGE_MODE",
    b"AUTO_MERGE",
    b"CHERRY_PICK_HEAD",
    b"REVERT_HEAD",
    b"REBASE_HEAD",
    b"COMMIT_EDITMSG",
    b"TAG_EDITMSG",
    b"SQUASH_MSG",
    b"packed-refs",
    b"gc.log",
    b"info/refs",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookkeeping_is_an_allow_list() {
        let of = |path: &str| area(&RelPath::parse(path.as_bytes()).unwrap(), false);
        for path in [
            ".git/HEAD",
            ".git/objects/ab/cdef0123",
            ".git/objects/pack/pack-1.idx",
            ".git/refs/heads/a/b",
            ".git/logs/HEAD",
            ".git/worktrees/x/HEAD",
            ".git/modules/x/objects/ab/cd",
        ] {
            assert_eq!(of(path), Area::Git, "{path}");
        }
        assert_eq!(of(".git/index"), Area::GitIndex);
        for path in [
            "index",
            "HEAD",
            "sub/.git/index",
            ".git",
            ".git/config",
            ".git/hooks/pre-commit",
            ".git/objects/info/alternates",
            ".git/objects/ab/../../x",
            ".git/refs/replace/ab",
            ".git/info/attributes",
            ".git/index.evil",
            ".git/worktrees/x/config.worktree",
            ".git/rebase-merge/git-rebase-todo",
            ".GIT/index",
        ] {
            if let Ok(path) = RelPath::parse(path.as_bytes()) {
                assert_eq!(area(&path, false), Area::Tree, "{path:?}");
            }
        }
        assert_eq!(area(&RelPath::parse(b"HEAD").unwrap(), true), Area::Git);
    }
}
