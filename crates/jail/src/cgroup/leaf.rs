//! The cgroups of one box: made before the launch, removed after it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, flock, mkdirat, openat, unlinkat,
};
use rustix::io::Errno;

use super::hierarchy::{Place, words};
use super::{CgroupStep, Cgroups, Controller, NoCgroup, Version, Wanted};

/// The cgroups of one box, one a hierarchy. Removed when dropped; [`Leaf::remove`] tells when that
/// fails.
#[derive(Debug)]
#[must_use]
pub struct Leaf {
    parts: Vec<Part>,
    /// Version 2: the caller was moved out of the way.
    aside: Option<Aside>,
}

/// One directory.
#[derive(Debug)]
struct Part {
    /// The caller's own cgroup, in which it stands.
    above: OwnedFd,
    name: String,
    path: Vec<u8>,
    /// Itself, and the lock that says that somebody needs it.
    directory: OwnedFd,
    version: Version,
    /// Where the child writes itself.
    join: OwnedFd,
    controllers: Vec<Controller>,
}

/// The caller in a cgroup beside the box's: limits are handed down only by one without processes of
/// its own (Linux `Documentation/admin-guide/cgroup-v2.rst`, "No Internal Process Constraint").
#[derive(Debug)]
struct Aside {
    above: OwnedFd,
    name: String,
    /// What was switched on for it.
    enabled: Vec<Controller>,
}

/// How often a box met its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Processes that the kernel killed because memory ran out.
    pub memory: u64,
    /// Processes and threads that were not made.
    pub pids: u64,
}

/// Begins the name of every cgroup of ours.
const PREFIX: &str = "drybox-";

/// Tells two boxes of one process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Leaf {
    /// Makes the cgroups that `wanted` needs below the caller's own, with their limits written.
    /// What a killed supervisor left there is removed before.
    ///
    /// # Errors
    /// *Host*, when a controller is not there or the caller may not make one. Nothing is left then.
    pub fn make(cgroups: &Cgroups, wanted: &Wanted) -> Result<Self, NoCgroup> {
        let mut leaf = Self { parts: Vec::new(), aside: None };
        let mut places: Vec<(Place, Vec<Controller>)> = Vec::new();
        for controller in Controller::ALL.into_iter().filter(|&c| wanted.needs(c)) {
            let place = cgroups.place(controller)?;
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, controllers)) => controllers.push(controller),
                None => places.push((place, vec![controller])),
            }
        }
        for (place, controllers) in places {
            let above = open_directory(&place)?;
            sweep(above.as_fd());
            if place.version == Version::Two {
                leaf.hand_down(&place, above.as_fd(), &controllers)?;
            }
            leaf.parts.push(Part::make(&place, above, controllers)?);
        }
        for part in &leaf.parts {
            part.set(wanted)?;
        }
        Ok(leaf)
    }

    /// The files in which the child enters its own `0`.
    pub(crate) fn join(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.parts.iter().map(|part| part.join.as_fd())
    }

    /// The path of the cgroup with this index.
    pub(crate) fn place(&self, index: usize) -> &[u8] {
        self.parts.get(index).map_or(b"", |part| &part.path)
    }

    /// How often its limits were met. A cgroup that is gone tells nothing.
    #[must_use]
    pub fn met(&self) -> Met {
        let count = |controller, version_one: (&str, &[u8]), version_two: (&str, &[u8])| {
            let part = self.parts.iter().find(|part| part.controllers.contains(&controller));
            part.map_or(0, |part| {
                let (file, key) = match part.version {
                    Version::One => version_one,
                    Version::Two => version_two,
                };
                part.counter(file, key)
            })
        };
        Met {
            memory: count(
                Controller::Memory,
                ("memory.oom_control", b"oom_kill"),
                ("memory.events", b"oom_kill"),
            ),
            pids: count(Controller::Pids, ("pids.events", b"max"), ("pids.events", b"max")),
        }
    }

    /// Removes the cgroups. Every process in them has to be gone.
    ///
    /// # Errors
    /// *Host*, naming the first that stays. One that is gone already is no error.
    pub fn remove(mut self) -> Result<(), NoCgroup> {
        self.take_away()
    }

    fn take_away(&mut self) -> Result<(), NoCgroup> {
        let mut done = Ok(());
        for part in self.parts.drain(..) {
            let removed = remove(part.above.as_fd(), &part.name);
            done = done.and(removed.map_err(|errno| NoCgroup::Refused {
                step: CgroupStep::Remove,
                place: part.path.clone(),
                version: part.version,
                errno,
            }));
        }
        if let Some(aside) = self.aside.take() {
            done = done.and(aside.go_back());
        }
        done
    }

    /// Switches the controllers on for cgroups below, which needs the caller's own to be without
    /// processes.
    fn hand_down(
        &mut self,
        place: &Place,
        above: BorrowedFd<'_>,
        controllers: &[Controller],
    ) -> Result<(), NoCgroup> {
        let refused = |errno| refused(CgroupStep::MoveAside, place, errno);
        let handed = read(above, "cgroup.subtree_control").map_err(refused)?;
        let missing: Vec<Controller> = controllers
            .iter()
            .copied()
            .filter(|c| !words(&handed).any(|word| word == c.name().as_bytes()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let own = std::process::id().to_string();
        let inside = read(above, "cgroup.procs").map_err(refused)?;
        if words(&inside).any(|pid| pid != own.as_bytes()) {
            let place = place.directory.as_os_str().as_bytes().to_vec();
            return Err(NoCgroup::Shared { place });
        }
        let name = format!("{PREFIX}{own}-supervisor");
        match mkdirat(above, &name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(refused(errno)),
        }
        let beside = openat(above, &name, DIRECTORY, Mode::empty()).map_err(refused)?;
        let above = above.try_clone_to_owned();
        let above = above.map_err(|e| refused(Errno::from_io_error(&e).unwrap_or(Errno::IO)))?;
        // From here on `drop` puts back what was done.
        let aside = self.aside.insert(Aside { above, name, enabled: Vec::new() });
        write(beside.as_fd(), "cgroup.procs", "0").map_err(refused)?;
        for controller in missing {
            let text = format!("+{}", controller.name());
            write(aside.above.as_fd(), "cgroup.subtree_control", &text).map_err(refused)?;
            aside.enabled.push(controller);
        }
        Ok(())
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        self.take_away().ok();
    }
}

impl Part {
    fn make(place: &Place, above: OwnedFd, controllers: Vec<Controller>) -> Result<Self, NoCgroup> {
        const TRIES: u32 = 16;
        let version = place.version;
        let mut failed = Errno::AGAIN;
        for _ in 0..TRIES {
            let nth = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{PREFIX}{}-{nth}", std::process::id());
            match held(above.as_fd(), &name, version) {
                Ok((directory, join)) => {
                    let path = place.directory.join(&name).into_os_string().into_encoded_bytes();
                    return Ok(Self { above, name, path, directory, version, join, controllers });
                }
                // Another pid namespace has the same numbers; until it was locked, another drybox
                // took it for one that was left behind.
                Err(errno @ (Errno::EXIST | Errno::NOENT | Errno::WOULDBLOCK)) => failed = errno,
                Err(errno) => {
                    failed = errno;
                    break;
                }
            }
        }
        Err(refused(CgroupStep::Make, place, failed))
    }

    /// Writes the limits.
    fn set(&self, wanted: &Wanted) -> Result<(), NoCgroup> {
        let controllers = self.controllers.iter();
        for setting in controllers.flat_map(|&c| wanted.settings(c, self.version)) {
            match write(self.directory.as_fd(), setting.file, &setting.value) {
                Ok(()) => {}
                Err(Errno::NOENT | Errno::ACCESS) if !setting.needed => {}
                Err(errno) => {
                    let place = [&self.path, &b"/"[..], setting.file.as_bytes()].concat();
                    let (step, version) = (CgroupStep::Set, self.version);
                    return Err(NoCgroup::Refused { step, place, version, errno });
                }
            }
        }
        Ok(())
    }

    /// The number behind a word of a file with a pair a line.
    fn counter(&self, file: &str, key: &[u8]) -> u64 {
        let text = read(self.directory.as_fd(), file).unwrap_or_default();
        let mut lines = text.split(|&b| b == b'\n').map(words);
        let pair = lines.find_map(|mut line| (line.next()? == key).then(|| line.next()).flatten());
        pair.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok()).unwrap_or(0)
    }
}

impl Aside {
    /// Moves the caller back, as far as that is possible: what it was given it gives back.
    fn go_back(&self) -> Result<(), NoCgroup> {
        let refused = |errno| {
            let place = self.name.clone().into_bytes();
            NoCgroup::Refused { step: CgroupStep::Remove, place, version: Version::Two, errno }
        };
        for controller in &self.enabled {
            let text = format!("-{}", controller.name());
            write(self.above.as_fd(), "cgroup.subtree_control", &text).map_err(refused)?;
        }
        write(self.above.as_fd(), "cgroup.procs", "0").map_err(refused)?;
        remove(self.above.as_fd(), &self.name).map_err(refused)
    }
}

/// A new cgroup, locked, and the file in which a process enters itself.
fn held(above: BorrowedFd<'_>, name: &str, version: Version) -> Result<(OwnedFd, OwnedFd), Errno> {
    mkdirat(above, name, Mode::from_raw_mode(0o755))?;
    let directory = openat(above, name, DIRECTORY, Mode::empty())?;
    lock(directory.as_fd())?;
    let file = match version {
        Version::One => "tasks",
        Version::Two => "cgroup.procs",
    };
    let join = to_write(directory.as_fd(), file);
    if join.is_err() {
        remove(above, name).ok();
    }
    join.map(|join| (directory, join))
}

/// Removes the cgroups in a directory that are ours and that nobody holds: the lock of a supervisor
/// that is gone is gone too. One with processes in it stays (EBUSY).
fn sweep(above: BorrowedFd<'_>) {
    let Ok(entries) = Dir::read_from(above) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_bytes().starts_with(PREFIX.as_bytes())
            && let Ok(directory) = openat(above, name, DIRECTORY, Mode::empty())
            && lock(directory.as_fd()).is_ok()
        {
            unlinkat(above, name, AtFlags::REMOVEDIR).ok();
        }
    }
}

/// Removes one; waits a moment for processes that are just ending.
fn remove(above: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    const TRIES: u32 = 200;
    for _ in 0..TRIES {
        match unlinkat(above, name, AtFlags::REMOVEDIR) {
            Err(Errno::BUSY) => sleep(Duration::from_millis(1)),
            Err(Errno::NOENT) => return Ok(()),
            done => return done,
        }
    }
    Err(Errno::BUSY)
}

fn open_directory(place: &Place) -> Result<OwnedFd, NoCgroup> {
    openat(CWD, &place.directory, DIRECTORY, Mode::empty())
        .map_err(|errno| refused(CgroupStep::Open, place, errno))
}

fn lock(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    flock(directory, FlockOperation::NonBlockingLockExclusive)
}

fn read(directory: BorrowedFd<'_>, file: &str) -> Result<Vec<u8>, Errno> {
    let file = openat(directory, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut text = vec![0; 16 * 1024];
    let length = rustix::io::read(&file, &mut text)?;
    text.truncate(length);
    Ok(text)
}

fn write(directory: BorrowedFd<'_>, file: &str, value: &str) -> Result<(), Errno> {
    rustix::io::write(&to_write(directory, file)?, value.as_bytes()).map(drop)
}

/// Opens a file of a cgroup. No file can be created in one (EACCES); in a directory that only looks
/// like one, it can.
fn to_write(directory: BorrowedFd<'_>, file: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
    openat(directory, file, flags, Mode::from_raw_mode(0o644))
}

fn refused(step: CgroupStep, place: &Place, errno: Errno) -> NoCgroup {
    let path = place.directory.as_os_str().as_bytes().to_vec();
    NoCgroup::Refused { step, place: path, version: place.version, errno }
}

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
