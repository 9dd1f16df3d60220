use drybox_jail::{ChildStep, JailError, Step};
use rustix::io::Errno;

use super::*;

/// A host as Ubuntu 24.04 is, below a directory of the test's own.
fn ubuntu() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for dir in ["proc/sys/kernel", "etc/apparmor.d", "bin"] {
        fs::create_dir_all(root.path().join(dir)).unwrap();
    }
    fs::write(root.path().join(SYSCTL), "1\n").unwrap();
    root
}

fn executable(root: &Path, mode: u32) -> HostPath {
    use std::os::unix::fs::PermissionsExt as _;
    let path = root.join("bin/drybox");
    fs::write(&path, "x").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    HostPath::parse(path.as_os_str().as_bytes()).unwrap()
}

#[test]
fn ubuntus_restriction_is_recognised_at_each_step_where_it_shows() {
    let root = ubuntu();
    assert!(restricts(root.path()) && !restricts(&root.path().join("bin")));
    for (step, errno) in [
        (ChildStep::NestedNamespaces, Errno::ACCESS),
        (ChildStep::Scratch, Errno::PERM),
        (ChildStep::Identity, Errno::PERM),
    ] {
        let cause = JailError::new(Step::Inside(step), b"", errno).cause_on(root.path());
        assert!(cause.why.starts_with("AppArmor takes the capabilities"), "{step:?}");
        assert!(cause.fix.unwrap().starts_with("drybox doctor --fix"), "{step:?}");
        // The control: where the sysctl is off, the same failure is not AppArmor's.
        fs::write(root.path().join(SYSCTL), "0\n").unwrap();
        let cause = JailError::new(Step::Inside(step), b"", errno).cause_on(root.path());
        assert!(!cause.why.contains("AppArmor"), "{step:?}");
        fs::write(root.path().join(SYSCTL), "1\n").unwrap();
    }
}

#[test]
fn the_profile_names_one_file_and_is_written_once() {
    let root = ubuntu();
    let drybox = executable(root.path(), 0o755);
    let found = fix(root.path(), &drybox).unwrap().unwrap();
    let line = format!("profile drybox {} flags=(unconfined) {{", drybox.as_path().display());
    assert!(found.text.lines().any(|text| text == line), "{}", found.text);
    assert!(found.text.lines().any(|text| text == "  userns,"), "{}", found.text);
    found.write().unwrap();
    assert_eq!(fs::read_to_string(root.path().join(PLACE)).unwrap(), found.text);
    assert_eq!(fs::read_dir(root.path().join("etc/apparmor.d")).unwrap().count(), 1);
    assert_eq!(fix(root.path(), &drybox).unwrap(), None);
    // An older one of ours is replaced.
    fs::write(root.path().join(PLACE), format!("{MARK}\nold\n")).unwrap();
    fix(root.path(), &drybox).unwrap().unwrap().write().unwrap();
    assert_eq!(fs::read_to_string(root.path().join(PLACE)).unwrap(), found.text);
}

#[test]
fn a_link_in_its_place_is_replaced_and_never_followed() {
    let root = ubuntu();
    let drybox = executable(root.path(), 0o755);
    let victim = root.path().join("victim");
    fs::write(&victim, format!("{MARK}\nvictim")).unwrap();
    std::os::unix::fs::symlink(&victim, root.path().join(PLACE)).unwrap();
    fix(root.path(), &drybox).unwrap().unwrap().write().unwrap();
    assert!(fs::read_to_string(&victim).unwrap().ends_with("victim"));
    assert!(fs::symlink_metadata(root.path().join(PLACE)).unwrap().is_file());
}

#[test]
fn a_profile_of_somebody_else_and_a_host_without_apparmor_are_left_alone() {
    let root = ubuntu();
    let drybox = executable(root.path(), 0o755);
    fs::write(root.path().join(PLACE), "profile drybox {}\n").unwrap();
    let told = fix(root.path(), &drybox).unwrap_err();
    assert!(matches!(told, NoFix::Taken { .. }) && told.fix().is_some());
    fs::remove_dir_all(root.path().join("etc/apparmor.d")).unwrap();
    let told = fix(root.path(), &drybox).unwrap().unwrap().write().unwrap_err();
    assert_eq!(told.fix().unwrap(), "sudo apt install apparmor");
    assert!(!root.path().join("etc/apparmor.d").exists());
}

#[test]
fn a_name_that_is_a_pattern_gets_no_profile() {
    let root = ubuntu();
    for name in ["dry*", "dry box", "{a,b}", "dry\"box", "a\nb", "@{HOME}", "a,", "dr\u{ff}"] {
        let path = root.path().join(name);
        let path = HostPath::parse(path.as_os_str().as_bytes()).unwrap();
        let told = fix(root.path(), &path).unwrap_err();
        assert!(matches!(told, NoFix::Path { .. }), "{name:?}");
        assert!(told.fix().unwrap().starts_with("sudo install -m 755"), "{name:?}");
    }
}

#[test]
fn a_file_that_others_may_write_gets_no_profile_and_a_users_own_a_warning() {
    let root = ubuntu();
    for mode in [0o775, 0o757, 0o4755, 0o2755] {
        let drybox = executable(root.path(), mode);
        let told = fix(root.path(), &drybox).unwrap_err();
        assert!(matches!(told, NoFix::Writable { .. }), "{mode:o}");
        assert!(told.fix().unwrap().starts_with("sudo chmod go-w,ug-s "), "{mode:o}");
    }
    let found = fix(root.path(), &executable(root.path(), 0o755)).unwrap().unwrap();
    assert_eq!(found.warning.is_some(), !rustix::process::geteuid().is_root());
}
