//! Homes made for the test, each with the folders that a real tool makes.

mod document;
mod hostile;
mod rows;
mod secrets;
mod settings;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use drybox_spec::HostPath;
use tempfile::TempDir;

use super::chain::{Chain, Root};
use super::discover::Finder;
use super::table::rows;
use super::{BOX_HOME, HostEnv, ToolChains};

/// A host with a home in a temporary directory, and an environment.
struct Host {
    dir: TempDir,
    env: HashMap<String, OsString>,
}

impl HostEnv for Host {
    fn get(&self, name: &str) -> Option<OsString> {
        self.env.get(name).cloned()
    }
}

impl Host {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("home/alice")).unwrap();
        Self { dir, env: HashMap::new() }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    fn home(&self) -> PathBuf {
        self.root().join("home/alice")
    }

    /// A file below the home, with its folders.
    fn file(&self, path: impl AsRef<Path>, content: &str) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A folder below the home, with a program in it.
    fn bin(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("program"), "").unwrap();
        path
    }

    fn link(&self, path: &str, to: impl AsRef<Path>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, &path).unwrap();
        path
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.insert(name.to_owned(), value.into());
    }

    fn find_with_path(&mut self, entries: &[&Path]) -> ToolChains {
        let entries: Vec<_> = entries.iter().map(|entry| entry.as_os_str()).collect();
        self.set("PATH", entries.join(":".as_ref()));
        self.find()
    }

    fn find(&self) -> ToolChains {
        self.find_at(&self.home())
    }

    /// With `home/alice/WORKSPACE` as the current directory.
    fn find_in(&self, workspace: &str) -> ToolChains {
        let path = |path: &Path| HostPath::parse(path.as_os_str().as_encoded_bytes()).unwrap();
        let (home, workspace) = (path(&self.home()), path(&self.home().join(workspace)));
        Finder::new(self, &home).with_host_root(&self.root()).beside(Some(&workspace)).find()
    }

    fn find_at(&self, home: &Path) -> ToolChains {
        let home = HostPath::parse(home.as_os_str().as_encoded_bytes()).unwrap();
        Finder::new(self, &home).with_host_root(&self.root()).find()
    }

    /// The place of a root of the table on this host; sets its variable.
    fn place(&mut self, root: Root) -> PathBuf {
        match root {
            Root::Var(name) => {
                let place = self.root().join("var").join(name);
                self.set(name, &place);
                place
            }
            Root::Home(below) => self.home().join(below).components().collect(),
            Root::Data(below) => self.home().join(".local/share").join(below),
            Root::Config(below) => self.home().join(".config").join(below),
            Root::Fixed(below) => self.root().join(below),
        }
    }

    /// Makes every folder that the row shares, with a file in it; gives back the base.
    fn make(&mut self, chain: &Chain, root: Root) -> PathBuf {
        let version = some_name(chain.version.trim_start_matches('?'));
        let base: PathBuf = self.place(root).join(version).components().collect();
        for folder in chain.shares.iter().chain(chain.bins).chain(&chain.marker) {
            self.bin(base.join(some_name(folder)));
        }
        base
    }
}

/// A path that a pattern stands for.
fn some_name(pattern: &str) -> PathBuf {
    pattern.replace('*', "v1").into()
}

/// Every row, companions too.
fn all() -> Vec<&'static Chain> {
    rows().flat_map(|chain| std::iter::once(chain).chain(chain.companions)).collect()
}

fn covers(found: &ToolChains, path: &Path) -> bool {
    found.shares.iter().any(|share| path.starts_with(share.source.as_path()))
}

fn shares(found: &ToolChains) -> Vec<&Path> {
    found.shares.iter().map(|share| share.source.as_path()).collect()
}

fn path(found: &ToolChains) -> Vec<&Path> {
    found.path.iter().map(|dir| Path::new(dir.as_c_str().to_str().unwrap())).collect()
}

fn variable(found: &ToolChains, name: &str) -> Option<String> {
    let set = found.env.iter().find(|set| set.name() == name.as_bytes())?;
    Some(String::from_utf8(set.value().to_vec()).unwrap())
}

fn file(found: &ToolChains, path: &str) -> Option<String> {
    let file = found.files.iter().find(|file| file.path.as_bytes() == path.as_bytes())?;
    Some(String::from_utf8(file.content.clone()).unwrap())
}

fn why_not(found: &ToolChains, path: &Path) -> Option<&'static str> {
    let bytes = path.as_os_str().as_encoded_bytes();
    found.left_out.iter().find(|out| out.path == bytes).map(|out| out.why)
}
