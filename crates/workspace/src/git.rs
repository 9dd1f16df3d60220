//! Where git keeps what belongs to a directory: found by reading a few small files, never by
//! running git, whose settings are the tree's.
//!
//! The tree is hostile: its `.git` file may name any directory of the user's. One outside of the
//! tree is believed only when it is laid out as git does and points back to this very tree, which
//! who wrote the tree cannot have arranged in a directory of somebody else's (W-061 to W-063).

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use drybox_spec::HostPath;
use rustix::fs::{FileType, Mode, OFlags, lstat, open};

/// A directory in which git works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its top level.
    pub top: HostPath,
    /// git's directories that belong to it and lie elsewhere: of a linked worktree, of a submodule.
    pub outside: Vec<HostPath>,
    /// What its files name beside that, and that nothing proves: a `.git` that leads to a directory
    /// which does not lead back, objects borrowed from another repository. Of many, the file that
    /// names them.
    pub unproven: Vec<HostPath>,
}

/// The repository around `cwd`, free of symlinks; none: it is in none.
///
/// Looks upwards as git does, on one filesystem, as long as `is_project` holds, and believes what
/// belongs to `uid`; for root also what belongs to the owner of `cwd` (CVE-2022-24765).
#[must_use]
pub fn find_repository(
    cwd: &HostPath,
    uid: u32,
    is_project: &dyn Fn(&HostPath) -> bool,
) -> Option<Repository> {
    let own = lstat(cwd.as_c_str()).ok()?;
    let owners = [uid, if uid == 0 { own.st_uid } else { uid }];
    for dir in cwd.as_path().ancestors() {
        let path = HostPath::parse(dir.as_os_str().as_bytes()).ok()?;
        let stat = lstat(path.as_c_str()).ok()?;
        if stat.st_dev != own.st_dev || !is_project(&path) {
            return None;
        }
        let git = dir.join(".git");
        let Ok(found) = lstat(&git) else { continue };
        if !owners.contains(&found.st_uid) || !owners.contains(&stat.st_uid) {
            return None;
        }
        return match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory if is_git_dir(&git) => Some(plain(path, &git)),
            FileType::RegularFile => pointed(path, &git, owners),
            _ => None,
        };
    }
    None
}

fn plain(top: HostPath, git: &Path) -> Repository {
    let mut repository = Repository { top, outside: Vec::new(), unproven: Vec::new() };
    repository.add_borrowed(git);
    repository
}

/// A tree with a file `.git`.
fn pointed(top: HostPath, file: &Path, owners: [u32; 2]) -> Option<Repository> {
    let text = small(file)?;
    let named = line(text.strip_prefix(b"gitdir: ")?)?;
    let git = fs::canonicalize(top.as_path().join(named)).ok()?;
    let mut repository = Repository { top, outside: Vec::new(), unproven: Vec::new() };
    if is_within(&git, repository.top.as_path()) {
        repository.add_borrowed(&git);
        return Some(repository);
    }
    let proven = worktree(&git, file).or_else(|| submodule(&git, repository.top.as_path()));
    let ours = |dir: &PathBuf| lstat(dir).is_ok_and(|stat| owners.contains(&stat.st_uid));
    match proven.filter(ours).and_then(|dir| host_path(&dir).map(|path| (dir, path))) {
        Some((dir, path)) => {
            if !is_within(&dir, repository.top.as_path()) {
                repository.outside.push(path);
            }
            repository.add_borrowed(&dir);
        }
        None => repository.unproven.extend(host_path(&git)),
    }
    Some(repository)
}

/// `git worktree add`: MAIN/.git/worktrees/NAME, whose `gitdir` names our `.git`. The main one.
fn worktree(git: &Path, file: &Path) -> Option<PathBuf> {
    let back = small(&git.join("gitdir"))?;
    let back = fs::canonicalize(git.join(line(&back)?)).ok()?;
    let common = small(&git.join("commondir"))?;
    let common = fs::canonicalize(git.join(line(&common)?)).ok()?;
    let place = git.parent() == Some(common.join("worktrees").as_path());
    (back == file && place && is_git_dir(&common)).then_some(common)
}

/// `git submodule`: a whole git directory, whose `core.worktree` names our tree.
fn submodule(git: &Path, top: &Path) -> Option<PathBuf> {
    let config = small(&git.join("config"))?;
    let back = fs::canonicalize(git.join(core_worktree(&config)?)).ok()?;
    (back == top && is_git_dir(git)).then(|| git.to_owned())
}

/// The last plain `worktree =` of a section `[core]`, as git itself writes it.
fn core_worktree(config: &[u8]) -> Option<&Path> {
    let mut in_core = false;
    let mut found = None;
    for text in config.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        if text.starts_with(b"[") {
            in_core = text.eq_ignore_ascii_case(b"[core]");
        } else if in_core
            && let Some((key, value)) = text.split_at_checked(b"worktree".len())
            && key.eq_ignore_ascii_case(b"worktree")
            && let Some(value) = value.trim_ascii_start().strip_prefix(b"=")
        {
            found = line(value);
        }
    }
    found
}

impl Repository {
    /// Objects of other repositories (gitrepository-layout(5), `objects/info/alternates`): those
    /// do not point back, so they are not shown unless the user shares them.
    fn add_borrowed(&mut self, git: &Path) {
        let objects = git.join("objects");
        let file = objects.join("info/alternates");
        let Ok(found) = lstat(&file) else { return };
        let text = small(&file).unwrap_or_default();
        let mut named = text.split(|&byte| byte == b'\n').filter_map(line);
        for named in named.by_ref().take(MOST_BORROWED) {
            let Ok(dir) = fs::canonicalize(objects.join(named)) else { continue };
            let outside = self.outside.iter().map(HostPath::as_path);
            let mut shown = outside.chain([self.top.as_path()]);
            if !shown.any(|shown| is_within(&dir, shown)) {
                self.unproven.extend(host_path(&dir));
            }
        }
        // One line stands for what nobody lists by hand, and for what cannot be read.
        if named.next().is_some() || (text.is_empty() && found.st_size > 0) {
            self.unproven.extend(host_path(&file));
        }
    }
}

/// Repositories of which objects are borrowed, and that are looked at: git itself follows five, one
/// from the other.
const MOST_BORROWED: usize = 16;

/// What gitrepository-layout(5) has at least.
fn is_git_dir(dir: &Path) -> bool {
    let kind =
        |name: &str| lstat(dir.join(name)).ok().map(|stat| FileType::from_raw_mode(stat.st_mode));
    kind("HEAD").is_some_and(|kind| kind != FileType::Directory)
        && kind("objects") == Some(FileType::Directory)
        && kind("refs") == Some(FileType::Directory)
}

/// A small regular file; none: there is none, it is longer, or something else.
fn small(path: &Path) -> Option<Vec<u8>> {
    const LONGEST: u64 = 1 << 16;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let kind = FileType::from_raw_mode(lstat(path).ok()?.st_mode);
    if kind != FileType::RegularFile {
        return None;
    }
    let file = File::from(open(path, flags | OFlags::CLOEXEC, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(LONGEST.saturating_add(1)).read_to_end(&mut text).ok()?;
    u64::try_from(text.len()).is_ok_and(|length| length <= LONGEST).then_some(text)
}

/// A line's text as a path; none: empty, or with what no path has.
fn line(text: &[u8]) -> Option<&Path> {
    let text = text.strip_suffix(b"\n").unwrap_or(text).trim_ascii();
    let plain = !text.is_empty() && !text.iter().any(|&byte| byte == 0 || byte == b'\n');
    plain.then(|| Path::new(std::ffi::OsStr::from_bytes(text)))
}

fn is_within(path: &Path, ancestor: &Path) -> bool {
    path.starts_with(ancestor)
}

fn host_path(path: &Path) -> Option<HostPath> {
    HostPath::parse(path.as_os_str().as_bytes()).ok()
}

#[cfg(test)]
mod tests;
