//! The workspace's copy-on-write view: which directories it shows, and the box that keeps changes.

mod orphans;

use std::cell::OnceCell;

use drybox_jail::{Otherwise, View as Mount};
use drybox_spec::{
    BoxName, BoxPath, Event, HostPath, Life, Notice, Profile, SandboxSpec, Shown, Workspace,
    clipped,
};
use drybox_workspace::hold::Users;
use drybox_workspace::{
    BoxError, BoxId, Counted, Ended, OpenBox, Repository, Start, Store, find_repository,
};

use rustix::fs::lstat;
use rustix::io::Errno;

use crate::error::{RunError, Why};
use crate::host::Host;

/// What of the host a copy-on-write workspace shows.
#[derive(Debug, Clone)]
pub struct Place {
    /// The workspace: the top level of the git repository around the current directory, else the
    /// current directory itself.
    pub top: HostPath,
    /// git's own directories of it that lie elsewhere; shown, too, and written as little.
    pub git: Vec<HostPath>,
    /// What its git files name beside that, and that is not shown.
    pub unproven: Vec<HostPath>,
}

/// What is pending in a box after a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The workspace.
    pub workspace: HostPath,
    /// Its box.
    pub name: BoxName,
    /// How much.
    pub counted: Counted,
}

impl Pending {
    /// As the event log and `--json` have it.
    #[must_use]
    pub fn event(&self) -> Event {
        let Counted { files, git, more, names, .. } = &self.counted;
        Event::Pending {
            workspace: Shown(self.workspace.as_bytes()).to_string(),
            name: self.name.as_str().to_owned(),
            files: *files,
            git: *git,
            more: *more,
            names: names.iter().map(|name| clipped(name.as_bytes())).collect(),
        }
    }
}

/// The view of one run.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) mounts: Vec<Mount>,
    pub(crate) notices: Vec<Notice>,
    opened: Option<OpenBox>,
}

/// What the workspace of `spec` shows; none: it is not copy-on-write.
#[must_use]
pub fn place_of(spec: &SandboxSpec, host: &Host<'_>) -> Option<Place> {
    let shared_whole = spec.workspace_at_work(&host.cwd).is_some();
    if spec.workspace.value != Workspace::CopyOnWrite || shared_whole || is_hidden(&host.cwd, host)
    {
        return None;
    }
    Some(place_around(host))
}

/// The workspace around the current directory, whatever a spec says of it.
#[must_use]
pub fn place_around(host: &Host<'_>) -> Place {
    let alone = || Place { top: host.cwd.clone(), git: Vec::new(), unproven: Vec::new() };
    let owners_home = OnceCell::new();
    let is_project = |dir: &HostPath| {
        let holds_store = host.data.as_ref().is_some_and(|data| is_within(data, dir));
        let is_home = || {
            let home: &Option<HostPath> = owners_home.get_or_init(|| home_of_owner(host));
            home.as_ref().is_some_and(|home| is_within(home, dir))
        };
        *dir == host.cwd || !(is_hidden(dir, host) || holds_store || is_home())
    };
    match find_repository(&host.cwd, host.invoker.uid, &is_project) {
        Some(Repository { top, outside, unproven }) => {
            // A directory around the workspace is no git directory of it, whatever its files say;
            // nor is one with drybox's own boxes in it.
            let is_around = |dir: &HostPath| {
                is_within(&top, dir)
                    || host
                        .data
                        .as_ref()
                        .is_some_and(|data| is_within(data, dir) || is_within(dir, data))
            };
            let (around, outside): (Vec<_>, Vec<_>) = outside.into_iter().partition(is_around);
            let git = outside.into_iter().filter(|dir| !is_hidden(dir, host)).collect();
            let unproven = unproven.into_iter().chain(around).collect();
            Place { top, git, unproven }
        }
        None => alone(),
    }
}

/// The home of the user to whom root's current directory belongs: what is a repository there is the
/// whole home, and no project of root's.
fn home_of_owner(host: &Host<'_>) -> Option<HostPath> {
    if !host.is_root() {
        return None;
    }
    let owner = lstat(host.cwd.as_c_str()).ok()?.st_uid;
    (owner != 0).then(|| home_of(owner, &std::fs::read("/etc/passwd").ok()?)).flatten()
}

/// The home of `uid` in the text of passwd(5).
#[must_use]
pub fn home_of(uid: u32, passwd: &[u8]) -> Option<HostPath> {
    let uid = uid.to_string();
    let home = passwd.split(|&b| b == b'\n').find_map(|line| {
        let mut fields = line.split(|&b| b == b':').skip(2);
        (fields.next()? == uid.as_bytes()).then(|| fields.nth(2)).flatten()
    })?;
    HostPath::parse(home).ok()
}

/// What the user's own settings say that may name something of the workspace; files that are too long
/// or cannot be read say nothing.
#[must_use]
pub fn users_settings(host: &Host<'_>, workspace: &HostPath) -> Users {
    const LONGEST: u64 = 1 << 20;
    let mut users = Users::of(workspace.as_bytes(), host.home.as_ref().map(HostPath::as_bytes));
    let Some(home) = &host.home else { return users };
    let mut add = |name: &str| {
        let path = home.as_path().join(name);
        let is_fit = |file: &std::fs::Metadata| file.is_file() && file.len() <= LONGEST;
        if std::fs::metadata(&path).is_ok_and(|file| is_fit(&file))
            && let Ok(text) = std::fs::read(&path)
        {
            users.add(&format!("~/{name}"), text);
        }
    };
    Users::FILES.iter().for_each(|name| add(name));
    for directory in Users::DIRECTORIES {
        let Ok(files) = std::fs::read_dir(home.as_path().join(directory)) else { continue };
        for file in files.flatten().take(256) {
            add(&format!("{directory}/{}", file.file_name().to_string_lossy()));
        }
    }
    if let Some(path) = (host.env)("PATH") {
        users.add("PATH", path.into_encoded_bytes());
    }
    users
}

fn is_hidden(dir: &HostPath, host: &Host<'_>) -> bool {
    Workspace::why_hidden(dir, host.home.as_ref()).is_some()
}

/// The box in which changes to the workspace around the current directory are pending; none: nothing
/// is, and no box was named. It is locked: no run begins in it.
///
/// # Errors
/// *User*, when a run is alive in it, or there is none of that name. *Host*.
pub fn pending_box(host: &Host<'_>, name: Option<&BoxName>) -> Result<Option<OpenBox>, BoxError> {
    let workspace = place_around(host).top;
    let missing = |name: &BoxName| BoxError::Missing {
        name: name.as_str().to_owned(),
        workspace: workspace.clone(),
    };
    let store = host.data.as_ref().map(Store::existing).transpose()?.flatten();
    let Some(store) = store else {
        return name.map_or(Ok(None), |name| Err(missing(name)));
    };
    match (store.find(&workspace, name.unwrap_or(&BoxName::default())), name) {
        (Err(BoxError::Missing { .. }), None) => Ok(None),
        (found, _) => settled(found?).map(Some),
    }
}

/// The box of this name, or the unnamed one, where [`BoxError::Broken`] said that it cannot be read:
/// to throw it away.
///
/// # Errors
/// *User*, when a run is alive in it, or there is none. *Host*.
pub fn torn_box(host: &Host<'_>, name: Option<&BoxName>) -> Result<Option<OpenBox>, BoxError> {
    let workspace = place_around(host).top;
    let store = host.data.as_ref().map(Store::existing).transpose()?.flatten();
    let default = BoxName::default();
    store.map(|store| store.find_torn(&workspace, name.unwrap_or(&default))).transpose()
}

/// The lock of a box goes with its supervisor; whether its last process is gone, too, is looked for
/// where the last run did not come to its end.
fn settled(opened: OpenBox) -> Result<OpenBox, BoxError> {
    if opened.was_left_mounted()? && !orphans::are_gone() {
        return Err(opened.in_use());
    }
    Ok(opened)
}

impl View {
    /// The same without a box: what it would show.
    pub(crate) fn planned(place: &Place) -> Self {
        let sources = std::iter::once(&place.top).chain(&place.git);
        let mounts =
            sources.filter_map(|source| mount(source, None, false, Otherwise::ReadOnly)).collect();
        Self { mounts, notices: Vec::new(), opened: None }
    }

    /// Opens the box that keeps what is written in `place`.
    ///
    /// The box is locked from here on: a second run in it is refused.
    pub(crate) fn open(
        spec: &SandboxSpec,
        host: &Host<'_>,
        place: &Place,
    ) -> Result<Self, RunError> {
        let mut sources = vec![place.top.clone()];
        sources.extend(place.git.iter().cloned());
        let mut notices: Vec<Notice> = place.unproven.iter().map(unproven).collect();
        if host.invoker.has_range {
            // An ordinary user's kernel refuses such a view, and the directory is read-only then.
            notices.extend(mounts_below(&place.top).iter().map(not_shown));
        }
        let must_keep = spec.must_keep();
        let mut opened = None;
        let mut folders = None;
        match Self::open_box(spec, host, &place.top) {
            Ok(Some(mut open)) => {
                folders = match open.prepare(&sources) {
                    Ok(folders) => folders,
                    Err(error) => {
                        if open.is_new() {
                            open.remove().ok();
                        }
                        return Err(RunError::Box(error));
                    }
                };
                opened = Some(open);
            }
            Ok(None) => {}
            // What the jail needs, too, and has better words for.
            Err(BoxError::Tree(error)) if error.errno == Errno::NOSYS && !must_keep => {}
            // A box that is in use, or was put aside already, is the user's to decide about.
            Err(error @ BoxError::Store { .. }) if !must_keep => {
                notices.push(Notice::ChangesInMemory { why: Shown(error.to_string()).to_string() });
            }
            Err(error) => return Err(RunError::Box(error)),
        }
        if folders.is_none() {
            if must_keep {
                return Err(RunError::NothingKept(Why::new(NO_PLACE)));
            }
            opened.take().map_or(Ok(()), OpenBox::remove).map_err(RunError::Box)?;
            if spec.life.value != Life::ThrownAway && notices.iter().all(|n| !is_memory(n)) {
                notices.push(Notice::ChangesInMemory { why: NO_PLACE.to_owned() });
            }
        }
        if let Some(files) = opened.as_ref().map(OpenBox::conflicts).filter(|files| *files > 0) {
            notices.push(Notice::HostChanged { files });
        }
        let perhaps_in_use = opened.as_ref().is_some_and(OpenBox::was_killed);
        let mut folders = folders.unwrap_or_default().into_iter();
        let otherwise = otherwise(spec);
        let mounts = sources
            .iter()
            .filter_map(|source| mount(source, folders.next(), perhaps_in_use, otherwise));
        Ok(Self { mounts: mounts.collect(), notices, opened })
    }

    fn open_box(
        spec: &SandboxSpec,
        host: &Host<'_>,
        workspace: &HostPath,
    ) -> Result<Option<OpenBox>, BoxError> {
        let Some(data) = &host.data else { return Ok(None) };
        let store = Store::open(data)?;
        let default = BoxName::default();
        let name = spec.box_name.as_ref().map_or(&default, |name| &name.value);
        let (id, start) = match spec.life.value {
            Life::Continue => (BoxId::Named(name), Start::Continue),
            Life::Afresh => (BoxId::Named(name), Start::Afresh),
            Life::ThrownAway => (BoxId::Spare, Start::Continue),
        };
        store.open_box(workspace, id, start).map(Some)
    }

    /// Tidies the store while the payload starts: nobody waits for it.
    pub(crate) fn tidy(&self) {
        let Some(left) = self.opened.as_ref().and_then(OpenBox::tidy) else { return };
        // In its own time: the next run goes on where this one ended, also when there is no thread
        // to be had (`thread::spawn` would end the run).
        let thread = std::thread::Builder::new().name("drybox-sweep".to_owned());
        thread.spawn(move || left.remove().ok()).ok();
    }

    /// The directory that is shown.
    pub(crate) fn workspace(&self) -> Option<&HostPath> {
        self.mounts.first().map(|mount| &mount.source)
    }

    /// The box; none: it is thrown away, or there is none.
    pub(crate) fn name(&self) -> Option<&BoxName> {
        self.opened.as_ref().and_then(OpenBox::name)
    }

    /// Whether nothing was pending when the run began.
    pub(crate) fn is_new(&self) -> bool {
        self.opened.as_ref().is_none_or(OpenBox::is_new)
    }

    /// The end of the run: what is pending now, or why that cannot be told.
    pub(crate) fn end(mut self) -> (Option<Pending>, Option<Notice>) {
        let Some(opened) = self.opened.take() else { return (None, None) };
        let of = (opened.name().cloned(), opened.workspace().cloned());
        match (opened.end(), of) {
            (Ok(Ended::Kept(counted)), (Some(name), Some(workspace))) => {
                (Some(Pending { workspace, name, counted }), None)
            }
            (Ok(_), _) => (None, None),
            (Err(error), _) => (None, Some(Notice::BoxNotEnded { why: causes(&error) })),
        }
    }
}

/// What will do where no overlay works. Somebody else's code gets no bind of the user's directory:
/// it would reach the sockets and FIFOs in it.
fn otherwise(spec: &SandboxSpec) -> Otherwise {
    match (spec.must_keep(), spec.profile.value) {
        (true, _) => Otherwise::Fail,
        (false, Profile::Untrusted) => Otherwise::Memory,
        (false, Profile::Agent) => Otherwise::ReadOnly,
    }
}

fn mount(
    source: &HostPath,
    changes: Option<HostPath>,
    perhaps_in_use: bool,
    otherwise: Otherwise,
) -> Option<Mount> {
    let target = BoxPath::parse(source.as_bytes()).ok()?;
    Some(Mount { target, source: source.clone(), changes, perhaps_in_use, otherwise })
}

impl Drop for View {
    /// A run that did not come to its end leaves no empty box behind.
    fn drop(&mut self) {
        if let Some(opened) = self.opened.take() {
            opened.end().ok();
        }
    }
}

/// Mount points below a directory: an overlay's lower layer has none (overlayfs.rst). Without a list
/// nothing is known, and the jail has no `/proc` to work with either.
fn mounts_below(dir: &HostPath) -> Vec<Vec<u8>> {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let points = table.split(|&byte| byte == b'\n').filter_map(|line| {
        let point = line.split(|&byte| byte == b' ').nth(4)?;
        let rest = point.strip_prefix(escaped(dir.as_bytes()).as_slice())?;
        rest.starts_with(b"/").then(|| point.to_vec())
    });
    points.collect()
}

/// A path as proc(5) writes it in `mountinfo`.
fn escaped(path: &[u8]) -> Vec<u8> {
    path.iter().fold(Vec::with_capacity(path.len()), |mut text, byte| {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => text.extend(format!("\\{byte:03o}").bytes()),
            byte => text.push(*byte),
        }
        text
    })
}

fn not_shown(path: &Vec<u8>) -> Notice {
    Notice::MountNotShown { path: Shown(path).to_string() }
}

fn unproven(path: &HostPath) -> Notice {
    let shown = Shown(path.as_bytes()).to_string();
    // The file itself stands for what it names beyond the first few.
    match path.as_bytes().ends_with(b"/objects/info/alternates") {
        true => Notice::GitNamesMany { path: shown },
        false => Notice::GitElsewhere { path: shown },
    }
}

const fn is_memory(notice: &Notice) -> bool {
    matches!(notice, Notice::ChangesInMemory { .. })
}

fn is_within(path: &HostPath, ancestor: &HostPath) -> bool {
    path.as_path().starts_with(ancestor.as_path())
}

fn causes(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut link = std::error::Error::source(error);
    while let Some(cause) = link {
        text += &format!(": {cause}");
        link = cause.source();
    }
    text
}

const NO_PLACE: &str = "no overlay can write where drybox keeps its boxes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_the_sixth_field_of_the_users_line() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\nbad\nu:x:501:20:U:/home/u:/bin/sh\n";
        let home = |uid| home_of(uid, passwd).map(|home| home.as_bytes().to_vec());
        assert_eq!(home(501), Some(b"/home/u".to_vec()));
        assert_eq!(home(0), Some(b"/root".to_vec()));
        assert_eq!(home(7), None);
    }
}
