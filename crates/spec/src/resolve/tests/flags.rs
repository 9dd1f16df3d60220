//! Each flag's meaning, and what is refused.

use super::*;

#[test]
fn an_empty_request_is_the_shell_with_every_default() {
    let spec = on(&Host::default(), "/home/u/p", &RunRequest::default()).unwrap();
    assert_eq!(spec.command, Sourced::default_of(Command::Shell));
    assert_eq!(spec.workspace, Sourced::default_of(Workspace::CopyOnWrite));
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
    // A name with a tag is an image for certain: only what stands behind it can be run.
    let fix = |typed: &[&str]| {
        let request = RunRequest { form: CommandForm::Bare, ..words(typed) };
        on(&Host::default(), "/home/u/p", &request).unwrap_err().fix().unwrap().into_owned()
    };
    assert_eq!(fix(&["python:3", "python", "x.py"]), "drybox run -- python x.py");
    assert_eq!(fix(&["python:3"]), "drybox run -- python:3");
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
fn every_foreign_flag_is_refused_but_for_what_is_so_anyway() {
    for flag in FOREIGN_FLAGS {
        let with = |value: &str| {
            let foreign = vec![(flag, value.into())];
            on(&Host::default(), "/home/u/p", &RunRequest { foreign, ..words(&["true"]) })
        };
        for fine in flag.fine {
            with(fine).unwrap();
        }
        let bad = if flag.takes == Takes::Value || flag.fine.contains(&"false") {
            "true"
        } else {
            "false"
        };
        let error = with(bad).unwrap_err();
        assert!(matches!(error, SpecError::Refused { .. }), "{}", flag.name);
        assert!(error.fix().is_some(), "{}", flag.name);
    }
}

fn networks(networks: &[&str], allow: &[&str]) -> Result<SandboxSpec, SpecError> {
    let bytes = |list: &[&str]| list.iter().map(|text| text.as_bytes().to_vec()).collect();
    let request = RunRequest { networks: bytes(networks), allow: bytes(allow), ..words(&["true"]) };
    on(&Host::default(), "/home/u/p", &request)
}

#[test]
fn foreign_networks_are_refused() {
    assert_eq!(networks(&["none"], &[]).unwrap().doors.from, Source::Flag("--network"));
    networks(&["none", "none"], &[]).unwrap();
    for network in ["host", "slirp4netns", "pasta:-t,80", "container:x", ""] {
        let got = networks(&[network], &[]);
        assert!(matches!(got, Err(SpecError::Refused { .. })), "{network}");
        let got = networks(&["none", network], &[]);
        assert!(matches!(got, Err(SpecError::Contradiction { .. })));
    }
    for (network, allow) in
        [("bridge", &[][..]), ("allow:a.example", &[]), ("none", &["a.example"])]
    {
        let got = networks(&["none", network], allow);
        assert!(matches!(got, Err(SpecError::Contradiction { .. })), "{network}");
    }
}

#[test]
fn hosts_are_named_one_by_one_in_lists_or_in_sets() {
    let rules = |networks: &[&str], allow: &[&str]| -> Vec<String> {
        let spec = self::networks(networks, allow).unwrap();
        let shown = |rule: &Sourced<AllowHost>| format!("{} ({})", rule.value, rule.from);
        spec.doors.value.rules().iter().map(shown).collect()
    };
    assert_eq!(
        rules(&["allow:a.example:80,443,b.example,c.example:1"], &["d.example", "d.example"]),
        [
            "d.example:443 (--allow)",
            "a.example:80,443 (--network)",
            "b.example:443 (--network)",
            "c.example:1 (--network)"
        ]
    );
    assert_eq!(rules(&[], &["@openai"]), ["api.openai.com:443 (--allow @openai)"]);
    // An empty list opens nothing (CVE-2025-66479).
    let empty = networks(&["allow:"], &[]).unwrap();
    assert_eq!(empty.doors, Sourced::new(Doors::FilesOnly, Source::Flag("--network")));
    for (network, allow) in
        [("allow:,", ""), ("allow:a.example,443", ""), ("allow:", "@nope"), ("allow:", "")]
    {
        let allow: Vec<&str> = if network == "allow:" { vec![allow] } else { Vec::new() };
        let got = networks(&[network], &allow);
        assert!(matches!(got, Err(SpecError::Value { .. })), "{network} {allow:?} {got:?}");
    }
}

#[test]
fn a_tools_hosts_come_from_its_users_settings_and_never_from_the_workspace() {
    let host = Host {
        texts: [
            ("/home/u/.npmrc", "registry=https://u:p@npm.example/x/\n@s:registry=https://s.example:1/\n"),
            ("/etc/pip.conf", "[global]\nindex-url = https://pip.example/simple\nextra-index-url =\n  https://more.example/\n"),
            ("/home/u/p/.npmrc", "registry=https://evil.example/\n"),
        ]
        .into(),
        files: [
            ("/home/u/.npmrc", FileKind::File),
            ("/etc/pip.conf", FileKind::File),
            ("/home/u/p/.npmrc", FileKind::File),
        ]
        .into(),
        variables: [("PIP_INDEX_URL", "http://var.example/")].into(),
        ..Host::default()
    };
    let rules = |host: &Host, cwd: &str, set: &str| {
        let request = RunRequest { allow: vec![set.into()], ..words(&["true"]) };
        let spec = on(host, cwd, &request)?;
        let shown = |rule: &Sourced<AllowHost>| format!("{} ({})", rule.value, rule.from);
        Ok::<Vec<String>, SpecError>(spec.doors.value.rules().iter().map(shown).collect())
    };
    assert_eq!(
        rules(&host, "/home/u/p", "@npm").unwrap(),
        ["npm.example:443 (--allow @npm)", "s.example:1 (--allow @npm)"]
    );
    assert_eq!(
        rules(&host, "/home/u/p", "@pip").unwrap(),
        [
            "var.example:80 (--allow @pip)",
            "pip.example:443 (--allow @pip)",
            "more.example:443 (--allow @pip)"
        ]
    );
    // With nothing set, and with the file in the workspace itself, nothing is opened.
    for (host, cwd) in [(&Host::default(), "/home/u/p"), (&host, "/home/u")] {
        let got = rules(host, cwd, "@npm");
        assert!(matches!(got, Err(SpecError::Value { .. })), "{cwd}: {got:?}");
    }
}

#[test]
fn with_every_host_open_the_files_are_not() {
    let spec = networks(&["bridge"], &[]).unwrap();
    assert_eq!(spec.workspace.value, Workspace::Empty);
    assert!(matches!(spec.doors.value, Doors::AnyPublicHost { .. }));
    // The control: with named hosts they are.
    assert_eq!(networks(&[], &["a.example"]).unwrap().workspace.value, Workspace::CopyOnWrite);
    let bridge = || RunRequest { networks: vec!["bridge".into()], ..words(&["true"]) };
    let on_flag = || Some(b"true".to_vec());
    for request in [
        RunRequest { volumes: vec!["/home/u/p/x:/x".into()], ..bridge() },
        RunRequest { workspace: Some("cow".into()), ..bridge() },
        RunRequest { workspace: Some("ro".into()), ..bridge() },
        RunRequest { keep: on_flag(), ..bridge() },
        RunRequest { new: on_flag(), ..bridge() },
        RunRequest { box_name: Some("b".into()), ..bridge() },
    ] {
        let got = on(&everything(), "/home/u/p", &request);
        let Err(SpecError::Contradiction { first, second, .. }) = got else {
            panic!("{request:?}: {got:?}");
        };
        assert!(first == "--network bridge" || second == "--network bridge", "{first} {second}");
    }
    // What needs no file of the user is no contradiction.
    let request = RunRequest { workspace: Some("none".into()), rm: on_flag(), ..bridge() };
    on(&everything(), "/home/u/p", &request).unwrap();
}

#[test]
fn what_drybox_always_does_cannot_be_switched_off() {
    let off = || Some(b"false".to_vec());
    for request in [
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

#[test]
fn limits_keep_podmans_rules() {
    let limits =
        |request: RunRequest| on(&Host::default(), "/home/u/p", &request).map(|spec| spec.limits);
    let swap = |memory: Option<&str>, swap: &str| {
        let memory = memory.map(Into::into);
        limits(RunRequest { memory, memory_swap: Some(swap.into()), ..words(&["true"]) })
    };
    let both = swap(Some("64m"), "64m").unwrap().swap.unwrap();
    assert_eq!(both.value, Swap::Most(ByteSize(64 << 20)));
    assert_eq!(both.from, Source::Flag("--memory-swap"));
    assert!(swap(Some("64m"), "0").unwrap().swap.is_none());
    assert!(swap(None, "-1").is_ok());
    for (memory, less) in [(None, "64m"), (Some("0"), "64m"), (Some("64m"), "63m")] {
        let error = swap(memory, less).unwrap_err();
        assert!(matches!(error, SpecError::Contradiction { .. }), "{memory:?} {less}");
    }
    assert_eq!(limits(words(&["true"])).unwrap(), Limits::default());
}
