//! Answers that users and programs read, word for word.

use std::fs;

use crate::home::{Home, golden};

/// One file a topic; each holds every command line of it with its answer.
const TOPICS: &[(&str, &[&str])] = &[
    (
        "help.txt",
        &[
            "",
            "--help",
            "-h",
            "--version",
            "run --help",
            "can --help",
            "doctor --help",
            "prove --help",
            "prove --list",
            "scan --help",
            "completions --help",
        ],
    ),
    (
        "can.txt",
        &[
            "can",
            "can read",
            "can read a b",
            "can frob x",
            "can --bogus read x",
            "can --volume",
            "can connect example.org",
            "can --privileged read x",
            "can read file",
            "can write file",
            "can -v .:/work write file",
            "can read ~/.ssh/key",
            "can read /etc/passwd",
            "can read missing",
            "can connect example.org:443",
            "can run nosuch",
            "can --json read file",
            "can --json read ~/.ssh/key",
            "doctor --bogus",
            "doctor --fix --json",
        ],
    ),
    (
        "command.txt",
        &[
            "run npm test",
            "run npm run 'a b'",
            "npm test",
            "frobnicate",
            "rnu -- true",
            "ruby -e 1",
            "-- npm test",
            "--explain -- npm test",
            "help",
            "run --bogus -- true",
            "run --volum x -- true",
            "run --name",
            "run -e -- true",
            "run -h",
            "completions",
            "completions tcl",
            "run --entrypoint '' ",
            "run --entrypoint '[' -- true",
            "run --entrypoint '[1]' -- true",
            "run -- ''",
            "run -w relative -- true",
            "run -w '' -- true",
            "run -w /proc/self/fd/7 -- true",
            "run -w /work/../etc -- true",
            "run -u root2 -- true",
            "run -u 4294967295 -- true",
            "run --hostname 'a b' -- true",
            "run --name ../../x -- true",
            "run --timeout 5m -- true",
            "run --shm-size big -- true",
            "run --shm-size 0 -- true",
            "run --ulimit nofile -- true",
            "run --ulimit core=1 -- true",
            "run --ulimit files=1 -- true",
            "run --tty=maybe -- true",
            "run --explain=maybe -- true",
            "run --tty=false --raw-terminal -- true",
            "run --rm --keep -- true",
            "run --workspace rw -- true",
            "run --profile other -- true",
            "run --box ../x -- true",
            "run --box a -v .:/work -- true",
            "run --new --workspace ro -- true",
            "diff --box none",
            "diff --stat --json",
            "discard",
            "discard x",
            "boxes",
            "boxes --json",
            "run --init=false -- true",
            "run --read-only=false -- true",
        ],
    ),
    (
        "environment.txt",
        &[
            "run -e '*' -- true",
            "run -e '=x' -- true",
            "run -e 'A B=1' -- true",
            "run --env-file missing -- true",
            "run --env-file good.env --explain -- true",
            "run --env-file bad.env -- true",
            "run --env-file copy.env -- true",
            "run --env-file ../outside.env --explain -- true",
        ],
    ),
    (
        "mounts.txt",
        &[
            "run -v data:/data -- true",
            "run --volume=~/in:/data -- true",
            "run -v /data -- true",
            "run -v ./in -- true",
            "run -v ./in:data -- true",
            "run -v .:. -- true",
            "run -v ./in:/data:ro:x -- true",
            "run -v ./in:/data:rw,ro -- true",
            "run -v ./in:/data:rshared -- true",
            "run -v ./in:/data:U -- true",
            "run -v ./in:/data:O -- true",
            "run -v ./in:/data:frob -- true",
            "run -v ./in:/data/../etc -- true",
            "run -v ./missing:/data -- true",
            "run -v /run/docker.sock/none:/data -- true",
            "run -v ~/.ssh/none:/data -- true",
            "run -v ./file/x:/data -- true",
            "run -v ./in:/x -v ./out:/x -- true",
            "run -v ./in:/x --tmpfs /x -- true",
            "run -v ./file:/x --tmpfs /x/y -- true",
            "run -v ./in:/x --tmpfs /x/y -- true",
            "run -v ./in:/x -v ./file:/x/y -- true",
            "run --tmpfs ./x -- true",
            "run --tmpfs /x:size=big -- true",
            "run --tmpfs /x:mode=4755 -- true",
            "run --tmpfs /x:uid=0 -- true",
            "run --mount type=bind,src=./in -- true",
            "run --mount src=./in,dst=/x -- true",
            "run --mount type=volume,src=x,dst=/x -- true",
            "run --mount type=tmpfs,dst=/x,src=/y -- true",
            "run --mount type=bind,src=./in,dst=/x,frob=1 -- true",
        ],
    ),
    (
        "network.txt",
        &[
            "run --network host -- true",
            "run --network bridge -v .:/work -- true",
            "run --network bridge --workspace cow -- true",
            "run --network bridge --keep -- true",
            "run --network none --allow a.example -- true",
            "run --allow 'a.*.example' -- true",
            "run --allow a.example:70000 -- true",
            "run --allow 127.1 -- true",
            "run --allow '*.github.io' -- true",
            "run --allow localhost:5432 -- true",
            "run --allow @nope -- true",
            "run --allow-host-port 0 -- true",
            "run --network none --allow-host-port 5432 -- true",
            "run -p 3000 -- true",
            "run -p 3000-3010:3000-3010 -- true",
            "run -p 3000:80/udp -- true",
            "run -p 3000:80 -p 127.0.0.1:3000:81 -- true",
            "run --allow a.example -p 8443:443 -- true",
            "run -P -- true",
            "run --net-limit 0 -- true",
            "run --allow a.example:443/udp -- true",
            "run --net slirp4netns -- true",
            "run --network none --network bridge -- true",
            "run --security-opt seccomp=unconfined -- true",
            "run --security-opt apparmor=unconfined -- true",
            "run --security-opt unmask=ALL -- true",
            "run --security-opt no-new-privileges:false -- true",
        ],
    ),
    (
        "explain.txt",
        &[
            "run --explain",
            "run --explain --allow bücher.example:80,443 --network allow:@openai --max-upload 1m -- true",
            "run --explain --network bridge -p 0.0.0.0:8080:3000 -- true",
            "run --explain -- npm run 'a b'",
            "run --explain -it --rm --init --read-only --cap-drop all --network none \
             --security-opt no-new-privileges --security-opt label=disable --pid private \
             --userns keep-id -- true",
            "run --explain -v ./in:/in:ro,Z -v ./out:/out --mount type=bind,src=.,dst=/work,ro \
             --tmpfs /s:size=64m,mode=700,noexec -e A=secret -e PATH -e 'NOT_THERE' \
             -u 1000:5 --hostname box --name mine -w /out --entrypoint '[\"sh\",\"-c\"]' \
             --ulimit nofile=10:20 --ulimit nproc=-1 --shm-size 1m --timeout 90 \
             --no-tool-chains --raw-terminal -t -i=false -- 'echo hi'",
        ],
    ),
    (
        "json.txt",
        &[
            "run --json --explain -v ./in:/in:ro -e A=secret -- npm test",
            "run --json --explain",
            "run --json -v ~/.ssh:/x -- true",
            "run --json npm test",
            "run --json --bogus -- true",
        ],
    ),
];

#[test]
fn answers_are_as_written() {
    let home = Home::new();
    let project = home.project();
    fs::create_dir(home.user().join(".ssh")).unwrap();
    fs::write(home.user().join(".ssh/key"), "x").unwrap();
    fs::write(project.join("good.env"), "# comment\nA=1\nB=\"quoted\"\n").unwrap();
    fs::write(project.join("bad.env"), "A=1\nB C=2\n").unwrap();
    fs::write(project.join("copy.env"), "PATH\n").unwrap();
    fs::write(home.user().join("outside.env"), "PATH\n").unwrap();
    for (file, lines) in TOPICS {
        let mut text = String::new();
        for line in *lines {
            let output = home.output(&words(line, &home));
            text.push_str(&format!("$ drybox {line}\n{}\n", home.said(&output)));
        }
        golden(file, &text);
    }
}

#[test]
fn help_fits_a_hundred_columns() {
    let home = Home::new();
    for args in [&["--help"][..], &["run", "--help"], &["can", "--help"], &["doctor", "--help"]] {
        let help = String::from_utf8(home.output(args).stdout).unwrap();
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
    let short = String::from_utf8(home.output::<&str>(&[]).stdout).unwrap();
    let first = short.lines().find(|line| line.starts_with("  drybox")).unwrap();
    assert!(first.starts_with("  drybox run -- "), "{first}");
}

#[test]
fn completions_know_every_shell_and_flag() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = home.output(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("no-tool-chains"), "{shell}");
        assert!(!script.contains("privileged"), "{shell} offers what is refused");
    }
}

/// Splits as a shell does, single quotes only; `~` is the made-up home.
fn words(line: &str, home: &Home) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (nth, part) in line.split('\'').enumerate() {
        if nth % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        words.extend(part.split_whitespace().map(str::to_owned));
    }
    let user = home.user();
    let at_home = |word: String| match word.strip_prefix('~') {
        Some(below) => format!("{}{below}", user.display()),
        None => word,
    };
    words.into_iter().map(at_home).collect()
}
