//! The surroundings of this process, gathered with as few system calls as possible.
//!
//! The executable is static: no NSS, so users come from the environment, else from `/etc/passwd`.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use drybox_run::home_of;
use drybox_spec::{
    BadPath, Facts, FileKind, HostPath, Kind, LONGEST_FILE, Lookup, LookupError, Own, Real, Report,
    Shown, Why,
};

/// The host as this process sees it.
#[derive(Debug)]
pub(crate) struct Host {
    cwd: HostPath,
    home: Option<HostPath>,
    uid: u32,
    gid: u32,
    /// Standard input only when somebody types there.
    terminals: [bool; 3],
    /// Whom the relay of a box asks, when it is not the host's own name server.
    name_server: Option<SocketAddr>,
}

/// Why drybox does not start here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadHost {
    /// The current directory has no name.
    #[error("the current directory cannot be named")]
    NoCurrentDir { source: NoCwd },
    /// `DRYBOX_NAME_SERVER` holds no address.
    #[error("cannot use DRYBOX_NAME_SERVER={}", Shown(value))]
    NameServer { value: Vec<u8>, source: Why },
    /// The executable was installed set-user-id or set-group-id: what it does for its caller it
    /// would do with another's rights (CVE-2020-5291).
    #[error("drybox was started with the rights of another user")]
    SetId { source: Why },
}

/// Why the current directory has no name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoCwd {
    #[error("{}", io::Error::from_raw_os_error(*errno))]
    Errno { errno: i32 },
    #[error(transparent)]
    Path(BadPath),
}

impl Host {
    /// Looks around: getcwd, four ids, three terminal checks.
    pub(crate) fn look() -> Result<Self, BadHost> {
        use rustix::process::{getegid, geteuid, getgid, getuid};
        let (uid, gid) = (geteuid(), getegid());
        if uid != getuid() || gid != getgid() {
            return Err(BadHost::SetId { source: Why("its file is set-user-id or set-group-id") });
        }
        let (uid, gid) = (uid.as_raw(), gid.as_raw());
        let cwd = std::env::current_dir()
            .map_err(|error| NoCwd::Errno { errno: errno(&error) })
            .and_then(|cwd| HostPath::parse(cwd.as_os_str().as_bytes()).map_err(NoCwd::Path))
            .map_err(|source| BadHost::NoCurrentDir { source })?;
        Ok(Self {
            cwd,
            name_server: name_server()?,
            home: variable_path("HOME").or_else(|| home_of(uid, &fs::read("/etc/passwd").ok()?)),
            uid,
            gid,
            terminals: [
                io::stdin().is_terminal() && in_foreground(),
                io::stdout().is_terminal(),
                io::stderr().is_terminal(),
            ],
        })
    }

    /// The surroundings that the run room needs.
    pub(crate) fn for_run(&self) -> drybox_run::Host<'_> {
        drybox_run::Host {
            env: &|name| std::env::var_os(name),
            cwd: self.cwd.clone(),
            home: self.home.clone(),
            data: self.own(Own::Store),
            clock: std::time::SystemTime::now,
            invoker: drybox_run::Invoker::of_process(),
            die_with_thread: true,
            name_server: self.name_server,
            gives_stdio_away: true,
            says_refusals: false,
        }
    }

    /// The facts that `resolve` needs.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            cwd: &self.cwd,
            home: self.home.as_ref(),
            uid: self.uid,
            gid: self.gid,
            terminals: self.terminals,
            host: self,
        }
    }
}

/// False in a shell's background: with a terminal of its own, a run there would only be stopped. A
/// terminal that is not our controlling one has no foreground that could be ours.
fn in_foreground() -> bool {
    let foreground = rustix::termios::tcgetpgrp(io::stdin());
    foreground.map_or(true, |group| group == rustix::process::getpgrp())
}

impl Lookup for Host {
    fn real(&self, path: &HostPath) -> Result<Real, LookupError> {
        let real = fs::canonicalize(path.as_path()).map_err(refused)?;
        let kind = fs::metadata(&real).map_err(refused)?.file_type();
        let kind = if kind.is_dir() {
            FileKind::Directory
        } else if kind.is_file() {
            FileKind::File
        } else if kind.is_socket() {
            FileKind::Socket
        } else if kind.is_fifo() {
            FileKind::Fifo
        } else {
            FileKind::Device
        };
        let path = HostPath::parse(real.as_os_str().as_bytes()).map_err(|_| LookupError::NoPath)?;
        Ok(Real { path, kind })
    }

    fn read(&self, path: &HostPath) -> Result<Vec<u8>, LookupError> {
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too long from one that just fits.
        let most = u64::try_from(LONGEST_FILE).unwrap_or(u64::MAX).saturating_add(1);
        let file = fs::File::open(path.as_path()).map_err(refused)?;
        file.take(most).read_to_end(&mut bytes).map_err(refused)?;
        if bytes.len() > LONGEST_FILE {
            return Err(LookupError::TooLong);
        }
        Ok(bytes)
    }

    fn variable(&self, name: &[u8]) -> Option<Vec<u8>> {
        std::env::var_os(OsStr::from_bytes(name)).map(OsString::into_vec)
    }

    fn variables(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<_> = std::env::vars_os()
            .map(|(name, value)| (name.into_vec(), value.into_vec()))
            .filter(|(name, _)| name.starts_with(prefix))
            .collect();
        found.sort();
        found
    }

    fn own(&self, which: Own) -> Option<HostPath> {
        match which {
            Own::Executable => {
                let executable = std::env::current_exe().ok()?;
                HostPath::parse(executable.as_os_str().as_bytes()).ok()
            }
            Own::Store => self.in_home("XDG_DATA_HOME", ".local/share"),
            Own::Config => self.in_home("XDG_CONFIG_HOME", ".config"),
        }
    }
}

impl Host {
    /// `drybox` below the directory that a variable names, else below its place in the home.
    fn in_home(&self, variable: &str, place: &str) -> Option<HostPath> {
        let base = match variable_path(variable) {
            Some(base) => base.as_path().to_owned(),
            None => self.home.as_ref()?.as_path().join(place),
        };
        HostPath::parse(base.join("drybox").as_os_str().as_bytes()).ok()
    }
}

impl Report for BadHost {
    fn kind(&self) -> Kind {
        match self {
            Self::NoCurrentDir { .. } | Self::NameServer { .. } => Kind::User,
            Self::SetId { .. } => Kind::Host,
        }
    }

    fn fix(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoCurrentDir { .. } => "cd to a directory that exists".into(),
            Self::NameServer { .. } => {
                "DRYBOX_NAME_SERVER=127.0.0.1:5353, or leave it unset".into()
            }
            Self::SetId { .. } => "chmod ug-s on the drybox executable: it needs no rights".into(),
        })
    }
}

/// `DRYBOX_NAME_SERVER`, as `192.0.2.1` or `127.0.0.1:5353`.
fn name_server() -> Result<Option<SocketAddr>, BadHost> {
    let Some(value) = std::env::var_os("DRYBOX_NAME_SERVER") else { return Ok(None) };
    let parsed = value.to_str().and_then(|text| {
        let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        text.parse().or_else(|_| alone()).ok()
    });
    parsed.map(Some).ok_or_else(|| BadHost::NameServer {
        value: value.into_vec(),
        source: Why("it is neither an address nor ADDRESS:PORT"),
    })
}

/// An absolute path in a variable; a relative one means nothing (XDG base directories).
fn variable_path(name: &str) -> Option<HostPath> {
    let value = std::env::var_os(name)?;
    Path::new(&value).is_absolute().then(|| HostPath::parse(value.as_bytes()).ok()).flatten()
}

fn refused(error: io::Error) -> LookupError {
    LookupError::Errno { errno: errno(&error) }
}

/// The kernel's number; EIO where `std` made the error up itself.
fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error())
}
