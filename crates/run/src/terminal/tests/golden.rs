//! What real programs print: recorded on a pty, filtered, compared (`tests/terminal/README.md`).

use super::super::{Filter, Kind, Withheld};
use super::shown;
use Kind::{Control, History, Link, Query, Title};

/// A recording, what of it is shown, and the kinds of which something is withheld.
struct Golden {
    name: &'static str,
    raw: &'static [u8],
    out: &'static [u8],
    withheld: &'static [Kind],
}

macro_rules! golden {
    ($name:literal, $withheld:expr) => {
        Golden {
            name: $name,
            raw: include_bytes!(concat!("../../../tests/terminal/", $name, ".raw")),
            out: include_bytes!(concat!("../../../tests/terminal/", $name, ".out")),
            withheld: $withheld,
        }
    };
}

/// What no program of the list may lose: nothing here is ever the picture on the screen.
const GOLDEN: &[Golden] = &[
    // `clear` erases the history too (E3).
    golden!("bash", &[History]),
    golden!("cargo-build", &[]),
    golden!("fzf", &[]),
    golden!("fzf-full", &[]),
    golden!("git-log", &[]),
    golden!("git-log-pager", &[]),
    // The title stack, which ncurses pushes with the alternate screen.
    golden!("htop", &[Title]),
    golden!("htop-screen", &[]),
    golden!("ink", &[]),
    golden!("less", &[Title]),
    golden!("less-screen", &[]),
    golden!("ls", &[]),
    golden!("ls-links", &[Link]),
    golden!("nano", &[Title]),
    golden!("npm-test", &[]),
    golden!("prompt-toolkit", &[]),
    golden!("python", &[]),
    // DA2, XTVERSION; a private mode of mintty.
    golden!("tmux", &[Title, Query, Control]),
    golden!("top", &[]),
    // DA2, colours, key state; a DCS that tests the terminal, and `CSI 0 % m`.
    golden!("vim", &[Title, Query, Control]),
    golden!("vim-defaults", &[Title, Query, Control]),
    // The same DCS, and the cursor's look on Linux (`CSI ? 1 c`).
    golden!("vim-linux", &[Control]),
];

const KINDS: [Kind; 12] = [
    Title,
    Kind::ClipboardWrite,
    Kind::ClipboardRead,
    Query,
    Kind::Graphics,
    Link,
    Kind::Notification,
    Kind::Colour,
    Kind::Mark,
    History,
    Kind::BadByte,
    Control,
];

#[test]
fn real_programs_are_shown_as_recorded() {
    for golden in GOLDEN {
        let (out, withheld) = filtered_in_reads(golden.raw);
        assert_eq!(shown(&out), shown(golden.out), "{}", golden.name);
        let kinds: Vec<Kind> = KINDS.into_iter().filter(|&k| withheld.count(k) != 0).collect();
        assert_eq!(kinds, golden.withheld, "{}: {withheld}", golden.name);
        assert!(withheld.is_routine(), "{}: {withheld}", golden.name);
        // The recordings hold what they are for: control sequences, and text that stays.
        assert!(golden.raw.len() > 100 && golden.out.len() > golden.raw.len() / 5);
    }
}

#[test]
fn the_documentation_names_every_kind() {
    let page = include_str!("../../../../../docs/terminal.md");
    for kind in KINDS {
        let mut one = Withheld::default();
        one.add(kind);
        let name = one.to_string();
        let name = name.trim_start_matches("terminal: 1 ").trim_end_matches(" withheld");
        assert!(page.contains(&format!("| {name} |")), "docs/terminal.md lacks a row for {name}");
    }
}

#[test]
fn no_recording_is_forgotten() {
    let folder = drybox_testkit::testdata("crates/run/tests/terminal");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".raw").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, GOLDEN.iter().map(|golden| golden.name).collect::<Vec<_>>());
}

/// Filters in chunks of a size that cuts sequences.
fn filtered_in_reads(raw: &[u8]) -> (Vec<u8>, Withheld) {
    let (mut filter, mut out) = (Filter::new(), Vec::new());
    raw.chunks(61).for_each(|chunk| filter.feed(chunk, &mut out));
    (out, filter.withheld())
}
