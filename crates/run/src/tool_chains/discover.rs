//! From the user's `PATH` and variables to rows of the table.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use drybox_spec::{BoxPath, EnvVar, HostPath};

use super::chain::{Chain, Root, Special, Value};
use super::share::{Carver, Refusal};
use super::table::{IN_BASE, rows};
use super::{BOX_HOME, HostEnv, LeftOut, ToolChains, settings};

/// More `PATH` entries than anybody has; a bound on the work.
pub(super) const MAX_ENTRIES: usize = 128;

/// One search.
pub(super) struct Finder<'a> {
    env: &'a dyn HostEnv,
    home: Home,
    /// Where [`Root::Fixed`] begins; tests have another.
    host_root: PathBuf,
    /// The current directory: whose files and links choose nothing.
    workspace: Option<PathBuf>,
    roots: BTreeMap<PathBuf, Option<PathBuf>>,
    taken: Vec<(&'static str, PathBuf)>,
    carver: Carver,
    found: ToolChains,
}

/// The user's home, as it is named and as it is.
pub(super) struct Home {
    pub(super) named: PathBuf,
    /// None until something needs it, or when it is `/` or cannot be reached.
    pub(super) real: Option<PathBuf>,
}

/// A root as the user names it, what it really is, and the base below it.
struct Place {
    named: PathBuf,
    root: PathBuf,
    base: PathBuf,
}

impl<'a> Finder<'a> {
    pub(super) fn new(env: &'a dyn HostEnv, home: &HostPath) -> Self {
        Self {
            env,
            home: Home { named: home.as_path().to_owned(), real: None },
            host_root: PathBuf::from("/"),
            workspace: None,
            roots: BTreeMap::new(),
            taken: Vec::new(),
            carver: Carver::default(),
            found: ToolChains::default(),
        }
    }

    pub(super) fn beside(mut self, workspace: Option<&HostPath>) -> Self {
        self.workspace = workspace.map(|path| path.as_path().to_owned());
        self
    }

    #[cfg(test)]
    pub(super) fn with_host_root(mut self, host_root: &Path) -> Self {
        self.host_root = host_root.to_owned();
        self
    }

    pub(super) fn find(mut self) -> ToolChains {
        let path = self.env.get("PATH").unwrap_or_default();
        let mut entries: Vec<PathBuf> = Vec::new();
        let mut all = path.as_bytes().split(|&b| b == b':');
        for entry in all.by_ref().take(MAX_ENTRIES) {
            match plain(entry) {
                Some(entry) if in_base(&entry) || entries.contains(&entry) => {}
                Some(entry) => entries.push(entry),
                None if entry.is_empty() => {}
                None => self.leave_out(entry, "it is no plain absolute path"),
            }
        }
        if all.next().is_some() {
            self.leave_out(b"PATH", "it has more than 128 entries");
        }
        let named: Vec<(&'static Chain, PathBuf)> = rows()
            .filter_map(|chain| Some((chain, plain(self.env.get(chain.named_by?)?.as_bytes())?)))
            .collect();
        if entries.is_empty() && named.iter().all(|(_, place)| in_base(place)) {
            named.iter().for_each(|(chain, place)| self.set_env(chain, place, place));
            return self.found;
        }
        self.home.real =
            fs::canonicalize(&self.home.named).ok().filter(|real| real != Path::new("/"));
        // First: a variable says which of two is meant (CARGO_HOME elsewhere than ~/.cargo/bin).
        named.iter().for_each(|(chain, place)| self.named(chain, place));
        entries.iter().for_each(|entry| self.entry(entry));
        self.finish()
    }

    /// One entry of `PATH`. The box gets the directory it really is: a version manager's link
    /// (`fnm_multishells`, `candidates/java/current`, a profile) lies where the box has nothing.
    fn entry(&mut self, entry: &Path) {
        let Ok(real) = fs::canonicalize(entry) else {
            return;
        };
        if in_base(&real) {
            return self.prepend(&real);
        }
        if self.leaves_workspace(entry, &real) {
            return self.leave_out(entry.as_os_str().as_bytes(), LEAVES);
        }
        if let Err(Refusal(why)) = self.home.allows(&real) {
            return self.leave_out(entry.as_os_str().as_bytes(), why);
        }
        for chain in rows() {
            if let Some(place) = self.place(chain, entry, &real) {
                self.take(chain, &place);
                if self.carver.reaches(&real) {
                    return self.prepend(&real);
                }
            }
        }
        self.leave_out(entry.as_os_str().as_bytes(), "no known tool chain keeps programs there");
    }

    /// A tool chain that a variable names, on `PATH` or not.
    fn named(&mut self, chain: &'static Chain, place: &Path) {
        if in_base(place) {
            return self.set_env(chain, place, place);
        }
        let Some(root) = self.real(place) else { return };
        if in_base(&root) {
            return self.set_env(chain, &root, &root);
        }
        if let Err(Refusal(why)) = self.home.allows(&root) {
            return self.leave_out(place.as_os_str().as_bytes(), why);
        }
        self.take(chain, &Place { named: place.to_owned(), base: root.clone(), root });
    }

    /// Where `chain` stands, if the entry of `PATH` is one of its folders of programs.
    fn place(&mut self, chain: &'static Chain, entry: &Path, real: &Path) -> Option<Place> {
        chain.roots.iter().find_map(|&root| {
            let named = self.named_root(root)?;
            let rebased = self.home.rebase(&named);
            if ![entry, real].iter().any(|at| at.starts_with(&named) || at.starts_with(&rebased)) {
                return None;
            }
            let root = self.real(&named)?;
            let version = matched(chain, real.strip_prefix(&root).ok()?)?;
            let base = root.join(version).components().collect();
            Some(Place { named: rebased, root, base })
        })
    }

    /// Takes what `chain` shares into the result, once for each base.
    fn take(&mut self, chain: &'static Chain, place: &Place) {
        let base = &place.base;
        if self.taken.iter().any(|(id, at)| *id == chain.id && at == base)
            || chain.marker.is_some_and(|marker| fs::symlink_metadata(base.join(marker)).is_err())
        {
            return;
        }
        self.taken.push((chain.id, base.clone()));
        let before = self.carver.shared();
        let refused = self.carver.take(chain, &place.root, base, &self.home);
        for (path, why) in refused {
            self.leave_out(path.as_os_str().as_bytes(), why);
        }
        if self.carver.shared() == before && !self.carver.reaches(base) {
            return;
        }
        if place.named != place.root {
            self.link(&place.named, &place.root);
        }
        self.set_env(chain, &place.named, base);
        let copies = chain.copies.iter().filter(|name| !self.is_link_of_workspace(base, name));
        let copies: Vec<_> = copies.collect();
        copies.into_iter().for_each(|name| settings::copy(base, name, &mut self.found));
        match chain.special {
            _ if settings::FILES.iter().any(|name| self.is_link_of_workspace(base, name)) => {}
            Special::None => {}
            Special::Cargo => settings::cargo(base, &mut self.found),
            Special::Rustup => settings::rustup(self.env, base, &mut self.found),
            Special::Mise => settings::mise(self.env, &self.home.named, &mut self.found),
            Special::ToolVersions => settings::tool_versions(&self.home.named, &mut self.found),
        }
        for companion in chain.companions {
            self.companion(companion);
        }
    }

    fn companion(&mut self, chain: &'static Chain) {
        let place = chain.roots.iter().find_map(|&root| {
            let named = self.named_root(root)?;
            let root = self.real(&named)?;
            Some(Place { named: self.home.rebase(&named), base: root.clone(), root })
        });
        let Some(place) = place else { return };
        match self.home.allows(&place.root) {
            Ok(()) => self.take(chain, &place),
            Err(Refusal(why)) => self.leave_out(place.named.as_os_str().as_bytes(), why),
        }
    }

    fn named_root(&self, root: Root) -> Option<PathBuf> {
        let xdg = |name, below_home| {
            let set = self.env.get(name).and_then(|value| plain(value.as_bytes()));
            set.unwrap_or_else(|| self.home.named.join(below_home))
        };
        match root {
            Root::Var(name) => plain(self.env.get(name)?.as_bytes()).filter(|at| !in_base(at)),
            Root::Fixed(below) => Some(self.host_root.join(below)),
            Root::Home(_) | Root::Data(_) | Root::Config(_) if self.home.real.is_none() => None,
            Root::Home(below) => Some(self.home.named.join(below).components().collect()),
            Root::Data(below) => Some(xdg("XDG_DATA_HOME", ".local/share").join(below)),
            Root::Config(below) => Some(xdg("XDG_CONFIG_HOME", ".config").join(below)),
        }
    }

    /// The canonical path of a root, looked up once.
    fn real(&mut self, named: &Path) -> Option<PathBuf> {
        if let Some(known) = self.roots.get(named) {
            return known.clone();
        }
        let mut real = fs::canonicalize(named).ok();
        if real.as_ref().is_some_and(|real| self.leaves_workspace(named, real)) {
            self.leave_out(named.as_os_str().as_bytes(), LEAVES);
            real = None;
        }
        self.roots.insert(named.to_owned(), real.clone());
        real
    }

    /// A link of the workspace has a place that the user named there lead elsewhere (W-118).
    fn leaves_workspace(&self, named: &Path, real: &Path) -> bool {
        self.workspace.as_ref().is_some_and(|workspace| {
            named != real && !real.starts_with(workspace) && link_within(workspace, named)
        })
    }

    /// A file that a tool chain in the workspace has copied, and that is a link: perhaps to a token.
    fn is_link_of_workspace(&self, base: &Path, name: &str) -> bool {
        self.workspace.as_ref().is_some_and(|workspace| base.starts_with(workspace))
            && fs::symlink_metadata(base.join(name)).is_ok_and(|found| found.is_symlink())
    }

    fn set_env(&mut self, chain: &Chain, root: &Path, base: &Path) {
        for (name, value) in chain.env {
            let value = match value {
                Value::Base => Some(base.as_os_str().to_owned()),
                Value::Text(text) => Some(OsStr::new(text).to_owned()),
                Value::Kept => self.env.get(name).filter(|value| {
                    let mut parts = value.as_bytes().split(|&b| b == b':');
                    parts.all(|part| plain(part).is_some_and(|at| at.starts_with(root)))
                }),
            };
            let variable = value.and_then(|v| EnvVar::new(name.as_bytes(), v.as_bytes()).ok());
            if let Some(variable) = variable
                && self.found.env.iter().all(|set| set.name() != variable.name())
            {
                self.found.env.push(variable);
            }
        }
    }

    fn prepend(&mut self, dir: &Path) {
        if let Ok(dir) = BoxPath::parse(dir.as_os_str().as_bytes())
            && !self.found.path.contains(&dir)
        {
            self.found.path.push(dir);
        }
    }

    fn link(&mut self, at: &Path, to: &Path) {
        if let Ok(place) = BoxPath::parse(at.as_os_str().as_bytes()) {
            self.found.links.push((place, to.as_os_str().as_bytes().to_vec()));
        }
    }

    fn leave_out(&mut self, path: &[u8], why: &'static str) {
        self.found.left_out.push(LeftOut { path: path.to_vec(), why });
    }

    fn finish(mut self) -> ToolChains {
        let carved = std::mem::take(&mut self.carver);
        self.found.links.extend(carved.links());
        self.found.shares = carved.into_shares();
        // The home itself is a link (/home -> /var/home): its old name must lead to the shares.
        let home = self
            .home
            .real
            .take()
            .filter(|real| *real != self.home.named && self.home.named != Path::new(BOX_HOME));
        if let Some(real) = home
            && self.found.shares.iter().any(|share| share.source.as_path().starts_with(&real))
        {
            let named = self.home.named.clone();
            self.link(&named, &real);
        }
        let shares = &self.found.shares;
        let free = |place: &BoxPath| !shares.iter().any(|share| place.is_within(&share.target));
        self.found.links.retain(|(place, to)| free(place) && place.as_bytes() != to.as_slice());
        self.found.links.sort();
        self.found.links.dedup_by(|second, first| second.0 == first.0);
        self.found.files.retain(|file| free(&file.path));
        self.found
    }
}

impl Home {
    /// A path below the home as it is named, put below the home as it is.
    pub(super) fn rebase(&self, path: &Path) -> PathBuf {
        match (&self.real, path.strip_prefix(&self.named)) {
            (Some(real), Ok(below)) => real.join(below).components().collect(),
            _ => path.to_owned(),
        }
    }
}

const LEAVES: &str = "a link of the current directory leads to it";

/// Links that the kernel follows in one path (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// Whether `path` is resolved through a link that stands within `directory`, a canonical path.
fn link_within(directory: &Path, path: &Path) -> bool {
    let parts = |path: &Path| -> Vec<_> {
        path.components().rev().map(|part| part.as_os_str().to_owned()).collect()
    };
    let mut at = PathBuf::from("/");
    let mut left = parts(path);
    let mut links = 0_u32;
    while let Some(part) = left.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        if let Ok(target) = fs::read_link(&at) {
            links = links.saturating_add(1);
            if at.starts_with(directory) || links > MOST_LINKS {
                return true;
            }
            at.pop();
            left.extend(parts(&target));
        }
    }
    false
}

/// An entry as an absolute path without `..`, control bytes or a length no kernel takes.
pub(super) fn plain(entry: &[u8]) -> Option<PathBuf> {
    if entry.len() >= 4096 || entry.iter().any(u8::is_ascii_control) {
        return None;
    }
    let path = BoxPath::parse(entry).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(path.as_bytes())))
}

pub(super) fn in_base(path: &Path) -> bool {
    let first = path.components().nth(1);
    IN_BASE.iter().any(|name| first == Some(Component::Normal(OsStr::new(name))))
}

/// The part of `below` that is the version, when the rest is one of the chain's `bins`.
fn matched(chain: &Chain, below: &Path) -> Option<PathBuf> {
    let depths: &[usize] = match chain.version {
        "" => &[0],
        "?" => &[0, 1],
        version => &[version.split('/').count()],
    };
    depths.iter().find_map(|&depth| {
        let version: PathBuf = below.components().take(depth).collect();
        let rest: PathBuf = below.components().skip(depth).collect();
        let known = chain.version == "?" || fits(chain.version, &version);
        (known && chain.bins.iter().any(|bin| fits(bin, &rest))).then_some(version)
    })
}

/// Component by component; `*` is any one, `x*` one that begins with `x`.
fn fits(pattern: &str, path: &Path) -> bool {
    let mut components = path.components();
    let mut parts = pattern.split('/').filter(|part| !part.is_empty());
    let all = parts.by_ref().all(|part| {
        let Some(Component::Normal(name)) = components.next() else {
            return false;
        };
        match part.strip_suffix('*') {
            Some(start) => name.as_bytes().starts_with(start.as_bytes()),
            None => name == part,
        }
    });
    all && components.next().is_none()
}
