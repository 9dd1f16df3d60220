//! Direct mode, `-v DIR:PLACE`: what is written lands on the host at once, so what some program of the
//! host would run is kept read-only where it is there, and what was written is looked at afterwards.

use std::time::{Duration, Instant, SystemTime};

use drybox_spec::{
    Access, BoxPath, HeldName, HostPath, Named, Notice, SandboxSpec, Share, Shown, clipped,
};
use drybox_workspace::Root;
use drybox_workspace::hold::places;
use drybox_workspace::scan::{Limits, Written, written};
use rustix::io::Errno;

use crate::error::RunError;
use crate::host::Host;

/// The places of hold rules in directories that are shared to be written, as read-only shares of
/// their own. A place that the user shares by name is the user's.
///
/// # Errors
/// *Host*: a directory cannot be looked at.
pub(crate) fn kept(spec: &SandboxSpec, named: &[&BoxPath]) -> Result<Vec<Share>, RunError> {
    let mut kept = Vec::new();
    for share in directories(spec) {
        let tree = match Root::open(&share.source) {
            // Who may not list it, or swapped it for something else, hears so from the jail.
            Err(error) if matches!(error.errno, Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => {
                continue;
            }
            tree => tree.map_err(|error| RunError::Box(error.into()))?,
        };
        for place in places(&tree).map_err(|error| RunError::Box(error.into()))? {
            // A mount holds its own name. A directory above it is one as well, else it could be moved
            // away with what it holds, and another put in its place.
            let above = place.ancestors().map(|above| (above, Access::ReadWrite));
            for (place, access) in above.chain([(place.clone(), Access::ReadOnly)]) {
                let below = |above: &[u8]| [above, b"/", place.as_bytes()].concat();
                let target = BoxPath::parse(&below(share.target.as_bytes()));
                let source = HostPath::parse(&below(share.source.as_bytes()));
                let (Ok(target), Ok(source)) = (target, source) else { continue };
                let is_named = named.contains(&&target)
                    || (access == Access::ReadOnly && named.iter().any(|n| n.is_within(&target)));
                if !is_named && kept.iter().all(|kept: &Share| kept.target != target) {
                    kept.push(Share { source, target, access });
                }
            }
        }
    }
    Ok(kept)
}

/// What is looked at when the run is over.
#[derive(Debug)]
pub(crate) struct Direct {
    directories: Vec<HostPath>,
    since: SystemTime,
}

impl Direct {
    /// Before anything runs.
    pub(crate) fn begin(spec: &SandboxSpec, host: &Host<'_>) -> Option<Self> {
        let directories: Vec<_> = directories(spec).map(|share| share.source.clone()).collect();
        // Files get the time of the kernel's last tick (current_time, Linux fs/inode.c).
        let since = (host.clock)().checked_sub(TICK)?;
        (!directories.is_empty()).then_some(Self { directories, since })
    }

    /// What was written, by whomever, and what of it some program of the host would run.
    pub(crate) fn end(self) -> Vec<Notice> {
        let limits = Limits {
            entries: 500_000,
            bytes: 256 << 20,
            findings: Named::MOST,
            until: Instant::now().checked_add(LONGEST),
            since: Some(self.since),
        };
        let look = |dir: &HostPath| {
            // What is no directory, or is gone, has nothing in it.
            let Written { files, held, cut } = written(dir.as_path(), limits).ok()?;
            let name = |held: &drybox_workspace::hold::Held| HeldName {
                path: clipped(&held.path),
                rule: held.rule,
            };
            let held = held.iter().filter(|held| held.rule != GITS_OWN);
            (files > 0 || cut).then(|| Notice::ChangedAtOnce {
                path: Shown(dir.as_bytes()).to_string(),
                files,
                held: held.map(name).collect(),
                more: cut,
            })
        };
        self.directories.iter().filter_map(look).collect()
    }
}

fn directories(spec: &SandboxSpec) -> impl Iterator<Item = &Share> {
    let shares = spec.shares.iter().map(|share| &share.value);
    shares.filter(|share| share.access == Access::ReadWrite)
}

/// Everything in `.git` that has no rule of its own: a commit's message, say. It is about what comes
/// out of a box.
const GITS_OWN: &str = "H-GIT-43";

/// Longer than the kernel's slowest tick (100 Hz).
const TICK: Duration = Duration::from_millis(20);

/// A large tree is not looked through to its end.
const LONGEST: Duration = Duration::from_secs(2);
