//! Generated files hold the named keys with plain values, and nothing else.

use super::*;

fn rust_home() -> (Host, PathBuf) {
    let host = Host::new();
    let bin = host.bin(".cargo/bin");
    host.bin(".rustup/toolchains/stable");
    (host, bin)
}

#[test]
fn rustup_gets_a_writable_home_with_the_default_tool_chain() {
    let (mut host, bin) = rust_home();
    host.file(
        ".rustup/settings.toml",
        "version = \"12\"\ndefault_toolchain = \"stable\"\nother = \"x\"\n[overrides]\n\"/w\" = \"nightly\"\n",
    );
    let found = host.find_with_path(&[&bin]);
    let settings = file(&found, "/home/agent/.rustup/settings.toml").unwrap();
    assert_eq!(settings, "default_toolchain = \"stable\"\nversion = \"12\"\n");
    assert_eq!(variable(&found, "RUSTUP_HOME").as_deref(), Some("/home/agent/.rustup"));
    let toolchains = host.home().join(".rustup/toolchains");
    assert_eq!(found.links[0].0.as_bytes(), b"/home/agent/.rustup/toolchains");
    assert_eq!(found.links[0].1, toolchains.as_os_str().as_encoded_bytes());
    assert!(covers(&found, &toolchains));
}

#[test]
fn rustup_settings_that_are_hostile_or_missing_leave_a_default() {
    let (mut host, bin) = rust_home();
    let bad = [
        "default_toolchain = \"../../.ssh\"",
        "default_toolchain = \"/root/.ssh\"",
        "default_toolchain = \"-x\"",
        "default_toolchain = 1",
        "default_toolchain = \"a\\u001bb\"",
        "not toml [",
    ];
    for text in bad {
        host.file(".rustup/settings.toml", text);
        let found = host.find_with_path(&[&bin]);
        let settings = file(&found, "/home/agent/.rustup/settings.toml");
        assert_eq!(settings.as_deref(), Some("version = \"12\"\n"), "{text}");
    }
    fs::remove_file(host.home().join(".rustup/settings.toml")).unwrap();
    assert!(file(&host.find(), "/home/agent/.rustup/settings.toml").is_some());
}

#[test]
fn the_users_rustup_toolchain_is_kept_when_it_is_a_name() {
    let (mut host, bin) = rust_home();
    host.set("RUSTUP_TOOLCHAIN", "nightly-2026-01-01");
    let found = host.find_with_path(&[&bin]);
    assert_eq!(variable(&found, "RUSTUP_TOOLCHAIN").as_deref(), Some("nightly-2026-01-01"));
    host.set("RUSTUP_TOOLCHAIN", "/home/alice/.ssh");
    assert_eq!(variable(&host.find(), "RUSTUP_TOOLCHAIN"), None);
}

#[test]
fn cargo_gets_sources_and_registries_without_tokens() {
    let (mut host, bin) = rust_home();
    host.file(
        ".cargo/config.toml",
        r#"
[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "sparse+https://mirror.test/index/"
token = "hunter2"
[source.private]
registry = "https://alice:hunter2@private.test/index"
[source.uses-private]
replace-with = "private"
registry = "https://other.test/"
[source.vendored]
directory = "../vendor"
[registries.work]
index = "sparse+https://work.test/"
token = "hunter2"
credential-provider = ["hunter2"]
[registry]
default = "work"
token = "hunter2"
[env]
SECRET = "hunter2"
[build]
rustc-wrapper = "/home/alice/bin/x"
[http]
proxy = "http://alice:hunter2@proxy.test"
"#,
    );
    let found = host.find_with_path(&[&bin]);
    let path = host.home().join(".cargo/config.toml");
    let text = file(&found, path.to_str().unwrap()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let made: toml::Table = text.parse().unwrap();
    let expected: toml::Table = r#"
[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "sparse+https://mirror.test/index/"
[source.uses-private]
registry = "https://other.test/"
[registries.work]
index = "sparse+https://work.test/"
[registry]
default = "work"
"#
    .parse()
    .unwrap();
    assert_eq!(made, expected, "{text}");
}

#[test]
fn cargo_without_sources_gets_no_file() {
    let (mut host, bin) = rust_home();
    for text in ["[registry]\ntoken = \"x\"\n", "[source.crates-io]\nreplace-with = \"gone\"", "x"]
    {
        host.file(".cargo/config.toml", text);
        let found = host.find_with_path(&[&bin]);
        assert_eq!(found.files.len(), 1, "{text}: only rustup's");
    }
}

#[test]
fn a_fifo_or_a_large_file_is_no_settings_file() {
    let (mut host, bin) = rust_home();
    host.file(".cargo/config.toml", &"#".repeat(100_000));
    // A directory stands for everything that is no regular file: a FIFO would block this test.
    fs::create_dir_all(host.home().join(".cargo/config")).unwrap();
    assert_eq!(host.find_with_path(&[&bin]).files.len(), 1);
}

#[test]
fn mise_gets_plain_versions_only() {
    let mut host = Host::new();
    let shims = host.bin(".local/share/mise/shims");
    host.file(
        ".config/mise/config.toml",
        "[env]\nTOKEN = \"hunter2\"\n[tools]\nnode = \"22\"\npython = [\"3.12\", \"3.11\"]\n\
         \"npm:prettier\" = \"latest\"\nbad = \"path:/home/alice/.ssh\"\nworse = { version = \"1\" }\n",
    );
    let found = host.find_with_path(&[&shims]);
    let made: toml::Table =
        file(&found, "/home/agent/.config/mise/config.toml").unwrap().parse().unwrap();
    let expected: toml::Table =
        "[tools]\nnode = \"22\"\npython = [\"3.12\", \"3.11\"]\n\"npm:prettier\" = \"latest\"\n"
            .parse()
            .unwrap();
    assert_eq!(made, expected);
}

#[test]
fn asdf_gets_plain_versions_only() {
    let mut host = Host::new();
    let shims = host.bin(".asdf/shims");
    host.file(
        ".tool-versions",
        "nodejs 20.1.0 18.0.0 # both\n# comment\npython path:/home/alice/.ssh\nruby\nerlang 27.0\n",
    );
    let found = host.find_with_path(&[&shims]);
    let made = file(&found, &format!("{BOX_HOME}/.tool-versions"));
    assert_eq!(made.as_deref(), Some("nodejs 20.1.0 18.0.0\nerlang 27.0\n"));
}

#[test]
fn small_files_of_plain_words_are_copied() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    let version = host.file(".pyenv/version", "3.12.1\n3.11.7\n");
    let found = host.find_with_path(&[&shims]);
    assert_eq!(file(&found, version.to_str().unwrap()).as_deref(), Some("3.12.1\n3.11.7\n"));
    host.file(".pyenv/version", "password: ../x\n");
    assert_eq!(host.find().files, []);
}

#[test]
fn a_relative_config_home_is_no_place_of_the_workspace() {
    let mut host = Host::new();
    let shims = host.bin(".local/share/mise/shims");
    host.file(".config/mise/config.toml", "[tools]\nnode = \"22\"\n");
    for value in ["", "crates", "./x"] {
        host.set("XDG_CONFIG_HOME", value);
        let found = host.find_with_path(&[&shims]);
        let settings = file(&found, "/home/agent/.config/mise/config.toml");
        assert_eq!(settings.as_deref(), Some("[tools]\nnode = \"22\"\n"), "{value:?}");
    }
}
