//! Odd and hostile environments: never more than the table, never a panic, never unbounded work.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::super::discover::{Home, MAX_ENTRIES};
use super::super::share::MAX_SHARES;
use super::*;

#[test]
fn a_file_of_the_workspace_never_changes_the_result() {
    let mut host = Host::new();
    let entries =
        [host.bin(".cargo/bin"), host.bin(".pyenv/shims"), host.bin(".local/share/mise/shims")];
    host.bin(".rustup/toolchains/stable");
    host.file(".ssh/id_ed25519", "secret");
    let [cargo, pyenv, mise] = &entries;
    let before = host.find_with_path(&[cargo, pyenv, mise]);
    let proj = host.home().join("proj");
    host.file("proj/rust-toolchain.toml", "[toolchain]\npath = \"../.ssh\"\n");
    host.file("proj/.tool-versions", "node path:../.ssh\n");
    host.file("proj/mise.toml", "[env]\n_.path = \"../.ssh\"\n[tools]\nnode = \"path:../.ssh\"\n");
    host.file("proj/.nvmrc", "../../../.ssh\n");
    host.file("proj/.python-version", "../../.ssh\n");
    host.file("proj/.cargo/config.toml", "[source.x]\ndirectory = \"/root/.ssh\"\n");
    let venv = host.link("proj/venv", host.home().join(".ssh"));
    let modules = host.bin("proj/node_modules/.bin");
    host.set("PWD", &proj);
    let after = host.find_with_path(&[cargo, pyenv, mise, &venv, &venv.join("bin"), &modules]);
    assert_eq!(ToolChains { left_out: Vec::new(), ..after }, before);
}

#[test]
fn a_link_of_the_workspace_does_not_have_a_named_place_lead_elsewhere() {
    let mut host = Host::new();
    host.bin("papers/bin");
    host.bin("papers/real/bin");
    let direct = host.link("proj/tools", host.home().join("papers"));
    host.link("proj/hop", host.home().join("papers"));
    let through = host.link("outside", "proj/hop");
    host.link("other", "papers");
    for place in [&direct, &through, &host.home().join("proj/hop/real")] {
        host.set("PNPM_HOME", place);
        host.set("GOPATH", place);
        host.set("PATH", place.join("bin"));
        let found = host.find_in("proj");
        assert!(found.shares.is_empty() && found.path.is_empty(), "{found:?}");
        let why = "a link of the current directory leads to it";
        assert!(found.left_out.iter().any(|left| left.why == why), "{found:?}");
        // From another directory the link is the user's own.
        assert!(!host.find_in("elsewhere").shares.is_empty());
    }
    // A link that is not the workspace's, and a tool chain that stands in the workspace.
    host.bin("proj/go/bin");
    for place in [host.home().join("other"), host.home().join("proj/go")] {
        host.set("PNPM_HOME", "");
        host.set("GOPATH", &place);
        host.set("PATH", place.join("bin"));
        assert_eq!(host.find_in("proj").path.len(), 1, "{place:?}");
    }
}

#[test]
fn a_file_of_a_tool_chain_in_the_workspace_is_not_copied_through_a_link() {
    let mut host = Host::new();
    let token = host.file(".vault-token", "hvs.token");
    let bin = host.bin("proj/pyenv/bin");
    host.set("PYENV_ROOT", host.home().join("proj/pyenv"));
    host.set("PATH", &bin);
    let link = host.link("proj/pyenv/version", &token);
    assert_eq!(host.find_in("proj").files, []);
    fs::remove_file(&link).unwrap();
    host.file("proj/pyenv/version", "3.12.1");
    assert_eq!(host.find_in("proj").files.len(), 1);
}

#[test]
fn unusable_entries_are_left_out() {
    let mut host = Host::new();
    let cargo = host.bin(".cargo/bin");
    host.bin(".nvm/versions/node/v1/bin");
    let home = host.home();
    let entries: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b".".to_vec(),
        b".cargo/bin".to_vec(),
        b"~/.cargo/bin".to_vec(),
        b"/nonexistent/bin".to_vec(),
        b"/usr/bin/../../root/.ssh".to_vec(),
        [home.as_os_str().as_bytes(), b"/.nvm/../.ssh"].concat(),
        [home.as_os_str().as_bytes(), b"/.cargo/bin\n/x"].concat(),
        [b"/".as_slice(), &[b'a'; 5000]].concat(),
        cargo.as_os_str().as_bytes().to_vec(),
        b"".to_vec(),
    ];
    host.set("PATH", OsStr::from_bytes(&entries.join(&b':')));
    let found = host.find();
    assert_eq!(path(&found), [&cargo]);
    assert_eq!(shares(&found), [&cargo]);
    assert_eq!(found.left_out.len(), 7, "{found:#?}");
}

#[test]
fn names_that_are_no_utf8_work() {
    let mut host = Host::new();
    let version = OsStr::from_bytes(b"v\xff1");
    let bin = host.bin(Path::new(".nvm/versions/node").join(version).join("bin"));
    let found = host.find_with_path(&[&bin]);
    assert_eq!(shares(&found), [&bin]);
    assert_eq!(found.path[0].as_bytes(), bin.as_os_str().as_bytes());
}

#[test]
fn a_link_into_credentials_is_refused() {
    let mut host = Host::new();
    for place in [".ssh", ".aws", ".gnupg", ".config/gcloud", ".local/share/keyrings"] {
        host.bin(place);
        let link = host.link("bin", host.home().join(place));
        let found = host.find_with_path(&[&link]);
        assert_eq!((shares(&found), path(&found)), (vec![], vec![]), "{place}");
        assert_eq!(why_not(&found, &link), Some("it is in a place for credentials"), "{place}");
        fs::remove_file(link).unwrap();
    }
    // The control: a link to a folder of programs is followed.
    let scripts = host.bin("dotfiles/bin");
    let link = host.link("bin", &scripts);
    assert_eq!(shares(&host.find_with_path(&[&link])), [&scripts]);
}

#[test]
fn a_root_that_leads_into_credentials_is_refused() {
    let mut host = Host::new();
    host.bin(".ssh/bin");
    host.bin(".ssh/toolchains");
    let cargo = host.link(".cargo", host.home().join(".ssh"));
    host.set("RUSTUP_HOME", host.home().join(".ssh"));
    let found = host.find_with_path(&[&cargo.join("bin")]);
    assert_eq!(found.shares, []);
    host.set("CARGO_HOME", host.home().join(".ssh"));
    assert_eq!(host.find().shares, []);
}

#[test]
fn the_home_and_what_holds_it_are_refused() {
    let mut host = Host::new();
    for below in ["versions", "shims", "bin", "toolchains", "lib", "pkg/tool", "lib/modules"] {
        host.bin(below);
    }
    let home = host.home();
    fs::create_dir_all(home.join(".pyenv")).unwrap();
    for place in [home.clone(), home.parent().unwrap().to_owned(), "/".into()] {
        for name in ["CARGO_HOME", "PYENV_ROOT", "NVM_DIR", "JAVA_HOME", "GOROOT", "GOPATH"] {
            host.set(name, &place);
        }
        let found = host.find_with_path(&[&place]);
        assert_eq!((shares(&found), path(&found)), (vec![], vec![]), "{}", place.display());
    }
    for name in ["all", "wide"] {
        let link = host.link(&format!("bin-{name}"), if name == "all" { "/" } else { ".." });
        fs::rename(&link, home.join(".bin")).unwrap();
        assert_eq!(host.find_with_path(&[&home.join(".bin")]).shares, []);
        fs::remove_file(home.join(".bin")).unwrap();
    }
}

#[test]
fn a_listed_folder_that_leaves_its_tool_chain_is_refused() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    let elsewhere = host.bin("private");
    let versions = host.link(".pyenv/versions", &elsewhere);
    let found = host.find_with_path(&[&shims]);
    assert_eq!(shares(&found), [&shims]);
    assert_eq!(why_not(&found, &versions), Some("it is a link that leaves its tool chain"));
}

#[test]
fn loops_end() {
    let mut host = Host::new();
    let a = host.link("bin", "loop");
    host.link("loop", "bin");
    let cargo = host.bin(".cargo/bin");
    host.link(".cargo/registry", "registry");
    host.link(".rustup", ".rustup");
    let found = host.find_with_path(&[&a, &cargo]);
    assert_eq!(shares(&found), [&cargo]);
}

#[test]
fn ten_thousand_entries_are_not_all_looked_at() {
    let mut host = Host::new();
    let many: Vec<PathBuf> = (0..10_000).map(|n| host.home().join(format!(".t{n}/bin"))).collect();
    many.iter().take(200).for_each(|dir| drop(host.bin(dir)));
    let entries: Vec<&Path> = many.iter().map(PathBuf::as_path).collect();
    let found = host.find_with_path(&entries);
    assert_eq!(found.shares.len(), MAX_SHARES);
    assert!(found.left_out.len() <= MAX_ENTRIES * 2 + 1);
    assert_eq!(why_not(&found, Path::new("PATH")), Some("it has more than 128 entries"));
    for dir in path(&found) {
        assert!(covers(&found, dir), "what is on PATH is there: {}", dir.display());
    }
}

#[test]
fn a_home_that_is_none_gives_nothing_of_the_home() {
    let mut host = Host::new();
    let cargo = host.bin(".cargo/bin");
    host.find_with_path(&[&cargo]);
    for home in ["/nonexistent/home", "/", "/proc/self/fd/99999"] {
        assert_eq!(host.find_at(Path::new(home)).shares, [], "{home}");
    }
    // What a variable names has nothing to do with the home.
    host.set("CARGO_HOME", host.home().join(".cargo"));
    assert_eq!(shares(&host.find_at(Path::new("/"))), [&cargo]);
}

#[test]
fn a_moved_tool_chain_keeps_both_names() {
    let mut host = Host::new();
    let shims = host.bin(host.root().join("data/pyenv/shims"));
    host.bin(host.root().join("data/pyenv/versions"));
    let named = host.link(".pyenv", host.root().join("data/pyenv"));
    let found = host.find_with_path(&[&named.join("shims")]);
    assert_eq!(path(&found), [&shims]);
    let link = (named.as_os_str().as_bytes(), shims.parent().unwrap().as_os_str().as_bytes());
    assert_eq!(
        found.links.iter().map(|(at, to)| (at.as_bytes(), &to[..])).collect::<Vec<_>>(),
        [link]
    );
}

#[test]
fn a_home_behind_a_link_keeps_both_names() {
    let mut host = Host::new();
    let shims = host.bin(".pyenv/shims");
    let home = host.root().join("alice");
    host.link(home.to_str().unwrap(), host.home());
    host.find_with_path(&[&home.join(".pyenv/shims")]);
    let found = host.find_at(&home);
    assert_eq!(path(&found), [&shims]);
    let link = (home.as_os_str().as_bytes(), host.home().into_os_string().into_encoded_bytes());
    assert_eq!(
        found.links.iter().map(|(at, to)| (at.as_bytes(), to.clone())).collect::<Vec<_>>(),
        [link]
    );
}

#[test]
fn shares_are_sorted_disjoint_and_at_their_own_place() {
    let mut host = Host::new();
    let entries =
        [host.bin(".pyenv/plugins/x/bin"), host.bin(".pyenv/bin"), host.bin(".cargo/bin")];
    let [a, b, c] = &entries;
    let found = host.find_with_path(&[a, b, c]);
    let all = shares(&found);
    assert!(all.is_sorted());
    for (first, second) in all.iter().zip(all.iter().skip(1)) {
        assert!(!second.starts_with(first));
    }
    for share in &found.shares {
        assert_eq!(share.source.as_bytes(), share.target.as_bytes());
        assert_eq!(share.access, drybox_spec::Access::ReadOnly);
    }
}

#[test]
fn a_share_that_holds_an_earlier_one_replaces_it() {
    let mut host = Host::new();
    let cargo = host.bin("bin/cargo/bin");
    host.set("CARGO_HOME", cargo.parent().unwrap());
    let bin = host.bin("bin");
    assert_eq!(shares(&host.find_with_path(&[&bin])), [&bin]);
}

#[test]
fn a_link_has_no_place_within_a_share() {
    let mut host = Host::new();
    let bin = host.bin(".local/bin");
    host.bin("pyenv/shims");
    let named = host.link(".local/bin/pyenv", host.home().join("pyenv"));
    host.set("PYENV_ROOT", &named);
    let found = host.find_with_path(&[&named.join("shims")]);
    assert_eq!(found.links.len(), 1, "the control: nothing stands there");
    let found = host.find_with_path(&[&named.join("shims"), &bin]);
    assert_eq!((found.links, found.path.len()), (vec![], 2));
}

#[test]
fn no_tool_chain_stands_in_a_system_directory() {
    let home = |real: &str| Home { named: real.into(), real: Some(real.into()) };
    let places = ["/proc/1/root/x", "/etc/x", "/run/user/1000", "/sys/x", "/dev/shm/x", "/boot/x"];
    for place in places.iter().chain(&["/usr/lib/x", "/bin", "/"]) {
        assert!(home("/home/alice").allows(Path::new(place)).is_err(), "{place}");
    }
    for place in ["/opt/x", "/data/x", "/home/alice/etc", "/home/alice/x/proc"] {
        assert!(home("/home/alice").allows(Path::new(place)).is_ok(), "{place}");
    }
    // Homes of services are in odd places.
    assert!(home("/run/builder").allows(Path::new("/run/builder/.cargo")).is_ok());
    for wide in [".config", ".local", ".cache", "Documents"] {
        assert!(home("/home/alice").allows(&Path::new("/home/alice").join(wide)).is_err());
    }
}

#[test]
fn hidden_is_empty() {
    assert_eq!(super::super::hidden(), ToolChains::default());
}
