//! What the child gives up.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CapabilitiesSecureBits, set_capabilities_secure_bits};

use crate::enter::{At, Step};
use crate::identity::write_file;
use crate::plan::{Channel, Ids, Rlimit};
use crate::record::Failed;
use crate::{raw, wall};

type Result<T> = core::result::Result<T, Errno>;

/// Closes this process's copies of the supervisor's ends of the pipes: the lifeline can end then.
pub(crate) fn close_supervisor_ends(channel: &Channel<'_>) -> Result<()> {
    for end in channel.close_first {
        let number = u32::try_from(end.as_raw_fd()).map_err(|_| Errno::BADF)?;
        // SAFETY: these are the supervisor's ends; this process has no other use for its copies.
        unsafe { raw::close_range(number, number) }?;
    }
    Ok(())
}

/// Enters a cgroup by files that the parent opened, whose rights count (cgroups(7)); what the child
/// sees of the hierarchy begins there. A process that moves itself, alone, into a cgroup of version
/// 1 waits a third of a millisecond; moved by its parent it is nine.
pub(crate) fn join(files: &[BorrowedFd<'_>]) -> core::result::Result<(), Failed> {
    for (index, file) in files.iter().enumerate() {
        wall!("cgroup", rustix::io::write(file, b"0").map(drop)).at_row(Step::Cgroup, index)?;
    }
    if files.is_empty() { Ok(()) } else { raw::new_cgroup_namespace().at(Step::Cgroup) }
}

/// Dies when the thread that launched this process ends.
pub(crate) fn die_with_thread() -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))
}

/// Nothing of a crash is dumped (core(5)). With `RLIMIT_CORE` at 1 the host's core helper does not
/// start either; real root's parent has done this before it cloned.
pub(crate) fn no_crash_dumps(ids: &Ids<'_>) -> Result<()> {
    match ids {
        Ids::Own { .. } => write_file(c"/proc/self/coredump_filter", b"0"),
        Ids::FromParent { .. } => Ok(()),
    }
}

/// Brings `lo` up in the new network namespace, which has no other interface.
pub(crate) fn loopback_up() -> Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    raw::interface_up(socket.as_fd(), c"lo")
}

/// Sets one limit.
///
/// A hard limit of 0 on crash dumps cannot be raised to 1 and stays: then `coredump_filter` alone
/// keeps memory out of what the host's core helper is given.
pub(crate) fn limit(limit: Rlimit) -> Result<()> {
    let (resource, raw) = limit.raw();
    // SAFETY: `raw` is a whole `rlimit64`, which the kernel only reads.
    let result = unsafe { libc::setrlimit64(resource, &raw const raw) };
    match raw::check(result.into()) {
        Err(Errno::PERM) if resource == libc::RLIMIT_CORE && own_limit(resource)?.1 == 0 => Ok(()),
        done => done.map(drop),
    }
}

/// The calling process's own limit: soft and hard. getrlimit(2).
///
/// # Errors
/// *Host*, when a filter around the caller refuses to tell (rustix's wrapper would panic).
pub fn own_limit(resource: u32) -> Result<(u64, u64)> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a whole `rlimit64`, which the kernel fills.
    let result = unsafe { libc::getrlimit64(resource, &raw mut limit) };
    raw::check(result.into()).map(|_| (limit.rlim_cur, limit.rlim_max))
}

/// Gives up every capability, and every way to get one again: the bounding set, the ambient set
/// (cleared with the inheritable one) and root's special treatment (capabilities(7)).
pub(crate) fn drop_capabilities() -> Result<()> {
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    wall!("securebits", set_capabilities_secure_bits(bits))?;
    wall!("bounding-set", empty_bounding_set())?;
    wall!("capabilities", raw::clear_capabilities())
}

fn empty_bounding_set() -> Result<()> {
    for capability in 0..=u64::from(u8::MAX) {
        // SAFETY: only integers are passed.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match raw::check(result.into()) {
            Ok(_) => {}
            // One past the last capability that this kernel has.
            Err(Errno::INVAL) if capability > 0 => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::OVERFLOW)
}
