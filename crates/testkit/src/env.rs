//! A hermetic environment: own home, own current directory, nothing of the caller's environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::proc::{Process, processes_mentioning};
use crate::{OrFail, Run, drybox_bin, need};

/// A home and a workspace of the test's own; gone when dropped.
///
/// They stand in `/var/tmp`: a sandbox has a `/tmp` of its own, so that a workspace there would be
/// a special case.
#[derive(Debug)]
pub struct TestEnv {
    root: TempDir,
    data: TempDir,
}

impl TestEnv {
    /// Makes the directories.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        let make = |prefix| {
            let mut builder = tempfile::Builder::new();
            let dir = builder.prefix(prefix).rand_bytes(12).tempdir_in("/var/tmp");
            dir.or_fail("make a directory in /var/tmp")
        };
        let (root, data) = (make("drybox-test-"), make("drybox-data-"));
        for name in ["home", "work"] {
            std::fs::create_dir(root.path().join(name)).or_fail(format_args!("make {name}"));
        }
        Self { root, data }
    }

    /// The home directory (`HOME`), empty.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The current directory of everything that is run, empty.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Where drybox keeps its boxes (`XDG_DATA_HOME`): apart from what must look the same.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The directory that holds both: what must look the same before and after.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A name that no other test has; it is in the environment of everything that is run.
    #[must_use]
    pub fn marker(&self) -> &OsStr {
        self.root.path().file_name().unwrap_or_default()
    }

    /// Writes a file of the workspace, its directories included.
    #[track_caller]
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.work().join(path);
        let dir = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(dir).or_fail(format_args!("make {}", dir.display()));
        std::fs::write(&path, content).or_fail(format_args!("write {}", path.display()));
    }

    /// The executable under test.
    #[track_caller]
    pub fn drybox(&self) -> Run {
        self.command(drybox_bin())
    }

    /// Any program, in the same surroundings: the control of a test.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Run {
        Run::new(program)
            .current_dir(self.work())
            .env("HOME", self.home())
            .env("XDG_DATA_HOME", self.data())
            .env("PATH", need::PATH)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env("DRYBOX_TEST_ID", self.marker())
    }

    /// Replaces what differs from run to run (this environment's paths) by fixed words.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        text.replace(&*self.work().to_string_lossy(), "[WORK]")
            .replace(&*self.home().to_string_lossy(), "[HOME]")
            .replace(&*self.root.path().to_string_lossy(), "[ROOT]")
    }

    /// Processes that were started here and live on. One that is just ending is waited for.
    #[must_use]
    pub fn stray_processes(&self) -> Vec<Process> {
        let begun = Instant::now();
        // Two empty looks: a process in the middle of execve(2) has no arguments for a moment.
        let mut empty_looks = 0;
        loop {
            let strays = processes_mentioning(self.marker().as_encoded_bytes());
            empty_looks = if strays.is_empty() { empty_looks + 1 } else { 0 };
            if empty_looks == 2 || begun.elapsed() > Duration::from_secs(2) {
                return strays;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails when anything that was started here lives on.
    #[track_caller]
    pub fn expect_no_stray_process(&self) {
        let strays = self.stray_processes();
        assert!(strays.is_empty(), "processes live on: {strays:#?}");
    }
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::Stdio;

    use super::*;

    #[test]
    fn nothing_of_the_callers_environment_is_seen() {
        let env = TestEnv::new();
        let done = env.command("/usr/bin/env").run().expect_code(0);
        let mut names: Vec<&str> =
            done.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["DRYBOX_TEST_ID", "HOME", "LC_ALL", "PATH", "TERM", "XDG_DATA_HOME"]);
        assert_eq!(env.command("/bin/pwd").run().stdout.trim_end(), env.work().to_str().unwrap());
    }

    #[test]
    fn a_process_that_lives_on_is_seen_until_it_ends() {
        let env = TestEnv::new();
        env.expect_no_stray_process();
        let mut command =
            env.command("/bin/sh").args(["-c", "echo up; exec sleep 100"]).into_command();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut up = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
        assert_eq!(env.stray_processes().len(), 1);
        child.kill().unwrap();
        child.wait().unwrap();
        env.expect_no_stray_process();
    }

    #[test]
    fn paths_are_scrubbed() {
        let env = TestEnv::new();
        let text = format!("{} {}", env.work().display(), env.home().join("x").display());
        assert_eq!(env.scrub(&text), "[WORK] [HOME]/x");
    }

    #[test]
    fn nothing_is_left_behind() {
        let env = TestEnv::new();
        let root = env.root().to_owned();
        env.write("a/b", "x");
        drop(env);
        assert!(!root.exists());
    }
}
