//! A made-up home, so that answers do not depend on who runs the test, or where.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A home with a project in it, and the executable with a cleared environment.
#[derive(Debug)]
pub(crate) struct Home {
    root: TempDir,
}

impl Home {
    /// In `/tmp` whatever `TMPDIR` says: the length of the path is in the golden columns.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("drybox-it-").tempdir_in("/tmp").unwrap();
        let home = Self { root };
        for dir in ["home/u/p/in", "home/u/p/out", "data"] {
            fs::create_dir_all(home.root().join(dir)).unwrap();
        }
        fs::write(home.project().join("file"), "x").unwrap();
        home
    }

    pub(crate) fn root(&self) -> PathBuf {
        // As the executable sees it, should the temporary directory be a symlink.
        fs::canonicalize(self.root.path()).unwrap()
    }

    pub(crate) fn user(&self) -> PathBuf {
        self.root().join("home/u")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.user().join("p")
    }

    /// A copy of the executable in a directory of its own.
    ///
    /// Made by another process: a writable descriptor of this one could leak into a parallel
    /// test's child, and then the copy would be busy.
    pub(crate) fn copy_of_drybox(&self, directory: &str) -> PathBuf {
        let directory = self.root().join("data").join(directory);
        fs::create_dir(&directory).unwrap();
        let copy = directory.join("drybox");
        let copied = Command::new("/bin/cp").arg(env!("CARGO_BIN_EXE_drybox")).arg(&copy).status();
        assert!(copied.unwrap().success());
        copy
    }

    /// The executable in the project, stdin empty.
    pub(crate) fn drybox<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drybox"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.user())
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn output<A: AsRef<OsStr>>(&self, args: &[A]) -> Output {
        self.drybox(args).output().unwrap()
    }

    /// What a run said, its made-up paths replaced.
    pub(crate) fn said(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(self.root().to_str().unwrap(), "[ROOT]")
        };
        let code = output.status.code().unwrap();
        let mut said = format!("exit {code}\n");
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                said.push_str(&format!("--- {name}\n{}", text(bytes)));
            }
        }
        said
    }
}

/// Compares with a golden file; `DRYBOX_BLESS=1` writes it instead.
pub(crate) fn golden(name: &str, got: &str) {
    compare(&drybox_testkit::testdata("crates/drybox/tests/golden").join(name), got);
}

/// Compares with a file of the repository, or writes it.
pub(crate) fn compare(path: &Path, got: &str) {
    if std::env::var_os("DRYBOX_BLESS").is_some() {
        fs::write(path, got).unwrap();
        return;
    }
    let want = fs::read_to_string(path).unwrap_or_default();
    let differs = want.lines().zip(got.lines()).find(|(want, got)| want != got);
    assert!(
        want == got,
        "{} differs (DRYBOX_BLESS=1 writes it), first at {differs:?}, now:\n{got}",
        path.display()
    );
}
