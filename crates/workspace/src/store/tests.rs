use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use drybox_spec::BoxName;
use tempfile::TempDir;

use super::*;

struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(TempDir::new_in("/var/tmp").unwrap());
        fs::create_dir(disk.path("work")).unwrap();
        disk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn host(&self, name: &str) -> HostPath {
        HostPath::parse(self.path(name).as_os_str().as_encoded_bytes()).unwrap()
    }

    fn store(&self) -> Store {
        Store::open(&self.host("data/drybox")).unwrap()
    }

    fn open(&self, id: BoxId<'_>, start: Start) -> Result<OpenBox> {
        let mut opened = self.store().open_box(&self.host("work"), id, start)?;
        opened.prepare(&[self.host("work")])?.unwrap();
        Ok(opened)
    }

    /// The names of its folders: of boxes, or of what stands ready or is to go.
    fn folders(&self, is_box: bool) -> Vec<String> {
        let names = fs::read_dir(self.path("data/drybox/boxes")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('~') != is_box).collect()
    }

    fn boxes(&self) -> usize {
        self.folders(true).len()
    }
}

/// What a run writes.
fn write(opened: &OpenBox, name: &str) {
    let layers = opened.layers().unwrap();
    layers[0].upper.replace(&rel(name.as_bytes()).unwrap(), b"x", 0o644).unwrap();
}

fn name(name: &str) -> BoxName {
    BoxName::parse(name.as_bytes()).unwrap()
}

#[test]
fn a_box_without_changes_leaves_nothing_and_one_with_changes_continues() {
    let disk = Disk::new();
    let own = name("default");
    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    assert!(opened.is_new());
    assert_eq!(opened.end().unwrap(), Ended::Gone);
    assert_eq!(disk.boxes(), 0);

    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    write(&opened, "new");
    let Ended::Kept(counted) = opened.end().unwrap() else { panic!("gone") };
    assert_eq!((counted.files, counted.more), (1, false));
    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    assert!(!opened.is_new() && !opened.was_killed());
    assert!(opened.last_run().is_some() && opened.size().unwrap() > 0);
    opened.remove().unwrap();
    assert_eq!(disk.boxes(), 0);
}

#[test]
fn a_second_use_is_refused_until_the_first_is_over() {
    let disk = Disk::new();
    let own = name("default");
    let first = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    let second = disk.open(BoxId::Named(&own), Start::Continue);
    assert!(matches!(second, Err(BoxError::InUse { .. })), "{second:?}");
    let found = disk.store().find(&disk.host("work"), &own);
    assert!(matches!(found, Err(BoxError::InUse { .. })), "{found:?}");
    let other = name("other");
    assert_eq!(
        disk.open(BoxId::Named(&other), Start::Continue).unwrap().end().unwrap(),
        Ended::Gone
    );
    drop(first);
    disk.open(BoxId::Named(&own), Start::Continue).unwrap().remove().unwrap();
}

#[test]
fn beginning_afresh_puts_the_old_changes_aside_and_loses_none() {
    let disk = Disk::new();
    let own = name("default");
    for round in 0..2 {
        let opened = disk.open(BoxId::Named(&own), Start::Afresh);
        if round == 1 {
            write(&opened.unwrap(), "second");
            let third = disk.open(BoxId::Named(&own), Start::Afresh);
            assert!(matches!(third, Err(BoxError::KeptAlready { .. })), "{third:?}");
        } else {
            write(&opened.unwrap(), "first");
        }
    }
    let kept = |of: &str, file: &str| {
        let opened = disk.store().find(&disk.host("work"), &name(of)).unwrap();
        assert_eq!(opened.name(), Some(&name(of)));
        opened.layers().unwrap()[0].upper.stat(&rel(file.as_bytes()).unwrap()).unwrap().is_some()
    };
    assert!(kept("default", "second") && kept("default.previous", "first"));
}

#[test]
fn a_spare_box_is_thrown_away_also_after_a_run_that_was_killed() {
    let disk = Disk::new();
    let killed = disk.open(BoxId::Spare, Start::Continue).unwrap();
    write(&killed, "left");
    let second = disk.open(BoxId::Spare, Start::Continue).unwrap();
    assert_eq!(disk.boxes(), 2);
    assert_eq!(second.end().unwrap(), Ended::Gone);
    drop(killed);
    let next = disk.open(BoxId::Spare, Start::Continue).unwrap();
    assert!(next.layers().unwrap()[0].upper.is_empty().unwrap());
    drop(next);
    assert!(disk.store().all().unwrap().is_empty());
    assert_eq!(disk.boxes(), 0);
}

#[test]
fn boxes_are_listed_with_their_directories_whatever_these_are_called() {
    let disk = Disk::new();
    fs::create_dir(disk.path("w\n\x1b[2J")).unwrap();
    for dir in ["work", "w\n\x1b[2J"] {
        let host = disk.host(dir);
        let own = name("default");
        let opened = disk.store().open_box(&host, BoxId::Named(&own), Start::Continue);
        let mut opened = opened.unwrap();
        opened.prepare(&[host]).unwrap();
        write(&opened, "x");
        opened.end().unwrap();
    }
    let mut found: Vec<_> =
        disk.store().all().unwrap().into_iter().map(|found| found.meta.unwrap().layers).collect();
    found.sort();
    assert_eq!(found, [vec![disk.host("w\n\x1b[2J")], vec![disk.host("work")]]);
}

#[test]
fn a_run_that_was_killed_is_seen_and_its_work_directory_made_anew() {
    let disk = Disk::new();
    let own = name("default");
    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    write(&opened, "x");
    let work = disk.path("data/drybox/boxes");
    let work = fs::read_dir(work).unwrap().next().unwrap().unwrap().path().join("0/work");
    fs::create_dir_all(work.join("work/incompat/volatile/dirty")).unwrap();
    fs::set_permissions(work.join("work"), fs::Permissions::from_mode(0o0)).unwrap();
    drop(opened);
    let again = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    assert!(again.was_killed());
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
}

#[test]
fn nobody_else_can_reach_or_swap_a_box() {
    let disk = Disk::new();
    let own = name("default");
    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    let mode = |path: &str| fs::metadata(disk.path(path)).unwrap().mode() & 0o7777;
    for path in ["data", "data/drybox", "data/drybox/boxes"] {
        assert_eq!(mode(path), 0o700, "{path}");
    }
    drop(opened);
    let set = |path: &str, bits| {
        fs::set_permissions(disk.path(path), fs::Permissions::from_mode(bits)).unwrap();
    };
    for (path, bits) in [("data/drybox/boxes", 0o755), ("data/drybox", 0o777), ("data", 0o757)] {
        set(path, bits);
        let refused = Store::open(&disk.host("data/drybox"));
        assert!(matches!(refused, Err(BoxError::Store { .. })), "{path} {refused:?}");
        set(path, 0o700);
    }
    // Where others are in the group, or nobody knows who is (no number of this host's files).
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(disk.path("data"), None, Some(4_000_000)).unwrap();
        set("data", 0o770);
        let refused = Store::open(&disk.host("data/drybox"));
        let Err(error @ BoxError::Store { source: Why::GroupWrites, .. }) = refused else {
            panic!("{refused:?}")
        };
        use drybox_spec::Report as _;
        assert!(error.fix().unwrap().starts_with("chmod g-w /"));
        std::os::unix::fs::chown(disk.path("data"), None, Some(0)).unwrap();
        set("data", 0o700);
        // A home of another user's, and where its links lead: not even made there.
        fs::create_dir_all(disk.path("home")).unwrap();
        fs::create_dir_all(disk.path("elsewhere")).unwrap();
        symlink(disk.path("elsewhere"), disk.path("home/link")).unwrap();
        std::os::unix::fs::chown(disk.path("home"), Some(4711), None).unwrap();
        for place in ["home/link/drybox", "home/drybox"] {
            let refused = Store::open(&disk.host(place));
            let is_refused =
                matches!(refused, Err(BoxError::Store { source: Why::OthersWrite, .. }));
            assert!(is_refused, "{place} {refused:?}");
        }
        assert_eq!(fs::read_dir(disk.path("elsewhere")).unwrap().count(), 0);
        fs::create_dir_all(disk.path("elsewhere/drybox/boxes")).unwrap();
        assert!(Store::open(&disk.host("home/link/drybox")).is_err());
    }
    // A link of the user's own is where it leads.
    symlink(disk.path("data"), disk.path("link")).unwrap();
    let linked = Store::open(&disk.host("link/drybox")).unwrap();
    assert_eq!(linked.path(), &disk.host("data/drybox/boxes"));
}

#[test]
fn a_workspace_that_holds_the_boxes_is_refused() {
    let disk = Disk::new();
    let own = name("default");
    for held in ["data", "data/drybox/boxes", ""] {
        let path = disk.path(held);
        let path = path.as_os_str().as_encoded_bytes();
        let host = HostPath::parse(path.strip_suffix(b"/").unwrap_or(path)).unwrap();
        let refused = disk.store().open_box(&host, BoxId::Named(&own), Start::Continue);
        assert!(matches!(refused, Err(BoxError::HoldsStore { .. })), "{held}");
    }
}

#[test]
fn a_box_stands_ready_for_the_next_run_and_the_last_one_is_swept_by_it() {
    let disk = Disk::new();
    let own = name("default");
    let first = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    assert!(first.tidy().is_none());
    assert_eq!(disk.folders(false), ["~ready.0"]);
    assert_eq!(first.end().unwrap(), Ended::Gone);
    assert_eq!((disk.boxes(), disk.folders(false).len()), (0, 2));

    fs::set_permissions(disk.path("work"), fs::Permissions::from_mode(0o1750)).unwrap();
    let second = disk.open(BoxId::Spare, Start::Continue).unwrap();
    assert_eq!(disk.folders(false).len(), 1, "it took the one that stood ready");
    let mode = second.layers().unwrap()[0].upper.stat_self().unwrap().st_mode;
    assert_eq!(mode & 0o7777, 0o1750, "whatever directory it is for");
    assert!(second.tidy().is_none());
    assert_eq!(disk.folders(false), ["~ready.0"], "what the first left is gone");
    assert_eq!(second.end().unwrap(), Ended::Gone);
}

#[test]
fn tidying_leaves_boxes_that_are_used_and_gives_back_what_takes_long() {
    let disk = Disk::new();
    let alive = disk.open(BoxId::Spare, Start::Continue).unwrap();
    let killed = disk.open(BoxId::Spare, Start::Continue).unwrap();
    let kept = name("kept");
    let kept = disk.open(BoxId::Named(&kept), Start::Continue).unwrap();
    write(&killed, "left");
    write(&kept, "mine");
    assert!(alive.tidy().is_none(), "all three are in use");
    drop((killed, kept));
    let left = alive.tidy().unwrap();
    assert!(alive.tidy().is_none(), "one process at a time");
    left.remove().unwrap();
    assert!(alive.tidy().is_none());
    assert_eq!(disk.boxes(), 2, "the one alive, and the one with a name");
    let kept = disk.store().find(&disk.host("work"), &name("kept")).unwrap();
    assert!(!kept.layers().unwrap()[0].upper.is_empty().unwrap());
}

#[test]
fn what_stands_ready_is_used_even_when_half_of_it_is_missing() {
    for missing in ["0", "0/upper"] {
        let disk = Disk::new();
        let first = disk.open(BoxId::Spare, Start::Continue).unwrap();
        assert!(first.tidy().is_none());
        fs::remove_dir_all(disk.path("data/drybox/boxes/~ready.0").join(missing)).unwrap();
        let second = disk.open(BoxId::Spare, Start::Continue);
        assert!(second.is_ok(), "{missing}: {second:?}");
    }
}

#[test]
fn a_torn_box_blocks_no_other_and_can_be_thrown_away() {
    use drybox_spec::Report as _;
    let disk = Disk::new();
    let (own, other) = (name("default"), name("other"));
    for torn in ["", "drybox box 1\nlayer /a"] {
        let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
        write(&opened, "new");
        drop(opened);
        let boxes = disk.path("data/drybox/boxes");
        let folder = fs::read_dir(&boxes).unwrap().next().unwrap().unwrap().path();
        fs::write(folder.join("meta"), torn).unwrap();
        let refused = disk.open(BoxId::Named(&own), Start::Continue).unwrap_err();
        assert!(refused.to_string().contains(folder.to_str().unwrap()), "{refused}");
        assert!(refused.fix().unwrap().contains("drybox discard --box default"), "{refused:?}");
        let beside = disk.open(BoxId::Named(&other), Start::Continue).unwrap();
        write(&beside, "kept");
        drop(beside);
        let found = disk.store().all().unwrap();
        assert_eq!(found.len(), 2);
        let (readable, unreadable): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|found| found.meta.is_some());
        readable.into_iter().next().unwrap().opened.unwrap().remove().unwrap();
        let error = unreadable.into_iter().next().unwrap().opened.unwrap_err();
        assert!(error.fix().unwrap().contains("rm -r "), "{error:?}");
        disk.store().find_torn(&disk.host("work"), &own).unwrap().remove().unwrap();
        assert_eq!(disk.boxes(), 0);
    }
    // What is thrown away anyway stops nobody.
    let spare = disk.open(BoxId::Spare, Start::Continue).unwrap();
    drop(spare);
    let folder = fs::read_dir(disk.path("data/drybox/boxes")).unwrap().next().unwrap().unwrap();
    fs::write(folder.path().join("meta"), "").unwrap();
    assert_eq!(disk.open(BoxId::Spare, Start::Continue).unwrap().end().unwrap(), Ended::Gone);
    assert!(disk.store().all().unwrap().is_empty());
    assert_eq!(disk.boxes(), 0);
}

#[test]
fn changes_are_not_shown_over_another_directory_that_stands_there_by_now() {
    use drybox_spec::Report as _;
    let disk = Disk::new();
    let own = name("default");
    let opened = disk.open(BoxId::Named(&own), Start::Continue).unwrap();
    write(&opened, "new");
    assert!(opened.is_of_what_stands());
    drop(opened);
    drop(disk.open(BoxId::Named(&own), Start::Continue).unwrap());
    // A control: an edit makes no other directory of it.
    fs::write(disk.path("work/edited"), "").unwrap();
    drop(disk.open(BoxId::Named(&own), Start::Continue).unwrap());
    fs::rename(disk.path("work"), disk.path("aside")).unwrap();
    fs::create_dir(disk.path("work")).unwrap();
    let refused = disk.open(BoxId::Named(&own), Start::Continue).unwrap_err();
    assert!(matches!(refused, BoxError::OfAnother { .. }), "{refused:?}");
    assert!(refused.fix().unwrap().contains("drybox run --new"));
    let found = disk.store().find(&disk.host("work"), &own).unwrap();
    assert!(!found.is_of_what_stands());
    drop(found);
    drop(disk.open(BoxId::Named(&own), Start::Afresh).unwrap());
    let aside = disk.store().find(&disk.host("work"), &name("default.previous")).unwrap();
    assert!(!aside.is_of_what_stands());
}
