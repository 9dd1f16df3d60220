//! The table of hold rules as a whole.

use std::collections::{BTreeMap, BTreeSet};

use drybox_workspace::hold::{Change, Check, Judge, Nothing, State, Trick, rules};

use crate::fixtures::{self, Fixture};

fn ids(judge: &Judge, fixture: &Fixture) -> BTreeSet<String> {
    let judging = judge.begin(&fixture.beside);
    let mut held = judging.change(&fixture.change);
    if let Some(from) = &fixture.moved {
        held.extend(judging.moved(from, &fixture.change.path));
    }
    held.iter().map(|held| held.rule.to_owned()).collect()
}

#[test]
fn ids_are_unique_and_words_are_there() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(rule.id.starts_with("H-"), "{}", rule.id);
        assert!(rule.why.len() > 10 && !rule.why.ends_with('.'), "{}: {}", rule.id, rule.why);
        assert!(!rule.source.is_empty() && !rule.looks.is_empty(), "{}", rule.id);
    }
}

#[test]
fn each_fixture_is_held_by_exactly_its_rows() {
    let judge = Judge::new();
    let mut wrong = Vec::new();
    for fixture in fixtures::read("hold") {
        let got = ids(&judge, &fixture);
        if got != fixture.by {
            wrong
                .push(format!("{} {}: {got:?}, not {:?}", fixture.place, fixture.rule, fixture.by));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_row_has_a_fixture_that_it_holds_and_a_near_miss() {
    let mut has: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for fixture in fixtures::read("hold") {
        let entry = has.entry(fixture.rule).or_default();
        entry.0 |= fixture.held;
        entry.1 |= !fixture.held;
    }
    let missing: Vec<&str> =
        rules().map(|rule| rule.id).filter(|id| has.remove(*id) != Some((true, true))).collect();
    assert!(missing.is_empty(), "without one or the other: {missing:?}");
    assert!(has.is_empty(), "fixtures of no row: {has:?}");
}

#[test]
fn a_row_alone_holds_its_fixtures_and_no_near_miss() {
    let fixtures = fixtures::read("hold");
    for rule in rules() {
        // Links and renames ask the table for other rows' places: alone, the row knows none.
        let asks = |check| matches!(check, Check::Trick(Trick::LinkAlias | Trick::Moved));
        if rule.looks.iter().any(|look| asks(look.check)) {
            continue;
        }
        let alone = Judge::of(vec![*rule]);
        for fixture in fixtures.iter().filter(|fixture| fixture.rule == rule.id) {
            assert_eq!(ids(&alone, fixture).contains(rule.id), fixture.held, "{}", fixture.place);
        }
    }
}

#[test]
fn each_place_of_a_row_for_any_change_holds_an_example_of_it() {
    for rule in rules() {
        let judge = Judge::of(vec![*rule]);
        for look in rule.looks.iter().filter(|look| matches!(look.check, Check::Any | Check::New)) {
            for glob in look.at.iter().filter(|glob| !glob.starts_with('!')) {
                for example in examples(glob) {
                    let after = Some(State::file(b"x\n".to_vec(), 0o644));
                    let path = example.clone().into_bytes();
                    let held = judge.begin(&Nothing).change(&Change { path, before: None, after });
                    assert!(!held.is_empty(), "{}: {glob} does not hold {example}", rule.id);
                }
            }
        }
    }
}

/// What a glob means, spelled out.
fn examples(glob: &str) -> Vec<String> {
    let Some(open) = glob.find('{') else {
        let plain =
            glob.replace("/**/", "/some/deep/").replace("**/", "some/").replace("**", "a/b");
        return vec![plain.replace('*', "x").replace('?', "y")];
    };
    let (head, rest) = glob.split_at(open);
    let mut depth = 0;
    let mut cuts = vec![0];
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            cuts.push(at);
        }
        if depth == 0 {
            end = at;
            break;
        }
    }
    let parts = cuts.windows(2).map(|cut| &rest[cut[0] + 1..cut[1]]);
    parts.flat_map(|part| examples(&format!("{head}{part}{}", &rest[end + 1..]))).collect()
}

#[test]
fn keys_are_lower_case_and_patterns_compile() {
    let builds = |pattern: &str| {
        regex::bytes::RegexBuilder::new(pattern)
            .case_insensitive(true)
            .unicode(false)
            .build()
            .is_ok()
    };
    for rule in rules() {
        for look in rule.looks {
            let (keys, patterns): (&[&str], Vec<&str>) = match look.check {
                Check::Keys(keys) | Check::KeysGone(keys) => {
                    let value = match keys.value {
                        drybox_workspace::hold::Value::Any => None,
                        drybox_workspace::hold::Value::Like(p)
                        | drybox_workspace::hold::Value::Unlike(p) => Some(p),
                    };
                    (keys.names, value.into_iter().chain(keys.given.map(|given| given.1)).collect())
                }
                Check::Lines(patterns) | Check::LinesGone(patterns) => (&[], patterns.to_vec()),
                _ => (&[], Vec::new()),
            };
            assert!(keys.iter().all(|key| *key == key.to_lowercase()), "{}: {keys:?}", rule.id);
            assert!(patterns.iter().all(|pattern| builds(pattern)), "{}: {patterns:?}", rule.id);
        }
    }
}

#[test]
fn a_file_that_does_not_parse_is_held_and_says_so() {
    let judge = Judge::new();
    let change = |bytes: &[u8]| Change {
        path: b"package.json".to_vec(),
        before: Some(State::file(b"{}".to_vec(), 0o644)),
        after: Some(State::file(bytes.to_vec(), 0o644)),
    };
    let broken: &[(&[u8], &str)] = &[
        (b"{\"scripts\": {", "does not parse"),
        (b"{\"a\": 1, \"A\": 2}", "key twice"),
        (b"{\"a\": \"\xff\"}", "not UTF-8"),
        (b"{\"a\": \"\0\"}", "not UTF-8"),
    ];
    for (bytes, why) in broken {
        let held = judge.begin(&Nothing).change(&change(bytes));
        let line =
            held.iter().find(|held| held.rule == "H-PKG-01").map(|held| held.lines[0].text.clone());
        assert!(line.as_ref().is_some_and(|line| line.contains(why)), "{line:?}");
    }
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!judge.begin(&Nothing).change(&change(deep.as_bytes())).is_empty());
    let mut large = change(b"{}");
    large.after.as_mut().unwrap().size = 1 << 40;
    assert!(!judge.begin(&Nothing).change(&large).is_empty());
}
