use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use drybox_spec::{Ending, Event, Named, Notice};
use tempfile::TempDir;

use super::*;

/// A data folder of the test's own.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(TempDir::new_in("/var/tmp").unwrap())
    }

    fn data(&self) -> HostPath {
        HostPath::parse(self.0.path().join("drybox").as_os_str().as_encoded_bytes()).unwrap()
    }

    fn log(&self) -> Log {
        self.log_of("/work")
    }

    fn log_of(&self, workspace: &str) -> Log {
        Log::open(&self.data(), &HostPath::parse(workspace.as_bytes()).unwrap()).unwrap()
    }

    fn file(&self, end: &str) -> PathBuf {
        let names = fs::read_dir(self.0.path().join("drybox/logs")).unwrap();
        let mut names = names.map(|entry| entry.unwrap().path());
        names
            .find(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.split_once('.').unwrap().1 == end
            })
            .unwrap()
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file(LINES)).unwrap().lines().map(str::to_owned).collect()
    }

    fn set(&self, lines: &[String]) {
        fs::write(self.file(LINES), lines.join("\n") + "\n").unwrap();
    }
}

fn at(seconds: u64) -> Stamp<'static> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Stamp { time, name: Some("default"), run: None }
}

fn batch(events: &[Event]) -> Batch {
    let mut batch = Batch::default();
    events.iter().for_each(|event| batch.push(event));
    batch
}

fn read(path: &str) -> Event {
    Event::MaskedRead { path: path.to_owned() }
}

const fn ended(code: u8) -> Event {
    Event::Ended { ending: Ending::Exited(code), code }
}

fn append(log: &Log, events: &[Event]) -> u64 {
    log.append(&batch(events), at(0), Patience::Some).unwrap().first
}

/// A log of five lines.
fn begun(disk: &Disk) -> Log {
    let log = disk.log();
    assert_eq!(append(&log, &[read(".env"), ended(0)]), 1);
    assert_eq!(append(&log, &[read("a"), read("b"), ended(3)]), 3);
    assert_eq!(log.read().unwrap().faults, []);
    log
}

#[test]
fn what_was_appended_is_read_in_order_with_numbers_and_runs() {
    let disk = Disk::new();
    let log = begun(&disk);
    let again = Stamp { run: Some(3), name: None, ..at(951_782_400) };
    log.append(&batch(&[Event::Discarded(Named::of(["x"]))]), again, Patience::None).unwrap();
    let reading = log.read().unwrap();
    let seen = reading.entries.iter();
    let seen: Vec<_> = seen.map(|e| (e.number, e.run, e.name.as_deref(), e.times)).collect();
    let own = Some("default");
    assert_eq!(
        seen,
        [
            (1, 1, own, 1),
            (2, 1, own, 1),
            (3, 3, own, 1),
            (4, 3, own, 1),
            (5, 3, own, 1),
            (6, 3, None, 1)
        ]
    );
    let last = reading.entries.last().unwrap();
    assert_eq!(last.time, "2000-02-29T00:00:00.000Z");
    let told = serde_json::json!({"event": "discarded", "changes": 1, "names": ["x"]});
    assert_eq!(last.told, told);
    assert_eq!(reading.digest, digest(disk.lines().last().unwrap().as_bytes()));
    // The log of one directory is not that of another.
    assert_eq!(disk.log_of("/other").read().unwrap().entries, []);
}

#[test]
fn a_line_that_was_changed_moved_or_taken_away_is_noticed() {
    let before = |number| Fault::Before { number };
    type Edit = fn(&mut Vec<String>);
    let edits: &[(&str, Edit, Vec<Fault>)] = &[
        (
            "changed",
            |lines| lines[1] = lines[1].replace("\"code\":0", "\"code\":1"),
            vec![before(3)],
        ),
        (
            "changed last",
            |lines| lines[4] = lines[4].replace("code\":3", "code\":4"),
            vec![Fault::Cut { last: 5 }],
        ),
        ("moved", |lines| lines.swap(1, 2), vec![before(3), before(2), before(4)]),
        ("taken", |lines| drop(lines.remove(2)), vec![before(4)]),
        ("first taken", |lines| drop(lines.remove(0)), vec![before(2)]),
        ("cut", |lines| lines.truncate(3), vec![Fault::Cut { last: 5 }]),
        ("emptied", Vec::clear, vec![Fault::NoLine { at: 1 }, Fault::Cut { last: 5 }]),
        ("no line", |lines| lines[2] = "{}".to_owned(), vec![Fault::NoLine { at: 3 }, before(4)]),
        ("twice", |lines| lines.insert(2, lines[1].clone()), vec![before(2)]),
    ];
    for (what, edit, faults) in edits {
        let disk = Disk::new();
        let log = begun(&disk);
        let mut lines = disk.lines();
        edit(&mut lines);
        disk.set(&lines);
        let found = log.read().unwrap().faults;
        assert_eq!(&found, faults, "{what}");
    }
}

#[test]
fn an_altered_log_is_not_healed_by_the_next_line() {
    let disk = Disk::new();
    let log = begun(&disk);
    let mut lines = disk.lines();
    lines.truncate(3);
    disk.set(&lines);
    append(&log, &[ended(0)]);
    let reading = log.read().unwrap();
    let kinds: Vec<_> = reading.entries.iter().map(|e| e.told["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["masked_read", "ended", "masked_read", "mended", "ended"]);
    assert_eq!(reading.entries[3].told["found"], "cut");
    // Two numbers are missing, and stay missing.
    assert_eq!(reading.faults, [Fault::Before { number: 6 }]);
    // As does what somebody else wrote.
    let foreign = fs::read_to_string(disk.file(LINES)).unwrap() + "{\"v\":1}\n";
    fs::write(disk.file(LINES), foreign).unwrap();
    append(&log, &[ended(0)]);
    let reading = log.read().unwrap();
    assert_eq!(reading.entries.iter().rev().nth(1).unwrap().told["found"], "foreign");
    assert_eq!(reading.faults, [Fault::Before { number: 6 }, Fault::NoLine { at: 6 }]);
}

#[test]
fn half_a_line_of_a_killed_writer_is_told_and_the_next_begins_cleanly() {
    let disk = Disk::new();
    let log = begun(&disk);
    let whole = fs::read(disk.file(LINES)).unwrap();
    fs::write(disk.file(LINES), [&whole[..], b"{\"v\":1,\"n\":6,\"pr"].concat()).unwrap();
    assert_eq!(log.read().unwrap().faults, [Fault::NoLine { at: 6 }]);
    assert_eq!(append(&log, &[ended(0)]), 7);
    let reading = log.read().unwrap();
    assert_eq!(reading.faults, []);
    let told = serde_json::json!({"event": "mended", "found": "torn", "bytes": 16});
    assert_eq!(reading.entries[5].told, told);
}

#[test]
fn lines_that_were_written_and_not_noted_are_taken_as_they_are() {
    let disk = Disk::new();
    let log = disk.log();
    append(&log, &[read("a")]);
    let head = fs::read(disk.file(HEAD)).unwrap();
    append(&log, &[read("b"), ended(0)]);
    // Killed between the two writes.
    fs::write(disk.file(HEAD), &head).unwrap();
    assert_eq!(log.read().unwrap().faults, []);
    assert_eq!(append(&log, &[ended(1)]), 4);
    let reading = log.read().unwrap();
    assert_eq!((reading.faults, reading.entries.len()), (vec![], 4));
}

#[test]
fn a_lost_head_is_told() {
    let disk = Disk::new();
    let log = begun(&disk);
    fs::write(disk.file(HEAD), "drybox log 1 00").unwrap();
    assert_eq!(log.read().unwrap().faults, [Fault::NoHead]);
    append(&log, &[ended(0)]);
    let reading = log.read().unwrap();
    assert_eq!(reading.faults, []);
    assert_eq!(
        (&reading.entries[5].told["found"], reading.entries[5].number),
        (&"no_head".into(), 6)
    );
}

#[test]
fn a_flood_is_counted_and_bounded() {
    let disk = Disk::new();
    let log = disk.log();
    let mut flood = Batch::default();
    for number in 0..100_000 {
        flood.push(&read(&format!("{}{}", "long/".repeat(20), number % 5000)));
        flood.push(&read("same"));
    }
    flood.push_last(&ended(0));
    log.append(&flood, at(0), Patience::Some).unwrap();
    let reading = log.read().unwrap();
    assert_eq!(reading.faults, []);
    let lines = reading.entries.len();
    assert!(lines <= Batch::MOST + 2, "{lines}");
    assert!(fs::metadata(disk.file(LINES)).unwrap().len() < 256 << 10);
    let same = reading.entries.iter().find(|entry| entry.told["path"] == "same").unwrap();
    assert_eq!(same.times, 100_000);
    let told: u64 =
        reading.entries.iter().filter(|e| e.told["event"] == "masked_read").map(|e| e.times).sum();
    let untold = reading.entries[lines - 2].told["events"].as_u64().unwrap();
    assert_eq!(told + untold, 200_000);
    assert_eq!(reading.entries[lines - 1].told["event"], "ended");
}

#[test]
fn a_log_grows_to_two_files_and_its_chain_goes_on() {
    let disk = Disk::new();
    let log = disk.log();
    let mut number = 0;
    for run in 0..40 {
        let mut events: Vec<Event> =
            (0..100).map(|n| read(&format!("{run}-{n}{}", "x".repeat(400)))).collect();
        events.push(ended(0));
        number = append(&log, &events);
    }
    let size = |end| fs::metadata(disk.file(end)).unwrap().len();
    assert!(size(LINES) + size(ASIDE) < 3 * MOST_BYTES, "{} {}", size(LINES), size(ASIDE));
    let reading = log.read().unwrap();
    assert_eq!(reading.faults, []);
    assert_eq!(reading.entries.last().unwrap().number, number + 100);
    assert!(reading.entries[0].number > 1);
    // What was put aside is part of the chain.
    let aside = fs::read_to_string(disk.file(ASIDE)).unwrap();
    fs::write(disk.file(ASIDE), aside.replacen("ended", "endet", 1)).unwrap();
    assert_eq!(log.read().unwrap().faults.len(), 1);
    let cut = aside.split_once('\n').unwrap().1;
    fs::write(disk.file(ASIDE), cut).unwrap();
    assert_eq!(log.read().unwrap().faults.len(), 1);
    // A process that was killed between putting aside and writing leaves no fault.
    fs::write(disk.file(ASIDE), aside).unwrap();
    let whole = fs::metadata(disk.file(LINES)).unwrap().len();
    fs::rename(disk.file(LINES), disk.file(ASIDE)).unwrap();
    append(&log, &[ended(9)]);
    let reading = log.read().unwrap();
    assert_eq!((reading.faults, whole > 0), (vec![], true));
    assert_eq!(reading.entries.last().unwrap().number, number + 101);
}

#[test]
fn the_last_look_through_the_directory_is_remembered() {
    let disk = Disk::new();
    let log = begun(&disk);
    let mut looked = batch(&[ended(0)]);
    looked.scanned();
    assert_eq!(log.append(&looked, at(1234), Patience::Some).unwrap().scanned, 1234);
    assert_eq!(log.append(&batch(&[ended(1)]), at(5), Patience::Some).unwrap().scanned, 1234);
}

#[test]
fn several_writers_make_one_chain() {
    let disk = Disk::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    append(&disk.log(), &[read("x"), ended(0)]);
                }
            });
        }
    });
    let reading = disk.log().read().unwrap();
    assert_eq!((reading.faults, reading.entries.len()), (vec![], 400));
}

#[test]
fn who_has_no_patience_waits_for_nobody() {
    let disk = Disk::new();
    let log = begun(&disk);
    let head = fs::File::open(disk.file(HEAD)).unwrap();
    head.lock().unwrap();
    let refused = log.append(&batch(&[ended(0)]), at(0), Patience::None);
    assert!(matches!(refused, Err(LogError::InUse)), "{refused:?}");
    drop(head);
    append(&log, &[ended(0)]);
    assert_eq!(log.read().unwrap().entries.len(), 6);
}

#[test]
fn a_log_is_for_its_user_alone() {
    let disk = Disk::new();
    begun(&disk);
    for end in [LINES, HEAD] {
        let mode = fs::metadata(disk.file(end)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{end}");
    }
    let folder = disk.0.path().join("drybox/logs");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o7777, 0o700);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let work = HostPath::parse(b"/work").unwrap();
    let refused = Log::open(&disk.data(), &work);
    assert!(matches!(refused, Err(LogError::Folder { .. })), "{refused:?}");
}

#[test]
fn logs_of_directories_that_nobody_uses_go_when_there_are_too_many() {
    let disk = Disk::new();
    append(&disk.log_of("/kept"), &[ended(0)]);
    let folder = disk.0.path().join("drybox/logs");
    for number in 0..MOST_LOGS {
        for end in [LINES, HEAD] {
            fs::write(folder.join(format!("{number:032x}.{end}")), "").unwrap();
        }
        let head = fs::File::open(folder.join(format!("{number:032x}.{HEAD}"))).unwrap();
        head.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64)).unwrap();
    }
    append(&disk.log_of("/new"), &[ended(0)]);
    let left = fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 2 * (MOST_LOGS + 2 - MOST_LOGS / 4));
    for kept in ["/kept", "/new"] {
        assert_eq!(disk.log_of(kept).read().unwrap().entries.len(), 1);
    }
    assert!(!folder.join(format!("{:032x}.{LINES}", 0)).exists());
}

#[test]
fn a_notice_that_holds_a_name_cannot_end_a_line() {
    let disk = Disk::new();
    let log = disk.log();
    let path = "a\n{\"v\":1}\x1b[2J\u{202e}".to_owned();
    append(&log, &[Event::Notice(Notice::WorkspaceReadOnly { path }), ended(0)]);
    let reading = log.read().unwrap();
    assert_eq!((reading.faults, reading.entries.len()), (vec![], 2));
    assert_eq!(disk.lines().len(), 2);
    assert!(!fs::read_to_string(disk.file(LINES)).unwrap().contains('\x1b'));
}
