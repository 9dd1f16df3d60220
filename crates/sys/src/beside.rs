//! What a second thread of the child makes while the first one mounts: the network namespace, with a
//! loopback and nothing else, and the session.
//!
//! They are the dearest steps that nothing else waits for (0.3 ms and 0.03 ms of a launch).

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use rustix::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::setsid;
use rustix::thread::{
    LinkNameSpaceType, UnshareFlags, futex, move_into_link_name_space, unshare_unsafe,
};

use crate::raw;

type Result<T> = core::result::Result<T, Errno>;

const STACK: usize = 16 * 1024;

/// What the two threads share. It has to stay where it is until [`Making::finish`].
pub(crate) struct Shared {
    stack: Stack,
    /// The thread's id while it runs; the kernel clears it (clone(2), `CLONE_CHILD_CLEARTID`).
    running: AtomicU32,
    /// The namespace's descriptor, or a negative error.
    made: AtomicI32,
}

#[repr(align(16))]
struct Stack(MaybeUninit<[u8; STACK]>);

/// A session and a namespace in the making.
#[must_use]
pub(crate) struct Making<'a> {
    shared: &'a Shared,
}

impl Shared {
    pub(crate) const fn new() -> Self {
        Self {
            stack: Stack(MaybeUninit::uninit()),
            running: AtomicU32::new(0),
            made: AtomicI32::new(0),
        }
    }

    /// Starts the thread.
    pub(crate) fn begin(&mut self) -> Result<Making<'_>> {
        // SAFETY: one past the end of the stack, where one that grows downwards begins.
        let top = unsafe { self.stack.0.as_mut_ptr().cast::<u8>().add(STACK) };
        let flags = libc::CLONE_VM
            | libc::CLONE_FS
            | libc::CLONE_FILES
            | libc::CLONE_SIGHAND
            | libc::CLONE_THREAD
            | libc::CLONE_SYSVSEM
            | libc::CLONE_PARENT_SETTID
            | libc::CLONE_CHILD_CLEARTID;
        let shared: &Self = self;
        let running = shared.running.as_ptr().cast::<c_int>();
        let argument = ptr::from_ref(shared).cast_mut().cast::<c_void>();
        // SAFETY: the stack and `shared` outlive the thread: `Making` borrows them until `finish`
        // has seen the thread's end, and the stage ends the process when it does not get there.
        let thread = unsafe {
            libc::clone(
                make,
                top.cast(),
                flags,
                argument,
                running,
                ptr::null_mut::<c_void>(),
                running,
            )
        };
        raw::check(thread.into())?;
        Ok(Making { shared })
    }
}

impl Making<'_> {
    /// Waits for the thread, and moves the calling one, then the only one, into the namespace.
    pub(crate) fn finish(self) -> Result<()> {
        loop {
            let running = self.shared.running.load(Ordering::Acquire);
            if running == 0 {
                break;
            }
            // The kernel wakes through the shared futex, not the private one.
            match futex::wait(&self.shared.running, futex::Flags::empty(), running, None) {
                Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        let made = self.shared.made.load(Ordering::Acquire);
        if made <= 0 {
            return Err(Errno::from_raw_os_error(made.wrapping_neg()));
        }
        // SAFETY: the thread opened it for us and is gone.
        let namespace = unsafe { OwnedFd::from_raw_fd(made) };
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
    }
}

/// The second thread. It uses rustix alone: the C library's `errno` is the first thread's.
extern "C" fn make(shared: *mut c_void) -> c_int {
    // SAFETY: `begin` passes a `Shared` that outlives this thread.
    let shared = unsafe { &*shared.cast::<Shared>() };
    let made = match namespace() {
        Ok(namespace) => namespace.into_raw_fd(),
        Err(errno) => errno.raw_os_error().wrapping_neg(),
    };
    shared.made.store(made, Ordering::Release);
    0
}

fn namespace() -> Result<OwnedFd> {
    // The whole process's, whichever thread asks: no controlling terminal of the caller.
    setsid()?;
    // SAFETY: this thread has nothing that depends on its network namespace.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    raw::interface_up(socket.as_fd(), c"lo")?;
    open(c"/proc/thread-self/ns/net", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}
