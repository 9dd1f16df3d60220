//! The workspace's copy-on-write view: which directories it shows, and the box that keeps changes.

mod orphans;

use drybox_jail::View as Mount;
use drybox_spec::{BoxName, BoxPath, HostPath, Life, Notice, SandboxSpec, Shown, Workspace};
use drybox_workspace::{
    BoxError, BoxId, Counted, Ended, OpenBox, Repository, Start, Store, find_repository,
};

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
    let is_project = |dir: &HostPath| {
        let holds_store = host.data.as_ref().is_some_and(|data| is_within(data, dir));
        *dir == host.cwd || !(is_hidden(dir, host) || holds_store)
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
        let mounts = sources.filter_map(|source| mount(source, None, false, true)).collect();
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
        let mounts = sources
            .iter()
            .filter_map(|source| mount(source, folders.next(), perhaps_in_use, !must_keep));
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

fn mount(
    source: &HostPath,
    changes: Option<HostPath>,
    perhaps_in_use: bool,
    best_effort: bool,
) -> Option<Mount> {
    let target = BoxPath::parse(source.as_bytes()).ok()?;
    Some(Mount { target, source: source.clone(), changes, perhaps_in_use, best_effort })
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
    Notice::GitElsewhere { path: Shown(path.as_bytes()).to_string() }
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
