//! A directory where the test user can read what root built: root's home is closed to it, and
//! stays so.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// `bin/` holds programs, `src/` the source tree, `work/` is the current directory of a run.
/// Gone when dropped.
pub(crate) struct Staging {
    root: tempfile::TempDir,
}

impl Staging {
    pub(crate) fn new() -> Result<Self, Failure> {
        let base = Path::new("/var/tmp");
        let root = tempfile::Builder::new()
            .prefix("drybox-tests-")
            .permissions(readable(true))
            .tempdir_in(base)
            .map_err(Failure::io("make a directory in", base))?;
        for name in ["bin", "src", "work"] {
            make_dir(&root.path().join(name))?;
        }
        Ok(Self { root })
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.root.path().join("src")
    }

    /// A directory that belongs to a user, below the working directory.
    pub(crate) fn add_work(&self, name: &str, uid: u32, gid: u32) -> Result<PathBuf, Failure> {
        let path = self.work().join(name);
        make_dir(&path)?;
        std::os::unix::fs::chown(&path, Some(uid), Some(gid))
            .map_err(Failure::io("chown", &path))?;
        Ok(path)
    }

    /// Copies a program in, and says where it is.
    pub(crate) fn add_program(&self, from: &Path) -> Result<PathBuf, Failure> {
        self.add_as(from, &from.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Copies a program in under another name.
    pub(crate) fn add_as(&self, from: &Path, name: &str) -> Result<PathBuf, Failure> {
        let to = self.root.path().join("bin").join(name);
        copy_file(from, &to)?;
        Ok(to)
    }

    /// Links a program that was copied in from a directory of this name, and says where it is.
    pub(crate) fn add_link(&self, program: &Path, directory: &str) -> Result<PathBuf, Failure> {
        let directory = self.root.path().join("bin").join(directory);
        let link = directory.join(program.file_name().unwrap_or_default());
        if !directory.exists() {
            make_dir(&directory)?;
            std::fs::hard_link(program, &link).map_err(Failure::io("link", &link))?;
        }
        Ok(link)
    }

    /// Copies the source tree: tests read their data, and the documents that they check, there.
    pub(crate) fn add_source(&self, checkout: &Path) -> Result<(), Failure> {
        copy_tree(checkout, &self.source())
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Failure> {
    for entry in std::fs::read_dir(from).map_err(Failure::io("list", from))? {
        let entry = entry.map_err(Failure::io("list", from))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().map_err(Failure::io("stat", &path))?;
        let copy = to.join(&name);
        if kind.is_dir() && !NOT_SOURCE.iter().any(|other| name == *other) {
            make_dir(&copy)?;
            copy_tree(&path, &copy)?;
        } else if kind.is_file() {
            copy_file(&path, &copy)?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&path).map_err(Failure::io("read", &path))?;
            std::os::unix::fs::symlink(target, &copy).map_err(Failure::io("make", &copy))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::copy(from, to).map_err(Failure::io("copy", from))?;
    let mode = from.metadata().map_err(Failure::io("stat", from))?.permissions().mode();
    std::fs::set_permissions(to, readable(mode & 0o100 != 0)).map_err(Failure::io("chmod", to))
}

fn make_dir(path: &Path) -> Result<(), Failure> {
    std::fs::DirBuilder::new().mode(0o755).create(path).map_err(Failure::io("make", path))?;
    std::fs::set_permissions(path, readable(true)).map_err(Failure::io("chmod", path))
}

/// For everybody, whatever the umask of the checkout was.
fn readable(executable: bool) -> std::fs::Permissions {
    std::fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 })
}

const NOT_SOURCE: &[&str] = &["target", ".git", "node_modules"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_root_keeps_to_itself_is_readable_in_the_copy_and_build_output_is_left_out() {
        let from = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(from.path().join("a/target")).unwrap();
        std::fs::write(from.path().join("a/data"), "x").unwrap();
        let closed = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(from.path().join("a/data"), closed).unwrap();
        let staging = Staging::new().unwrap();
        staging.add_source(from.path()).unwrap();
        let copy = staging.source().join("a/data");
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert!(!staging.source().join("a/target").exists());
    }

    #[test]
    fn nothing_is_left_behind() {
        let staging = Staging::new().unwrap();
        let root = staging.work();
        assert!(root.exists());
        drop(staging);
        assert!(!root.exists());
    }
}
