//! Against a directory that looks like a hierarchy; the real ones are in the tests of the product.

use std::fs;
use std::path::{Path, PathBuf};

use drybox_spec::{ByteSize, Cpus, Limits, Memory, Pids, Source, Sourced, Swap};
use rustix::io::Errno;
use tempfile::TempDir;

use super::*;

/// A hierarchy of plain files.
struct Fixture(TempDir);

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        for (file, text) in files {
            let path = fixture.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fixture
    }

    /// Version 2, where the caller stands in `/user/a.scope`, with these controllers.
    fn unified(controllers: &str) -> Self {
        let own = format!("{}\n", std::process::id());
        Self::new(&[
            ("cgroup.controllers", "cpuset cpu io memory pids\n"),
            ("user/a.scope/cgroup.controllers", controllers),
            ("user/a.scope/cgroup.subtree_control", "\n"),
            ("user/a.scope/cgroup.procs", &own),
        ])
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn at(&self, own: &str) -> Cgroups {
        Cgroups::at(self.0.path(), own)
    }
}

fn leaves(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let ours = entries.filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.starts_with("drybox-") && !name.ends_with("-supervisor")
    });
    ours.map(|entry| entry.path()).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn systemd() -> bool {
    Path::new("/run/systemd/system").exists()
}

const OWN: &str = "0::/user/a.scope\n";

fn everything() -> Wanted {
    Wanted { memory: Some(64 << 20), swap: None, cpus: Some(Cpus(150_000)), pids: Some(50) }
}

#[test]
fn version_2_hands_the_controllers_down_and_writes_every_limit() {
    let fixture = Fixture::unified("cpu memory pids\n");
    let leaf = Leaf::make(&fixture.at(OWN), &everything()).unwrap();
    let [made] = leaves(&fixture.path("user/a.scope")).try_into().unwrap();
    for (file, value) in [
        ("memory.max", "67108864"),
        ("memory.swap.max", "67108864"),
        ("cpu.max", "150000 100000"),
        ("pids.max", "51"),
        ("cgroup.procs", ""),
    ] {
        assert_eq!(text(&made.join(file)), value, "{file}");
    }
    // Each word is a write of its own; a plain file keeps the last.
    assert!(text(&fixture.path("user/a.scope/cgroup.subtree_control")).starts_with("+pids"));
    let aside = format!("user/a.scope/drybox-{}-supervisor/cgroup.procs", std::process::id());
    assert_eq!(text(&fixture.path(&aside)), "0");
    fs::write(made.join("memory.events"), "low 0\nmax 9\noom 3\noom_kill 2\n").unwrap();
    fs::write(made.join("pids.events"), "max 7\n").unwrap();
    assert_eq!(leaf.met(), Met { memory: 2, pids: 7 });
    // Of plain files a directory is not empty: that it stays is told.
    let told = leaf.remove().unwrap_err();
    assert!(matches!(
        told,
        NoCgroup::Refused { step: CgroupStep::Remove, errno: Errno::NOTEMPTY, .. }
    ));
    // What had been handed down is taken back all the same.
    assert!(text(&fixture.path("user/a.scope/cgroup.subtree_control")).starts_with("-pids"));
}

#[test]
fn version_1_is_one_directory_a_controller() {
    let fixture =
        Fixture::new(&[("memory/a/b/tasks", ""), ("cpu,cpuacct/tasks", ""), ("pids/x/tasks", "")]);
    let own = "5:memory:/a/b\n4:cpu,cpuacct:/\n3:pids:/x\n1:name=systemd:/\n0::/\n";
    let swap = Some(Swap::Most(ByteSize(100 << 20)));
    let leaf = Leaf::make(&fixture.at(own), &Wanted { swap, ..everything() }).unwrap();
    for (place, file, value) in [
        ("memory/a/b", "memory.limit_in_bytes", "67108864"),
        ("memory/a/b", "memory.memsw.limit_in_bytes", "104857600"),
        ("cpu,cpuacct", "cpu.cfs_period_us", "100000"),
        ("cpu,cpuacct", "cpu.cfs_quota_us", "150000"),
        ("pids/x", "pids.max", "51"),
        ("pids/x", "tasks", ""),
    ] {
        let [made] = leaves(&fixture.path(place)).try_into().unwrap();
        assert_eq!(text(&made.join(file)), value, "{place} {file}");
    }
    let [memory] = leaves(&fixture.path("memory/a/b")).try_into().unwrap();
    fs::write(memory.join("memory.oom_control"), "under_oom 0\noom_kill 4\n").unwrap();
    assert_eq!(leaf.met(), Met { memory: 4, pids: 0 });
}

#[test]
fn what_is_missing_is_named_with_the_command_that_helps() {
    let cpus = Wanted { cpus: Some(Cpus(1000)), ..Wanted::default() };
    let user = |fixture: &Fixture, own: &str| {
        let told = Leaf::make(&fixture.at(own), &cpus).unwrap_err();
        (told.to_string(), told.fix(false).into_owned())
    };
    let (why, fix) = user(&Fixture::unified("memory pids\n"), OWN);
    assert!(why.contains("user/a.scope does not have the cpu controller"), "{why}");
    assert!(
        fix.contains(if systemd() { "systemctl set-property" } else { "sudo drybox" }),
        "{fix}"
    );
    for (fixture, own) in [
        (Fixture::new(&[]), ""),
        (Fixture::new(&[]), "0::/\n"),
        (Fixture::new(&[("cgroup.controllers", "memory\n")]), "0::/\n"),
        (Fixture::unified("cpu\n"), "0::/../../user/a.scope\n"),
        (Fixture::new(&[("cpu/tasks", "")]), "3:cpu:/not/here\n"),
        (Fixture::new(&[]), "no colon\n:\n::\n0:\n"),
    ] {
        let (why, _) = user(&fixture, own);
        assert_eq!(why, "the cpu controller of cgroups is not there", "{own}");
    }
}

#[test]
fn a_cgroup_with_other_processes_is_left_alone() {
    let fixture = Fixture::unified("memory pids\n");
    fs::write(fixture.path("user/a.scope/cgroup.procs"), "1\n2\n").unwrap();
    let pids = Wanted { pids: Some(5), ..Wanted::default() };
    let told = Leaf::make(&fixture.at(OWN), &pids).unwrap_err();
    assert!(matches!(told, NoCgroup::Shared { .. }), "{told}");
    if systemd() {
        assert_eq!(told.fix(false), "systemd-run --user --scope -p Delegate=yes drybox run …");
        assert_eq!(told.fix(true), "systemd-run --scope -p Delegate=yes drybox run …");
    } else {
        assert!(told.fix(false).contains("no systemd is here"), "{}", told.fix(false));
    }
    assert_eq!(leaves(&fixture.path("user/a.scope")), [] as [PathBuf; 0]);
    // The control: where they are handed down already, nobody has to move.
    fs::write(fixture.path("user/a.scope/cgroup.subtree_control"), "memory pids\n").unwrap();
    Leaf::make(&fixture.at(OWN), &pids).map(drop).unwrap();
}

#[test]
fn what_a_killed_supervisor_left_is_swept_and_what_is_held_is_not() {
    let fixture = Fixture::unified("pids\n");
    let own = fixture.path("user/a.scope");
    fs::write(own.join("cgroup.subtree_control"), "pids\n").unwrap();
    let (left, other) = (own.join("drybox-1-0"), own.join("other"));
    for directory in [&left, &other] {
        fs::create_dir(directory).unwrap();
    }
    let held = own.join("drybox-2-0");
    fs::create_dir(&held).unwrap();
    let lock = fs::File::open(&held).unwrap();
    lock.lock().unwrap();
    let pids = Wanted { pids: Some(5), ..Wanted::default() };
    let _leaf = Leaf::make(&fixture.at(OWN), &pids).unwrap();
    assert!(!left.exists());
    assert!(held.exists() && other.exists());
}

#[test]
fn one_that_is_gone_is_no_error() {
    let fixture = Fixture::unified("pids\n");
    fs::write(fixture.path("user/a.scope/cgroup.subtree_control"), "pids\n").unwrap();
    let pids = Wanted { pids: Some(5), ..Wanted::default() };
    let leaf = Leaf::make(&fixture.at(OWN), &pids).unwrap();
    let [made] = leaves(&fixture.path("user/a.scope")).try_into().unwrap();
    fs::remove_dir_all(made).unwrap();
    assert_eq!(leaf.met(), Met::default());
    leaf.remove().unwrap();
}

#[test]
fn only_what_the_user_asked_for_needs_a_cgroup() {
    assert!(Wanted::of(&Limits::default()).is_empty());
    let flag = |pids| Sourced::new(pids, Source::Flag("--pids-limit"));
    let pids = |pids| Wanted::of(&Limits { pids: flag(pids), ..Limits::default() });
    assert_eq!(pids(Pids::Most(7)).pids, Some(7));
    assert!(pids(Pids::Unlimited).is_empty());
    let memory = |memory| {
        let memory = Sourced::new(memory, Source::Flag("--memory"));
        Wanted::of(&Limits { memory, ..Limits::default() })
    };
    assert_eq!(memory(Memory::Most(ByteSize(9))).memory, Some(9));
    assert!(memory(Memory::Unlimited).is_empty());
}

#[test]
fn unlimited_swap_writes_no_limit_of_it() {
    let wanted = Wanted { swap: Some(Swap::Unlimited), ..everything() };
    let files = |version| {
        let settings = wanted.settings(Controller::Memory, version);
        settings.iter().map(|setting| setting.file).collect::<Vec<_>>()
    };
    assert_eq!(files(Version::One), ["memory.limit_in_bytes"]);
    assert_eq!(files(Version::Two), ["memory.max"]);
}
