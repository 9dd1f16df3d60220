//! Where the caller stands in the hierarchies of cgroups.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{Controller, NoCgroup};

/// Which kind of hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One hierarchy a controller.
    One,
    /// One for all.
    Two,
}

/// The hierarchies, and the caller's own cgroups in them.
#[derive(Clone, Debug)]
pub struct Cgroups {
    root: PathBuf,
    /// As `/proc/self/cgroup` has it.
    own: Vec<u8>,
}

/// A cgroup of the caller's in which one for a box can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) version: Version,
}

impl Cgroups {
    /// Where this process stands, in the hierarchies below `/sys/fs/cgroup`.
    #[must_use]
    pub fn of_process() -> Self {
        Self::at("/sys/fs/cgroup", std::fs::read("/proc/self/cgroup").unwrap_or_default())
    }

    /// The hierarchies below `root`, where `own` is the text of `/proc/self/cgroup`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>, own: impl Into<Vec<u8>>) -> Self {
        Self { root: root.into(), own: own.into() }
    }

    /// The caller's own cgroup for a controller. On a machine with both versions a controller is in
    /// one of them.
    pub(super) fn place(&self, controller: Controller) -> Result<Place, NoCgroup> {
        let name = controller.name().as_bytes();
        let line =
            self.lines().find(|line| line.controllers.split(|&b| b == b',').any(|c| c == name));
        if let Some(line) = line {
            let hierarchy = self.root.join(OsStr::from_bytes(line.controllers));
            // A comounted hierarchy (`cpu,cpuacct`) has links by the single names as a rule.
            let single = self.root.join(controller.name());
            let found = [hierarchy, single].into_iter().find(|directory| exists(directory));
            let hierarchy = found.ok_or(NoCgroup::Missing { controller })?;
            let directory = below(&hierarchy, line.path).ok_or(NoCgroup::Missing { controller })?;
            return Ok(Place { directory, version: Version::One });
        }
        let unified = self.lines().find(|line| line.controllers.is_empty());
        let unified = unified.ok_or(NoCgroup::Missing { controller })?;
        let roots = [self.root.clone(), self.root.join("unified")];
        let root = roots.into_iter().find(|root| exists(&root.join("cgroup.controllers")));
        let root = root.ok_or(NoCgroup::Missing { controller })?;
        let directory = below(&root, unified.path).ok_or(NoCgroup::Missing { controller })?;
        let has = std::fs::read(directory.join("cgroup.controllers")).unwrap_or_default();
        if !words(&has).any(|word| word == name) {
            let everywhere = std::fs::read(root.join("cgroup.controllers")).unwrap_or_default();
            return Err(if words(&everywhere).any(|word| word == name) {
                let place = directory.into_os_string().into_encoded_bytes();
                NoCgroup::NotDelegated { place, controller }
            } else {
                NoCgroup::Missing { controller }
            });
        }
        Ok(Place { directory, version: Version::Two })
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.own.split(|&b| b == b'\n').filter_map(|line| {
            let mut parts = line.splitn(3, |&b| b == b':').skip(1);
            Some(Line { controllers: parts.next()?, path: parts.next()? })
        })
    }
}

/// A line of `/proc/PID/cgroup`: `ID:CONTROLLERS:PATH`.
struct Line<'a> {
    controllers: &'a [u8],
    path: &'a [u8],
}

/// The directory of a cgroup; none, when it lies outside of what is mounted here (a `..` in a
/// cgroup namespace).
fn below(hierarchy: &Path, path: &[u8]) -> Option<PathBuf> {
    let path = path.strip_prefix(b"/")?;
    let outside = path.split(|&b| b == b'/').any(|part| part == b"..");
    let directory = hierarchy.join(OsStr::from_bytes(path));
    (!outside && exists(&directory)).then_some(directory)
}

fn exists(path: &Path) -> bool {
    access(path, Access::EXISTS).is_ok()
}

pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty())
}
