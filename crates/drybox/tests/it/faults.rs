//! Bad surroundings: an error with its cause, never a panic.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

use crate::home::Home;

#[test]
fn a_current_directory_that_is_gone_is_told() {
    let home = Home::new();
    let gone = home.project().join("gone");
    fs::create_dir(&gone).unwrap();
    // The shell goes there, removes it, and starts the executable from nowhere.
    let script = format!("cd '{0}' && rmdir '{0}' && exec \"$0\" run -- true", gone.display());
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_drybox")])
        .env_clear()
        .env("HOME", home.user())
        .output()
        .unwrap();
    let said = home.said(&output);
    assert!(said.starts_with("exit 125\n"), "{said}");
    assert!(said.contains("error: the current directory cannot be named"), "{said}");
    assert!(said.contains("fix:   cd to a directory that exists"), "{said}");
}

#[test]
fn names_that_are_no_text_are_escaped() {
    let home = Home::new();
    let name = OsString::from_vec(b"a\xff\x1b[2J\n\xe2\x80\xaeb".to_vec());
    let output = home.output(&["run".into(), name.clone()]);
    let said = home.said(&output);
    assert!(said.contains(r"no image named a\xff\x1b[2J\x0a\u{202e}b"), "{said}");
    // A directory of that name can be shared.
    fs::create_dir(home.project().join(&name)).unwrap();
    let mut share = OsString::from("./");
    share.push(&name);
    share.push(":/x:ro");
    let explained = home.output(&["run".into(), "--explain".into(), "-v".into(), share]);
    let said = home.said(&explained);
    assert!(said.contains(r"a\xff\x1b[2J\x0a\u{202e}b at /x, read-only"), "{said}");
}

#[test]
fn a_reader_that_leaves_is_no_error_and_a_full_disk_is_one() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = home.drybox(&["run", "--help"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = home.drybox(&["--help"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let said = home.said(&output);
    assert!(said.starts_with("exit 125\n"), "{said}");
    assert!(said.contains("cause: No space left on device"), "{said}");
}

#[test]
fn nobody_to_tell_is_no_panic() {
    let home = Home::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = home.drybox(&["run", "--privileged"]).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(125));
}

#[test]
fn an_environment_file_that_never_ends_is_cut() {
    let home = Home::new();
    let output = home.output(&["run", "--env-file", "/dev/zero", "--", "true"]);
    let said = home.said(&output);
    assert!(said.contains("cause: it is longer than 1024 KiB"), "{said}");
}

#[test]
fn without_home_the_user_database_says_where_it_is() {
    let home = Home::new();
    let run = |cwd: &str| {
        home.drybox(&["run", "--explain", "--json"])
            .env_remove("HOME")
            .current_dir(cwd)
            .output()
            .unwrap()
    };
    // Whoever runs this test, `/` is no project and the made-up one is.
    assert!(String::from_utf8(run("/").stdout).unwrap().contains("an empty directory at /work"));
    let project = home.project();
    let there = run(project.to_str().unwrap());
    assert!(
        String::from_utf8(there.stdout)
            .unwrap()
            .contains("the current directory, changes kept apart")
    );
}

#[test]
fn a_thousand_words_and_flags_are_read() {
    let home = Home::new();
    let mut words = vec!["run".to_owned(), "--explain".to_owned(), "--json".to_owned()];
    words.extend((0..1000).map(|n| format!("-eV{n}={n}")));
    words.push("--".to_owned());
    words.extend((0..10_000).map(|n| n.to_string()));
    let output = home.output(&words);
    assert!(output.status.success());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["command"].as_array().unwrap().len(), 10_000);
}

mod root_only {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    #[test]
    fn cve_2020_5291_a_set_user_id_executable_does_not_start() {
        let home = Home::new();
        let copy = home.copy_of_drybox("bin");
        let run = || {
            let mut command = std::process::Command::new(&copy);
            command.args(["run", "--explain"]).env_clear().current_dir("/");
            home.said(&command.output().unwrap())
        };
        // The control: the same file without the bit.
        chown(&copy, Some(65534), Some(65534)).unwrap();
        assert!(run().starts_with("exit 0\n"));
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).unwrap();
        let said = run();
        assert!(
            said.contains("error: drybox was started with the rights of another user"),
            "{said}"
        );
        assert!(said.contains("fix:   chmod ug-s"), "{said}");
    }
}
