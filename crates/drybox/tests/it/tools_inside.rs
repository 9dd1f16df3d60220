//! Everyday tools behave inside as a user expects: a row each, with what it must print.

use std::fmt::Write as _;
use std::time::Duration;

use drybox_testkit::{TestEnv, require};

/// One tool, started in the box by a shell in `/tmp`; the project is at `$PROJECT`.
struct Tool {
    /// Must be there: a missing tool is no pass.
    needs: &'static [&'static str],
    script: &'static str,
    /// Each of these is in what it prints.
    prints: &'static [&'static str],
    /// None of these is.
    not: &'static [&'static str],
}

const fn row(
    needs: &'static [&'static str],
    script: &'static str,
    prints: &'static [&'static str],
) -> Tool {
    Tool { needs, script, prints, not: &[] }
}

impl Tool {
    const fn but_not(mut self, not: &'static [&'static str]) -> Self {
        self.not = not;
        self
    }
}

const TOOLS: &[Tool] = &[
    // Who and where one is.
    row(&[], "whoami; id -un; hostname", &["agent\nagent\ndrybox\n"]),
    row(&[], "getent passwd $(id -u); getent group $(id -g)", &["agent:x:", ":/home/agent:"]),
    row(&[], "getent hosts localhost drybox", &["localhost", "drybox"]),
    row(&[], "date +%Z; locale charmap", &["UTC\nUTF-8\n"]),
    row(&[], "ls -ld /tmp /dev/shm | cut -c1-10", &["drwxrwxrwt\ndrwxrwxrwt\n"]),
    row(&[], "test $(nproc) -ge 1 && df /tmp > /dev/null && echo fine", &["fine"]),
    row(&["ps"], "ps -e -o comm=", &["drybox-init\n", "ps\n"]).but_not(&["systemd", "cargo"]),
    row(
        &["ps"],
        "ps aux | wc -l | xargs test 12 -ge && echo few; free -m; uptime",
        &["few", "Mem:"],
    ),
    row(&["ps"], "top -b -n1", &["Tasks:", " drybox-"]),
    // Files.
    row(&[], "find / -xdev > /dev/null && echo all", &["all"]),
    row(
        &[],
        "mkdir d; seq 9 > d/f; tar -czf t.tgz d; rm -r d; tar -xzf t.tgz; tail -n1 d/f",
        &["9"],
    ),
    row(&[], "seq 20 | xargs -P 4 -n 5 echo | sort -n", &["1 2 3 4 5\n6 7 8 9 10\n11 12"]),
    row(&[], "mktemp -d; mkfifo p; (echo through > p &); cat p", &["/tmp/tmp.", "through"]),
    row(&[], "echo x > $PROJECT/new && cat $PROJECT/new", &["x\n", "1 file changed"]),
    // Languages.
    row(&["perl"], "awk 'BEGIN { print 6 * 7 }'; perl -e 'print 6 * 7'", &["42\n42"]),
    row(&["jq"], "echo '{\"a\":[1,2]}' | jq -c .a", &["[1,2]"]),
    row(&["node"], "node -p '6 * 7; require(\"os\").userInfo().username'", &["agent"]),
    row(
        &["python3"],
        "python3 -c 'import multiprocessing as m; print(sum(m.Pool(2).map(abs, [-40, 2])))'",
        &["42"],
    ),
    row(&["python3"], "python3 -m venv --without-pip v && v/bin/python -c 'print(42)'", &["42"]),
    row(
        &["python3", "curl"],
        "python3 -m http.server --bind 127.0.0.1 8000 2> log & for i in $(seq 100); do \
         curl -s http://localhost:8000/ && exit; sleep 0.1; done; cat log",
        &["Directory listing"],
    ),
    row(
        &["gcc"],
        "echo 'int main(void) { return 42; }' > a.c; gcc a.c -o a && ./a; echo $?",
        &["42\n"],
    ),
    row(
        &["make"],
        "printf 'all: a b\\na b:\\n\\t@echo made $@\\n' > Makefile; make -j2",
        &["made a", "made b"],
    ),
    row(
        &["gcc", "gdb"],
        "echo 'int f(int n) { return n + 1; } int main(void) { return f(41); }' > a.c; \
         gcc -g a.c -o a && gdb -q -batch -ex 'break f' -ex run -ex bt -ex finish -ex c ./a",
        &["Breakpoint 1, f (n=41)", "in main () at a.c:1", "Value returned is $1 = 42", "code 052"],
    ),
    row(&["strace"], "strace -f -e trace=execve true", &["execve(", "exited with 0"]),
    // Editors, pagers, multiplexers.
    row(&["vim"], "vim -es -u NONE -c 'normal ihello' -c 'wq! v'; cat v", &["hello"]),
    row(&["man"], "man ls | head -n 1", &["LS(1)"]).but_not(&["warning"]),
    row(&["less"], "seq 3 | less", &["1\n2\n3"]),
    row(
        &["tmux"],
        "tmux new-session -d 'echo in > out; tmux wait-for -S done' && tmux wait-for done; cat out",
        &["in\n"],
    ),
    row(&["script"], "script -qec 'test -t 0 && tty' /dev/null", &["/dev/pts/"]),
    // Version control: whoever owns the project, git trusts it.
    row(&["git"], "cd $PROJECT && git status --short && git log --oneline", &["first"])
        .but_not(&["dubious"]),
    row(
        &["git"],
        "git clone -q $PROJECT c && cd c && echo b > b && git add b && \
         git -c user.name=a -c user.email=a@b commit -qm second && git log --format=%s",
        &["second\nfirst\n"],
    ),
    // What says that there is no network: at once, and so that one understands it.
    row(&["curl"], "curl -sS http://example.com", &["Could not resolve host: example.com"]),
    row(&["curl"], "curl -sS http://127.0.0.1:9", &["Failed to connect"]),
    row(&["npm"], "npm install ms", &["ENOTCACHED"]),
    row(
        &["pip"],
        "python3 -m venv --without-pip v; pip --python v install no-such-package",
        &["Retrying", "No matching distribution"],
    ),
    row(&["git"], "git clone http://example.com/x", &["Could not resolve host"]),
    row(
        &[],
        "su -c true; echo $?; unshare -r true; chroot / true",
        &["1\n", "unshare failed: Operation not permitted", "cannot change root directory"],
    ),
];

mod both {
    use super::*;

    #[test]
    fn every_tool_prints_what_it_prints_elsewhere() {
        let env = TestEnv::new();
        project(&env);
        let mut told = String::new();
        for tool in TOOLS {
            tool.needs.iter().for_each(|program| drop(require(program)));
            let script = format!("PROJECT=$PWD; cd /tmp; {}", tool.script);
            let run = env.drybox().args(["run", "--", "sh", "-c", &script]);
            let done = run.limit(Duration::from_secs(60)).run();
            let text = format!("{}{}", done.stdout, done.stderr);
            let missing = tool.prints.iter().find(|want| !text.contains(**want));
            let unwanted = tool.not.iter().find(|not| text.contains(**not));
            if missing.is_some() || unwanted.is_some() {
                let wrong = format!("missing {missing:?}, unwanted {unwanted:?}");
                writeln!(told, "{}\n  {wrong} in:\n{text}", tool.script).unwrap();
            }
        }
        assert!(told.is_empty(), "{told}");
        env.expect_no_stray_process();
    }

    #[test]
    fn a_tool_that_needs_the_network_fails_within_seconds() {
        let env = TestEnv::new();
        for (program, script) in [
            ("npm", "cd /tmp && npm install ms"),
            ("pip", "cd /tmp && python3 -m venv --without-pip v && pip --python v install x"),
            ("curl", "curl http://example.com"),
        ] {
            drop(require(program));
            let run = env.drybox().args(["run", "--", "sh", "-c", script]);
            let done = run.limit(Duration::from_secs(60)).run();
            assert!(done.code() != Some(0) && done.took < Duration::from_secs(20), "{done:?}");
        }
    }

    #[test]
    fn offline_settings_give_way_to_what_the_user_names() {
        let env = TestEnv::new();
        let done = env.drybox().args(["run", "-e", "npm_config_offline=false", "--", "env"]).run();
        let text = done.expect_code(0).stdout;
        assert!(text.contains("npm_config_offline=false\n"), "{text}");
        assert!(text.contains("UV_OFFLINE=1\n"), "{text}");
    }
}

/// A repository with one commit and one file that git does not know.
fn project(env: &TestEnv) {
    env.write("a", "a");
    let commit = "git init -q . && git add a && \
                  git -c user.name=a -c user.email=a@b commit -qm first";
    env.command("/bin/sh").args(["-c", commit]).run().expect_code(0);
}

#[test]
fn explain_names_each_tool_chain_and_what_of_the_path_is_left_out() {
    let env = TestEnv::new();
    let home = env.home();
    let home = home.to_str().unwrap();
    std::fs::create_dir_all(env.home().join(".cargo/bin")).unwrap();
    std::fs::write(env.home().join(".cargo/bin/tool"), "").unwrap();
    std::fs::create_dir_all(env.home().join(".ssh")).unwrap();
    std::os::unix::fs::symlink(".ssh", env.home().join("bin")).unwrap();
    let path = format!("{home}/.cargo/bin:{home}/bin:/usr/bin:/bin");
    let explain = |flags: &[&str]| {
        let run = env.drybox().args(["run", "--explain"]).args(flags).args(["--", "true"]);
        run.env("PATH", &path).run().expect_code(0).stdout
    };
    let told = explain(&[]);
    let row = format!("  {home}/.cargo/bin  read-only ");
    let shown = |line: &str| line.starts_with(&row) && line.contains("tool chain");
    assert!(told.lines().any(shown), "{told}");
    assert!(told.contains(&format!("  {home}/bin  left out  it is in a place for cred")), "{told}");
    let hidden = explain(&["--no-tool-chains"]);
    assert!(!hidden.contains(".cargo") && !hidden.contains("left out"), "{hidden}");
}
