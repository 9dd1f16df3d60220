use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use drybox_spec::HostPath;
use rustix::fs::{CWD, FileType, Mode, mkdirat, mknodat, openat};
use tempfile::TempDir;

use super::*;

fn root(dir: &Path) -> Root {
    Root::open(&HostPath::parse(dir.as_os_str().as_encoded_bytes()).unwrap()).unwrap()
}

fn rel(path: &str) -> RelPath {
    RelPath::parse(path.as_bytes()).unwrap()
}

/// A chain of directories that no single path of the kernel reaches.
fn deep(dir: &Path, depth: usize, name: &str) {
    let mut at =
        openat(CWD, dir, rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY, Mode::empty())
            .unwrap();
    for _ in 0..depth {
        mkdirat(&at, name, Mode::from_raw_mode(0o755)).unwrap();
        at = openat(&at, name, rustix::fs::OFlags::PATH, Mode::empty()).unwrap();
    }
}

#[test]
fn no_link_is_followed_and_nothing_but_files_is_opened() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/file"), "inside").unwrap();
    symlink("/etc", dir.path().join("out")).unwrap();
    symlink("sub", dir.path().join("in")).unwrap();
    mknodat(CWD, dir.path().join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let root = root(dir.path());
    let mut text = String::new();
    root.file(&rel("sub/file")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "inside");
    for (path, errno) in [
        ("out/hostname", Errno::LOOP),
        ("in/file", Errno::LOOP),
        ("out", Errno::NOTSUP),
        ("fifo", Errno::NOTSUP),
        ("sub", Errno::NOTSUP),
        ("none", Errno::NOENT),
    ] {
        assert_eq!(root.file(&rel(path)).unwrap_err().errno, errno, "{path}");
    }
    assert!(root.stat(&rel("out/hostname")).unwrap().is_none());
    assert_eq!(root.link(&rel("out")).unwrap(), b"/etc");
    assert_eq!(root.dir(&rel("out")).unwrap_err().errno, Errno::LOOP);
}

#[test]
fn a_file_is_replaced_whole_and_a_link_in_its_place_is_not_followed() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("target"), "kept").unwrap();
    symlink("target", dir.path().join("name")).unwrap();
    let root = root(dir.path());
    root.replace(&rel("name"), b"new", 0o600).unwrap();
    root.replace(&rel("name"), b"newer", 0o600).unwrap();
    assert_eq!(fs::read(dir.path().join("target")).unwrap(), b"kept");
    assert_eq!(fs::read(dir.path().join("name")).unwrap(), b"newer");
    assert_eq!(root.names().unwrap(), [b"name".to_vec(), b"target".to_vec()]);
}

#[test]
fn a_walk_goes_through_everything_in_order_and_stays_within_a_few_descriptors() {
    let dir = TempDir::new().unwrap();
    for name in ["b", "a/y", "a/x/1", "c/2"] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let root = root(dir.path());
    let mut walk = Walk::of(&root);
    let mut seen = Vec::new();
    while let Some(entry) = walk.next() {
        let entry = entry.unwrap();
        if entry.path == rel("c") {
            walk.stay_out();
        }
        seen.push(String::from_utf8(entry.path.as_bytes().to_vec()).unwrap());
    }
    assert_eq!(seen, ["a", "a/x", "a/x/1", "a/y", "b", "c"]);

    deep(dir.path(), 4000, "deep");
    // Siblings on the way back, where the descriptors were closed.
    let below = dir.path().join("deep/deep/z");
    fs::write(&below, "").unwrap();
    let mut last = Vec::new();
    let mut count = 0;
    for entry in Walk::of(&root) {
        let entry = entry.unwrap();
        count += 1;
        if entry.path.name() == b"z" {
            last = entry.path.as_bytes().to_vec();
        }
    }
    assert_eq!((count, last.as_slice()), (4008, &b"deep/deep/z"[..]));
    root.remove_all(&rel("deep")).unwrap();
    assert!(!dir.path().join("deep").exists());
}

#[test]
fn a_directory_that_is_moved_while_it_is_walked_leads_nowhere_else() {
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("tree/a")).unwrap();
    fs::create_dir_all(dir.path().join("other/secret")).unwrap();
    deep(&dir.path().join("tree/a"), 100, "d");
    let root = root(&dir.path().join("tree"));
    let mut walk = Walk::of(&root);
    while walk.depth() < 100 {
        walk.advance().unwrap().unwrap();
    }
    fs::rename(dir.path().join("tree/a/d/d"), dir.path().join("other/d")).unwrap();
    let seen: Vec<_> = walk.by_ref().collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].as_ref().unwrap_err().errno, Errno::STALE);
}

#[test]
fn locked_directories_are_gone_through_and_locked_again() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("locked")).unwrap();
    fs::write(dir.path().join("locked/file"), "secret").unwrap();
    let mode = |path: &str, mode| {
        fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("locked/file", 0);
    mode("locked", 0);
    let root = root(dir.path());
    let mut walk = Walk::unlocking(&root);
    let mut seen = Vec::new();
    for entry in walk.by_ref() {
        let entry = entry.unwrap();
        if entry.kind() == FileType::RegularFile {
            let mut text = String::new();
            root.locked_file(&entry.path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "secret");
        }
        seen.push(entry.path);
    }
    assert_eq!(seen, [rel("locked"), rel("locked/file")]);
    drop(walk);
    assert_eq!(root.stat(&rel("locked")).unwrap().unwrap().st_mode & 0o7777, 0);
    let mut early = Walk::unlocking(&root);
    assert_eq!(early.by_ref().take(2).count(), 2);
    drop(early);
    assert_eq!(root.stat(&rel("locked")).unwrap().unwrap().st_mode & 0o7777, 0);
}

#[test]
fn whatever_is_in_a_tree_it_is_removed() {
    let dir = TempDir::new().unwrap();
    let top = dir.path().join("top");
    fs::create_dir_all(top.join("a/b/c")).unwrap();
    fs::create_dir_all(top.join("locked/inner/most")).unwrap();
    fs::write(top.join("a/b/c/file"), "").unwrap();
    fs::write(top.join("locked/inner/most/file"), "").unwrap();
    fs::write(top.join("locked/inner/new\nline\x1b[2J\u{202e}"), "").unwrap();
    symlink("/etc/passwd", top.join("link")).unwrap();
    mknodat(CWD, top.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0), 0).unwrap();
    mknodat(CWD, top.join("whiteout"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(top.join("socket")).unwrap();
    for path in ["locked/inner/most", "locked/inner", "locked"] {
        fs::set_permissions(top.join(path), fs::Permissions::from_mode(0o0)).unwrap();
    }
    deep(&top, 1500, "d");
    let root = root(dir.path());
    root.remove_all(&rel("top")).unwrap();
    root.remove_all(&rel("top")).unwrap();
    drop(socket);
    assert!(root.is_empty().unwrap());
    assert!(fs::metadata("/etc/passwd").is_ok());
}
