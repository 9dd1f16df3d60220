//! From a row and a base to shares: the listed folders, less what holds credentials.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use drybox_spec::{Access, BoxPath, HostPath, Share};

use super::chain::Chain;
use super::discover::{Home, in_base};
use super::table::{NEVER_WHOLE, NEVER_WITHIN, SYSTEM};

/// More shares than this are a tool chain that is not what the table expects.
pub(super) const MAX_SHARES: usize = 64;
/// A folder with more entries is not read: the share that needs it read is left out.
pub(super) const MAX_CHILDREN: usize = 256;
/// How much of a file is searched for a URL with a user name.
const MAX_SEARCHED: u64 = 64 * 1024;

/// Why a directory is not shared, as the end of a sentence.
pub(super) struct Refusal(pub(super) &'static str);

/// What is shared so far.
#[derive(Default)]
pub(super) struct Carver {
    shares: Vec<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Home {
    /// Whether a tool chain may stand here at all.
    pub(super) fn allows(&self, real: &Path) -> Result<(), Refusal> {
        if real == Path::new("/") || real == self.named || self.holds_home(real) {
            return Err(Refusal("it is the home directory or holds it"));
        }
        if in_base(real) {
            return Err(Refusal("every box has it anyway"));
        }
        let below_home = self.real.as_ref().and_then(|home| real.strip_prefix(home).ok());
        let names = |list: &[&str], part: Component<'_>| {
            list.iter().any(|name| part == Component::Normal(OsStr::new(name)))
        };
        if below_home.is_none() && real.components().nth(1).is_some_and(|c| names(SYSTEM, c)) {
            return Err(Refusal("it is in a system directory"));
        }
        if below_home.unwrap_or(real).components().any(|part| names(NEVER_WITHIN, part)) {
            return Err(Refusal("it is in a place for credentials"));
        }
        if real.components().next_back().is_some_and(|part| names(NEVER_WHOLE, part)) {
            return Err(Refusal("it holds more than a tool chain"));
        }
        Ok(())
    }

    fn holds_home(&self, real: &Path) -> bool {
        self.real.as_ref().is_some_and(|home| home.starts_with(real))
    }
}

impl Carver {
    /// Shares what `chain` lists below `base`; gives back what was refused, and why.
    pub(super) fn take(
        &mut self,
        chain: &Chain,
        root: &Path,
        base: &Path,
        home: &Home,
    ) -> Vec<(PathBuf, &'static str)> {
        let mut refused = Vec::new();
        for share in chain.shares {
            if let Err(Refusal(why)) = self.one(chain, share, root, base, home) {
                refused.push((base.join(share).components().collect(), why));
            }
        }
        refused
    }

    fn one(
        &mut self,
        chain: &Chain,
        share: &str,
        root: &Path,
        base: &Path,
        home: &Home,
    ) -> Result<(), Refusal> {
        let Some(real) = resolve(root, base, share)? else {
            return Ok(());
        };
        home.allows(&real)?;
        let secrets = find_secrets(chain, share, &real)
            .map_err(|TooMany| Refusal("a folder in it has too many entries to look through"))?;
        let (shares, links) = (self.shares.clone(), self.links.len());
        self.carve(&real, &secrets).inspect_err(|_| {
            self.shares = shares;
            self.links.truncate(links);
        })
    }

    /// True for a directory within a share, or one that holds one.
    pub(super) fn reaches(&self, dir: &Path) -> bool {
        self.shares.iter().any(|share| dir.starts_with(share) || share.starts_with(dir))
    }

    /// How many shares there are.
    pub(super) const fn shared(&self) -> usize {
        self.shares.len()
    }

    /// Links that stood beside a credential file.
    pub(super) fn links(&self) -> Vec<(BoxPath, Vec<u8>)> {
        let link = |(place, to): &(PathBuf, PathBuf)| {
            let place = BoxPath::parse(place.as_os_str().as_bytes()).ok()?;
            Some((place, to.as_os_str().as_bytes().to_vec()))
        };
        self.links.iter().filter_map(link).collect()
    }

    /// The shares, sorted, each at its own path.
    pub(super) fn into_shares(mut self) -> Vec<Share> {
        self.shares.sort();
        let share = |path: PathBuf| {
            let bytes = path.as_os_str().as_bytes();
            let source = HostPath::parse(bytes).ok()?;
            let target = BoxPath::parse(bytes).ok()?;
            Some(Share { source, target, access: Access::ReadOnly })
        };
        self.shares.into_iter().filter_map(share).collect()
    }

    /// Shares `path`, or, when a credential file is in it, its other entries.
    fn carve(&mut self, path: &Path, secrets: &[PathBuf]) -> Result<(), Refusal> {
        if secrets.iter().any(|secret| secret == path) {
            return Ok(());
        }
        if !secrets.iter().any(|secret| secret.starts_with(path)) {
            return self.push(path);
        }
        let children = children(path)
            .map_err(|TooMany| Refusal("it holds a credential file and too many other entries"))?;
        for (child, kind) in children {
            match kind {
                Kind::Dir | Kind::File => self.carve(&child, secrets)?,
                Kind::Link => {
                    if let Ok(to) = fs::read_link(&child) {
                        self.links.push((child, to));
                    }
                }
                Kind::Other => {}
            }
        }
        Ok(())
    }

    fn push(&mut self, path: &Path) -> Result<(), Refusal> {
        if self.shares.iter().any(|share| path.starts_with(share)) {
            return Ok(());
        }
        if self.shares.len() >= MAX_SHARES {
            return Err(Refusal("more than 64 directories would be shared"));
        }
        self.shares.retain(|share| !share.starts_with(path));
        self.shares.push(path.to_owned());
        Ok(())
    }
}

/// What an entry of a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dir,
    File,
    Link,
    Other,
}

/// A folder has too many entries, or cannot be read.
struct TooMany;

/// The canonical path of `base/share`; none when it does not exist or is no file or directory.
///
/// A link in it may lead to another place below the tool chain's own root, and nowhere else (FS-38).
fn resolve(root: &Path, base: &Path, share: &str) -> Result<Option<PathBuf>, Refusal> {
    let mut real = base.to_owned();
    let mut kind = Kind::Dir;
    for part in share.split('/').filter(|part| !part.is_empty()) {
        real.push(part);
        kind = match fs::symlink_metadata(&real) {
            Ok(found) => kind_of(found.file_type()),
            Err(_) => return Ok(None),
        };
        if kind == Kind::Link {
            let Ok(target) = fs::canonicalize(&real) else {
                return Ok(None);
            };
            if !target.starts_with(root) {
                return Err(Refusal("it is a link that leaves its tool chain"));
            }
            real = target;
            kind = match fs::symlink_metadata(&real) {
                Ok(found) => kind_of(found.file_type()),
                Err(_) => return Ok(None),
            };
        }
    }
    Ok(matches!(kind, Kind::Dir | Kind::File).then_some(real))
}

/// Every file below `share`, which is really `real`, that the row calls a secret and that exists.
fn find_secrets(chain: &Chain, share: &str, real: &Path) -> Result<Vec<PathBuf>, TooMany> {
    let below = |pattern: &&'static str| match share {
        "" => Some(*pattern),
        share => pattern.strip_prefix(share)?.strip_prefix('/'),
    };
    let mut found = Vec::new();
    for pattern in chain.secrets.iter().filter_map(below) {
        expand(real.to_owned(), pattern, &mut found)?;
    }
    for pattern in chain.url_secrets.iter().filter_map(below) {
        let mut files = Vec::new();
        expand(real.to_owned(), pattern, &mut files)?;
        found.extend(files.into_iter().filter(|file| holds_url_with_user(file)));
    }
    Ok(found)
}

fn expand(at: PathBuf, pattern: &str, found: &mut Vec<PathBuf>) -> Result<(), TooMany> {
    let (part, rest) = pattern.split_once('/').unwrap_or((pattern, ""));
    if part == "*" {
        for (child, kind) in children(&at)? {
            if kind == Kind::Dir {
                expand(child, rest, found)?;
            }
        }
        return Ok(());
    }
    let next = at.join(part);
    let Ok(meta) = fs::symlink_metadata(&next) else {
        return Ok(());
    };
    if rest.is_empty() {
        found.push(next);
        return Ok(());
    }
    // Through a link the same file has another name in the share: look there.
    let next = if meta.is_symlink() { fs::canonicalize(&next).unwrap_or(next) } else { next };
    expand(next, rest, found)
}

/// The entries of a folder; none when there is no such folder.
fn children(dir: &Path) -> Result<Vec<(PathBuf, Kind)>, TooMany> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|_| TooMany)?;
        let kind = kind_of(entry.file_type().map_err(|_| TooMany)?);
        found.push((entry.path(), kind));
        if found.len() > MAX_CHILDREN {
            return Err(TooMany);
        }
    }
    Ok(found)
}

fn kind_of(found: fs::FileType) -> Kind {
    if found.is_dir() {
        Kind::Dir
    } else if found.is_file() {
        Kind::File
    } else if found.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

/// True for a file with `scheme://user@` in it, and for one that cannot be searched whole.
fn holds_url_with_user(file: &Path) -> bool {
    let mut text = Vec::new();
    let read = fs::symlink_metadata(file)
        .is_ok_and(|found| found.is_file() && found.len() <= MAX_SEARCHED)
        && File::open(file).and_then(|file| file.take(MAX_SEARCHED).read_to_end(&mut text)).is_ok();
    !read || has_url_with_user(&text)
}

/// True when an authority after `://` has a user name.
pub(super) fn has_url_with_user(text: &[u8]) -> bool {
    let ends = |b: &u8| b.is_ascii_whitespace() || b"/?#\"'\\".contains(b);
    let mut rest = text;
    while let Some(at) = rest.windows(3).position(|window| window == b"://") {
        rest = rest.get(at.saturating_add(3)..).unwrap_or_default();
        let authority = rest.split(ends).next().unwrap_or_default();
        if authority.contains(&b'@') {
            return true;
        }
    }
    false
}
