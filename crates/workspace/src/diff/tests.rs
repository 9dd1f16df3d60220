use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use drybox_spec::HostPath;
use drybox_tree::Root;
use rustix::fs::{CWD, FileType, Mode, OFlags, XattrFlags, mkdirat, mknodat, openat, setxattr};
use tempfile::TempDir;

use super::*;
use crate::{Discarded, discard};

/// A host's directory and an upper layer, as the kernel would have made it.
struct Layers(TempDir);

impl Layers {
    fn new(lower: &[(&str, &str)]) -> Self {
        let layers = Self(TempDir::new_in("/var/tmp").unwrap());
        for side in ["lower", "upper"] {
            fs::create_dir(layers.0.path().join(side)).unwrap();
        }
        for (path, text) in lower {
            write(&layers.lower(path), text);
        }
        layers
    }

    fn lower(&self, path: &str) -> PathBuf {
        self.0.path().join("lower").join(path)
    }

    fn upper(&self, path: &str) -> PathBuf {
        self.0.path().join("upper").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.upper(path), text);
    }

    fn delete(&self, path: &str) {
        let path = self.upper(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    }

    fn attribute(&self, path: &str, name: &str, value: &[u8]) {
        setxattr(self.upper(path), name, value, XattrFlags::empty()).unwrap();
    }

    fn roots(&self) -> (Root, Root) {
        let open = |path: PathBuf| {
            Root::open(&HostPath::parse(path.as_os_str().as_encoded_bytes()).unwrap()).unwrap()
        };
        (open(self.upper("")), open(self.lower("")))
    }

    fn changes(&self) -> Vec<Change> {
        let (upper, lower) = self.roots();
        compare(&upper, &lower).unwrap()
    }

    /// `kind path`, or `renamed from -> path`.
    fn said(&self) -> Vec<String> {
        let text = |path: &RelPath| String::from_utf8_lossy(path.as_bytes()).into_owned();
        let say = |change: Change| match change.from {
            Some(from) => format!("{:?} {} -> {}", change.kind, text(&from), text(&change.path)),
            None => format!("{:?} {}", change.kind, text(&change.path)),
        };
        self.changes().into_iter().map(say).collect()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn rel(path: &str) -> RelPath {
    RelPath::parse(path.as_bytes()).unwrap()
}

#[test]
fn each_kind_of_change_is_told_and_a_copy_is_none() {
    let layers = Layers::new(&[
        ("same", "a"),
        ("edited", "a"),
        ("sized", "a"),
        ("gone", "a"),
        ("mode", "a"),
        ("file-to-dir", "a"),
        ("dir-to-file/inner", "b"),
        ("d/kept", "a"),
    ]);
    symlink("here", layers.lower("link")).unwrap();
    symlink("same", layers.lower("same-link")).unwrap();
    for (path, text) in
        [("same", "a"), ("edited", "b"), ("sized", "ab"), ("new", "new"), ("mode", "a")]
    {
        layers.write(path, text);
    }
    layers.delete("gone");
    mode(&layers.upper("mode"), 0o600);
    fs::create_dir_all(layers.upper("file-to-dir/empty")).unwrap();
    layers.write("dir-to-file", "x");
    symlink("there", layers.upper("link")).unwrap();
    symlink("same", layers.upper("same-link")).unwrap();
    // A directory that was copied up for something that is gone again.
    fs::create_dir(layers.upper("d")).unwrap();
    assert_eq!(
        layers.said(),
        [
            "Type dir-to-file",
            "Deleted dir-to-file/inner",
            "Modified edited",
            "Type file-to-dir",
            "Added file-to-dir/empty",
            "Deleted gone",
            "Modified link",
            "Mode mode",
            "Added new",
            "Modified sized",
        ]
    );
}

#[test]
fn a_directory_that_went_or_was_replaced_tells_every_file_that_went_with_it() {
    let layers = Layers::new(&[("a/1", "1"), ("a/b/2", "22"), ("c/3", "333"), ("c/d/4", "4444")]);
    fs::create_dir(layers.lower("a/empty")).unwrap();
    layers.delete("a");
    layers.write("c/d/new", "12345");
    layers.write("c/3", "333");
    layers.attribute("c", "user.overlay.opaque", b"y");
    assert_eq!(
        layers.said(),
        ["Deleted a/1", "Deleted a/b/2", "Deleted a/empty", "Deleted c/d/4", "Added c/d/new"]
    );
}

#[test]
fn what_a_payload_can_write_is_not_taken_for_the_kernels() {
    let layers = Layers::new(&[("d/kept", "a"), ("e/kept", "a")]);
    for (dir, name, value) in [
        ("d", "user.overlay.overlay.opaque", &b"y"[..]),
        ("e", "user.overlay.opaque.x", b"y"),
        ("f", "user.overlay.redirect", b"/etc"),
        ("e", "user.overlay.opaque", b"x"),
    ] {
        fs::create_dir_all(layers.upper(dir)).unwrap();
        layers.attribute(dir, name, value);
    }
    // Of the format of images, which means nothing here.
    layers.write("d/.wh.kept", "");
    layers.write("d/.wh..wh..opq", "");
    layers.write("empty", "");
    layers.attribute("empty", "user.overlay.whiteout", b"y");
    // A deletion of what the host does not have (any more).
    layers.delete("never");
    assert_eq!(
        layers.said(),
        ["Added d/.wh..wh..opq", "Added d/.wh.kept", "Added empty", "Added f"]
    );
}

#[test]
fn a_rename_is_inferred_from_equal_content_and_each_file_is_used_once() {
    let layers = Layers::new(&[("old/a", "aaaa"), ("old/b", "bbbb"), ("empty", ""), ("z", "aaaa")]);
    layers.delete("old");
    layers.delete("empty");
    layers.delete("z");
    layers.write("new/b", "bbbb");
    layers.write("new/a", "aaaa");
    layers.write("new/copy", "aaaa");
    layers.write("none", "");
    assert_eq!(
        layers.said(),
        [
            "Deleted empty",
            "Renamed old/a -> new/a",
            "Renamed old/b -> new/b",
            "Renamed z -> new/copy",
            "Added none",
        ]
    );
}

#[test]
fn a_hostile_upper_layer_is_walked_to_its_end_and_left_as_it_was() {
    let layers = Layers::new(&[("locked/kept", "a"), ("f", "a")]);
    layers.write("locked/kept", "b");
    layers.write("secret", "x");
    mknodat(CWD, layers.upper("f"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let names = ["-rf", "a\nb", "\x1b]52;c;aaaa\x07", "\u{202e}txt.exe", "\\", &"n".repeat(255)];
    for name in names {
        layers.write(name, "");
    }
    for number in 0..10_000 {
        fs::write(layers.upper(&format!("e{number}")), "").unwrap();
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let mut at = openat(CWD, layers.upper(""), flags, Mode::empty()).unwrap();
    for _ in 0..4000 {
        mkdirat(&at, "d", Mode::RWXU).unwrap();
        at = openat(&at, "d", flags, Mode::empty()).unwrap();
    }
    // Nothing of it is on the disk, or read.
    let sparse = fs::File::create(layers.upper("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    for (path, bits) in [("locked/kept", 0), ("locked", 0), ("secret", 0o200)] {
        mode(&layers.upper(path), bits);
    }
    let changes = layers.changes();
    assert_eq!(changes.len(), 10_000 + names.len() + 6);
    let of = |path: &str| changes.iter().find(|change| change.path == rel(path)).unwrap();
    assert_eq!(of("f").kind, Kind::Type);
    assert_eq!(of("locked").kind, Kind::Mode);
    assert_eq!(of("locked/kept").kind, Kind::Modified);
    let (upper, lower) = layers.roots();
    let pair = Pair { lower: &lower, upper: &upper };
    assert_eq!(unified(of("sparse"), pair, 1 << 20).unwrap(), Diffed::TooLong);
    assert_eq!(unified(of("f"), pair, 1 << 20).unwrap_or(Diffed::Nothing), text(&["-a"]));
    let mode_of = |path: &str| upper.stat(&rel(path)).unwrap().unwrap().st_mode & 0o7777;
    assert_eq!((mode_of("locked"), mode_of("secret")), (0, 0o200));

    for path in ["d", "locked", "f", "sparse"] {
        assert_eq!(discard(&upper, &rel(path)).unwrap(), Discarded::Done, "{path}");
    }
    assert_eq!(layers.changes().len(), 10_000 + names.len() + 1);
}

#[test]
fn a_directory_too_deep_to_look_into_is_one_change_whatever_is_below() {
    let layers = Layers::new(&[("kept", "a")]);
    let deep = |side: PathBuf, levels: usize| {
        let mut at = openat(CWD, side, OFlags::PATH, Mode::empty()).unwrap();
        for _ in 0..levels {
            mkdirat(&at, "d", Mode::RWXU).unwrap();
            let file = OFlags::CREATE | OFlags::WRONLY;
            drop(openat(&at, "f", file, Mode::RUSR).unwrap());
            at = openat(&at, "d", OFlags::PATH, Mode::empty()).unwrap();
        }
    };
    deep(layers.upper(""), 1000);
    let changes = layers.changes();
    // `f` beside each `d` down to the one that is told in place of what it holds.
    assert_eq!(changes.len(), 257 + 1);
    let is_deep = |change: &&Change| change.new.unwrap().kind == NodeKind::Deep;
    let last = changes.iter().find(is_deep).unwrap();
    assert_eq!(last.kind, Kind::Added);
    assert_eq!(last.path.as_bytes(), &b"d/".repeat(257)[..513]);

    // The same on the host's side, where the payload removed it.
    deep(layers.lower(""), 1000);
    for name in ["d", "f"] {
        let (upper, _) = layers.roots();
        upper.remove_all(&rel(name)).unwrap();
        layers.delete(name);
    }
    let changes = layers.changes();
    assert_eq!(changes.len(), 257 + 1);
    assert!(changes.iter().all(|change| change.kind == Kind::Deleted));
    assert_eq!(changes.iter().filter(|c| c.old.unwrap().kind == NodeKind::Deep).count(), 1);
}

#[test]
fn a_replaced_directory_with_a_locked_one_in_it_is_compared_and_locked_again() {
    let layers =
        Layers::new(&[("d/inner/gone", "1"), ("d/inner/kept", "2"), ("d/inner/sub/x", "3")]);
    fs::create_dir(layers.lower("d/empty")).unwrap();
    layers.write("d/inner/kept", "2");
    layers.attribute("d", "user.overlay.opaque", b"y");
    mode(&layers.upper("d/inner"), 0);
    assert_eq!(
        layers.said(),
        ["Deleted d/empty", "Mode d/inner", "Deleted d/inner/gone", "Deleted d/inner/sub/x"]
    );
    let (upper, _) = layers.roots();
    assert_eq!(upper.stat(&rel("d/inner")).unwrap().unwrap().st_mode & 0o7777, 0);
    mode(&layers.upper("d/inner"), 0o700);
}

#[test]
fn a_file_of_more_lines_than_anybody_reads_is_too_long() {
    let layers = Layers::new(&[("old", &"\n".repeat(300_000)), ("fits", "")]);
    layers.write("old", "x");
    layers.write("new", &"\n".repeat(300_000));
    layers.write("fits", &"\n".repeat(1 << 18));
    let (upper, lower) = layers.roots();
    let changes = compare(&upper, &lower).unwrap();
    let pair = Pair { lower: &lower, upper: &upper };
    let of = |path: &str| {
        let change = changes.iter().find(|change| change.path == rel(path)).unwrap();
        unified(change, pair, 1 << 25).unwrap()
    };
    assert_eq!((of("old"), of("new")), (Diffed::TooLong, Diffed::TooLong));
    assert!(matches!(of("fits"), Diffed::Text(_)));
}

#[test]
fn a_limit_ends_the_comparison_and_is_told() {
    let layers = Layers::new(&[("big", "a")]);
    for number in 0..50 {
        layers.write(&format!("n{number}"), "");
    }
    let (upper, lower) = layers.roots();
    let some = |entries| compare_some(&upper, &lower, Limits { entries, bytes: 100 }).unwrap();
    let (few, complete) = some(10);
    assert_eq!((few.len(), complete), (10, false));
    let (all, complete) = some(50);
    assert_eq!((all.len(), complete), (50, true));
}

#[test]
fn a_path_is_taken_back_alone_unless_it_went_with_its_directory() {
    let layers = Layers::new(&[("a", "1"), ("gone/x", "22"), ("new/y", "3")]);
    layers.write("a", "2");
    layers.write("b", "2");
    layers.delete("gone");
    layers.write("new/z", "3");
    layers.attribute("new", "user.overlay.opaque", b"y");
    let (upper, _) = layers.roots();
    let discard = |path: &str| discard(&upper, &rel(path)).unwrap();
    assert_eq!(discard("a"), Discarded::Done);
    assert_eq!(discard("a"), Discarded::Unchanged);
    assert_eq!(discard("none/x"), Discarded::Unchanged);
    assert_eq!(discard("gone/x"), Discarded::Within(rel("gone")));
    assert_eq!(discard("new/y"), Discarded::Within(rel("new")));
    assert_eq!(discard("new"), Discarded::Done);
    assert_eq!(layers.said(), ["Added b", "Deleted gone/x"]);
}

#[test]
fn hunks_say_exactly_how_one_text_becomes_the_other() {
    for (old, new) in [
        ("", "a\n"),
        ("a\n", ""),
        ("a", "a\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten"),
        ("\r\n\r\n", "\n"),
        ("a\nb\nc\n", "c\nb\na\n"),
    ] {
        let layers = Layers::new(&[("f", old)]);
        layers.write("f", new);
        let (upper, lower) = layers.roots();
        let changes = compare(&upper, &lower).unwrap();
        let diffed = unified(&changes[0], Pair { lower: &lower, upper: &upper }, 1000).unwrap();
        let Diffed::Text(unified) = diffed else { panic!("{diffed:?}") };
        assert_eq!(applied(old, &unified), new, "{old:?} {new:?}");
    }
}

/// The new text, from the old one and the hunks alone.
fn applied(old: &str, unified: &Unified) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let mut new = String::new();
    let mut at = 0;
    for hunk in &unified.hunks {
        let first = if hunk.old.1 == 0 { hunk.old.0 } else { hunk.old.0 - 1 };
        new.extend(old[at..first].iter().copied());
        at = first + hunk.old.1;
        let kept = hunk.lines.iter().filter(|line| line.sign != b'+').count();
        assert_eq!(kept, hunk.old.1);
        for line in hunk.lines.iter().filter(|line| line.sign != b'-') {
            new += std::str::from_utf8(&line.bytes).unwrap();
            new += if line.ends { "\n" } else { "" };
        }
    }
    new.extend(old[at..].iter().copied());
    new
}

fn text(lines: &[&str]) -> Diffed {
    let line = |line: &&str| Line {
        sign: line.as_bytes()[0],
        bytes: line.as_bytes()[1..].to_vec(),
        ends: false,
    };
    let hunk = Hunk { old: (1, 1), new: (0, 0), lines: lines.iter().map(line).collect() };
    Diffed::Text(Unified { hunks: vec![hunk], added: 0, removed: 1 })
}
