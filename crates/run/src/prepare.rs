//! From a spec to what stands inside: everything that needs a look at the host, and nothing that
//! grows with a tree.

use std::ffi::CString;

use drybox_jail::{Directory, Identity, Interior, Link, Network, ScratchFile};
use drybox_spec::{
    Access, BoxPath, Command, EnvVar, HostPath, SandboxSpec, Share, ToolChains as Wanted, Workspace,
};

use crate::error::RunError;
use crate::host::Host;
use crate::tool_chains::{self, ToolChains};
use crate::view::{Place, View, place_of};
use crate::{direct, environment, shell};

/// The workspace's second name, and where it stands when there is no first.
const WORK: &str = "/work";
/// What the relay refused, for programs to read (I6); the same in `sys`.
const REFUSALS: &[u8] = b"/run/drybox/refused";

/// What a run needs.
pub(crate) struct Prepared {
    pub(crate) interior: Interior,
    /// The workspace, when it is copy-on-write.
    pub(crate) view: Option<View>,
}

/// What stands inside, and the box that keeps the changes to the workspace, opened.
///
/// # Errors
/// *User* or *Host*: that box cannot be used.
pub(crate) fn prepare(
    spec: &SandboxSpec,
    host: &Host<'_>,
    terminal: bool,
    network: Option<Network>,
) -> Result<Prepared, RunError> {
    let mut prepared = with_view(spec, host, terminal, |place| View::open(spec, host, place))?;
    if network.as_ref().is_some_and(|network| network.ways_out.is_some()) {
        let refusals = BoxPath::parse(REFUSALS).ok();
        prepared.interior.files.extend(refusals.map(|path| ScratchFile {
            path,
            mode: 0o644,
            content: Vec::new(),
        }));
    }
    prepared.interior.network = network;
    Ok(prepared)
}

/// What would stand inside; no box is opened, and no relay is there.
///
/// # Errors
/// None of its own.
pub(crate) fn interior(spec: &SandboxSpec, host: &Host<'_>) -> Result<Interior, RunError> {
    let planned = |place: &Place| Ok(View::planned(place));
    with_view(spec, host, false, planned).map(|prepared| prepared.interior)
}

fn with_view(
    spec: &SandboxSpec,
    host: &Host<'_>,
    terminal: bool,
    view_of: impl FnOnce(&Place) -> Result<View, RunError>,
) -> Result<Prepared, RunError> {
    let place = place_of(spec, host);
    let tools = tools(spec, host, place.as_ref());
    let path = environment::path(&tools);
    let shell = shell::choose(host);
    let mut env = environment::build(spec, host, &tools, &path, &shell, terminal);
    let mut files = Vec::new();
    let argv = match &spec.command.value {
        Command::Argv(argv) => argv.clone(),
        _ => {
            if let Some((path, text)) = shell::settings(&shell) {
                files.push(ScratchFile { path, mode: 0o644, content: text.into() });
            }
            env.extend(EnvVar::new(b"PS1", shell::PS1.as_bytes()).ok());
            CString::new(shell.as_bytes()).into_iter().collect()
        }
    };
    files.extend(tools.files.into_iter().map(|file| ScratchFile {
        path: file.path,
        mode: file.mode,
        content: file.content,
    }));
    let mut links: Vec<Link> = tools
        .links
        .into_iter()
        .filter_map(|(path, target)| Some(Link { path, target: CString::new(target).ok()? }))
        .collect();
    let mut directories = Vec::new();
    let mut shares = Vec::new();
    let mut view = None;
    let named = named(spec);
    let work = BoxPath::parse(WORK.as_bytes()).ok();
    let work_is_taken = named.iter().any(|target| target.as_bytes() == WORK.as_bytes());
    let start = match workspace(spec, host) {
        Some(share) => {
            let own = share.target.clone();
            let held = tools.shares.iter().any(|tool| tool.target.is_within(&own));
            if !held && spec.workspace_at_work(&share.source).is_some() {
                // Programs that were told this path outside may write there as well.
                let target = CString::new(WORK).unwrap_or_default();
                links.push(Link { path: own.clone(), target });
            } else if !named.contains(&&own) {
                match &place {
                    Some(place) => view = Some(view_of(place)?),
                    None => shares.push(share),
                }
            }
            if let Some(work) = work.clone().filter(|_| !work_is_taken) {
                links.push(Link { path: work, target: own.as_c_str().to_owned() });
            }
            Some(own)
        }
        None => {
            if let Some(work) = work.clone().filter(|_| !work_is_taken) {
                directories.push(Directory { path: work, mode: 0o755, writable: true });
            }
            work.clone()
        }
    };
    let start = if work_is_taken { work } else { start };
    let tools_beside = tools.shares.into_iter().filter(|share| !named.contains(&&share.target));
    shares.extend(tools_beside);
    shares.extend(spec.shares.iter().map(|share| share.value.clone()));
    shares.extend(direct::kept(spec, &named)?);
    let views = view.as_ref().map(|view| view.mounts.clone()).unwrap_or_default();
    let interior = Interior {
        identity: Identity::new(host.invoker, spec.user.value, spread()),
        shares,
        views,
        tmpfs: spec.tmpfs.iter().map(|tmpfs| tmpfs.value.clone()).collect(),
        directories,
        files,
        links,
        env,
        path,
        argv,
        workdir: spec
            .workdir
            .as_ref()
            .map(|workdir| workdir.value.clone())
            .or(start)
            .unwrap_or_else(BoxPath::root),
        hostname: spec.hostname.value.clone(),
        ulimits: spec.ulimits.iter().map(|limit| limit.value).collect(),
        limits: spec.limits.clone(),
        shm_size: spec.shm_size.as_ref().map(|size| size.value),
        network: None,
        die_with_thread: host.die_with_thread,
    };
    Ok(Prepared { interior, view })
}

/// The user's tool chains as the sandbox will see them, and what of them it will not.
#[must_use]
pub fn tool_chains_of(spec: &SandboxSpec, host: &Host<'_>) -> ToolChains {
    tools(spec, host, place_of(spec, host).as_ref())
}

fn tools(spec: &SandboxSpec, host: &Host<'_>, place: Option<&Place>) -> ToolChains {
    let workspace = place.map_or(&host.cwd, |place| &place.top);
    match (spec.tool_chains.value, &host.home) {
        (Wanted::FromPath, Some(home)) => {
            tool_chains::discover(&|name: &str| (host.env)(name), home, Some(workspace))
        }
        _ => tool_chains::hidden(),
    }
}

/// The current directory at its own path.
///
/// That it is a project was decided by `resolve`; a spec that a program built did not go through
/// it, and must not show a home directory because the program was started there.
fn workspace(spec: &SandboxSpec, host: &Host<'_>) -> Option<Share> {
    match spec.workspace.value {
        Workspace::CopyOnWrite | Workspace::CurrentDir
            if Workspace::why_hidden(&host.cwd, host.home.as_ref()).is_none() =>
        {
            share_at_own_path(&host.cwd)
        }
        _ => None,
    }
}

fn share_at_own_path(path: &HostPath) -> Option<Share> {
    Some(Share {
        source: path.clone(),
        target: BoxPath::parse(path.as_bytes()).ok()?,
        access: Access::ReadOnly,
    })
}

/// The places that the user named.
fn named(spec: &SandboxSpec) -> Vec<&BoxPath> {
    let shares = spec.shares.iter().map(|share| &share.value.target);
    shares.chain(spec.tmpfs.iter().map(|tmpfs| &tmpfs.value.target)).collect()
}

/// Spreads real root's id ranges over sandboxes that run at the same time.
fn spread() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get().cast_unsigned()
}
