//! The merge as a whole, against a host that is a table.

use std::collections::BTreeMap;

use super::*;
use crate::refuse::{Place, Reach, SOURCES, TARGETS, When};
use crate::request::CommandForm;
use crate::*;

/// A host of a few paths, symlinks and variables.
#[derive(Debug, Default)]
struct Host {
    files: BTreeMap<&'static str, FileKind>,
    links: BTreeMap<&'static str, &'static str>,
    texts: BTreeMap<&'static str, &'static str>,
    variables: BTreeMap<&'static str, &'static str>,
    /// Every path is a directory.
    everything: bool,
}

impl Lookup for Host {
    fn real(&self, path: &HostPath) -> Result<Real, LookupError> {
        let mut text = BoxPathish::clean(path.as_bytes());
        for (link, to) in &self.links {
            if let Some(rest) = text.strip_prefix(link).map(str::to_owned) {
                text = format!("{to}{rest}");
            }
        }
        let kind = self.files.get(text.as_str()).copied();
        let kind = kind.or(self.everything.then_some(FileKind::Directory));
        match kind {
            Some(kind) => Ok(Real { path: host(&text), kind }),
            None => Err(LookupError::Errno { errno: 2 }),
        }
    }

    fn read(&self, path: &HostPath) -> Result<Vec<u8>, LookupError> {
        let text = std::str::from_utf8(path.as_bytes()).unwrap();
        self.texts
            .get(text)
            .map(|text| text.as_bytes().to_vec())
            .ok_or(LookupError::Errno { errno: 2 })
    }

    fn variable(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.variables.get(std::str::from_utf8(name).unwrap()).map(|v| v.as_bytes().to_vec())
    }

    fn variables(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.variables
            .iter()
            .filter(|(name, _)| name.as_bytes().starts_with(prefix))
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect()
    }

    fn own(&self, which: Own) -> Option<HostPath> {
        Some(host(match which {
            Own::Executable => "/opt/drybox/bin/drybox",
            Own::Store => "/home/u/.local/share/drybox",
            Own::Config => "/home/u/.config/drybox",
        }))
    }
}

/// Normalises as the kernel would on a host without links.
struct BoxPathish;

impl BoxPathish {
    fn clean(path: &[u8]) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in std::str::from_utf8(path).unwrap().split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }
}

fn host(path: &str) -> HostPath {
    HostPath::parse(path.as_bytes()).unwrap()
}

fn on(host: &Host, cwd: &str, request: &RunRequest) -> Result<SandboxSpec, SpecError> {
    let (cwd, home) = (self::host(cwd), self::host("/home/u"));
    let terminals = [false; 3];
    resolve(
        request,
        &Facts { cwd: &cwd, home: Some(&home), uid: 501, gid: 20, terminals, host },
    )
}

fn words(words: &[&str]) -> RunRequest {
    RunRequest {
        words: words.iter().map(|w| w.as_bytes().to_vec()).collect(),
        form: CommandForm::AfterDashes,
        ..RunRequest::default()
    }
}

fn volume(host: &Host, volume: &str) -> Result<SandboxSpec, SpecError> {
    on(host, "/home/u/p", &RunRequest { volumes: vec![volume.into()], ..words(&["true"]) })
}

fn everything() -> Host {
    Host { everything: true, ..Host::default() }
}

#[test]
fn an_empty_request_is_the_shell_with_every_default() {
    let spec = on(&Host::default(), "/home/u/p", &RunRequest::default()).unwrap();
    assert_eq!(spec.command, Sourced::default_of(Command::Shell));
    assert_eq!(spec.workspace, Sourced::default_of(Workspace::CurrentDir));
    assert_eq!(spec.terminal, Sourced::default_of(Terminal::None));
    assert_eq!(spec.user, Sourced::default_of(BoxUser::Agent));
    assert!(spec.shares.is_empty() && spec.env.is_empty() && spec.tmpfs.is_empty());
}

#[test]
fn words_without_dashes_name_an_image_that_is_not_there() {
    let request = RunRequest { form: CommandForm::Bare, ..words(&["npm", "run", "a b"]) };
    let error = on(&Host::default(), "/home/u/p", &request).unwrap_err();
    assert!(matches!(error, SpecError::NoImage { .. }));
    assert_eq!(error.fix().unwrap(), "drybox run -- npm run 'a b'");
}

#[test]
fn terminals_on_both_sides_imply_a_terminal_inside() {
    let (cwd, host) = (host("/home/u/p"), Host::default());
    let terminal = |terminals, request: &RunRequest| {
        let facts = Facts { cwd: &cwd, home: None, uid: 1, gid: 1, terminals, host: &host };
        resolve(request, &facts).map(|spec| spec.terminal)
    };
    let plain = words(&["true"]);
    assert_eq!(
        terminal([true, true, false], &plain).unwrap(),
        Sourced::new(Terminal::Filtered, Source::Implied("terminals on stdin and stdout"))
    );
    assert_eq!(terminal([true, false, true], &plain).unwrap().value, Terminal::None);
    let off = RunRequest { tty: Some("false".into()), ..plain.clone() };
    assert_eq!(terminal([true; 3], &off).unwrap().value, Terminal::None);
    let on = RunRequest { tty: Some("true".into()), ..plain.clone() };
    assert_eq!(terminal([false; 3], &on).unwrap().value, Terminal::Filtered);
    let raw = RunRequest { raw_terminal: Some("true".into()), ..on };
    assert_eq!(terminal([false; 3], &raw).unwrap().value, Terminal::Raw);
    let both = RunRequest { raw_terminal: Some("true".into()), ..off };
    assert!(matches!(terminal([true; 3], &both), Err(SpecError::Contradiction { .. })));
}

#[test]
fn entrypoint_stands_before_the_words() {
    let command = |entrypoint: &str, args: &[&str]| {
        let request = RunRequest { entrypoint: Some(entrypoint.into()), ..words(args) };
        on(&Host::default(), "/home/u/p", &request).map(|spec| spec.command)
    };
    let argv = |args: &[&str]| Command::argv(args.iter().copied()).unwrap();
    assert_eq!(command("sh", &["-c", "x"]).unwrap().value, argv(&["sh", "-c", "x"]));
    assert_eq!(command(r#"["a","b"]"#, &[]).unwrap().value, argv(&["a", "b"]));
    let cleared = command("", &["true"]).unwrap();
    assert_eq!(cleared, Sourced::new(argv(&["true"]), Source::Flag("--")));
    assert!(matches!(command("", &[]), Err(SpecError::Contradiction { .. })));
}

#[test]
fn the_last_variable_of_a_name_wins_and_flags_beat_files() {
    let host = Host {
        texts: [("/home/u/p/env", "A=file\nB=file\n"), ("/etc/env", "C\nD*")].into(),
        files: [("/etc/env", FileKind::File), ("/home/u/p/env", FileKind::File)].into(),
        variables: [("C", "host"), ("DA", "1"), ("DB", "2"), ("E", "no")].into(),
        ..Host::default()
    };
    let request = RunRequest {
        env: vec!["A=flag".into(), "F".into(), "DB=3".into()],
        env_files: vec!["env".into(), "/etc/env".into()],
        ..words(&["true"])
    };
    let spec = on(&host, "/home/u/p", &request).unwrap();
    let text = |v: &Sourced<EnvVar>| v.value.as_c_str().to_str().unwrap().to_owned();
    let all: Vec<String> = spec.env.iter().map(text).collect();
    assert_eq!(all, ["B=file", "C=host", "DA=1", "A=flag", "DB=3"]);
}

#[test]
fn a_file_of_the_workspace_may_not_ask_for_a_variable() {
    let host = Host {
        texts: [("/home/u/p/env", "NPM_TOKEN\n")].into(),
        files: [("/home/u/p/env", FileKind::File)].into(),
        variables: [("NPM_TOKEN", "secret")].into(),
        ..Host::default()
    };
    let request = RunRequest { env_files: vec!["env".into()], ..words(&["true"]) };
    assert!(matches!(on(&host, "/home/u/p", &request), Err(SpecError::EnvCopy { .. })));
    // The control: the same file, when the workspace is another directory.
    let request = RunRequest { env_files: vec!["/home/u/p/env".into()], ..words(&["true"]) };
    assert_eq!(on(&host, "/home/u/q", &request).unwrap().env.len(), 1);
}

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
        let refusal = |path: &str, access: &str| match volume(&host, &format!("{path}:/x:{access}")) {
            Err(SpecError::Source { source, .. }) => Some(source.id),
            Ok(_) => None,
            Err(other) => panic!("{other:?}"),
        };
        assert!(refusal(&place, access).is_some(), "{}", rule.id);
        let fits = |path: &str| refusal(path, access) == Some(rule.id);
        if place != "/" {
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
        let request =
            RunRequest { volumes: list(volumes), tmpfs: list(tmpfs), ..words(&["true"]) };
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
fn a_directory_that_is_no_project_is_not_shown() {
    let workspace = |cwd: &str| on(&everything(), cwd, &words(&["true"])).unwrap().workspace.value;
    for cwd in ["/", "/home", "/home/u", "/home/other", "/root", "/tmp", "/etc", "/usr", "/usr/lib",
        "/proc/1", "/home/u/.ssh", "/home/u/.config", "/run/user/501/x", "/var"] {
        assert_eq!(workspace(cwd), Workspace::Empty, "{cwd}");
    }
    for cwd in ["/home/u/p", "/home/u/.dotfiles", "/srv/x", "/opt/x", "/var/www", "/tmp/x",
        "/root/x", "/home/other/p", "/work"] {
        assert_eq!(workspace(cwd), Workspace::CurrentDir, "{cwd}");
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
    assert_eq!(project.workspace.value, Workspace::CurrentDir);
}

#[test]
fn every_foreign_flag_is_refused_but_for_what_is_so_anyway() {
    for flag in FOREIGN_FLAGS {
        let with = |value: &str| {
            let foreign = vec![(flag, value.into())];
            on(&Host::default(), "/home/u/p", &RunRequest { foreign, ..words(&["true"]) })
        };
        for fine in flag.fine {
            with(fine).unwrap();
        }
        let bad = if flag.takes == Takes::Value || flag.fine.contains(&"false") { "true" } else { "false" };
        let error = with(bad).unwrap_err();
        assert!(matches!(error, SpecError::Refused { .. }), "{}", flag.name);
        assert!(error.fix().is_some(), "{}", flag.name);
    }
}

#[test]
fn networks_other_than_none_are_refused() {
    let with = |networks: &[&str]| {
        let networks = networks.iter().map(|n| n.as_bytes().to_vec()).collect();
        on(&Host::default(), "/home/u/p", &RunRequest { networks, ..words(&["true"]) })
    };
    assert_eq!(with(&["none"]).unwrap().doors.from, Source::Flag("--network"));
    with(&["none", "none"]).unwrap();
    for network in ["host", "bridge", "slirp4netns", "pasta:-t,80", "container:x", ""] {
        assert!(matches!(with(&[network]), Err(SpecError::Refused { .. })), "{network}");
        assert!(matches!(with(&["none", network]), Err(SpecError::Contradiction { .. })));
    }
}

#[test]
fn what_drybox_always_does_cannot_be_switched_off() {
    let off = || Some(b"false".to_vec());
    for request in [
        RunRequest { rm: off(), ..RunRequest::default() },
        RunRequest { init: off(), ..RunRequest::default() },
        RunRequest { read_only: off(), ..RunRequest::default() },
    ] {
        let got = on(&Host::default(), "/home/u/p", &request);
        assert!(matches!(got, Err(SpecError::Refused { .. })));
    }
}

#[test]
fn scalars_are_taken_with_their_source() {
    let request = RunRequest {
        user: Some("1000:5".into()),
        hostname: Some("h".into()),
        name: Some("n".into()),
        workdir: Some("/work/x".into()),
        timeout: Some("90".into()),
        shm_size: Some("1m".into()),
        ulimits: vec!["nofile=1".into(), "nofile=2:3".into(), "host".into()],
        ..words(&["true"])
    };
    let spec = on(&Host::default(), "/home/u/p", &request).unwrap();
    assert_eq!(spec.user.value, BoxUser::Ids { uid: 1000, gid: 5 });
    assert_eq!(spec.hostname.from, Source::Flag("--hostname"));
    assert_eq!(spec.timeout.unwrap().value.as_secs(), 90);
    assert_eq!(spec.shm_size.unwrap().value, ByteSize(1 << 20));
    let limit = Ulimit { resource: Resource::Nofile, soft: 2, hard: 3 };
    assert_eq!(spec.ulimits, vec![Sourced::new(limit, Source::Flag("--ulimit"))]);
}

#[test]
fn bad_scalars_name_their_flag() {
    let bad = |request: RunRequest| match on(&Host::default(), "/home/u/p", &request) {
        Err(SpecError::Value { flag, .. }) => flag,
        other => panic!("{other:?}"),
    };
    let new = RunRequest::default;
    let value = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(bad(RunRequest { workdir: value("x"), ..new() }), "--workdir");
    assert_eq!(bad(RunRequest { workdir: value("/proc/self/fd/7"), ..new() }), "--workdir");
    assert_eq!(bad(RunRequest { timeout: value("5m"), ..new() }), "--timeout");
    assert_eq!(bad(RunRequest { shm_size: value("0"), ..new() }), "--shm-size");
    assert_eq!(bad(RunRequest { name: value("../../x"), ..new() }), "--name");
    assert_eq!(bad(RunRequest { name: value("-rf"), ..new() }), "--name");
    assert_eq!(bad(RunRequest { hostname: value("a b"), ..new() }), "--hostname");
    assert_eq!(bad(RunRequest { tty: value("maybe"), ..new() }), "--tty");
    assert_eq!(bad(RunRequest { env: vec!["*".into()], ..new() }), "--env");
}
