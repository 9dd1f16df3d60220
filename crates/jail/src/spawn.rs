//! Plans a sandbox and launches it.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use drybox_spec::{ByteSize, Tmpfs};
use drybox_sys::{self as sys, Failed, Mask, PointerList, wall};
use libc::sock_filter;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::cgroup::Leaf;
use crate::error::{JailError, Step};
use crate::identity::Identity;
use crate::interior::{Interior, Network};
use crate::limits::{self, HALF, INODES, Kept};
use crate::plan::{self, Account, MountSource, OverlaySource, Sources, Tree};
use crate::program::candidates;
use crate::seccomp;
use crate::stdio::{FileInput, Stream, Streams};

/// A planned sandbox.
#[derive(Debug)]
pub struct Jail {
    tree: Tree,
    writable: Vec<CString>,
    views_in_memory: usize,
    masks: Vec<Mask<'static>>,
    kept: Kept,
    cgroup: Option<Leaf>,
    sources: Sources,
    candidates: Vec<CString>,
    interior: Interior,
}

/// The supervisor's ends of a sandbox's pipes, made before the launch.
#[derive(Debug)]
struct Channels {
    status: (OwnedFd, OwnedFd),
    lifeline: (OwnedFd, OwnedFd),
    terminal: Option<(OwnedFd, OwnedFd)>,
}

/// A launched sandbox. Dropping it ends the sandbox: its lifeline closes.
#[derive(Debug)]
#[must_use]
pub struct Sandbox {
    /// The init.
    pub pidfd: OwnedFd,
    /// The init's pid in the caller's pid namespace.
    pub pid: i32,
    /// Gives [`sys::Record`]s, eight bytes each, then end of file. Does not block.
    pub status: OwnedFd,
    /// Takes [`sys::Signal`]s; the sandbox ends when it closes.
    pub lifeline: OwnedFd,
    /// Standard input is a file that the child opens again; if it cannot, it says so
    /// ([`sys::Told::StdinRelayed`]). Else the payload reads the pipe that came with the file.
    pub opens_input: bool,
    /// Gives the master of the payload's terminal, once, as `SCM_RIGHTS` (unix(7)).
    pub terminal: Option<OwnedFd>,
}

const FILTERS: &[&[sock_filter]] = &[seccomp::FILTER];
const FILTERS_OF_A_WRITER: &[&[sock_filter]] = &[seccomp::FILTER, seccomp::NO_SET_ID];

/// Real root's launch changes the process for a moment (crash dumps, dumpable) and puts back what it
/// found: two at a time would put back each other's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Jail {
    /// Computes the whole plan. The clone, and what can only be done inside it, come later.
    ///
    /// # Errors
    /// *User*, when a share is not there or is no directory or file. *Host*, when real root cannot
    /// map its owner.
    pub fn prepare(interior: Interior) -> Result<Self, JailError> {
        let identity = interior.identity;
        if !identity.is_mappable() {
            return Err(JailError::new(Step::Identity, b"", Errno::RANGE));
        }
        identity.check_range().map_err(|errno| JailError::new(Step::Maps, b"", errno))?;
        let mut tree = Tree::default();
        let mut sources = Sources::new(identity);
        let mut writable: Vec<CString> = plan::WRITABLE.map(CStr::to_owned).to_vec();
        let (uid, gid) = identity.inside();

        plan::add_skeleton(&mut tree);
        plan::add_system(&mut tree);
        let resolver = plan::Resolver::of(interior.network.as_ref());
        plan::add_etc(&mut tree, &Account { uid, gid }, &interior.hostname, resolver);
        for directory in &interior.directories {
            tree.dir(&directory.path, directory.mode);
            if directory.writable {
                let path = directory.path.as_bytes().get(1..).unwrap_or_default();
                writable.push(CString::new(path).unwrap_or_default());
            }
        }
        for file in &interior.files {
            tree.file(&file.path, file.mode, file.content.clone());
        }
        if let Some(size) = interior.shm_size {
            writable.retain(|path| path.as_bytes() != b"dev/shm");
            add_shm(&mut tree, size);
        }
        for tmpfs in &interior.tmpfs {
            add_tmpfs(&mut tree, tmpfs);
        }
        let views_in_memory = plan::add_views(&mut tree, &interior.views, &mut sources)?;
        plan::add_shares(&mut tree, &interior.shares, &mut sources)?;
        tree.order();
        for link in &interior.links {
            tree.link(&link.path, &link.target);
        }
        plan::add_links(&mut tree);
        let program = interior.argv.first().ok_or_else(no_program)?;
        Ok(Self {
            writable,
            views_in_memory,
            masks: plan::present_masks(),
            kept: Kept::new(&interior.limits, &interior.ulimits, identity),
            cgroup: None,
            candidates: candidates(program, &interior.path),
            tree,
            sources,
            interior,
        })
    }

    pub(crate) const fn identity(&self) -> Identity {
        self.sources.identity
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The scratch directories of the root filesystem.
    pub(crate) fn writable(&self) -> &[CString] {
        &self.writable
    }

    /// The places where the program may lie.
    pub(crate) fn candidates(&self) -> &[CString] {
        &self.candidates
    }

    /// Where the payload starts.
    pub(crate) const fn workdir(&self) -> &drybox_spec::BoxPath {
        &self.interior.workdir
    }

    pub(crate) fn masks(&self) -> &[Mask<'static>] {
        &self.masks
    }

    /// Lets the sandbox join this cgroup before it does anything else. It is removed with the jail,
    /// or by [`Leaf::remove`].
    pub fn enter_cgroup(&mut self, leaf: Leaf) {
        self.cgroup = Some(leaf);
    }

    /// The cgroup, if it has one.
    pub const fn cgroup(&mut self) -> &mut Option<Leaf> {
        &mut self.cgroup
    }

    /// What a knob limits that could not be turned: a path below `/proc`.
    #[must_use]
    pub fn knob_name(&self, index: u16) -> Option<&'static CStr> {
        self.kept.knob(index.into())
    }

    /// How many shared trees show their files as nobody's, because their filesystem has no
    /// id-mapped mounts. Only real root's have any.
    #[must_use]
    pub const fn unmapped_trees(&self) -> usize {
        self.sources.owners.unmapped
    }

    /// How many views keep what is written in memory because real root can map no owners where it
    /// was to be kept.
    #[must_use]
    pub const fn views_in_memory(&self) -> usize {
        self.views_in_memory
    }

    /// Whether the mount with this index in the plan is a view.
    #[must_use]
    pub fn is_view(&self, index: u16) -> bool {
        let mount = self.tree.mounts.get(usize::from(index));
        mount.is_some_and(|mount| matches!(mount.source, MountSource::View { .. }))
    }

    /// The place inside of the mount with this index in the plan.
    #[must_use]
    pub fn mount_name(&self, index: u16) -> &[u8] {
        self.tree.mounts.get(usize::from(index)).map_or(b"", |mount| mount.name.to_bytes())
    }

    /// Clones the child and lets it go. That it got through its stage, or where it failed, is told
    /// by the sandbox's status pipe.
    ///
    /// # Errors
    /// *Host*, when there is no pipe, or no process or namespace can be made.
    pub fn spawn(&mut self, streams: Streams) -> Result<Sandbox, JailError> {
        let fail = |errno| JailError::new(Step::Channels, b"", errno);
        let status = pipe_with(PipeFlags::CLOEXEC).map_err(fail)?;
        let lifeline = pipe_with(PipeFlags::CLOEXEC).map_err(fail)?;
        let terminal = match streams {
            Streams::Terminal { .. } => Some(
                socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                    .map_err(fail)?,
            ),
            Streams::Each { .. } => None,
        };
        rustix::io::ioctl_fionbio(&status.0, true).map_err(fail)?;
        let channels = Channels { status, lifeline, terminal };
        let input = match &streams {
            Streams::Each { input: Stream::File(file, _), .. } => self.reopened(file),
            _ => None,
        };
        if let Identity::Root { .. } = self.sources.identity {
            streams.open_to_others().map_err(fail)?;
        }
        let network = self.interior.network.take();
        let launched = self.launch(&streams, input.as_ref(), &channels, network.as_ref())?;
        Ok(Sandbox {
            opens_input: input.is_some(),
            pidfd: launched.pidfd,
            pid: launched.pid,
            status: channels.status.0,
            lifeline: channels.lifeline.1,
            terminal: channels.terminal.map(|(ours, _)| ours),
        })
    }

    fn launch(
        &mut self,
        streams: &Streams,
        input: Option<&OverlaySource>,
        channels: &Channels,
        network: Option<&Network>,
    ) -> Result<sys::Launched, JailError> {
        let links = self.tree.links.iter();
        let links = links.map(|(path, target)| sys::Build::Link { path, target });
        let build: Vec<_> =
            self.tree.entries.iter().map(plan::Entry::as_sys).chain(links).collect();
        let options: Vec<Vec<(&CStr, &CStr)>> =
            self.tree.mounts.iter().map(|mount| mount.source.options()).collect();
        let mounts: Vec<_> =
            self.tree.mounts.iter().zip(&options).map(|(mount, o)| mount.as_sys(o)).collect();
        let system = self.tree.system.iter();
        let system: Vec<_> =
            system.map(|(target, source)| sys::SystemTree { target, source }).collect();
        let writable: Vec<&CStr> = self.writable.iter().map(CString::as_c_str).collect();
        let candidates: Vec<&CStr> = self.candidates.iter().map(CString::as_c_str).collect();
        let (argv, envp) = (&self.interior.argv, &self.interior.env);
        let mut argv_space = vec![ptr::null(); argv.len().saturating_add(1)];
        let mut envp_space = vec![ptr::null(); envp.len().saturating_add(1)];
        let lists = PointerList::fill(&mut argv_space, argv.iter().map(CString::as_c_str))
            .zip(PointerList::fill(&mut envp_space, envp.iter().map(|var| var.as_c_str())));
        let (argv, envp) = lists.ok_or_else(no_program)?;
        let (uid_map, gid_map) = self.sources.identity.maps();
        let hostname = CString::new(self.interior.hostname.as_str()).unwrap_or_default();
        let close_first = channels.supervisor_ends();
        let scratch_size = limits::scratch_size(&self.interior.limits);
        let scratch: [(&CStr, &CStr); 3] = [
            (c"mode", c"0755"),
            (c"size", wall!("limit-scratch", scratch_size.as_c_str())),
            (c"nr_inodes", wall!("limit-scratch", INODES)),
        ];
        let join: Vec<BorrowedFd<'_>> = self.cgroup.iter().flat_map(Leaf::join).collect();
        let knobs = self.kept.knobs();

        let plan = sys::Plan {
            channel: sys::Channel {
                status: channels.status.1.as_fd(),
                lifeline: channels.lifeline.0.as_fd(),
                close_first: &close_first,
            },
            ids: match self.sources.identity {
                Identity::User { .. } => sys::Ids::Own { uid_map: &uid_map, gid_map: &gid_map },
                Identity::Root { inside: (uid, gid), .. } => sys::Ids::FromParent { uid, gid },
            },
            join: &join,
            knobs: &knobs,
            die_with_thread: self.interior.die_with_thread,
            scratch: sys::Scratch {
                stage: plan::STAGE,
                options: &scratch,
                build: &build,
                writable: &writable,
            },
            system: &system,
            devices: plan::DEVICES,
            mounts: &mounts,
            masks: &self.masks,
            hostname: &hostname,
            network: network.map(|network| sys::Network {
                ways_out: network.ways_out.as_deref(),
                ways_in: network.ways_in,
                relay: network.relay.as_fd(),
            }),
            stdio: stdio(streams, channels, input)
                .map_err(|errno| JailError::new(Step::Channels, b"", errno))?,
            workdir: self.interior.workdir.as_c_str(),
            rlimits: &self.kept.rlimits,
            filters: self.filters(),
            payload: sys::Payload { candidates: &candidates, exec: sys::Exec { argv, envp } },
        };
        let fail = |errno| JailError::new(Step::Clone, b"", errno);
        match self.sources.identity {
            Identity::User { .. } => sys::launch(&plan).map_err(fail),
            Identity::Root { .. } => {
                let (uid, gid) = self.sources.identity.outside();
                let no_range = |errno| JailError::new(Step::Maps, b"", errno);
                let launched = {
                    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
                    sys::without_crash_dumps(|| {
                        sys::with_effective_ids(uid, gid, || sys::launch(&plan))
                    })
                }
                .map_err(no_range)?
                .map_err(no_range)?
                .map_err(fail)?;
                let lifeline = channels.lifeline.1.as_fd();
                sys::release(&launched, uid_map.as_bytes(), gid_map.as_bytes(), lifeline)
                    .map_err(no_range)?;
                Ok(launched)
            }
        }
    }

    /// The overlay for a file on standard input; none: it is relayed.
    fn reopened(&mut self, file: &FileInput) -> Option<OverlaySource> {
        let opened = plan::Opened::new(&file.path).ok()?;
        (opened.id() == file.id).then(|| plan::overlay_of(opened, &mut self.sources).ok()).flatten()
    }

    fn filters(&self) -> &'static [&'static [sock_filter]] {
        let writes = |mount: &plan::MountEntry| {
            // A view's set-id files stay where no other user can reach them, and never come out:
            // git's shared repositories may have their bits inside.
            matches!(mount.source, MountSource::Bind { writable: true, .. })
        };
        let filters =
            if self.tree.mounts.iter().any(writes) { FILTERS_OF_A_WRITER } else { FILTERS };
        #[cfg(drybox_weaken)]
        let filters = seccomp::weakened(filters);
        filters
    }

    /// What a failure of the child means.
    #[must_use]
    pub fn explain(&self, failed: Failed) -> JailError {
        let row = usize::from(failed.index);
        let object: &[u8] = match failed.step {
            sys::Step::Skeleton => self.tree.name(row),
            sys::Step::System => {
                self.tree.system.get(row).map_or(b"", |(_, source)| source.to_bytes())
            }
            sys::Step::Mount => self.mount_name(failed.index),
            sys::Step::Device => plan::DEVICES.get(row).map_or(b"", |d| d.source.to_bytes()),
            sys::Step::Mask => self.masks.get(row).map_or(b"", |mask| mask.path.to_bytes()),
            sys::Step::Seal => self.writable.get(row).map_or(b"", |path| path.as_bytes()),
            sys::Step::Cgroup => self.cgroup.as_ref().map_or(b"", |leaf| leaf.place(row)),
            sys::Step::Workdir => self.interior.workdir.as_bytes(),
            sys::Step::Exec => self.interior.argv.first().map_or(b"", |arg| arg.as_bytes()),
            _ => b"",
        };
        JailError::of_child(failed, object)
    }
}

impl Channels {
    fn supervisor_ends(&self) -> Vec<BorrowedFd<'_>> {
        let mut ends = vec![self.status.0.as_fd(), self.lifeline.1.as_fd()];
        ends.extend(self.terminal.as_ref().map(|(ours, _)| ours.as_fd()));
        ends
    }
}

impl MountSource {
    fn options(&self) -> Vec<(&CStr, &CStr)> {
        match self {
            Self::Tmpfs { options, .. } => {
                options.iter().map(|(key, value)| (*key, value.as_c_str())).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn slot(stream: &Stream) -> sys::Slot<'_> {
    match stream.pipe() {
        Some(pipe) => sys::Slot::Pipe(pipe),
        None => sys::Slot::Null,
    }
}

fn stdio<'a>(
    streams: &'a Streams,
    channels: &'a Channels,
    input_overlay: Option<&'a OverlaySource>,
) -> Result<sys::Stdio<'a>, Errno> {
    match streams {
        Streams::Terminal { error } => {
            let (_, theirs) = channels.terminal.as_ref().ok_or(Errno::NOTTY)?;
            let error = error.as_ref().map(slot);
            Ok(sys::Stdio::Terminal { supervisor: theirs.as_fd(), error })
        }
        Streams::Each { input, output, error } => {
            let input = match (input, input_overlay) {
                (Stream::File(file, pipe), Some(source)) => sys::Slot::File {
                    overlay: sys::Overlay {
                        from: source.layer.as_sys(),
                        only: source.only.as_deref(),
                        empty: source.empty,
                        stage: plan::LAYER_STAGE,
                        spare_stage: plan::SPARE_STAGE,
                    },
                    expect: file.id,
                    offset: file.offset,
                    otherwise: pipe.as_fd(),
                },
                (input, _) => slot(input),
            };
            Ok(sys::Stdio::Slots([input, slot(output), slot(error)]))
        }
    }
}

fn add_shm(tree: &mut Tree, size: ByteSize) {
    let options = vec![
        (c"mode", c"1777".to_owned()),
        (c"size", CString::new(size.0.to_string()).unwrap_or_default()),
        (c"nr_inodes", INODES.to_owned()),
    ];
    let source = MountSource::Tmpfs { options, noexec: true, read_only: false };
    tree.scratch_mount(c"dev/shm", source);
}

fn add_tmpfs(tree: &mut Tree, tmpfs: &Tmpfs) {
    let mode = tmpfs.mode.unwrap_or(0o1777) & 0o7777;
    let mut options = vec![(c"mode", CString::new(format!("{mode:o}")).unwrap_or_default())];
    let size = tmpfs.size.map(|size| CString::new(size.0.to_string()).unwrap_or_default());
    options.push((c"size", size.unwrap_or_else(|| HALF.to_owned())));
    options.push((c"nr_inodes", INODES.to_owned()));
    let source = MountSource::Tmpfs { options, noexec: tmpfs.noexec, read_only: tmpfs.read_only };
    tree.mount(&tmpfs.target, source, true);
}

fn no_program() -> JailError {
    JailError::new(Step::Channels, b"", Errno::INVAL)
}
