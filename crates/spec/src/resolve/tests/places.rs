//! Which places of the host may be opened.

use super::*;

#[test]
fn a_symlink_to_a_guarded_place_is_refused_from_both_ends() {
    let host = Host {
        links: [("/home/u/.ssh", "/home/u/dotfiles/ssh"), ("/data/keys", "/home/u/dotfiles/ssh")]
            .into(),
        everything: true,
        ..Host::default()
    };
    for source in ["/data/keys", "/home/u/dotfiles", "/home/u/dotfiles/ssh/id", "/home/u/.ssh"] {
        let error = volume(&host, &format!("{source}:/x:ro")).unwrap_err();
        let SpecError::Source { source: refused, .. } = &error else { panic!("{error:?}") };
        assert_eq!(refused.id, "ssh", "{source}");
    }
    volume(&host, "/home/u/other:/x:ro").unwrap();
}

/// Every row refuses its place, and nothing of it fits a neighbour whose name begins the same.
#[test]
fn every_guarded_place_is_refused_and_its_neighbour_is_not() {
    for rule in SOURCES {
        let mut host = everything();
        let place = match rule.place {
            Place::At(path) => path.to_owned(),
            Place::Home("") => "/home/u".to_owned(),
            Place::Home(below) => format!("/home/u/{below}"),
            Place::Variable(name) => {
                host.variables.insert(name, "/data/secret");
                "/data/secret".to_owned()
            }
            Place::Ours(which) => {
                String::from_utf8(host.own(which).unwrap().as_bytes().to_vec()).unwrap()
            }
        };
        let access = if rule.when == When::Always { "ro" } else { "rw" };
        let refusal = |path: &str, access: &str| match volume(&host, &format!("{path}:/x:{access}"))
        {
            Err(SpecError::Source { source, .. }) => Some(source.id),
            Ok(_) => None,
            Err(other) => panic!("{other:?}"),
        };
        assert!(refusal(&place, access).is_some(), "{}", rule.id);
        let fits = |path: &str| refusal(path, access) == Some(rule.id);
        // A neighbour of a home is somebody else's home.
        if place != "/" && rule.id != "home" {
            assert!(!fits(&format!("{place}-not")), "{}", rule.id);
        }
        let below = matches!(rule.reach, Reach::Below | Reach::Around);
        let inside = refusal(&format!("{place}/x"), access);
        assert!(!below || inside.is_some(), "{}", rule.id);
        assert!(below || inside != Some(rule.id), "{}", rule.id);
        if rule.when == When::Writable && rule.id != "cargo-bin" {
            assert_ne!(refusal(&place, "ro"), Some(rule.id), "{}", rule.id);
        }
    }
}

#[test]
fn ids_are_unique_and_what_is_not_there_guards_nothing() {
    for (nth, rule) in SOURCES.iter().enumerate() {
        assert!(SOURCES[nth + 1..].iter().all(|other| other.id != rule.id), "{}", rule.id);
    }
    let mut host = Host::default();
    host.files.insert("/home/u/.cargo", FileKind::Directory);
    volume(&host, "/home/u/.cargo:/x:ro").unwrap();
    host.files.insert("/home/u/.cargo/credentials.toml", FileKind::File);
    assert!(matches!(volume(&host, "/home/u/.cargo:/x:ro"), Err(SpecError::Source { .. })));
}

#[test]
fn the_executable_may_be_read_and_not_written() {
    let host = everything();
    volume(&host, "/opt/drybox:/x:ro").unwrap();
    for source in ["/opt/drybox", "/opt/drybox/bin/drybox", "/opt"] {
        assert!(matches!(volume(&host, &format!("{source}:/x")), Err(SpecError::Source { .. })));
    }
}

#[test]
fn a_directory_that_is_no_project_is_not_shown() {
    let workspace = |cwd: &str| on(&everything(), cwd, &words(&["true"])).unwrap().workspace.value;
    for cwd in [
        "/",
        "/home",
        "/home/u",
        "/home/other",
        "/root",
        "/tmp",
        "/etc",
        "/usr",
        "/usr/lib",
        "/proc/1",
        "/home/u/.ssh",
        "/home/u/.config",
        "/run/user/501/x",
        "/var",
    ] {
        assert_eq!(workspace(cwd), Workspace::Empty, "{cwd}");
        assert!(Workspace::why_hidden(&host(cwd), Some(&host("/home/u"))).is_some(), "{cwd}");
    }
    for cwd in [
        "/home/u/p",
        "/home/u/.dotfiles",
        "/srv/x",
        "/opt/x",
        "/var/www",
        "/tmp/x",
        "/root/x",
        "/home/other/p",
        "/work",
    ] {
        assert_eq!(workspace(cwd), Workspace::CopyOnWrite, "{cwd}");
    }
}

#[test]
fn a_home_behind_a_symlink_is_a_home() {
    let links = [("/home/u", "/data/u")].into();
    let host = Host { links, everything: true, ..Host::default() };
    for cwd in ["/data/u", "/data", "/data/u/.aws"] {
        assert_eq!(on(&host, cwd, &words(&["true"])).unwrap().workspace.value, Workspace::Empty);
    }
    let project = on(&host, "/data/u/p", &words(&["true"])).unwrap();
    assert_eq!(project.workspace.value, Workspace::CopyOnWrite);
}
