//! Shares and scratch space: sources that may be opened, targets that may be covered.

use super::Guards;
use super::places::refuse_missing;
use crate::error::Why;
use crate::grammar::{BadValue, MountArg, VolumeArg, absolute};
use crate::refuse::TARGETS;
use crate::request::Typed;
use crate::spec::{WORK, Workspace};
use crate::{
    BoxPath, Facts, FileKind, HostPath, RunRequest, Share, Source, Sourced, SpecError, Tmpfs,
};

/// What is mounted beside drybox's own.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    pub(super) shares: Vec<Sourced<Share>>,
    pub(super) tmpfs: Vec<Sourced<Tmpfs>>,
}

/// Every `-v`, `--mount` and `--tmpfs`, checked alone and against each other.
pub(super) fn resolve(
    request: &RunRequest,
    facts: &Facts<'_>,
    workspace: &Workspace,
) -> Result<Mounts, SpecError> {
    let mut args = Vec::new();
    for typed in &request.volumes {
        args.push(("--volume", MountArg::Bind(parsed("--volume", typed, VolumeArg::parse)?)));
    }
    for typed in &request.mounts {
        args.push(("--mount", parsed("--mount", typed, MountArg::parse)?));
    }
    for typed in &request.tmpfs {
        args.push(("--tmpfs", MountArg::Tmpfs(parsed("--tmpfs", typed, Tmpfs::parse)?)));
    }
    if workspace != &Workspace::Empty {
        name_by_own_path(&mut args, facts);
    }
    let mut plan = Plan { facts, guards: None, mounts: Mounts::default(), taken: Vec::new() };
    for (flag, arg) in args {
        match arg {
            MountArg::Bind(arg) => plan.share(arg, flag)?,
            MountArg::Tmpfs(tmpfs) => plan.tmpfs(tmpfs, flag)?,
        }
    }
    plan.check_mount_points(workspace)?;
    Ok(plan.mounts)
}

/// `/work` is a link to the current directory unless something is shared there: a place below it
/// is one below that directory, as in `-v ./cache:/work/cache`.
fn name_by_own_path(args: &mut [(&'static str, MountArg)], facts: &Facts<'_>) {
    if args.iter().any(|(_, arg)| arg.target().as_bytes() == WORK) {
        return;
    }
    for (_, arg) in args {
        let below =
            arg.target().as_bytes().strip_prefix(WORK).filter(|rest| rest.starts_with(b"/"));
        let own = below.map(|below| [facts.cwd.as_bytes(), below].concat());
        if let Some(own) = own.and_then(|own| BoxPath::parse(&own).ok()) {
            *arg.target_mut() = own;
        }
    }
}

fn parsed<T>(
    flag: &'static str,
    typed: &Typed,
    parse: impl FnOnce(&[u8]) -> Result<T, BadValue>,
) -> Result<T, SpecError> {
    parse(typed).map_err(|source| SpecError::Value { flag, value: typed.clone(), source })
}

struct Plan<'a> {
    facts: &'a Facts<'a>,
    /// Looked for with the first share: a run without one asks the host nothing.
    guards: Option<Guards>,
    mounts: Mounts,
    taken: Vec<Taken>,
}

/// A place inside that something stands at.
struct Taken {
    target: BoxPath,
    flag: &'static str,
    /// The host's file behind it; none: memory.
    source: Option<HostPath>,
    directory: bool,
}

impl Plan<'_> {
    fn share(&mut self, arg: VolumeArg, flag: &'static str) -> Result<(), SpecError> {
        let typed = HostPath::parse(&absolute(&arg.source, self.facts.cwd)).map_err(|why| {
            SpecError::Value { flag, value: arg.source.clone(), source: why.into() }
        })?;
        let real = self.facts.host.real(&typed);
        let real = real.map_err(|why| {
            // To make a socket's or a key's place as a directory would be bad advice.
            let refused = why.is_missing().then(|| refuse_missing(&typed, arg.access, self.facts));
            match refused.flatten() {
                Some(source) => SpecError::Source { value: arg.source.clone(), source },
                None => SpecError::Unreachable { path: typed.clone(), source: why },
            }
        })?;
        let guards = self.guards.get_or_insert_with(|| Guards::look(self.facts));
        if let Some(source) = guards.refuse(&real.path, arg.access, self.facts) {
            return Err(SpecError::Source { value: arg.source, source });
        }
        if let Some(why) = refused_kind(real.kind) {
            return Err(SpecError::Kind { path: typed, kind: real.kind, source: why });
        }
        self.take(Taken {
            target: arg.target.clone(),
            flag,
            source: Some(real.path.clone()),
            directory: real.kind == FileKind::Directory,
        })?;
        let share = Share { source: real.path, target: arg.target, access: arg.access };
        self.mounts.shares.push(Sourced::new(share, Source::Flag(flag)));
        Ok(())
    }

    fn tmpfs(&mut self, tmpfs: Tmpfs, flag: &'static str) -> Result<(), SpecError> {
        self.take(Taken { target: tmpfs.target.clone(), flag, source: None, directory: true })?;
        self.mounts.tmpfs.push(Sourced::new(tmpfs, Source::Flag(flag)));
        Ok(())
    }

    /// Takes a target, unless it is drybox's own or something else's.
    fn take(&mut self, new: Taken) -> Result<(), SpecError> {
        let path = new.target.as_bytes();
        if let Some(rule) = TARGETS.iter().find(|r| r.reach.touches(path, r.path.as_bytes())) {
            return Err(SpecError::Target {
                flag: new.flag,
                target: new.target,
                source: Why(rule.why),
                instead: rule.instead,
            });
        }
        if let Some(old) = self.taken.iter().find(|old| old.target == new.target) {
            let name = |flag| format!("{flag} at {}", crate::Shown(new.target.as_bytes()));
            return Err(SpecError::Contradiction {
                first: name(old.flag).into(),
                second: format!("{} at the same place", new.flag).into(),
                source: Why("each would hide the other"),
                fix: "another place for one of them",
            });
        }
        self.taken.push(new);
        Ok(())
    }

    /// A mount point within a share or the workspace must be there already: drybox makes none in
    /// the user's files (peers litter them so).
    fn check_mount_points(&self, workspace: &Workspace) -> Result<(), SpecError> {
        let cwd = BoxPath::parse(self.facts.cwd.as_bytes()).ok();
        let workspace = match workspace {
            Workspace::CopyOnWrite | Workspace::CurrentDir => cwd.map(|target| Taken {
                target,
                flag: "the workspace",
                source: Some(self.facts.cwd.clone()),
                directory: true,
            }),
            Workspace::Empty => None,
        };
        for inner in &self.taken {
            let holds = |outer: &&Taken| {
                outer.target != inner.target && inner.target.is_within(&outer.target)
            };
            // The innermost is what the mount point is made in.
            let outer = self
                .taken
                .iter()
                .chain(&workspace)
                .filter(holds)
                .max_by_key(|outer| outer.target.as_bytes().len());
            if let Some(outer) = outer {
                self.check_mount_point(inner, outer)?;
            }
        }
        Ok(())
    }

    fn check_mount_point(&self, inner: &Taken, outer: &Taken) -> Result<(), SpecError> {
        if !outer.directory {
            return Err(SpecError::Target {
                flag: inner.flag,
                target: inner.target.clone(),
                source: Why("a file stands above it"),
                instead: "a place that is not below a shared file",
            });
        }
        let Some(source) = &outer.source else {
            return Ok(());
        };
        let below =
            inner.target.as_bytes().get(outer.target.as_bytes().len()..).unwrap_or_default();
        let Ok(host) = HostPath::parse(&[source.as_bytes(), below].concat()) else {
            return Ok(());
        };
        let why = match self.facts.host.real(&host) {
            Ok(real) if real.path != host => Why("a symlink stands there"),
            Ok(real) if (real.kind == FileKind::Directory) == inner.directory => return Ok(()),
            Ok(_) => Why("a directory and a file cannot cover each other"),
            Err(_) => {
                return Err(SpecError::NoMountPoint {
                    flag: inner.flag,
                    target: inner.target.clone(),
                    host,
                    source: Why("the mount point would have to be made among your files, where \
                                 nothing is there yet"),
                    directory: inner.directory,
                });
            }
        };
        Err(SpecError::Target {
            flag: inner.flag,
            target: inner.target.clone(),
            source: why,
            instead: "another place",
        })
    }
}

const fn refused_kind(kind: FileKind) -> Option<Why> {
    match kind {
        FileKind::Directory | FileKind::File => None,
        FileKind::Socket => Some(Why("it is a socket: whoever serves it acts on the host")),
        FileKind::Fifo => Some(Why("it is a FIFO: whoever reads it acts on the host")),
        FileKind::Device => Some(Why("it is a device of the host")),
    }
}
