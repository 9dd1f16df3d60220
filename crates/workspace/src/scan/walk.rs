//! Reads a hostile tree: by descriptors from its root, without links, without an open that waits.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use drybox_spec::{Kind as Fault, Report, Shown};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use super::{Limits, Why};
use crate::hold::{Kind, READ_LIMIT, State};

/// The directory to look through cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot look through {}", Shown(directory.as_os_str().as_bytes()))]
pub struct ScanError {
    /// What was asked for.
    pub directory: PathBuf,
    /// What open(2) says.
    #[source]
    pub errno: Errno,
}

impl Report for ScanError {
    fn kind(&self) -> Fault {
        Fault::User
    }

    fn fix(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some("name a directory that you can read".into())
    }
}

/// A directory, by its descriptor.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    device: u64,
}

/// What the walk meets.
pub(super) enum Visit<'a> {
    Entry { path: &'a [u8], state: State },
    Skipped { path: &'a [u8], why: Why },
    Cut,
}

impl Tree {
    pub(super) fn open(directory: &Path) -> Result<Self, ScanError> {
        let failed = |errno| ScanError { directory: directory.to_owned(), errno };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(directory, flags, Mode::empty()).map_err(failed)?;
        let device = rustix::fs::fstat(&root).map_err(failed)?.st_dev;
        Ok(Self { root, device })
    }

    /// Meets every entry, directories before what is in them, names in order.
    pub(super) fn walk(&self, limits: Limits, meet: &mut dyn FnMut(Visit<'_>)) {
        let (mut entries, mut bytes) = (0_u64, 0_u64);
        let mut waiting: Vec<Vec<u8>> = vec![Vec::new()];
        while let Some(directory) = waiting.pop() {
            let opened = match self.directory(&directory) {
                Ok(opened) => opened,
                Err(errno) => {
                    let why =
                        if errno == Errno::NAMETOOLONG { Why::TooDeep } else { Why::Unreadable };
                    meet(Visit::Skipped { path: &directory, why });
                    continue;
                }
            };
            let mut inside = Vec::new();
            for name in list(&opened, limits.entries.saturating_sub(entries)) {
                entries += 1;
                let is_late = limits.until.is_some_and(|until| Instant::now() >= until);
                if entries >= limits.entries || bytes >= limits.bytes || is_late {
                    meet(Visit::Cut);
                    return;
                }
                let path = join(&directory, &name);
                let Ok(stat) = rustix::fs::statat(
                    &opened,
                    OsStr::from_bytes(&name),
                    AtFlags::SYMLINK_NOFOLLOW,
                ) else {
                    meet(Visit::Skipped { path: &path, why: Why::Unreadable });
                    continue;
                };
                if is_older(&stat, limits.since) && kind(&stat) != Kind::Directory {
                    continue;
                }
                let Some(state) = read(&opened, &name, &stat) else {
                    meet(Visit::Skipped { path: &path, why: Why::Unreadable });
                    continue;
                };
                bytes = bytes.saturating_add(state.bytes.len() as u64);
                let is_directory = state.kind == Kind::Directory;
                meet(Visit::Entry { path: &path, state });
                if !is_directory {
                    continue;
                }
                if stat.st_dev != self.device {
                    meet(Visit::Skipped { path: &path, why: Why::OtherFilesystem });
                } else if is_machine_made(&path) {
                    meet(Visit::Skipped { path: &path, why: Why::MachineMade });
                } else {
                    inside.push(path);
                }
            }
            // The last of the list is taken first.
            inside.reverse();
            waiting.append(&mut inside);
        }
    }

    pub(super) fn kind(&self, path: &[u8]) -> Option<Kind> {
        let at = path.iter().rposition(|&b| b == b'/');
        let (directory, name) = match at {
            Some(at) => (path.get(..at)?, path.get(at + 1..)?),
            None => (&b""[..], path),
        };
        let opened = self.directory(directory).ok()?;
        let stat =
            rustix::fs::statat(&opened, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(kind(&stat))
    }

    pub(super) fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        self.directory(directory).map(|opened| list(&opened, NAMES)).unwrap_or_default()
    }

    /// A directory beneath the root; no component is a link, none leads out.
    fn directory(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&self.root, OsStr::from_bytes(path), flags, Mode::empty(), resolve)
    }
}

/// Names beside a file that are compared with it.
const NAMES: u64 = 100_000;

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

fn list(directory: &OwnedFd, most: u64) -> Vec<Vec<u8>> {
    let Ok(entries) = Dir::read_from(directory) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().to_bytes().to_vec());
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut names: Vec<Vec<u8>> =
        names.filter(|name| name != b"." && name != b"..").take(most).collect();
    names.sort_unstable();
    names
}

fn kind(stat: &Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Link,
        FileType::Directory => Kind::Directory,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Kind::Special,
    }
}

fn is_older(stat: &Stat, since: Option<SystemTime>) -> bool {
    let Some(since) = since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok())
    else {
        return false;
    };
    let seconds = u64::try_from(stat.st_ctime).unwrap_or(0);
    let nanos = u32::try_from(stat.st_ctime_nsec).unwrap_or(0);
    Duration::new(seconds, nanos) < since
}

/// What is there. Only a regular file is opened, and only if it is still one once it is open.
fn read(directory: &OwnedFd, name: &[u8], stat: &Stat) -> Option<State> {
    let name = OsStr::from_bytes(name);
    let kind = kind(stat);
    let bytes = match kind {
        Kind::Link => rustix::fs::readlinkat(directory, name, Vec::new()).ok()?.into_bytes(),
        Kind::Directory | Kind::Special => Vec::new(),
        Kind::File => {
            // NONBLOCK: what became a fifo since then does not hold us.
            let flags = OFlags::RDONLY
                | OFlags::NOFOLLOW
                | OFlags::NONBLOCK
                | OFlags::CLOEXEC
                | OFlags::NOCTTY;
            let file = rustix::fs::openat(directory, name, flags, Mode::empty()).ok()?;
            let opened = rustix::fs::fstat(&file).ok()?;
            if self::kind(&opened) != Kind::File {
                return None;
            }
            content(&file)?
        }
    };
    let size = match kind {
        Kind::File => u64::try_from(stat.st_size).unwrap_or(0).max(bytes.len() as u64),
        Kind::Link | Kind::Directory | Kind::Special => bytes.len() as u64,
    };
    // Links and attributes are news only as a change.
    Some(State { kind, mode: stat.st_mode & 0o7777, size, bytes, links: 1, attributes: false })
}

fn content(file: &OwnedFd) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    while bytes.len() < READ_LIMIT {
        match rustix::io::read(file, &mut part) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(part.get(..count)?),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    bytes.truncate(READ_LIMIT);
    Some(bytes)
}

/// A directory of the skip table: by its name, or by its place in `.git`.
fn is_machine_made(path: &[u8]) -> bool {
    MACHINE_MADE.iter().any(|tail| {
        let head = path.strip_suffix(tail.as_bytes());
        head.is_some_and(|head| head.is_empty() || head.ends_with(b"/"))
    })
}

/// Directories that machines fill and nobody reads: what is in them runs only when what is outside
/// of them says so. The threat model says that they are not looked through.
const MACHINE_MADE: &[&str] = &[
    "node_modules",
    "bower_components",
    "target",
    ".git/objects",
    ".git/logs",
    ".git/lfs",
    ".hg/store",
    ".svn/pristine",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    "site-packages",
    ".next",
    ".nuxt",
    ".turbo",
    ".parcel-cache",
    ".cache",
    ".gradle",
    ".m2",
    ".yarn/cache",
    ".pnpm-store",
    ".terraform",
    "Pods",
    "_build",
    "deps/_build",
    "zig-cache",
    ".zig-cache",
    "dist-newstyle",
    ".stack-work",
    ".dart_tool",
    ".bundle/cache",
];
