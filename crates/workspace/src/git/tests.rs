use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(TempDir::new_in("/var/tmp").unwrap())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn git_dir(&self, path: &str) {
        fs::create_dir_all(self.path(path).join("objects/info")).unwrap();
        fs::create_dir_all(self.path(path).join("refs")).unwrap();
        self.write(&format!("{path}/HEAD"), "ref: refs/heads/main\n");
    }

    fn find(&self, cwd: &str) -> Option<Repository> {
        fs::create_dir_all(self.path(cwd)).unwrap();
        let limit = self.0.path().to_owned();
        let cwd = host_path(&self.path(cwd)).unwrap();
        let uid = rustix::process::geteuid().as_raw();
        find_repository(&cwd, uid, &|dir| dir.as_path() != limit)
    }

    fn seen(&self, cwd: &str) -> Option<[Vec<String>; 3]> {
        let found = self.find(cwd)?;
        let names = |paths: &[HostPath]| {
            let below = |path: &HostPath| {
                path.as_path().strip_prefix(self.0.path()).ok().map(Path::to_owned)
            };
            let name = |path: &HostPath| {
                below(path).unwrap_or_else(|| path.as_path().to_owned()).display().to_string()
            };
            paths.iter().map(name).collect()
        };
        Some([names(&[found.top]), names(&found.outside), names(&found.unproven)])
    }
}

fn says(top: &str, outside: &[&str], unproven: &[&str]) -> Option<[Vec<String>; 3]> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Some([owned(&[top]), owned(outside), owned(unproven)])
}

#[test]
fn the_top_level_is_found_from_below_and_nothing_that_only_looks_like_one() {
    let disk = Disk::new();
    disk.git_dir("p/.git");
    assert_eq!(disk.seen("p/a/b"), says("p", &[], &[]));
    assert_eq!(disk.seen("q"), None);
    fs::create_dir_all(disk.path("r/.git")).unwrap();
    assert_eq!(disk.seen("r"), None);
    symlink(disk.path("p/.git"), disk.path("q/.git")).unwrap();
    assert_eq!(disk.seen("q"), None);
}

#[test]
fn a_linked_worktree_brings_its_repository() {
    let disk = Disk::new();
    disk.git_dir("main/.git");
    let tree = disk.path("tree");
    disk.write("tree/.git", &format!("gitdir: {}\n", disk.path("main/.git/worktrees/t").display()));
    disk.write("main/.git/worktrees/t/gitdir", &format!("{}/.git\n", tree.display()));
    disk.write("main/.git/worktrees/t/commondir", "../..\n");
    assert_eq!(disk.seen("tree/sub"), says("tree", &["main/.git"], &[]));
    // Of another tree that claims the same.
    disk.write("evil/.git", &format!("gitdir: {}\n", disk.path("main/.git/worktrees/t").display()));
    assert_eq!(disk.seen("evil"), says("evil", &[], &["main/.git/worktrees/t"]));
}

#[test]
fn a_submodule_brings_its_own_directory() {
    let disk = Disk::new();
    disk.git_dir("main/.git");
    disk.git_dir("main/.git/modules/sub");
    disk.write("main/sub/.git", "gitdir: ../.git/modules/sub\n");
    disk.write(
        "main/.git/modules/sub/config",
        "[core]\n\tbare = false\n\tworktree = ../../../sub\n[remote \"o\"]\n\turl = x\n",
    );
    assert_eq!(disk.seen("main/sub"), says("main/sub", &["main/.git/modules/sub"], &[]));
}

#[test]
fn a_git_file_opens_no_directory_that_does_not_point_back() {
    let disk = Disk::new();
    for (name, target) in [("ssh", "/etc/ssh"), ("up", "../.."), ("root", "/")] {
        disk.write(&format!("{name}/.git"), &format!("gitdir: {target}\n"));
        let [_, outside, _] = disk.seen(name).unwrap_or_default();
        assert!(outside.is_empty(), "{name}");
    }
    // A whole repository of the user's, whose objects would be read.
    disk.git_dir("private/.git");
    disk.write("private/.git/config", "[core]\n\tworktree = ../../private\n");
    disk.write("evil/.git", &format!("gitdir: {}\n", disk.path("private/.git").display()));
    assert_eq!(disk.seen("evil"), says("evil", &[], &["private/.git"]));
    disk.write("long/.git", &format!("gitdir: {}\n", "x".repeat(1 << 17)));
    disk.write("odd/.git", "gitdir: a\nb\n");
    disk.write("none/.git", "");
    for name in ["long", "odd", "none"] {
        assert_eq!(disk.seen(name), None, "{name}");
    }
}

#[test]
fn borrowed_objects_are_named_and_not_opened() {
    let disk = Disk::new();
    disk.git_dir("other/.git");
    disk.git_dir("p/.git");
    let objects = disk.path("other/.git/objects");
    disk.write("p/.git/objects/info/alternates", &format!("{}\n", objects.display()));
    assert_eq!(disk.seen("p"), says("p", &[], &["other/.git/objects"]));
    disk.write("p/.git/objects/info/alternates", "../../.git/objects\n");
    assert_eq!(disk.seen("p"), says("p", &[], &[]));
}

#[test]
fn a_flood_of_borrowed_objects_is_named_by_its_file() {
    let disk = Disk::new();
    disk.git_dir("p/.git");
    for number in 0..30 {
        fs::create_dir_all(disk.path(&format!("b{number}"))).unwrap();
    }
    let file = disk.path("p/.git/objects/info/alternates");
    let lines = |count: usize| {
        (0..count)
            .map(|number| format!("{}\n", disk.path(&format!("b{number}")).display()))
            .collect::<String>()
    };
    for (text, named, whole) in [
        (lines(3), 3, true),
        (lines(30), 17, false),
        // Longer than is read: nothing of it is believed, and that is told.
        ("x".repeat(1 << 17), 1, false),
    ] {
        disk.write("p/.git/objects/info/alternates", &text);
        let unproven = disk.find("p").unwrap().unproven;
        assert_eq!(unproven.len(), named);
        let last = unproven.last().unwrap();
        assert_eq!(last.as_path() != file, whole, "{last:?}");
    }
}
