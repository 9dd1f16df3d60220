//! Parsers of untrusted bytes: whatever they get, they end, and do not panic.

use drybox_workspace::hold::{Change, Judge, Nothing, Rule, State, check, rules};
use proptest::prelude::*;

#[test]
fn the_corpus_is_read_to_its_end() {
    let root = drybox_testkit::testdata("crates/workspace/tests/fixtures/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        check(&bytes);
        // Every cut of it is an input too.
        for end in 0..bytes.len() {
            check(&bytes[..end]);
        }
        count += 1;
    }
    assert!(count >= 9, "{count}");
}

#[test]
fn deep_wide_and_endless_inputs_are_read_or_refused() {
    let inputs: Vec<String> = vec![
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 18),
        "a: {".repeat(1 << 18),
        "- ".repeat(1 << 19),
        (0..4000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
        "<a>".repeat(1 << 19),
        "<a b=\"".repeat(1 << 18),
        "a = [".repeat(1 << 18),
        "[a \"\\".repeat(1 << 18),
        "\"".repeat(1 << 20),
        "'".repeat(1 << 20),
        "a\\\n".repeat(1 << 19),
        "k: |\n".repeat(1 << 18),
        "&a *a ".repeat(1 << 18),
        format!("\"{}\": 1", "k".repeat(1 << 21)),
        "h1: sha512-\n".repeat(1 << 17),
        "x".repeat(1 << 22),
        "\r\n".repeat(1 << 20),
    ];
    for input in &inputs {
        // What is quadratic here takes minutes, and the run's own limit ends it.
        check(input.as_bytes());
    }
}

#[test]
fn a_hostile_file_at_any_place_is_judged() {
    let judge = Judge::new();
    let judging = judge.begin(&Nothing);
    let bodies: &[&[u8]] = &[
        b"",
        b"\0",
        b"\xff\xfe\0",
        b"\xef\xbb\xbf{}",
        b"{\"a\":1,\"a\":2}",
        b"---\n---\n...\n",
        b"\r\r\r",
    ];
    for place in [
        ".git/config",
        ".git/index",
        "package.json",
        "a.yaml",
        "Cargo.toml",
        "pom.xml",
        ".env",
        "yarn.lock",
        "a.md",
        ".npmrc",
    ] {
        for body in bodies {
            let after = Some(State::file(body.to_vec(), 0o644));
            drop(judging.change(&Change { path: place.into(), before: None, after }));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&bytes);
    }

    #[test]
    fn no_text_of_marks_makes_a_parser_panic(text in "[\\[\\]{}:,\"'#|>&*!%@`\\\\<>/=?a-c \\t\\n\\r\\-é-]{0,200}") {
        check(text.as_bytes());
    }

    #[test]
    fn a_name_is_judged_whatever_it_is(path in prop::collection::vec(any::<u8>(), 1..80)) {
        // The rows about names alone: the whole table is not built for each case.
        let about = |rule: &&Rule| rule.id.starts_with("H-FS-") && rule.id != "H-FS-14";
        let judge = Judge::of(rules().filter(about).copied().collect());
        let after = Some(State::file(Vec::new(), 0o644));
        let held = judge.begin(&Nothing).change(&Change { path, before: None, after });
        prop_assert!(held.iter().all(|held| held.lines.iter().all(|line| !line.text.contains('\x1b'))));
    }
}
