//! What a run knows of the host: gathered once, by the caller.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use drybox_jail::Invoker;
use drybox_spec::HostPath;

/// The caller's surroundings.
pub struct Host<'a> {
    /// The caller's environment. Nothing of it enters but what the spec names, `TERM`, and what
    /// tool chains need.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The current directory, free of symlinks (getcwd(2)).
    pub cwd: HostPath,
    /// The user's home directory.
    pub home: Option<HostPath>,
    /// drybox's own folder for what it keeps (`XDG_DATA_HOME`); none: nothing is kept.
    pub data: Option<HostPath>,
    /// The clock that the event log's times are from.
    pub clock: fn() -> SystemTime,
    /// Who runs this.
    pub invoker: Invoker,
    /// The box is killed when the launching thread ends. For a program that launches from its main
    /// thread; a box dies with its process in any case.
    pub die_with_thread: bool,
    /// The name server that a box's relay asks; none: those of the host's resolv.conf(5).
    pub name_server: Option<SocketAddr>,
    /// The caller uses its own 0 and 1 no more: [`crate::run`] lets go of each as soon as the payload
    /// has it or is done with it, so that whoever is at its other end sees that.
    pub gives_stdio_away: bool,
    /// What the box is refused is said on the user's terminal at once, where the payload's standard
    /// error is a terminal of its own (I6). Without it, the outcome says it.
    pub says_refusals: bool,
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Host").field("cwd", &self.cwd).field("invoker", &self.invoker).finish()
    }
}

impl<'a> Host<'a> {
    /// Whether the caller is root here.
    pub(crate) const fn is_root(&self) -> bool {
        self.invoker.uid == 0
    }

    /// The surroundings of the calling process, with these variables.
    ///
    /// # Errors
    /// *User*, when the current directory is gone or cannot be read.
    pub fn of_process(env: &'a dyn Fn(&str) -> Option<OsString>) -> Result<Self, CwdError> {
        let cwd = rustix::process::getcwd(Vec::new()).map_err(CwdError)?;
        let cwd =
            HostPath::parse(cwd.as_bytes()).map_err(|_| CwdError(rustix::io::Errno::NOENT))?;
        let path = |name: &str| {
            use std::os::unix::ffi::OsStrExt as _;
            env(name).and_then(|path| HostPath::parse(path.as_bytes()).ok())
        };
        let home = path("HOME");
        let below =
            |dir: HostPath, name: &[u8]| HostPath::parse(&[dir.as_bytes(), name].concat()).ok();
        let data = match path("XDG_DATA_HOME") {
            Some(data) => below(data, b"/drybox"),
            None => home.clone().and_then(|home| below(home, b"/.local/share/drybox")),
        };
        Ok(Self {
            env,
            cwd,
            home,
            data,
            clock: SystemTime::now,
            invoker: Invoker::of_process(),
            die_with_thread: false,
            name_server: None,
            gives_stdio_away: false,
            says_refusals: false,
        })
    }
}

/// The current directory cannot be told: it was deleted, or lies outside of what is visible.
#[derive(Debug, thiserror::Error)]
#[error("cannot find the current directory")]
pub struct CwdError(#[source] pub(crate) rustix::io::Errno);
