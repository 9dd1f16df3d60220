//! What the attempts aim at: made for them on the host, looked at afterwards, and removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use drybox_probe::Scene;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

use super::{HIDDEN, ProveError};

/// The canaries. Dropped, they are gone.
#[derive(Debug)]
pub(super) struct Canaries {
    top: PathBuf,
    secret: String,
    tcp: TcpListener,
    /// In the workspace, outside of it, without a file.
    sockets: [UnixListener; 3],
    fifo: File,
    locked: File,
    /// Open when an engine starts.
    open: File,
    process: Child,
    scene: Scene,
}

impl Canaries {
    /// Makes them.
    pub(super) fn make() -> Result<Self, ProveError> {
        let random = random().map_err(failed("a random name"))?;
        let top = Path::new(PARENT).join(format!("drybox-prove-{random}"));
        private_dir(&top).map_err(failed("a directory in /var/tmp"))?;
        let made = Self::fill(&top, &random);
        if made.is_err() {
            fs::remove_dir_all(&top).ok();
        }
        made
    }

    fn fill(top: &Path, random: &str) -> Result<Self, ProveError> {
        let (work, outside) = (top.join("work"), top.join("outside"));
        let secret = format!("canary-{random}");
        let files = || -> io::Result<()> {
            private_dir(&work)?;
            private_dir(&outside)?;
            for name in ["file", "locked", "leased", "busy", "canary"] {
                fs::write(work.join(name), CONTENT)?;
            }
            fs::write(outside.join("secret"), CONTENT)?;
            // Empty: a terminal would echo what stands in it.
            for name in ["input", "log"] {
                fs::write(top.join(name), "")?;
            }
            symlink(outside.join("secret"), work.join("link"))?;
            mknodat(CWD, work.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            fs::copy("/proc/self/exe", work.join("probe")).map(drop)
        };
        files().map_err(failed("files"))?;
        let fifo = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(work.join("fifo"));
        let fifo = fifo.map_err(failed("a FIFO"))?;
        let locked = File::open(work.join("locked")).and_then(|file| file.lock().map(|()| file));
        let locked = locked.map_err(failed("a lock"))?;
        let tcp = TcpListener::bind("127.0.0.1:0").and_then(|tcp| {
            tcp.set_nonblocking(true)?;
            Ok(tcp)
        });
        let tcp = tcp.map_err(failed("a service"))?;
        let mark = top.file_name().unwrap_or_default().as_bytes();
        let sockets = || -> io::Result<[UnixListener; 3]> {
            let unnamed = SocketAddr::from_abstract_name(mark)?;
            let sockets = [
                UnixListener::bind(work.join("socket"))?,
                UnixListener::bind(outside.join("socket"))?,
                UnixListener::bind_addr(&unnamed)?,
            ];
            for socket in &sockets {
                socket.set_nonblocking(true)?;
            }
            Ok(sockets)
        };
        let sockets = sockets().map_err(failed("sockets"))?;
        let open = File::open(&outside).map_err(failed("a directory"))?;
        // An engine gets it as it gets what a careless caller has open.
        rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty())
            .map_err(|errno| failed("an open directory")(errno.into()))?;
        let mut command = Command::new(work.join("probe"));
        command.args([HIDDEN, "WAIT=1"]).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.spawn().map_err(failed("a process"))?;
        let mut canaries = Self {
            top: top.to_owned(),
            secret,
            tcp,
            sockets,
            fifo,
            locked,
            open,
            process,
            scene: Scene::default(),
        };
        canaries.describe().map_err(failed("a description"))?;
        Ok(canaries)
    }

    fn describe(&mut self) -> io::Result<()> {
        let port = self.tcp.local_addr()?.port();
        let scene = &mut self.scene;
        scene.set("WORK", self.top.join("work").as_os_str().as_bytes());
        scene.set("OUTSIDE", self.top.join("outside").as_os_str().as_bytes());
        scene.set("TOP", self.top.as_os_str().as_bytes());
        scene.set("MARK", self.top.file_name().unwrap_or_default().as_bytes());
        scene.set("SECRET", &self.secret);
        scene.set("PORT", port.to_string());
        scene.set("PORTHEX", format!(":{port:04X} "));
        scene.set("PID", self.process.id().to_string());
        scene.set("FD", self.open.as_raw_fd().to_string());
        scene.set("LOCK", format!(":{} ", self.locked.metadata()?.ino()));
        scene.set("UID", rustix::process::getuid().as_raw().to_string());
        if let Some(home) = std::env::var_os("HOME") {
            scene.set("HOME", home.as_bytes());
        }
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mut places = cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        if let Some(place) = places.find(|place| place.len() > 1) {
            scene.set("CGROUP", place);
        }
        for (word, value) in drybox_probe::facts() {
            scene.set(&word, value);
        }
        Ok(())
    }

    /// What a probe in a sandbox is told: its first process is process 1.
    pub(super) fn scene_inside(&self) -> Scene {
        let mut scene = self.scene.clone();
        scene.set("INIT", "1");
        scene
    }

    /// What a probe outside is told: in place of a box's first process it has one of ours.
    pub(super) fn scene_outside(&self) -> Scene {
        let mut scene = self.scene.clone();
        scene.set("INIT", self.process.id().to_string());
        scene.set("SCRATCH", self.top.join("outside").as_os_str().as_bytes());
        scene.set("BARE", "1");
        scene
    }

    pub(super) fn work(&self) -> PathBuf {
        self.top.join("work")
    }

    pub(super) fn probe(&self) -> PathBuf {
        self.top.join("work/probe")
    }

    /// What an engine's command gets as standard input.
    pub(super) fn input(&self) -> io::Result<File> {
        File::open(self.top.join("input"))
    }

    /// What it gets as standard error: a log that is appended to.
    pub(super) fn log(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(self.top.join("log"))
    }

    /// The last of what was complained about.
    pub(super) fn complaint(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Ok(log) = File::open(self.top.join("log")) {
            log.take(1 << 16).read_to_end(&mut text).ok();
        }
        let lines: Vec<&[u8]> =
            text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
        let from = lines.len().saturating_sub(3);
        lines.get(from..).unwrap_or_default().join(&b"; "[..])
    }

    pub(super) fn size_of_log(&self) -> u64 {
        fs::metadata(self.top.join("log")).map_or(0, |log| log.len())
    }

    /// Variables of the caller that are credentials, to see whether they enter.
    pub(super) fn variables(&self) -> [(&'static str, &str); 3] {
        ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN"].map(|name| (name, &*self.secret))
    }

    /// What was reached since the last look: the probe that had to be refused, and how it shows.
    /// Puts everything back.
    pub(super) fn reached(&self, busy: &Seen) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if drain(|| self.tcp.accept().is_ok()) {
            found.extend([
                ("NT-02", "the host's service was reached"),
                ("NT-11", "the host's service was reached"),
            ]);
        }
        let ids = ["FS-30", "NT-04", "NT-03"];
        for (socket, id) in self.sockets.iter().zip(ids) {
            if drain(|| socket.accept().is_ok()) {
                found.push((id, "the host's socket was reached"));
            }
        }
        let mut bytes = [0; 64];
        if drain(|| matches!((&self.fifo).read(&mut bytes), Ok(1..))) {
            found.push(("FS-31", "the host's reader got something"));
        }
        if busy.lease_met {
            found.push(("FS-43", "the host met the lease"));
        }
        for (path, id, content) in FILES {
            if fs::read(self.top.join(path)).ok().as_deref() != Some(content.as_bytes()) {
                found.push((id, "the host's file was changed"));
                fs::write(self.top.join(path), content).ok();
            }
        }
        fs::write(self.top.join("log"), "").ok();
        found
    }
}

/// What the host met while it worked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) lease_met: bool,
}

/// The host at work in a workspace: writes a file, opens another.
pub(super) fn work_once(work: &Path, seen: &mut Seen) {
    fs::write(work.join("busy"), CONTENT).ok();
    let opened = OpenOptions::new().write(true).custom_flags(NONBLOCK).open(work.join("leased"));
    if opened.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
        seen.lease_met = true;
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.top).ok();
    }
}

fn drain(mut take: impl FnMut() -> bool) -> bool {
    let mut any = false;
    while take() {
        any = true;
    }
    any
}

fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> ProveError {
    move |source| ProveError::Canary { what, source }
}

/// Not in `/tmp`, of which sandboxes have their own.
const PARENT: &str = "/var/tmp";
/// What has to stay as it is, and whose finding it is when it does not.
const FILES: [(&str, &str, &str); 4] = [
    ("work/canary", "FS-48", CONTENT),
    ("work/file", "FS-48", CONTENT),
    ("outside/secret", "FS-01", CONTENT),
    ("input", "FD-03", ""),
];
const CONTENT: &str = "the host's\n";
const NONBLOCK: i32 = OFlags::NONBLOCK.bits().cast_signed();
