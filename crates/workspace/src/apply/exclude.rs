//! What never comes out, whatever is asked for.

use drybox_tree::RelPath;

use crate::hold;

/// Why a path never comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Excluded {
    /// git's own: hooks, settings, index, refs. Its files tell git of the host what to run.
    Git,
}

impl Excluded {
    /// In words, after the path.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Git => "git's own, which stays in the box",
        }
    }
}

/// Why this path never comes out; none: it may. The one place where that is decided.
///
/// `.git` under every name that some filesystem takes for it (CVE-2014-9390), at every depth, as a
/// directory and as a file.
#[must_use]
pub fn excluded(path: &RelPath) -> Option<Excluded> {
    let normal = hold::normal(path.as_bytes());
    let is_git = normal.split('/').any(|part| part == ".git");
    is_git.then_some(Excluded::Git)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_kept_in_by_every_name_and_nothing_else_is() {
        let of = |path: &str| excluded(&RelPath::parse(path.as_bytes()).unwrap());
        for path in [
            ".git",
            ".git/hooks/pre-commit",
            "sub/.git/config",
            "sub/.git",
            ".GIT/config",
            ".git./config",
            ".git /config",
            "GIT~1/config",
            ".g\u{200c}it/config",
            ".git::$INDEX_ALLOCATION/config",
        ] {
            assert_eq!(of(path), Some(Excluded::Git), "{path}");
        }
        for path in [".gitignore", ".github/x", "git", "a.git/b", ".gitmodules"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
