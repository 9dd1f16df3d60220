//! Places of the table that are there: what a directory that is written at once keeps read-only.
//!
//! Only rows that act by being there (crit and high), and only where the place alone decides: a hook,
//! an editor's settings, an agent's instructions, git's config. What holds by content, a build file
//! say, is written all day and is not among them.

use std::collections::BTreeMap;

use drybox_tree::{FileType, RelPath, Root, TreeError, kind_of};

use super::glob::expand;
use super::name::normal;
use super::rule::{Check, Look, Severity, Standing};
use super::table;

/// Files and directories of this tree that a row is about, directories for all that is or may come
/// in them; at most [`MOST`]. It looks at the top and into directories that rows name, not further:
/// the cost does not grow with the tree.
///
/// # Errors
/// *Host*.
pub fn places(tree: &Root) -> Result<Vec<RelPath>, TreeError> {
    let mut found = Vec::new();
    Node::of_table().find(tree, None, &mut found)?;
    found.truncate(MOST);
    Ok(found)
}

/// Each is a mount.
pub const MOST: usize = 64;

/// Of git's own directory, which every commit writes: what git obeys and no commit touches.
const GIT: &[&str] = &[
    ".git/hooks/*",
    ".git/config",
    ".git/config.worktree",
    ".git/commondir",
    ".git/info/attributes",
    ".git/info/grafts",
    ".git/objects/info/alternates",
];

/// What the table says of a name.
#[derive(Debug, Default)]
struct Node {
    below: BTreeMap<String, Self>,
    /// A place ends here: it is held, whatever it is.
    ends: bool,
    /// A place goes on with a wildcard: everything in it is held.
    is_open: bool,
}

impl Node {
    fn of_table() -> Self {
        let mut root = Self::default();
        let acts =
            |rule: &&super::Rule| rule.standing == Standing::Yes && rule.severity != Severity::Med;
        for look in table::rules().filter(acts).flat_map(|rule| rule.looks).filter(is_about_place) {
            let globs = look.at.iter().filter(|glob| !glob.starts_with('!'));
            for glob in globs.flat_map(|glob| expand(&glob.to_lowercase())) {
                let place = glob.strip_prefix("**/").unwrap_or(&glob);
                if !place.starts_with(".git/") {
                    root.add(place);
                }
            }
        }
        GIT.iter().for_each(|place| root.add(place));
        root
    }

    fn add(&mut self, glob: &str) {
        let mut at = self;
        for part in glob.split('/') {
            if part.contains(['*', '?', '[']) {
                at.is_open = true;
                return;
            }
            at = at.below.entry(part.to_owned()).or_default();
        }
        at.ends = true;
    }

    fn find(
        &self,
        dir: &Root,
        path: Option<&RelPath>,
        found: &mut Vec<RelPath>,
    ) -> Result<(), TreeError> {
        for name in dir.names()? {
            let known = normal(&name);
            let Some(node) = self.below.get(&known) else { continue };
            let Ok(name) = RelPath::parse(&name) else { continue };
            let whole = path.map_or_else(|| name.clone(), |path| path.join(&name));
            let Some(stat) = dir.stat(&name)? else { continue };
            let is_dir = match kind_of(&stat) {
                FileType::Directory => true,
                FileType::RegularFile => false,
                // A mount would stand where the link leads.
                _ => continue,
            };
            let in_git = path.is_some_and(|path| {
                let first = path.as_bytes().split(|&byte| byte == b'/').next();
                first.is_some_and(|first| normal(first) == ".git")
            });
            let is_whole = match (is_dir, in_git) {
                (false, _) => node.ends,
                (true, true) => node.is_open,
                (true, false) => node.is_settings(&known, path.is_some()),
            };
            if is_whole {
                found.push(whole);
            } else if is_dir {
                match dir.dir(&name) {
                    Ok(below) => node.find(&below, Some(&whole), found)?,
                    // What cannot be opened cannot be written there either, by the same user.
                    Err(error) if error.errno == drybox_tree::Errno::ACCESS => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Whether a directory holds nothing but such places, so that it is kept as a whole, with those
    /// that are not there yet: a tool's own, by its name. git's own is written by every commit.
    fn is_settings(&self, name: &str, is_below: bool) -> bool {
        let holds = self.ends || self.is_open || self.below.values().any(|node| node.ends);
        holds && name != ".git" && (is_below || name.starts_with('.'))
    }
}

fn is_about_place(look: &&Look) -> bool {
    !look.at.contains(&"**")
        && match look.check {
            Check::Any | Check::New | Check::Executable | Check::NewExecutable => true,
            Check::Guard
            | Check::Keys(_)
            | Check::Deleted
            | Check::Mask
            | Check::KeysGone(_)
            | Check::Lines(_)
            | Check::LinesGone(_)
            | Check::Beside(_)
            | Check::Lock(_)
            | Check::Trick(_)
            | Check::Text(_)
            | Check::Closure(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use drybox_spec::HostPath;
    use tempfile::TempDir;

    use super::*;

    fn found(files: &[&str]) -> Vec<String> {
        let dir = TempDir::new_in("/var/tmp").unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let path = HostPath::parse(dir.path().as_os_str().as_encoded_bytes()).unwrap();
        let found = places(&Root::open(&path).unwrap()).unwrap();
        let mut found: Vec<String> =
            found.iter().map(|path| String::from_utf8(path.as_bytes().to_vec()).unwrap()).collect();
        found.sort();
        found
    }

    #[test]
    fn what_runs_by_its_place_is_found_and_its_neighbours_are_not() {
        let files = [
            ".git/hooks/pre-commit",
            ".git/config",
            ".git/index",
            ".git/HEAD",
            ".git/objects/aa/bb",
            ".git/info/exclude",
            ".git/COMMIT_EDITMSG",
            "config/app.rb",
            ".vscode/other.json",
            ".envrc",
            "src/main.rs",
            "package.json",
            "Makefile",
            "README.md",
            "CLAUDE.md",
        ];
        assert_eq!(found(&files), [".envrc", ".git/config", ".git/hooks", ".vscode", "CLAUDE.md"]);
        assert_eq!(found(&["src/main.rs", ".gitignore"]), [""; 0]);
    }

    #[test]
    fn each_place_of_gits_own_has_a_rule() {
        let rules: Vec<_> = table::rules().copied().collect();
        let globs = super::super::glob::Globs::new(&rules);
        for place in GIT {
            assert!(!globs.looks(&place.replace('*', "pre-push")).is_empty(), "{place}");
        }
    }

    #[test]
    fn every_directory_that_is_kept_whole_is_a_tools_own() {
        // Where builds write, nothing is kept as a whole.
        let root = Node::of_table();
        let whole: Vec<&String> = root
            .below
            .iter()
            .filter(|(name, node)| node.is_settings(name, false))
            .map(|(n, _)| n)
            .collect();
        for written in
            [".git", ".venv", ".cache", ".next", ".yarn", ".gradle", ".tox", ".terraform"]
        {
            assert!(!whole.iter().any(|name| *name == written), "{written} in {whole:?}");
        }
        assert!(whole.iter().any(|name| *name == ".vscode"), "{whole:?}");
    }
}
