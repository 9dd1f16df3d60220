//! Every row of the refusal tables, as a user meets it.

use std::fs;

use drybox_spec::refuse::{Place, SOURCES, TARGETS, When};
use drybox_spec::{FOREIGN_FLAGS, Takes};

use crate::home::{Home, golden};

#[test]
fn podmans_other_flags_are_refused_with_a_reason() {
    let home = Home::new();
    let mut text = String::new();
    for flag in FOREIGN_FLAGS {
        let value = match flag.takes {
            Takes::Value => "=x",
            Takes::Switch if flag.fine.contains(&"true") => "=false",
            Takes::Switch => "",
        };
        let typed = format!("--{}{value}", flag.name);
        let output = home.output(&["run", &typed, "--", "true"]);
        assert_eq!(output.status.code(), Some(125), "{typed}");
        text.push_str(&format!("$ drybox run {typed} -- true\n{}\n", home.said(&output)));
        // The control: what says what is so anyway is accepted.
        for fine in flag.fine {
            let typed = format!("--{}={fine}", flag.name);
            let output = home.output(&["run", "--explain", &typed, "--", "true"]);
            assert!(output.status.success(), "{typed}: {output:?}");
        }
        if let Some(short) = flag.short {
            let typed = format!("-{short}");
            let words = match flag.takes {
                Takes::Value => vec!["run", typed.as_str(), "x", "--", "true"],
                Takes::Switch => vec!["run", typed.as_str(), "--", "true"],
            };
            let stderr = home.output(&words).stderr;
            let expected = format!("error: cannot use --{}", flag.name);
            assert!(stderr.starts_with(expected.as_bytes()), "{typed}");
        }
    }
    golden("refused-flags.txt", &text);
}

#[test]
fn guarded_places_are_refused_with_a_reason() {
    let home = Home::new();
    let mut text = String::new();
    for rule in SOURCES {
        let place = match rule.place {
            // Not every host has them all, and their files differ.
            Place::At(path) if ALWAYS_THERE.contains(&path) => path.into(),
            Place::At(_) => continue,
            Place::Home(below) => home.user().join(below),
            Place::Variable(name) => home.root().join("secrets").join(name),
            Place::Ours(drybox_spec::Own::Executable) => continue,
            Place::Ours(drybox_spec::Own::Store) => home.user().join(".local/share/drybox"),
            Place::Ours(drybox_spec::Own::Config) => home.user().join(".config/drybox"),
        };
        if place.starts_with(home.root()) {
            fs::create_dir_all(&place).unwrap();
        }
        let access = if rule.when == When::Always { ":ro" } else { "" };
        let typed = format!("{}:/x{access}", place.display());
        let mut command = home.drybox(&["run", "-v", &typed, "--", "true"]);
        if let Place::Variable(name) = rule.place {
            command.env(name, &place);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{typed}");
        text.push_str(&format!("# {}\n{}\n", rule.id, home.said(&output)));
        // So that the next row is alone.
        if place.starts_with(home.root()) && place != home.user() {
            fs::remove_dir_all(&place).unwrap();
        }
    }
    golden("refused-sources.txt", &text);
}

#[test]
fn the_directory_of_the_executable_may_be_read_and_not_written() {
    let home = Home::new();
    let copy = home.copy_of_drybox("bin");
    let bin = copy.parent().unwrap();
    let run = |access: &str| {
        std::process::Command::new(&copy)
            .args(["run", "--explain", "-v", &format!("{}:/x:{access}", bin.display())])
            .env_clear()
            .env("HOME", home.user())
            .current_dir(home.project())
            .output()
            .unwrap()
    };
    assert!(run("ro").status.success());
    golden("refused-executable.txt", &home.said(&run("rw")));
}

#[test]
fn reserved_targets_are_refused_with_a_reason() {
    let home = Home::new();
    let mut text = String::new();
    for rule in TARGETS {
        let output = home.output(&["run", "-v", &format!("./in:{}", rule.path), "--", "true"]);
        assert_eq!(output.status.code(), Some(125), "{}", rule.path);
        text.push_str(&format!("# {}\n{}\n", rule.path, home.said(&output)));
    }
    golden("refused-targets.txt", &text);
}

#[test]
fn sockets_and_fifos_are_refused() {
    let home = Home::new();
    let socket = home.project().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let output = home.output(&["run", "-v", "./socket:/x", "--", "true"]);
    golden("refused-socket.txt", &home.said(&output));
    drop(listener);
    let device = home.output(&["run", "-v", "/dev/null:/x", "--", "true"]);
    assert_eq!(device.status.code(), Some(125));
}

#[test]
fn a_symlink_does_not_open_a_guarded_place() {
    let home = Home::new();
    fs::create_dir(home.user().join(".ssh")).unwrap();
    std::os::unix::fs::symlink(home.user().join(".ssh"), home.project().join("keys")).unwrap();
    let output = home.output(&["run", "-v", "./keys:/x:ro", "--", "true"]);
    golden("refused-symlink.txt", &home.said(&output));
}

const ALWAYS_THERE: &[&str] =
    &["/", "/home", "/proc", "/sys", "/dev", "/etc", "/var", "/run", "/tmp", "/usr"];
