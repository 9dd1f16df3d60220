//! Shares and scratch space, alone and together.

use super::*;

#[test]
fn a_share_is_where_its_symlinks_lead() {
    let host = Host {
        links: [("/home/u/p/link", "/data/real")].into(),
        files: [("/data/real", FileKind::Directory)].into(),
        ..Host::default()
    };
    let spec = volume(&host, "./link:/data:ro").unwrap();
    assert_eq!(spec.shares[0].value.source, self::host("/data/real"));
    assert!(matches!(volume(&host, "./none:/data"), Err(SpecError::Unreachable { .. })));
}

#[test]
fn sockets_fifos_and_devices_are_no_shares() {
    for kind in [FileKind::Socket, FileKind::Fifo, FileKind::Device] {
        let host = Host { files: [("/data/x", kind)].into(), ..Host::default() };
        assert!(matches!(volume(&host, "/data/x:/x"), Err(SpecError::Kind { .. })), "{kind:?}");
    }
}

#[test]
fn every_reserved_target_is_refused_and_its_neighbour_is_not() {
    let host = everything();
    for rule in TARGETS {
        let at = |path: &str| volume(&host, &format!("/data:{path}:ro"));
        assert!(matches!(at(rule.path), Err(SpecError::Target { .. })), "{}", rule.path);
        if rule.path != "/" {
            at(&format!("{}-not", rule.path)).unwrap();
        }
    }
}

#[test]
fn targets_do_not_cover_each_other() {
    let host = everything();
    let two = |a: &str, b: &str| {
        let volumes = vec![a.into(), b.into()];
        on(&host, "/home/u/p", &RunRequest { volumes, ..words(&["true"]) })
    };
    assert!(matches!(two("/a:/x", "/b:/x/"), Err(SpecError::Contradiction { .. })));
    two("/a:/x", "/b:/y").unwrap();
    two("/a:/x", "/b:/x/sub").unwrap();
}

#[test]
fn mount_points_are_never_made_in_the_users_files() {
    let mut host = Host::default();
    host.files.extend([("/data", FileKind::Directory), ("/f", FileKind::File)]);
    host.files.insert("/home/u/p", FileKind::Directory);
    let at = |host: &Host, volumes: &[&str], tmpfs: &[&str]| {
        let list = |items: &[&str]| items.iter().map(|v| v.as_bytes().to_vec()).collect();
        let request = RunRequest { volumes: list(volumes), tmpfs: list(tmpfs), ..words(&["true"]) };
        on(host, "/home/u/p", &request)
    };
    let missing = |got| matches!(got, Err(SpecError::NoMountPoint { .. }));
    assert!(missing(at(&host, &["/data:/x"], &["/x/sub"])));
    assert!(missing(at(&host, &[], &["/home/u/p/node_modules"])));
    assert!(matches!(at(&host, &["/f:/x"], &["/x/sub"]), Err(SpecError::Target { .. })));
    // Nothing of the host is behind scratch space.
    at(&host, &["/f:/x/y/f"], &["/x"]).unwrap();
    host.files.insert("/data/sub", FileKind::Directory);
    host.files.insert("/home/u/p/node_modules", FileKind::Directory);
    at(&host, &["/data:/x"], &["/x/sub", "/home/u/p/node_modules"]).unwrap();
    assert!(matches!(at(&host, &["/data:/x", "/f:/x/sub"], &[]), Err(SpecError::Target { .. })));
}

#[test]
fn a_place_below_work_is_one_below_the_current_directory() {
    let host = everything();
    let target = |volumes: &[&str]| {
        let volumes = volumes.iter().map(|volume| volume.as_bytes().to_vec()).collect();
        let spec = on(&host, "/home/u/p", &RunRequest { volumes, ..words(&["true"]) })?;
        Ok(spec.shares[0].value.target.clone())
    };
    let path = |text: &str| BoxPath::parse(text.as_bytes()).unwrap();
    assert_eq!(target(&["/data:/work/sub"]).unwrap(), path("/home/u/p/sub"));
    assert_eq!(target(&["/data:/workshop"]).unwrap(), path("/workshop"));
    // Not when something else is `/work`, before it or after it.
    assert_eq!(target(&["/data:/work/sub", "/a:/work"]).unwrap(), path("/work/sub"));
    assert!(matches!(
        target(&["/a:/work/sub", "/b:/home/u/p/sub"]),
        Err(SpecError::Contradiction { .. })
    ));
    // What is no project has no name but `/work`.
    let spec = on(
        &host,
        "/home/u",
        &RunRequest { volumes: vec![b"/data:/work/sub".to_vec()], ..words(&["true"]) },
    );
    assert_eq!(spec.unwrap().shares[0].value.target, path("/work/sub"));
}

#[test]
fn a_place_below_work_must_be_there_in_the_current_directory() {
    let files = [("/data", FileKind::Directory), ("/home/u/p", FileKind::Directory)].into();
    let host = Host { files, ..Host::default() };
    let missing = volume(&host, "/data:/work/sub");
    assert!(matches!(missing, Err(SpecError::NoMountPoint { .. })), "{missing:?}");
}

#[test]
fn the_current_directory_at_work_is_known_as_the_workspace() {
    let host = everything();
    let at_work = |volumes: &[&str]| {
        let volumes = volumes.iter().map(|volume| volume.as_bytes().to_vec()).collect();
        let spec = on(&host, "/home/u/p", &RunRequest { volumes, ..words(&["true"]) }).unwrap();
        spec.workspace_at_work(&self::host("/home/u/p")).is_some()
    };
    assert!(at_work(&["/home/u/p:/work"]));
    assert!(!at_work(&["/home/u/q:/work"]));
    assert!(!at_work(&["/home/u/p:/data"]));
    assert!(!at_work(&["/home/u/p:/work", "/data:/home/u/p/sub"]));
}
