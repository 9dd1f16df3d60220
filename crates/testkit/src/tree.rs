//! A snapshot of a directory tree, as lstat(2) shows it, and what changed between two.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::Metadata;
use std::hash::Hasher;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use drybox_spec::Shown;

use crate::OrFail;

/// Every entry of a tree, by its path from the root of the tree. Stays on one filesystem; follows
/// no link; opens regular files and directories only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    entries: BTreeMap<PathBuf, Entry>,
}

/// One entry: everything of lstat(2) that a program outside can notice, the access time aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Number of hard links.
    pub links: u64,
    /// Inode number: a file that was replaced by an equal one differs.
    pub inode: u64,
    /// Modification time, nanoseconds since the epoch.
    pub modified: i128,
    /// Change time, nanoseconds since the epoch: a chmod and back differs.
    pub changed: i128,
    /// What is in it.
    pub content: Content,
}

/// What is in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file, by a hash that is stable within one process.
    File(u64),
    /// Where a symbolic link points.
    Link(PathBuf),
    /// A directory; its entries are listed by themselves.
    Dir,
    /// A socket, FIFO or device, by its device number.
    Node(u64),
    /// We may not read it (errno).
    Unreadable(i32),
}

/// A difference between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added(PathBuf),
    /// It is gone.
    Removed(PathBuf),
    /// It differs: before, after.
    Changed(PathBuf, Box<(Entry, Entry)>),
}

impl Snapshot {
    /// Walks the tree below (and with) `root`. What disappears meanwhile fails the test: a
    /// snapshot is of a tree that stands still.
    #[must_use]
    #[track_caller]
    pub fn of(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        let mut entries = BTreeMap::new();
        let top = root.symlink_metadata().or_fail(format_args!("stat {}", root.display()));
        let device = top.dev();
        let mut open = vec![(PathBuf::new(), top)];
        while let Some((path, metadata)) = open.pop() {
            let full = root.join(&path);
            let mut entry = Entry::of(&full, &metadata);
            if entry.content == Content::Dir && metadata.dev() == device {
                match list(&full) {
                    Ok(below) => {
                        open.extend(below.into_iter().map(|(name, meta)| (path.join(name), meta)));
                    }
                    Err(error) => entry.content = unreadable(&error),
                }
            }
            entries.insert(path, entry);
        }
        Self { entries }
    }

    /// How many entries it has, the root included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// An entry by its path from the root of the tree; the root itself has the empty path.
    #[must_use]
    pub fn get(&self, path: impl AsRef<Path>) -> Option<&Entry> {
        self.entries.get(path.as_ref())
    }

    /// What changed from this snapshot to a later one, by path.
    #[must_use]
    pub fn changes_to(&self, later: &Self) -> Vec<Change> {
        let gone = self.entries.iter().filter_map(|(path, before)| match later.entries.get(path) {
            None => Some(Change::Removed(path.clone())),
            Some(after) if after == before => None,
            Some(after) => {
                let both = Box::new((before.clone(), after.clone()));
                Some(Change::Changed(path.clone(), both))
            }
        });
        let new = later.entries.keys().filter(|path| !self.entries.contains_key(*path));
        let mut changes: Vec<Change> = gone.chain(new.cloned().map(Change::Added)).collect();
        changes.sort_by(|a, b| a.path().cmp(b.path()));
        changes
    }

    /// Fails, with the list of changes, when a later snapshot differs.
    #[track_caller]
    pub fn expect_same(&self, later: &Self) {
        let changes = self.changes_to(later);
        assert!(changes.is_empty(), "the tree changed: {changes:#?}");
    }
}

impl Change {
    /// The path from the root of the tree.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Added(path) | Self::Removed(path) | Self::Changed(path, _) => path,
        }
    }
}

impl Entry {
    #[track_caller]
    fn of(path: &Path, metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            size: metadata.size(),
            links: metadata.nlink(),
            inode: metadata.ino(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            content: content(path, metadata),
        }
    }
}

#[track_caller]
fn content(path: &Path, metadata: &Metadata) -> Content {
    let kind = metadata.file_type();
    let read = if kind.is_dir() {
        Ok(Content::Dir)
    } else if kind.is_symlink() {
        path.read_link().map(Content::Link)
    } else if kind.is_file() {
        hash(path).map(Content::File)
    } else {
        Ok(Content::Node(metadata.rdev()))
    };
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("{} disappeared while the tree was read", Shown(path.as_os_str().as_bytes()))
        }
        Err(error) => unreadable(&error),
        Ok(content) => content,
    }
}

fn unreadable(error: &io::Error) -> Content {
    Content::Unreadable(error.raw_os_error().unwrap_or_default())
}

fn list(dir: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    std::fs::read_dir(dir)?
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name().into(), entry.metadata()?))))
        .collect()
}

fn hash(path: &Path) -> io::Result<u64> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut chunk = vec![0_u8; 1 << 16];
    loop {
        let read = file.read(&mut chunk)?;
        match chunk.get(..read) {
            Some([]) | None => return Ok(hasher.finish()),
            // Bytes alone: how a read was cut into chunks must not count.
            Some(bytes) => hasher.write(bytes),
        }
    }
}

const fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    // Both fit: an i64 of seconds is 93 bits of nanoseconds.
    (seconds as i128) * 1_000_000_000 + (rest as i128)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::TestEnv;

    fn changed_paths(env: &TestEnv, act: impl FnOnce(&Path)) -> Vec<String> {
        for (path, content) in [("a", "1"), ("dir/b", "2"), ("dir/c", "3")] {
            env.write(path, content);
        }
        let before = Snapshot::of(env.work());
        act(&env.work());
        let changes = before.changes_to(&Snapshot::of(env.work()));
        changes.iter().map(|change| format!("{}", change.path().display())).collect()
    }

    #[test]
    fn a_tree_that_was_only_read_is_the_same() {
        let read = |work: &Path| drop(std::fs::read(work.join("dir/b")).unwrap());
        assert_eq!(changed_paths(&TestEnv::new(), read), [""; 0]);
    }

    #[test]
    fn content_of_equal_length_and_time_is_seen() {
        let rewrite = |work: &Path| {
            let file = std::fs::OpenOptions::new().write(true).open(work.join("a")).unwrap();
            let time = file.metadata().unwrap().modified().unwrap();
            io::Write::write_all(&mut &file, b"9").unwrap();
            file.set_modified(time).unwrap();
        };
        assert_eq!(changed_paths(&TestEnv::new(), rewrite), ["a"]);
    }

    #[test]
    fn a_mode_that_was_changed_and_changed_back_is_seen() {
        let chmod = |work: &Path| {
            let before = work.join("a").metadata().unwrap().permissions();
            // A change time has the grain of the kernel's tick.
            std::thread::sleep(std::time::Duration::from_millis(30));
            for mode in [std::fs::Permissions::from_mode(0o700), before] {
                std::fs::set_permissions(work.join("a"), mode).unwrap();
            }
        };
        assert_eq!(changed_paths(&TestEnv::new(), chmod), ["a"]);
    }

    #[test]
    fn what_is_new_and_what_is_gone_is_told_with_its_directory() {
        let act = |work: &Path| {
            std::fs::remove_file(work.join("dir/b")).unwrap();
            symlink("/nowhere", work.join("dir/link")).unwrap();
        };
        assert_eq!(changed_paths(&TestEnv::new(), act), ["dir", "dir/b", "dir/link"]);
    }

    #[test]
    fn a_fifo_is_not_opened_and_a_link_is_not_followed() {
        let env = TestEnv::new();
        let fifo = env.work().join("fifo");
        env.command("/usr/bin/mkfifo").arg(&fifo).run().expect_code(0);
        symlink(&fifo, env.work().join("link")).unwrap();
        let snapshot = Snapshot::of(env.work());
        assert_eq!(snapshot.get("fifo").unwrap().content, Content::Node(0));
        assert_eq!(snapshot.get("link").unwrap().content, Content::Link(fifo));
    }

    mod user_only {
        use super::*;

        #[test]
        fn what_cannot_be_read_is_told_as_such() {
            let env = TestEnv::new();
            env.write("closed", "x");
            let closed = std::fs::Permissions::from_mode(0o000);
            std::fs::set_permissions(env.work().join("closed"), closed).unwrap();
            let snapshot = Snapshot::of(env.work());
            assert_eq!(snapshot.get("closed").unwrap().content, Content::Unreadable(13));
        }
    }
}
