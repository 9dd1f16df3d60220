//! The directories from a root down to where one stands.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags, fchmod, fstat, openat2};
use rustix::io::Errno;

use crate::path::component;
use crate::root::{Root, change_mode};

/// The directories from a root down to where one stands, one component at a time: a step costs the
/// same at any depth, and no more than [`Way::OPEN`] descriptors are held.
#[derive(Debug)]
pub struct Way {
    steps: Vec<Step>,
}

/// How a directory is gone into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    /// To list it.
    Listing,
    /// To get to what is in it: no right to read it is needed.
    Passing,
    /// To list it whatever its mode: that is changed, and put back by [`Way::up`]. For trees that
    /// are ours and that nobody else changes.
    Unlocking {
        /// The directory's permission bits.
        mode: u32,
    },
}

#[derive(Debug)]
struct Step {
    /// None: closed to spare descriptors.
    dir: Option<Root>,
    /// Device and inode of one that is closed.
    id: (u64, u64),
    flags: OFlags,
    /// The mode that is put back.
    locked: Option<u32>,
}

impl Way {
    /// Descriptors that are held at most.
    pub const OPEN: usize = 64;

    /// Stands in `root`.
    ///
    /// # Errors
    /// *Host*: no descriptor is left.
    pub fn at(root: &Root) -> Result<Self, Errno> {
        let dir = Root::from_fd(rustix::io::fcntl_dupfd_cloexec(root, 3)?);
        let step = Step { dir: Some(dir), id: (0, 0), flags: LIST, locked: None };
        Ok(Self { steps: vec![step] })
    }

    /// How many directories lie between the root and where one stands, the latter counted.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.steps.len().saturating_sub(1)
    }

    /// Where one stands.
    ///
    /// # Errors
    /// `BADF` after [`Way::up`] failed.
    pub fn here(&self) -> Result<&Root, Errno> {
        self.steps.last().and_then(|step| step.dir.as_ref()).ok_or(Errno::BADF)
    }

    /// Goes into the directory of this name: no link, no other filesystem.
    ///
    /// # Errors
    /// *Host*; one stands where one stood.
    pub fn down(&mut self, name: &[u8], enter: Enter) -> Result<(), Errno> {
        let here = self.here()?;
        let name = component(name);
        let open = |flags| openat2(here, &name, flags, Mode::empty(), ONE);
        let flags = if enter == Enter::Passing { PATH } else { LIST };
        let (dir, locked) = match enter {
            Enter::Unlocking { mode } if mode & 0o700 != 0o700 => {
                change_mode(open(PATH)?.as_fd(), mode | 0o700)?;
                (open(LIST)?, Some(mode))
            }
            Enter::Listing | Enter::Passing | Enter::Unlocking { .. } => (open(flags)?, None),
        };
        self.steps.push(Step { dir: Some(Root::from_fd(dir)), id: (0, 0), flags, locked });
        self.spare().or_else(|errno| self.up().and(Err(errno)))
    }

    /// Goes back to the directory above. At the root it does nothing.
    ///
    /// # Errors
    /// *Host*; `STALE` when the directory was moved meanwhile: then the way ends here.
    pub fn up(&mut self) -> Result<(), Errno> {
        if self.steps.len() < 2 {
            return Ok(());
        }
        let Some(Step { dir: Some(below), locked, .. }) = self.steps.pop() else {
            return Err(Errno::BADF);
        };
        let mut done = Ok(());
        if let Some(above) = self.steps.last_mut().filter(|above| above.dir.is_none()) {
            match above.again(&below) {
                Ok(dir) => above.dir = Some(dir),
                Err(errno) => done = Err(errno),
            }
        }
        match locked {
            Some(mode) => done.and(fchmod(&below, Mode::from_raw_mode(mode))),
            None => done,
        }
    }

    /// Closes a directory that is far above; never the root.
    fn spare(&mut self) -> Result<(), Errno> {
        let far = self.steps.len().checked_sub(Self::OPEN.saturating_add(1));
        let far = far.and_then(|far| self.steps.get_mut(far.max(1)));
        if let Some(step) = far
            && let Some(dir) = &step.dir
        {
            let stat = fstat(dir)?;
            step.id = (stat.st_dev, stat.st_ino);
            step.dir = None;
        }
        Ok(())
    }
}

impl Step {
    /// Opens a closed directory by the way up from one in it, and believes that only if it is the
    /// one that was closed: somebody may have moved what is below elsewhere.
    fn again(&self, below: &Root) -> Result<Root, Errno> {
        let resolve = ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let dir: OwnedFd = openat2(below, c"..", self.flags, Mode::empty(), resolve)?;
        let stat = fstat(&dir)?;
        if (stat.st_dev, stat.st_ino) != self.id {
            return Err(Errno::STALE);
        }
        Ok(Root::from_fd(dir))
    }
}

/// One component: a directory that is on the same filesystem and no link.
const ONE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);
const LIST: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const PATH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
