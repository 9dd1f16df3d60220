//! Real work: five third-party projects pass their own tests inside as outside.
//!
//! Sources and what they need are fetched outside, once, by each registry's own client with the
//! settings that the user has; then nothing but the box decides whether a test passes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use drybox_testkit::{Done, Run, Snapshot, TestEnv, require};

/// One project.
struct Project {
    name: &'static str,
    /// The registry's client.
    client: &'static str,
    /// Puts the sources, and what they need, into the current directory.
    fetch: &'static str,
    /// What a user types with the directory writable (`-v .:/work`), and types outside.
    test: &'static str,
    /// What a user types to leave the directory alone.
    read_only: &'static str,
    /// What its last lines look like.
    passed: Passed,
    /// So many tests it has at least: a suite that finds none of its tests passes, too.
    at_least: usize,
}

/// How a suite tells how many tests passed, in each of its lines that do.
enum Passed {
    /// A number behind these words.
    After(&'static str),
    /// A number before these words.
    Before(&'static str),
    /// Nothing but that it did.
    Line(&'static str),
}

/// JavaScript: worker pools, coverage by instrumented children.
const FASTQ: Project = Project {
    name: "fastq",
    client: "npm",
    fetch: "npm pack --silent fastq@1.20.3
        tar -xzf fastq-1.20.3.tgz --strip-components 1 --no-same-owner
        npm pkg delete devDependencies
        npm install --silent --ignore-scripts --save-dev tape@5.9.0 nyc@17.1.0",
    test: "npm run unit",
    read_only: "node_modules/.bin/tape test/test.js test/promise.js",
    passed: Passed::After("# pass"),
    at_least: 270,
};

/// Python: terminals, pagers, temporary files, a virtual environment made outside.
const CLICK: Project = Project {
    name: "click",
    client: "pip",
    fetch: "python3 -m venv --without-pip venv
        pip --python venv download --quiet --no-deps --no-binary :all: click==8.3.1
        tar -xzf click-8.3.1.tar.gz --strip-components 1 --no-same-owner
        pip --python venv install --quiet pytest==9.0.1 ./click-8.3.1.tar.gz",
    test: "venv/bin/python -m pytest -q",
    read_only: "venv/bin/python -m pytest -q -p no:cacheprovider",
    passed: Passed::Before(" passed"),
    at_least: 1000,
};

/// Rust: a compiler found under the user's home, a linker, doc tests.
const SEMVER: Project = Project {
    name: "semver",
    client: "cargo",
    fetch: "cargo new --quiet --vcs none fetch
        cd fetch
        echo 'semver = \"=1.0.27\"' >> Cargo.toml
        cargo vendor --quiet vendor > /dev/null
        cp -R vendor/semver/. ..
        cd ..
        rm -r fetch
        cargo fetch --quiet --locked",
    test: "cargo test --offline",
    read_only: "cargo test --offline --target-dir /tmp/target",
    passed: Passed::Before(" passed"),
    at_least: 38,
};

/// C: configure, make with two jobs, a shared library found by `LD_LIBRARY_PATH`.
const ZLIB: Project = Project {
    name: "zlib",
    client: "apt-get",
    fetch: concat!("package=zlib\n", include_str!("projects/apt-source.sh")),
    test: "./configure && make -j2 test",
    read_only: "cp -R . /tmp/zlib && cd /tmp/zlib && ./configure && make -j2 test",
    passed: Passed::Line(" test OK ***"),
    at_least: 3,
};

/// Shell: git, gpg with its agent on a socket, `/dev/shm`, an editor that is a script.
const PASS: Project = Project {
    name: "pass",
    client: "apt-get",
    fetch: concat!("package=password-store\n", include_str!("projects/apt-source.sh")),
    test: "make test",
    read_only: "cp -R . /tmp/pass && cd /tmp/pass && make test",
    passed: Passed::After("# passed all"),
    at_least: 39,
};

mod both {
    use super::*;

    #[test]
    fn fastq_from_npm_passes_its_own_tests() {
        FASTQ.passes_inside_as_outside();
    }

    #[test]
    fn click_from_pip_passes_its_own_tests() {
        CLICK.passes_inside_as_outside();
    }

    #[test]
    fn semver_from_cargo_passes_its_own_tests() {
        SEMVER.passes_inside_as_outside();
    }

    #[test]
    fn zlib_from_debian_passes_its_own_tests() {
        ZLIB.passes_inside_as_outside();
    }

    #[test]
    fn pass_from_debian_passes_its_own_tests() {
        for program in ["git", "gpg", "tree"] {
            drop(require(program));
        }
        PASS.passes_inside_as_outside();
    }
}

impl Project {
    fn passes_inside_as_outside(&self) {
        let fetched = self.fetched();
        let env = TestEnv::new();
        let dir = self.copy(&fetched, &env);
        // A /tmp of its own, as inside: suites leave files there that are in another user's way.
        let tmp = env.root().join("tmp");
        fs::create_dir(&tmp).unwrap();
        let run = ours(env.command("/bin/sh"), &dir).env("TMPDIR", tmp);
        let outside = self.count(&run.args(["-c", self.test]).run());
        assert!(outside >= self.at_least, "{}: {outside} passed outside", self.name);

        let dir = self.copy(&fetched, &env);
        let run = || ours(env.drybox(), &dir).arg("run");
        let before = Snapshot::of(&dir);
        let read_only = self.count(&run().args(["--", "sh", "-c", self.read_only]).run());
        before.expect_same(&Snapshot::of(&dir));
        let writable =
            self.count(&run().args(["-v", ".:/work", "--", "sh", "-c", self.test]).run());
        assert_eq!((read_only, writable), (outside, outside), "{}", self.name);
    }

    /// The fetched tree, from an earlier run or a new one; a file in it says by which script.
    fn fetched(&self) -> PathBuf {
        let dir = cache().join(self.name);
        let done = dir.with_extension("fetched");
        if fs::read(&done).is_ok_and(|script| script == self.fetch.as_bytes()) {
            return dir;
        }
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        fs::create_dir_all(&dir).unwrap();
        // Its own settings, proxies and mirrors: the client gets the user's environment.
        let fetching = Command::new("/bin/sh")
            .args(["-euc", self.fetch])
            .env("PATH", path())
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(
            fetching.status.success(),
            "{}: {} could not fetch it (the first run needs a network, later ones use {}):\n{}{}",
            self.name,
            self.client,
            dir.display(),
            String::from_utf8_lossy(&fetching.stdout),
            String::from_utf8_lossy(&fetching.stderr),
        );
        fs::write(done, self.fetch).unwrap();
        dir
    }

    /// A new copy, always at the same path: programs write theirs down.
    fn copy(&self, fetched: &Path, env: &TestEnv) -> PathBuf {
        let dir = env.work().join(self.name);
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        let copied = env.command("/bin/cp").arg("-a").args([fetched, &dir]).run();
        copied.expect_code(0);
        dir
    }

    fn count(&self, done: &Done) -> usize {
        let text = format!("{}{}", done.stdout, done.stderr);
        assert!(done.code() == Some(0), "{}: {}\n{text}", self.name, done.status);
        text.lines().map(|line| self.passed.of(line)).sum()
    }
}

impl Passed {
    fn of(&self, line: &str) -> usize {
        let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).unwrap_or(0);
        match self {
            Self::After(words) => {
                number(line.split(words).nth(1).and_then(|rest| rest.split_whitespace().next()))
            }
            Self::Before(words) => {
                let before = line.split_once(words).map(|(before, _)| before);
                number(before.and_then(|before| before.split_whitespace().next_back()))
            }
            Self::Line(words) => usize::from(line.contains(words)),
        }
    }
}

/// The user's own surroundings: tool chains are found by them.
fn ours(run: Run, dir: &Path) -> Run {
    let home = std::env::var_os("HOME").unwrap();
    run.env("HOME", home).env("PATH", path()).current_dir(dir).limit(Duration::from_secs(240))
}

/// The user's `PATH`, with the Rust that rustup put into the home: a login shell would add it.
fn path() -> String {
    let home = std::env::var("HOME").unwrap();
    format!("{}:{home}/.cargo/bin", std::env::var("PATH").unwrap())
}

/// Outside the repository, for this user alone: programs that are run lie in it.
fn cache() -> PathBuf {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let dir = named.map_or_else(home, PathBuf::from).join("drybox-tests");
    fs::create_dir_all(&dir).unwrap();
    let owner = fs::metadata(&dir).unwrap().uid();
    assert_eq!(owner, rustix::process::geteuid().as_raw(), "{} is not ours", dir.display());
    dir
}

#[test]
fn the_number_of_passed_tests_is_read_from_what_suites_print() {
    for (passed, line, want) in [
        (&FASTQ.passed, "# pass  274", 274),
        (&FASTQ.passed, "ok 1 passes", 0),
        (&CLICK.passed, "1380 passed, 22 skipped in 5.1s", 1380),
        (&SEMVER.passed, "test result: ok. 20 passed; 0 failed; 0 ignored;", 20),
        (&ZLIB.passed, "\t\t*** zlib shared test OK ***", 1),
        (&PASS.passed, "# passed all 15 test(s)", 15),
        (&PASS.passed, "# failed 1 among 4 test(s)", 0),
    ] {
        assert_eq!(passed.of(line), want, "{line}");
    }
}
