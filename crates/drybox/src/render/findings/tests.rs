use drybox_run::doctor::Limit;

use super::*;

const FILE: Screen = Screen { width: None, colours: false };

fn finding(id: &'static str, state: State, why: Option<&str>, fix: Option<&str>) -> Finding {
    let (why, fix) = (why.map(str::to_owned), fix.map(str::to_owned));
    Finding { id, what: "what it is, in a few more words than one", state, why, fix }
}

fn some() -> Findings {
    Findings {
        ready: false,
        walls: vec![
            finding("launch", State::InForce, None, None),
            finding("landlock", State::Weaker, Some("an old kernel, which is a pity"), Some("x y")),
            finding(
                "seccomp",
                State::NotInForce,
                Some("why"),
                Some("a command that is long, and to be copied"),
            ),
            finding("proc", State::Untried, None, None),
        ],
        limits: vec![Limit {
            finding: finding("time", State::InForce, None, None),
            kept_by: "drybox",
        }],
        surroundings: Vec::new(),
        host: vec![("kernel", "6.1".to_owned())],
    }
}

#[test]
fn the_table_is_aligned_and_says_each_state_in_words() {
    let text = text(&some(), FILE);
    assert_eq!(
        text,
        "walls\n  ok    launch    what it is, in a few more words than one\n  \
         weak  landlock  what it is, in a few more words than one\n        \
         why: an old kernel, which is a pity\n        fix: x y\n  \
         NO    seccomp   what it is, in a few more words than one\n        \
         why: why\n        fix: a command that is long, and to be copied\n  \
         ?     proc      what it is, in a few more words than one\n\nlimits\n  \
         ok    time      what it is, in a few more words than one (drybox)\n\n\
         surroundings\n  kernel: 6.1\n\nnot ready: a box does not start here with every wall\n"
    );
}

#[test]
fn colours_only_repeat_what_words_say() {
    let coloured = text(&some(), Screen { colours: true, ..FILE });
    assert!(coloured.contains("\x1b[31mNO  \x1b[0m"), "{coloured}");
    let plain: String =
        coloured.split("\x1b[").enumerate().fold(String::new(), |text, (n, part)| {
            text + if n == 0 { part } else { part.split_once('m').unwrap().1 }
        });
    assert_eq!(plain, text(&some(), FILE));
}

#[test]
fn nothing_but_a_command_is_wider_than_the_terminal() {
    for width in [20, 30, 40, 60, 80] {
        let text = text(&some(), Screen { width: Some(width), ..FILE });
        for line in text.lines().filter(|line| !line.trim_start().starts_with("fix: ")) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        assert!(text.contains("fix: a command that is long, and to be copied\n"), "{width}");
    }
}

#[test]
fn the_json_is_what_others_rely_on() {
    let value: serde_json::Value = serde_json::from_str(&json::json(&some())).unwrap();
    let wall = |nth: usize| value["walls"][nth].clone();
    assert_eq!(wall(0)["in_force"], true);
    assert_eq!(wall(1)["in_force"], true);
    assert_eq!(wall(1)["state"], "weaker");
    assert_eq!(wall(2)["in_force"], false);
    assert_eq!(wall(2)["fix"], "a command that is long, and to be copied");
    assert_eq!(wall(3)["in_force"], false);
    for key in ["id", "in_force", "why", "fix"] {
        assert!(wall(0).get(key).is_some() && value["limits"][0].get(key).is_some(), "{key}");
    }
    assert_eq!(value["limits"][0]["kept_by"], "drybox");
}
