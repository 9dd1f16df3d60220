//! Descriptors 0 to 2. Nothing of the host that could be reopened, written or re-moded gets inside.

use core::mem::MaybeUninit;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, SeekFrom, open, openat, seek};
use rustix::io::{Errno, IoSlice};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::ioctl_tiocsctty;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::mount::{file_id, overlay};
use crate::plan::{FileId, Overlay, Plan, Slot, Stdio};
use crate::raw;
use crate::record::{Record, Told};
use crate::root::empty_directory;

type Result<T> = core::result::Result<T, Errno>;

/// What the payload was given.
pub(crate) struct Given {
    /// It has a controlling terminal.
    pub(crate) terminal: bool,
}

/// True when two descriptors of this process share one open file description (kcmp(2)): then
/// the order of what is written to both has to be kept.
#[must_use]
pub fn same_description(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> bool {
    raw::same_description(a, b).unwrap_or(false)
}

/// Opens standard input again, when it is a file, through an overlay of its directory: seekable,
/// not copied, and nothing that can be done with the descriptor reaches the host's inode.
pub(crate) fn reopen_stdin(plan: &Plan<'_>, root: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let Stdio::Slots([Slot::File { overlay, expect, offset, .. }, ..]) = &plan.stdio else {
        return Ok(None);
    };
    let spare = empty_directory(root)?;
    let file = through_overlay(overlay, *expect, *offset, spare.as_fd());
    if file.is_err() {
        Record::Told(Told::StdinRelayed).send(plan.channel.status);
    }
    Ok(file.ok())
}

fn through_overlay(
    source: &Overlay<'_>,
    expect: FileId,
    offset: u64,
    spare: BorrowedFd<'_>,
) -> Result<OwnedFd> {
    let name = source.only.ok_or(Errno::INVAL)?;
    let directory = overlay(&Overlay { only: None, ..*source }, spare)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(&directory, name, flags, Mode::empty())?;
    if file_id(file.as_fd())?.inode != expect.inode {
        return Err(Errno::STALE);
    }
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    seek(&file, SeekFrom::Start(offset))?;
    Ok(file)
}

/// Puts 0 to 2 in their places. Every source lies above 2.
pub(crate) fn arrange(plan: &Plan<'_>, stdin: Option<OwnedFd>) -> Result<Given> {
    let null = open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let slots = match &plan.stdio {
        Stdio::Terminal { supervisor, error } => {
            terminal(*supervisor)?;
            if let Some(error) = error {
                dup2_stderr(source(error, &null))?;
            }
            return Ok(Given { terminal: true });
        }
        Stdio::Slots(slots) => slots,
    };
    let [input, output, error] = slots;
    match &stdin {
        Some(file) => dup2_stdin(file)?,
        None => dup2_stdin(source(input, &null))?,
    }
    dup2_stdout(source(output, &null))?;
    dup2_stderr(source(error, &null))?;
    Ok(Given { terminal: false })
}

fn source<'s>(slot: &Slot<'s>, null: &'s OwnedFd) -> BorrowedFd<'s> {
    match *slot {
        Slot::Null => null.as_fd(),
        Slot::Pipe(pipe) | Slot::File { otherwise: pipe, .. } => pipe,
    }
}

/// A terminal of the sandbox's own devpts becomes the session's; its master goes to the
/// supervisor, who pumps it.
fn terminal(supervisor: BorrowedFd<'_>) -> Result<()> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let master = open(c"/dev/pts/ptmx", flags, Mode::empty())?;
    unlockpt(&master)?;
    let slave =
        ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    ioctl_tiocsctty(&slave)?;

    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = [master.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&rights)) {
        return Err(Errno::NOBUFS);
    }
    sendmsg(supervisor, &[IoSlice::new(b"t")], &mut control, SendFlags::NOSIGNAL)?;

    dup2_stdin(&slave)?;
    dup2_stdout(&slave)?;
    dup2_stderr(&slave)
}
