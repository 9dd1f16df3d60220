//! `drybox diff`, `discard` and `boxes`.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use drybox_testkit::{Pty, TestEnv, require};

use super::{boxed, ran, told};

/// A tree with something of each kind, and a script that changes each.
fn changed() -> TestEnv {
    let env = TestEnv::new();
    for (path, text) in [
        ("edited", "one\ntwo\nthree\n"),
        ("d/gone", "x\n"),
        ("mode", "#!/bin/sh\n"),
        ("whole/1", "1\n"),
        ("moved", "the same bytes\n"),
        ("bin", "a\0b"),
        ("no-end", "last"),
        ("turned", "a file\n"),
    ] {
        env.write(path, text);
    }
    symlink("edited", env.work().join("link")).unwrap();
    ran(
        &env,
        "sed -i 's/^two$/2/' edited; rm d/gone; chmod +x mode; rm -r whole; mkdir whole; \
         echo 2 > whole/2; mv moved elsewhere; printf 'c\\0d' > bin; printf 'last\\n' > no-end; \
         ln -sf no-end link; rm turned; ln -s bin turned; printf x > 'sp ace'; : > empty; \
         printf 'n\\n' > \"$(printf 'a\\tb\"q')\"; touch d; echo y > é",
    );
    env
}

/// The rules' own fixtures are tested where they are; here, that a box's changes come to them.
#[test]
fn what_would_run_by_itself_on_the_host_is_named_with_its_rule_and_lines() {
    let env = TestEnv::new();
    env.write("package.json", "{\"scripts\":{\"test\":\"true\"}}\n");
    env.write(".git/HEAD", "ref: refs/heads/main\n");
    ran(
        &env,
        "mkdir -p .git/hooks; echo x > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; \
         echo '{\"scripts\":{\"test\":\"true\",\"postinstall\":\"y\"}}' > package.json; \
         ln -s /etc/passwd out; echo plain > plain",
    );
    let text = told(&env, &["diff"]);
    for held in [
        "added    .git/hooks/pre-commit (executable)\n  held: H-GIT-01 (crit): git runs it",
        "modified package.json\n  held: H-PKG-01 (crit): ",
        "\n    1: {\"scripts\":{\"test\":\"true\",\"postinstall\":\"y\"}}\n",
        "added    out (symlink)\n  held: H-FS-01 (crit): ",
        "added    plain\n@@ ",
    ] {
        assert!(text.contains(held), "{held}: {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&told(&env, &["diff", "--json"])).unwrap();
    let rules = |path: &str| -> Vec<&str> {
        let changes = json["changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["path"] == path).unwrap();
        let held = change["held"].as_array().unwrap().iter();
        held.map(|held| held["rule"].as_str().unwrap()).collect()
    };
    assert_eq!(rules(".git/hooks/pre-commit"), ["H-GIT-01"]);
    assert_eq!(rules("plain"), [""; 0], "the control");
}

#[test]
fn set_id_bits_are_told_in_numbers_and_held() {
    let env = TestEnv::new();
    env.write("old", "x\n");
    ran(&env, "echo x > new; chmod 4755 new; chmod 2755 old; mkdir d; chmod 2755 d; echo > plain");
    let text = told(&env, &["diff"]);
    for title in [
        "added    new (mode 4755)\n",
        "mode     old (mode 644 -> 2755)\n",
        "added    d (mode 2755)\n",
        "added    plain\n@@ ",
    ] {
        assert!(text.contains(title), "{title}: {text}");
    }
    assert_eq!(text.matches("  held: H-FS-05 (crit): ").count(), 3, "{text}");
    assert!(told(&env, &["diff", "--stat"]).contains("new (mode 4755)"));
}

#[test]
fn each_kind_of_change_is_listed() {
    let env = changed();
    let json: serde_json::Value = serde_json::from_str(&told(&env, &["diff", "--json"])).unwrap();
    assert_eq!(json["base"], env.work().to_str().unwrap());
    let changes = json["changes"].as_array().unwrap();
    let said: Vec<String> = changes
        .iter()
        .map(|change| {
            // A name with a tab and a quote is not what the eye sees.
            let is_odd = change["path"].as_str().unwrap().contains("\\x09");
            assert_eq!(change["held"].as_array().unwrap().is_empty(), !is_odd, "{change}");
            format!("{} {}", change["kind"].as_str().unwrap(), change["path"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        said,
        [
            "added a\\x09b\"q",
            "modified bin",
            "deleted d/gone",
            "modified edited",
            "renamed elsewhere",
            "added empty",
            "modified link",
            "mode mode",
            "modified no-end",
            "added sp ace",
            "modified turned",
            "deleted whole/1",
            "added whole/2",
            "added é",
        ]
    );
    assert_eq!(changes[0]["path_hex"], "6109622271");
    assert_eq!((&changes[4]["from"], &changes[10]["is"]), (&"moved".into(), &"symlink".into()));
    let stat = told(&env, &["diff", "--stat"]);
    assert!(stat.contains("modified edited +1 -1\n") && stat.contains("14 files,"), "{stat}");
    let text = told(&env, &["diff", "edited", "mode"]);
    assert_eq!(
        text,
        "modified edited\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n\
         mode     mode (mode 644 -> 755)\n"
    );
}

#[test]
fn the_patch_is_taken_by_git_apply_and_makes_the_same_tree() {
    let env = changed();
    let done = env.drybox().args(["diff", "--patch"]).run().expect_code(0);
    assert_eq!(done.stderr, "note: not in the patch, for it is no text: bin\n");
    let patch = env.root().join("patch");
    fs::write(&patch, &done.raw_stdout).unwrap();
    let inside = ran(
        &env,
        "rm -f bin; find . -type f -o -type l | sort | xargs -d '\\n' ls -ld \
        | cut -c1-10; find . -type f | sort | xargs -d '\\n' cat; readlink link turned",
    );
    let git = env.command(require("git")).args(["apply", "--verbose"]).arg(&patch).run();
    git.expect_code(0);
    let script = "rm -f bin; find . -type f -o -type l | sort | xargs -d '\\n' ls -ld \
        | cut -c1-10; find . -type f | sort | xargs -d '\\n' cat; readlink link turned";
    let outside = env.command("/bin/sh").args(["-c", script]).run().expect_code(0);
    assert_eq!(inside.stdout, outside.stdout);
}

#[test]
fn what_a_payload_wrote_reaches_no_terminal_as_it_is() {
    let env = TestEnv::new();
    ran(
        &env,
        "printf '\\033]52;c;aaaa\\007 \\033[2J\\n' > \"$(printf 'n\\033[31m\\nx')\"; \
         printf '\\342\\200\\256txt' > bidi",
    );
    for args in [&["diff"][..], &["diff", "--stat"], &["diff", "--name-only"], &["diff", "--json"]]
    {
        let text = told(&env, args);
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{args:?} {text:?}");
    }
    for args in [&["diff"][..], &["diff", "--patch"]] {
        let mut pty = Pty::start(env.drybox().args(args).env("PAGER", "cat"));
        assert!(pty.wait(Duration::from_secs(20)).success());
        let shown = pty.output();
        assert!(!shown.windows(2).any(|pair| pair == b"\x1b]" || pair == b"\x1b[2"), "{args:?}");
        assert!(shown.windows(6).any(|part| part == b"\\x1b]5"), "{args:?}");
    }
}

#[test]
fn only_the_named_is_taken_back() {
    let env = changed();
    let no = env.drybox().args(["discard"]).run().expect_code(125).stderr;
    assert!(no.contains("fix:   drybox discard --yes"), "{no}");
    let within = env.drybox().args(["discard", "--yes", "whole/1"]).run().expect_code(125).stderr;
    assert!(within.contains("fix:   drybox discard whole\n"), "{within}");
    told(&env, &["discard", "--yes", "whole", "edited", "d"]);
    let names = told(&env, &["diff", "--name-only"]);
    assert!(!names.contains("whole") && !names.contains("edited\n") && names.contains("link"));
    assert_eq!(ran(&env, "cat whole/1 edited d/gone").stdout, "1\none\ntwo\nthree\nx\n");
    let none = env.drybox().args(["discard", "--yes", "edited"]).run().expect_code(125).stderr;
    assert!(none.contains("nothing changed at"), "{none}");
    told(&env, &["discard", "--yes"]);
    assert_eq!(told(&env, &["boxes"]), "no pending changes\n");
}

#[test]
fn boxes_are_listed_and_a_box_that_is_not_there_is_told() {
    let env = TestEnv::new();
    boxed(&env, &["--box", "mine"], "echo x > a; echo y > b").run().expect_code(0);
    let list: serde_json::Value = serde_json::from_str(&told(&env, &["boxes", "--json"])).unwrap();
    let row = &list["boxes"][0];
    assert_eq!((&row["box"], &row["changes"]), (&"mine".into(), &2.into()));
    assert_eq!(row["workspace"], env.work().to_str().unwrap());
    let missing = env.drybox().args(["diff", "--box", "other"]).run().expect_code(125).stderr;
    assert!(missing.contains("no box other of") && missing.contains("drybox boxes"), "{missing}");
}

#[test]
fn a_diff_costs_what_changed_and_not_what_is_there() {
    let env = TestEnv::new();
    for number in 0..3000 {
        env.write(format!("d{}/f{number}", number % 30), "x");
    }
    ran(&env, "echo y > d7/f7; rm d8/f8");
    let log = env.root().join("strace");
    let done = env.drybox().args(["diff", "--name-only"]).traced(&log).run().expect_code(0);
    assert_eq!(done.stdout, "d7/f7\nd8/f8\n");
    let calls = drybox_testkit::Trace::read(&log).calls().len();
    assert!(calls < 400, "{calls} system calls for two changes");
}
