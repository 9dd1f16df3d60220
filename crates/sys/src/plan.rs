//! What the child's stage does, as data: borrowed slices and descriptors, all made by the parent.

use core::ffi::{CStr, c_char, c_int};
use core::ptr;

use rustix::fd::BorrowedFd;

/// One sandbox, ready to be built. The stage reads it top to bottom ([`crate::launch`]).
#[derive(Debug)]
pub struct Plan<'a> {
    /// How the child and its supervisor speak.
    pub channel: Channel<'a>,
    /// Who the payload is.
    pub ids: Ids<'a>,
    /// Files of a cgroup into which the child writes itself, before it does anything else: `tasks`
    /// of each controller (cgroups(7)), or `cgroup.procs`.
    pub join: &'a [BorrowedFd<'a>],
    /// Limits of the kernel's that a file of `/proc` sets. One that this kernel does not have is
    /// told.
    pub knobs: &'a [Knob<'a>],
    /// The init is killed when the thread that launched it ends (prctl(2), `PR_SET_PDEATHSIG`).
    /// The lifeline holds in any case.
    pub die_with_thread: bool,
    /// The one tmpfs that holds the root filesystem and all scratch space.
    pub scratch: Scratch<'a>,
    /// The system's own trees, read-only.
    pub system: &'a [SystemTree<'a>],
    /// The nodes below `/dev`.
    pub devices: &'a [Device<'a>],
    /// What is mounted, in order.
    pub mounts: &'a [Mount<'a>],
    /// What is covered below `/proc`.
    pub masks: &'a [Mask<'a>],
    /// The host name.
    pub hostname: &'a CStr,
    /// What leads out of the network namespace; none: nothing does.
    pub network: Option<Network<'a>>,
    /// Descriptors 0 to 2 of the payload.
    pub stdio: Stdio<'a>,
    /// Where the payload starts.
    pub workdir: &'a CStr,
    /// Resource limits of the payload.
    pub rlimits: &'a [Rlimit],
    /// The seccomp filters; each has to allow a call.
    pub filters: &'a [&'a [libc::sock_filter]],
    /// What runs.
    pub payload: Payload<'a>,
}

/// The pipes between the child and its supervisor. All are close-on-exec.
#[derive(Debug)]
pub struct Channel<'a> {
    /// Where the child writes [`crate::Record`]s.
    pub status: BorrowedFd<'a>,
    /// Where init reads [`Signal`]s. Its end of file means that the supervisor is gone.
    pub lifeline: BorrowedFd<'a>,
    /// The supervisor's ends: the child closes its copies first of all, or it would keep itself
    /// alive.
    pub close_first: &'a [BorrowedFd<'a>],
}

/// A signal for the payload: one byte on the lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// For the payload alone.
    Payload(u8),
    /// For the payload's process group, as a terminal sends it.
    Group(u8),
}

impl Signal {
    const GROUP: u8 = 0x80;

    /// The byte.
    #[must_use]
    pub const fn encode(self) -> u8 {
        match self {
            Self::Payload(signal) => signal,
            Self::Group(signal) => signal | Self::GROUP,
        }
    }

    pub(crate) const fn decode(byte: u8) -> Self {
        if byte & Self::GROUP == 0 { Self::Payload(byte) } else { Self::Group(byte & !Self::GROUP) }
    }
}

/// Who the payload is.
#[derive(Clone, Copy, Debug)]
pub enum Ids<'a> {
    /// An ordinary user: the child maps its own single id (user_namespaces(7)).
    Own {
        /// One line for `uid_map`.
        uid_map: &'a CStr,
        /// One line for `gid_map`.
        gid_map: &'a CStr,
    },
    /// Real root: the parent writes a range, then one byte on the lifeline lets the child go on.
    FromParent {
        /// The payload's user id, inside.
        uid: u32,
        /// The payload's group id, inside.
        gid: u32,
    },
}

/// A file of `/proc`, and what is written there.
#[derive(Clone, Copy, Debug)]
pub struct Knob<'a> {
    /// Which.
    pub path: &'a CStr,
    /// What.
    pub value: &'a [u8],
}

/// The one tmpfs.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// An existing directory of the host where the tree is built; the host's root is detached
    /// afterwards, and this with it.
    pub stage: &'a CStr,
    /// Mount options of tmpfs(5).
    pub options: &'a [(&'a CStr, &'a CStr)],
    /// What is in it, in order. Links come last, so that no path is made through one.
    /// `dev/mqueue` has to be there: an empty directory, which covers others.
    pub build: &'a [Build<'a>],
    /// Directories of it that stay writable.
    pub writable: &'a [&'a CStr],
}

/// An entry of the root filesystem. Paths are relative to it.
#[derive(Clone, Copy, Debug)]
pub enum Build<'a> {
    /// A directory.
    Dir {
        /// Where.
        path: &'a CStr,
        /// Permission bits.
        mode: u32,
    },
    /// A file and what is in it.
    File {
        /// Where.
        path: &'a CStr,
        /// Permission bits.
        mode: u32,
        /// What is in it.
        content: &'a [u8],
    },
    /// A symbolic link.
    Link {
        /// Where.
        path: &'a CStr,
        /// What it points to.
        target: &'a CStr,
    },
}

/// A tree or file of the host's system, with the mounts below it. Its mount point is a row of ours,
/// so that no link is on the way.
#[derive(Clone, Copy, Debug)]
pub struct SystemTree<'a> {
    /// Where, relative to the root filesystem; the mount point is there already.
    pub target: &'a CStr,
    /// The host's path.
    pub source: &'a CStr,
}

/// A device node, bound from the host and verified by its number.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Where, relative to the root filesystem; an empty file is there already.
    pub path: &'a CStr,
    /// The host's node.
    pub source: &'a CStr,
    /// Major number (Linux `Documentation/admin-guide/devices.txt`).
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

/// One mount. Its index in the plan is the index in a failure.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'a> {
    /// Where, relative to the root filesystem; the mount point is there already.
    pub target: &'a CStr,
    /// What.
    pub source: Source<'a>,
}

/// What is mounted.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A tree of the host as it is.
    Bind(Bind<'a>),
    /// A directory of the host, or one file of it, through an overlay without an upper layer.
    Overlay(Overlay<'a>),
    /// A directory of the host through an overlay that keeps what is written elsewhere.
    View(View<'a>),
    /// A new tmpfs.
    Tmpfs(Tmpfs<'a>),
}

/// A bind mount, with all mounts below it; nosuid and nodev.
#[derive(Clone, Copy, Debug)]
pub struct Bind<'a> {
    /// The host's tree.
    pub from: BindFrom<'a>,
    /// Whether it may be written.
    pub writable: bool,
}

/// Where a bind mount or a layer comes from.
#[derive(Clone, Copy, Debug)]
pub enum BindFrom<'a> {
    /// A path, resolved in the child's copy of the host's mount namespace.
    Path {
        /// The path.
        path: &'a CStr,
        /// What has to be there: the parent saw it, and a swapped symlink shows another.
        expect: Option<FileId>,
    },
    /// A detached tree that the parent made, with its attributes (real root: id-mapped).
    Tree(BorrowedFd<'a>),
}

/// An overlay without an upper layer: read-only, and what the payload does to it (locks, watches,
/// sockets, FIFOs) does not reach the host's inodes.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a> {
    /// The host's directory.
    pub from: BindFrom<'a>,
    /// The one file of it that is mounted; none: the directory.
    pub only: Option<&'a CStr>,
    /// An empty directory on the same filesystem, so that `st_dev` is one within the tree; none:
    /// an empty directory of the scratch tmpfs.
    pub empty: Option<&'a CStr>,
    /// An existing directory of the host where the layer stands while the overlay is made.
    pub stage: &'a CStr,
    /// Another one, for the empty directory of the scratch tmpfs.
    pub spare_stage: &'a CStr,
}

/// What will do where an overlay cannot be as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing: it is an error.
    Fail,
    /// Memory, where an overlay cannot have that upper layer.
    Memory,
    /// The same, and where it cannot have that lower layer the directory itself, read-only: a bind,
    /// through which sockets and FIFOs can be reached.
    ReadOnly,
}

/// An overlay that can be written: the host's directory is its lower layer and never changes, what is
/// written goes to the upper layer. `volatile`: nothing is synced, neither by the payload nor at the end.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The host's directory.
    pub from: BindFrom<'a>,
    /// A directory that holds `upper` and an empty `work`; none: memory.
    pub changes: Option<BindFrom<'a>>,
    /// The two are on different filesystems.
    pub two_filesystems: bool,
    /// The last run in it was killed, and may still be ending: then it is refused (`EBUSY`).
    pub perhaps_in_use: bool,
    /// What else will do; it is told.
    pub otherwise: Otherwise,
    /// As in [`Overlay`].
    pub stage: &'a CStr,
    /// As in [`Overlay`], for the changes.
    pub spare_stage: &'a CStr,
}

/// A new tmpfs; nosuid and nodev.
#[derive(Clone, Copy, Debug)]
pub struct Tmpfs<'a> {
    /// Mount options of tmpfs(5).
    pub options: &'a [(&'a CStr, &'a CStr)],
    /// No program in it can be started.
    pub noexec: bool,
    /// It is read-only.
    pub read_only: bool,
}

/// Which file it is: device and inode (inode(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

/// A path below `/proc` that tells about the host.
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a> {
    /// Where, relative to the root filesystem.
    pub path: &'a CStr,
    /// What it is.
    pub kind: MaskKind,
}

/// How a path is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskKind {
    /// A file, by `/dev/null`.
    File,
    /// A directory, by an empty one.
    Directory,
}

/// A relay outside that serves sockets inside.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// TCP ports at which every address listens. 53 is added, for the name server alone. None:
    /// nothing leads out.
    pub ways_out: Option<&'a [u16]>,
    /// Sockets of each family that are handed out unused: the relay connects them to the loopback.
    pub ways_in: u16,
    /// Takes the sockets, one a message (`SCM_RIGHTS`, unix(7)).
    pub relay: BorrowedFd<'a>,
}

/// Descriptors 0 to 2 of the payload.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a launch, and a box would need an allocator")]
pub enum Stdio<'a> {
    /// One by one.
    Slots([Slot<'a>; 3]),
    /// A terminal of the sandbox's own devpts.
    Terminal {
        /// Where the terminal's master is sent.
        supervisor: BorrowedFd<'a>,
        /// Standard error, when it is not the terminal.
        error: Option<Slot<'a>>,
    },
}

/// One standard descriptor.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'a> {
    /// The sandbox's own `/dev/null`.
    Null,
    /// The supervisor's pipe.
    Pipe(BorrowedFd<'a>),
    /// A regular file, opened again for reading through a lower-only overlay of its directory.
    File {
        /// The overlay of its directory, and its name there.
        overlay: Overlay<'a>,
        /// What the caller has open.
        expect: FileId,
        /// Where the caller's descriptor stands, in bytes.
        offset: u64,
        /// What is used when that cannot be done; the supervisor relays.
        otherwise: BorrowedFd<'a>,
    },
}

/// A limit of setrlimit(2).
#[derive(Clone, Copy, Debug)]
pub struct Rlimit {
    /// `RLIMIT_*`.
    pub resource: u32,
    /// The limit in force.
    pub soft: u64,
    /// How far it may be raised.
    pub hard: u64,
}

/// What runs.
#[derive(Debug)]
pub struct Payload<'a> {
    /// The program's possible places, tried in order (execvp(3)).
    pub candidates: &'a [&'a CStr],
    /// Its arguments and environment.
    pub exec: Exec<'a>,
}

/// Arguments and environment as execve(2) takes them.
#[derive(Debug)]
pub struct Exec<'a> {
    /// The arguments.
    pub argv: PointerList<'a>,
    /// The environment.
    pub envp: PointerList<'a>,
}

/// A null-terminated list of strings.
#[derive(Debug)]
pub struct PointerList<'a> {
    pointers: &'a [*const c_char],
}

impl<'a> PointerList<'a> {
    /// Lists `strings` in `space`, which has to hold one more. None when it is too small.
    pub fn fill<'s: 'a>(
        space: &'a mut [*const c_char],
        strings: impl IntoIterator<Item = &'s CStr>,
    ) -> Option<Self> {
        let mut slots = space.iter_mut();
        for string in strings {
            *slots.next()? = string.as_ptr();
        }
        *slots.next()? = ptr::null();
        Some(Self { pointers: space })
    }

    pub(crate) const fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

impl Rlimit {
    pub(crate) const fn raw(self) -> (u32, libc::rlimit64) {
        (self.resource, libc::rlimit64 { rlim_cur: self.soft, rlim_max: self.hard })
    }
}

/// The signals that a payload starts with at their default.
pub(crate) const LAST_SIGNAL: c_int = 64;
