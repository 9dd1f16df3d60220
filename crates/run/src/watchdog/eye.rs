//! Sees the processes of one box, and its scratch space.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use drybox_spec::BoxPath;
use rustix::fs::{
    CWD, MemfdFlags, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, memfd_create,
    openat, openat2, readlinkat,
};
use rustix::io::Errno;

use super::Taken;
use super::host::HostMemory;
use super::process::{Fair, Status, numbers, open_memory, read};

/// Sees one box, through its init's pid.
#[derive(Debug)]
pub(crate) struct Eye {
    init: i32,
    /// Places of further scratch space.
    scratch: Vec<BoxPath>,
    opened: Option<Opened>,
}

/// What is held once the payload runs.
#[derive(Debug)]
struct Opened {
    /// The box's own `/proc`: its processes and no others.
    proc: OwnedFd,
    /// Every tmpfs that it may write.
    scratch: Vec<OwnedFd>,
    /// Where the kernel keeps `memfd_create`'s files: `st_dev`.
    memory: u64,
}

impl Eye {
    pub(crate) const fn new(init: i32, scratch: Vec<BoxPath>) -> Self {
        Self { init, scratch, opened: None }
    }

    /// How much the box takes: never less than it is, but for files in memory that are held by
    /// nothing but a socket's queue. Exact, and dearer, only where `is_broken` asks for it.
    ///
    /// # Errors
    /// `SRCH` when no process of the box is there.
    pub(super) fn taken(
        &mut self,
        host: &HostMemory,
        is_broken: impl Fn(Taken) -> bool,
    ) -> Result<Taken, Errno> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => Opened::of(self.init, &self.scratch)?,
        };
        let opened = self.opened.insert(opened);
        let processes = numbers(opened.proc.as_fd())?;
        let quick = opened.quickly(&processes);
        // Shared memory is at most all that the host has.
        let most = quick.with_shared(host.shared);
        if !is_broken(most) {
            return Ok(quick.with_shared(host.shared.min(quick.shared)));
        }
        let files = opened.scratch_bytes().saturating_add(opened.memory_files(&processes));
        let taken = quick.with_shared(quick.shared.max(files));
        if !is_broken(taken) {
            return Ok(taken);
        }
        let fair = opened.fairly(&processes, &quick);
        Ok(fair.with_shared(fair.shared.max(files)))
    }
}

/// Sums over processes.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    own: u64,
    shared: u64,
    swap: u64,
    tables: u64,
}

impl Sum {
    const fn with_shared(&self, shared: u64) -> Taken {
        let memory = self.own.saturating_add(self.tables).saturating_add(shared);
        Taken { memory, swap: self.swap }
    }
}

impl Opened {
    fn of(init: i32, scratch: &[BoxPath]) -> Result<Self, Errno> {
        // Init cannot be looked into, not by its own user either; the payload can: its user
        // namespace is ours (user_namespaces(7)).
        let first = first_child(init)?;
        let root = format!("/proc/{first}/root");
        let root = openat(CWD, root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let proc = openat(&root, "proc", OFlags::RDONLY | DIRECTORY, Mode::empty())?;
        // A pid may have been given to another process meanwhile: one of the host's sees us.
        let ours = readlinkat(&proc, "self", Vec::new()).is_ok();
        if fstatfs(&proc)?.f_type != PROC_SUPER_MAGIC || ours {
            return Err(Errno::SRCH);
        }
        let further = scratch.iter().filter_map(|place| open_scratch(root.as_fd(), place));
        let scratch = further.collect::<Vec<_>>().into_iter().chain([root]).collect();
        let memory = fstat(memfd_create("drybox", MemfdFlags::CLOEXEC)?)?.st_dev;
        Ok(Self { proc, scratch, memory })
    }

    fn quickly(&self, processes: &[u32]) -> Sum {
        let mut sum = Sum::default();
        for process in processes {
            // Gone meanwhile, or a zombie: it takes nothing.
            let Ok(text) = read(self.proc.as_fd(), &format!("{process}/status")) else { continue };
            let Some(status) = Status::parse(&text) else { continue };
            sum.own = sum.own.saturating_add(status.own);
            sum.shared = sum.shared.saturating_add(status.shared);
            sum.swap = sum.swap.saturating_add(status.swap);
            sum.tables = sum.tables.saturating_add(status.tables);
        }
        sum
    }

    /// A process that cannot be looked into (init, one that was started from a file that nobody may
    /// read) counts as `status` has it.
    fn fairly(&self, processes: &[u32], quick: &Sum) -> Sum {
        let mut sum = Sum { tables: quick.tables, ..Sum::default() };
        for process in processes {
            let text = read(self.proc.as_fd(), &format!("{process}/smaps_rollup"));
            let fair = text.ok().and_then(|text| Fair::parse(&text)).or_else(|| {
                let text = read(self.proc.as_fd(), &format!("{process}/status")).ok()?;
                let Status { own, shared, swap, .. } = Status::parse(&text)?;
                Some(Fair { own, shared, swap })
            });
            let fair = fair.unwrap_or_default();
            sum.own = sum.own.saturating_add(fair.own);
            sum.shared = sum.shared.saturating_add(fair.shared);
            sum.swap = sum.swap.saturating_add(fair.swap);
        }
        sum
    }

    fn memory_files(&self, processes: &[u32]) -> u64 {
        let mut known = BTreeSet::new();
        let of = |process: &u32| {
            let flags = OFlags::PATH | DIRECTORY;
            let process = openat(&self.proc, process.to_string(), flags, Mode::empty()).ok()?;
            open_memory(process.as_fd(), self.memory, &mut known).ok()
        };
        processes.iter().filter_map(of).fold(0, u64::saturating_add)
    }

    fn scratch_bytes(&self) -> u64 {
        let used = |tmpfs: &OwnedFd| {
            let stat = fstatfs(tmpfs).ok()?;
            let blocks = stat.f_blocks.saturating_sub(stat.f_bfree);
            Some(blocks.saturating_mul(u64::try_from(stat.f_bsize).ok()?))
        };
        self.scratch.iter().filter_map(used).fold(0, u64::saturating_add)
    }
}

/// A tmpfs of the box. What lies on the way may be the payload's: no link is followed.
fn open_scratch(root: BorrowedFd<'_>, place: &BoxPath) -> Option<OwnedFd> {
    let place = place.as_bytes().get(1..)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let opened = openat2(root, place, flags, Mode::empty(), resolve).ok()?;
    (fstatfs(&opened).ok()?.f_type == TMPFS_MAGIC).then_some(opened)
}

/// A child of init: the payload, or what it left behind (proc_pid_children(5)).
fn first_child(init: i32) -> Result<u32, Errno> {
    let children = format!("/proc/{init}/task/{init}/children");
    match read(CWD, &children) {
        Ok(text) => {
            let first = text.split(|&b| b == b' ').next().unwrap_or_default();
            let first = std::str::from_utf8(first).ok().and_then(|first| first.parse().ok());
            first.ok_or(Errno::SRCH)
        }
        // Init is gone, or the kernel was built without that file.
        Err(Errno::NOENT) => child_by_search(init),
        Err(errno) => Err(errno),
    }
}

fn child_by_search(init: i32) -> Result<u32, Errno> {
    let proc = openat(CWD, "/proc", OFlags::RDONLY | DIRECTORY, Mode::empty())?;
    let parent = |process: &u32| {
        let stat = read(proc.as_fd(), &format!("{process}/stat")).ok()?;
        // The name, in brackets, may hold anything; what follows the last bracket is not its.
        let end = stat.iter().rposition(|&b| b == b')')?;
        let mut rest = stat.get(end..)?.split(|&b| b == b' ').skip(2);
        std::str::from_utf8(rest.next()?).ok()?.parse::<i32>().ok()
    };
    numbers(proc.as_fd())?.into_iter().find(|p| parent(p) == Some(init)).ok_or(Errno::SRCH)
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// `TMPFS_MAGIC`, linux/magic.h.
const TMPFS_MAGIC: rustix::fs::FsWord = 0x0102_1994;
