//! What stands inside a sandbox, as its caller found it: everything that needs a look at the host.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use drybox_spec::{BoxPath, ByteSize, EnvVar, HostPath, Hostname, Limits, Share, Tmpfs, Ulimit};

use drybox_sys::Otherwise;

use crate::Identity;

/// Where programs lie in every sandbox of base `host`.
const PATH: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"];

/// What stands inside, beside what every sandbox has.
#[derive(Clone, Debug)]
pub struct Interior {
    /// Who the payload is.
    pub identity: Identity,
    /// Host directories and files, in order; a later one may stand below an earlier one.
    pub shares: Vec<Share>,
    /// Host directories that can be written and do not change, in order.
    pub views: Vec<View>,
    /// Further scratch space.
    pub tmpfs: Vec<Tmpfs>,
    /// Further directories of the root filesystem.
    pub directories: Vec<Directory>,
    /// Further files of the root filesystem.
    pub files: Vec<ScratchFile>,
    /// Further links of the root filesystem.
    pub links: Vec<Link>,
    /// The payload's whole environment.
    pub env: Vec<EnvVar>,
    /// Where programs are looked up, in order.
    pub path: Vec<BoxPath>,
    /// Program and arguments.
    pub argv: Vec<CString>,
    /// Where the payload starts.
    pub workdir: BoxPath,
    /// The host name.
    pub hostname: Hostname,
    /// Resource limits of setrlimit(2), one a resource.
    pub ulimits: Vec<Ulimit>,
    /// What the box may take beside them. A cgroup is no part of it: [`crate::Jail::enter_cgroup`].
    pub limits: Limits,
    /// Size of `/dev/shm`, when it is to have one of its own.
    pub shm_size: Option<ByteSize>,
    /// What leads out of the network namespace; none: nothing does.
    pub network: Option<Network>,
    /// The sandbox is killed when the launching thread ends: for programs that launch from their
    /// main thread. The lifeline holds in any case.
    pub die_with_thread: bool,
}

impl Interior {
    /// What every sandbox has and nothing beside: no share, no variable, started in `/`.
    #[must_use]
    pub fn new(identity: Identity, argv: Vec<CString>) -> Self {
        let path = PATH.iter().filter_map(|dir| BoxPath::parse(dir.as_bytes()).ok()).collect();
        Self {
            identity,
            argv,
            path,
            workdir: BoxPath::root(),
            hostname: Hostname::default(),
            shares: Vec::new(),
            views: Vec::new(),
            tmpfs: Vec::new(),
            directories: Vec::new(),
            files: Vec::new(),
            links: Vec::new(),
            env: Vec::new(),
            ulimits: Vec::new(),
            limits: Limits::default(),
            shm_size: None,
            network: None,
            die_with_thread: false,
        }
    }
}

/// A relay outside that serves sockets inside.
#[derive(Clone, Debug)]
pub struct Network {
    /// TCP ports at which every address listens, beside 53 for the name server; none: nothing leads
    /// out.
    pub ways_out: Option<Vec<u16>>,
    /// Connections at a time that lead in, to the box's own loopback.
    pub ways_in: u16,
    /// Takes the sockets, one a message, while the sandbox is launched; closed then.
    pub relay: Arc<OwnedFd>,
}

/// A directory of the host that the payload may change as it likes: what it writes is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The host's directory; free of symlinks.
    pub source: HostPath,
    /// Where it stands inside.
    pub target: BoxPath,
    /// A directory that holds `upper` and an empty `work`, both of the source's owner and where no
    /// other user can reach them; none: memory.
    pub changes: Option<HostPath>,
    /// The last run in it was killed, and may still be ending.
    pub perhaps_in_use: bool,
    /// What will do where overlays cannot work; told by [`crate::Told`] or
    /// [`crate::Jail::views_in_memory`].
    pub otherwise: Otherwise,
}

/// A directory of the root filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where.
    pub path: BoxPath,
    /// Permission bits.
    pub mode: u32,
    /// The payload may write there.
    pub writable: bool,
}

/// A file of the root filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScratchFile {
    /// Where.
    pub path: BoxPath,
    /// Permission bits.
    pub mode: u32,
    /// What is in it.
    pub content: Vec<u8>,
}

/// A symbolic link of the root filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where.
    pub path: BoxPath,
    /// What it points to.
    pub target: CString,
}
