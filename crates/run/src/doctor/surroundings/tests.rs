use drybox_spec::{Lookup, LookupError, Real};

use super::*;
use crate::Invoker;

#[derive(Debug)]
struct NoHost;

impl Lookup for NoHost {
    fn real(&self, _: &HostPath) -> Result<Real, LookupError> {
        Err(LookupError::NoPath)
    }

    fn read(&self, _: &HostPath) -> Result<Vec<u8>, LookupError> {
        Err(LookupError::NoPath)
    }

    fn variable(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn variables(&self, _: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }

    fn own(&self, _: Own) -> Option<HostPath> {
        None
    }
}

/// The findings of an ordinary user on the host below `root`.
fn findings(root: &Path, home: Option<&str>) -> Vec<Finding> {
    let cwd = HostPath::parse(b"/").unwrap();
    let home = home.map(|home| HostPath::parse(home.as_bytes()).unwrap());
    let env = |name: &str| (name == "USER").then(|| "ann".into());
    let host = Host {
        env: &env,
        cwd: cwd.clone(),
        home,
        data: None,
        clock: std::time::SystemTime::now,
        invoker: Invoker { uid: 1234, gid: 1234, has_range: false },
        die_with_thread: false,
        gives_stdio_away: false,
        says_refusals: false,
        name_server: None,
    };
    let facts = Facts {
        cwd: &cwd,
        home: host.home.as_ref(),
        uid: 1234,
        gid: 1234,
        terminals: [false; 3],
        host: &NoHost,
    };
    look(&facts, &host, root)
}

fn write(root: &Path, file: &str, text: &str) {
    let place = root.join(file);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, text).unwrap();
}

#[test]
fn each_check_is_told_with_its_fix_and_only_when_it_is_so() {
    for (id, file, bad, good, fix) in [
        (
            "namespace-limits",
            "proc/sys/user/max_net_namespaces",
            "3\n",
            "15000\n",
            "sudo sysctl user.max_net_namespaces=15000",
        ),
        (
            "ptrace",
            "proc/sys/kernel/yama/ptrace_scope",
            "0\n",
            "1\n",
            "sudo sysctl kernel.yama.ptrace_scope=1",
        ),
        (
            "id-range",
            "etc/subuid",
            "anna:1:65536\nbob:5:6\n",
            "bob:5:6\nann:1:65536\n",
            "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ann",
        ),
        (
            "var-tmp",
            "proc/self/mountinfo",
            "1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /var/tmp rw - tmpfs x rw\n",
            "1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /tmp rw - tmpfs x rw\n",
            "sudo systemctl mask var-tmp.mount, or a disk in /etc/fstab",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let row = |text: &str| {
            write(root.path(), file, text);
            let all = findings(root.path(), Some("/"));
            all.into_iter().find(|finding| finding.id == id).unwrap()
        };
        let told = row(bad);
        assert_eq!((told.state, told.fix.as_deref()), (State::Weaker, Some(fix)), "{id}");
        assert!(told.why.is_some());
        assert_eq!(row(good).state, State::InForce, "{id}");
    }
}

#[test]
fn a_home_that_is_missing_or_cannot_be_read_is_told() {
    let root = tempfile::tempdir().unwrap();
    let of = |home| findings(root.path(), home).into_iter().find(|f| f.id == "home").unwrap();
    assert_eq!(of(Some("/")).state, State::InForce);
    assert_eq!(of(None).fix.unwrap(), "export HOME=/path/to/your/home");
    let gone = of(Some("/no/such\nhome"));
    assert!(gone.why.unwrap().starts_with("/no/such\\x0ahome cannot be read"));
    assert!(gone.fix.is_some());
}

#[test]
fn an_executable_that_others_may_write_or_that_is_set_user_id_is_told() {
    let path = HostPath::parse(b"/opt/dry box").unwrap();
    for mode in [0o100_755, 0o100_700, 0o100_555] {
        assert_eq!(writable_or_set_id(mode, &path), None);
    }
    for (mode, fix) in [
        (0o100_775, "chmod go-w '/opt/dry box'"),
        (0o100_757, "chmod go-w '/opt/dry box'"),
        (0o104_755, "sudo chmod ug-s '/opt/dry box'"),
        (0o102_755, "sudo chmod ug-s '/opt/dry box'"),
    ] {
        assert_eq!(writable_or_set_id(mode, &path).unwrap().1, fix, "{mode:o}");
    }
}

#[test]
fn marks_of_other_containers_are_shown() {
    for (file, text, what) in [
        (".dockerenv", "", "a Docker container"),
        ("run/.containerenv", "", "a podman container"),
        ("run/systemd/container", "nspawn", "a container"),
        ("proc/sys/kernel/osrelease", "5.15.1-microsoft-standard-WSL2\n", "WSL 2"),
        ("proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n", "WSL 1"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let kernel = || setting(root.path(), "kernel/osrelease").unwrap_or_default();
        assert_eq!(around_us(root.path(), &kernel()), None);
        write(root.path(), file, text);
        assert_eq!(around_us(root.path(), &kernel()), Some(what));
    }
}
