//! Who the child is, and who the parent is while it clones.

use core::ffi::CStr;

use rustix::fd::BorrowedFd;
use rustix::fs::{Access, Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Gid, Uid, dumpable_behavior, set_dumpable_behavior};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::plan::Ids;
use crate::{raw, wall};

type Result<T> = core::result::Result<T, Errno>;

/// Becomes the payload's user. Nothing else happens before: everything later is done as this user.
pub(crate) fn assume(ids: &Ids<'_>, lifeline: BorrowedFd<'_>) -> Result<()> {
    match *ids {
        Ids::Own { uid_map, gid_map } => {
            // `deny` first: without it a single-id map would let the payload drop a group that a
            // file's permissions exclude (CVE-2014-8989).
            wall!("setgroups", write_file(c"/proc/self/setgroups", b"deny"))?;
            write_file(c"/proc/self/uid_map", uid_map.to_bytes())?;
            write_file(c"/proc/self/gid_map", gid_map.to_bytes())
        }
        Ids::FromParent { uid, gid } => {
            let mut go = [0_u8; 1];
            if rustix::io::read(lifeline, &mut go)? == 0 {
                return Err(Errno::PIPE);
            }
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            wall!("groups", set_thread_groups(&[]))?;
            set_thread_res_gid(gid, gid, gid)?;
            // The child was cloned with this id as its effective one, so it keeps its
            // capabilities (capabilities(7), "Effect of user ID changes").
            set_thread_res_uid(uid, uid, uid)
        }
    }
}

/// Writes one of the kernel's files in one call.
pub(crate) fn write_file(path: &CStr, content: &[u8]) -> Result<()> {
    let file = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    let written = rustix::io::write(&file, content)?;
    if written == content.len() { Ok(()) } else { Err(Errno::IO) }
}

/// Runs `work` while the calling thread's effective ids are these, for real root: a user namespace
/// belongs to the effective user that makes it, and its owner must not be uid 0.
///
/// Only the calling thread changes (the system call, not the C library's wrapper).
///
/// # Errors
/// *Host*, when the ids cannot be taken. Giving them back cannot fail for real root; if it did,
/// the thread would stay unprivileged, and the error is given.
pub fn with_effective_ids<T>(uid: u32, gid: u32, work: impl FnOnce() -> T) -> Result<T> {
    let dumpable = dumpable_behavior()?;
    let keep_uid = rustix::process::geteuid();
    let keep_gid = rustix::process::getegid();
    set_effective_gid(Gid::from_raw(gid))?;
    if let Err(errno) = set_effective_uid(Uid::from_raw(uid)) {
        set_effective_gid(keep_gid)?;
        return Err(errno);
    }
    let done = work();
    set_effective_uid(keep_uid)?;
    set_effective_gid(keep_gid)?;
    // A change of the effective user made the process non-dumpable (prctl(2)); we are root again,
    // and a caller that had made itself so stays it.
    if dumpable == DumpableBehavior::Dumpable {
        set_dumpable_behavior(dumpable)?;
    }
    Ok(done)
}

/// As [`with_effective_ids`], and without supplementary groups: what `work` may open is what a
/// payload of these ids may.
///
/// # Errors
/// *Host*, when the ids or groups cannot be taken or given back.
pub fn as_payload<T>(uid: u32, gid: u32, work: impl FnOnce() -> T) -> Result<T> {
    const MOST: libc::c_int = 64;
    let mut space = [Gid::ROOT; 64];
    let mut groups = [0_u32; 64];
    // SAFETY: `groups` has room for `MOST` numbers.
    let found = unsafe { libc::getgroups(MOST, groups.as_mut_ptr()) };
    let found = raw::check(found.into())?;
    for (to, from) in space.iter_mut().zip(groups) {
        *to = Gid::from_raw(from);
    }
    set_thread_groups(&[])?;
    let done = with_effective_ids(uid, gid, work);
    set_thread_groups(space.get(..found).unwrap_or_default())?;
    done
}

/// Whether the calling thread, with its effective ids, may open what a descriptor stands for.
///
/// # Errors
/// What open(2) would answer: `EACCES`, `EROFS`.
pub fn may_open(file: BorrowedFd<'_>, access: Access) -> Result<()> {
    raw::access_of(file, access)
}

fn set_effective_uid(uid: Uid) -> Result<()> {
    set_thread_res_uid(None, uid, None)
}

fn set_effective_gid(gid: Gid) -> Result<()> {
    set_thread_res_gid(None, gid, None)
}

/// Runs `work` while a crash of this process, and of what it clones, would dump nothing
/// (core(5)). Real root's child cannot set that itself: it is not dumpable from the start.
///
/// # Errors
/// *Host*, when `coredump_filter` cannot be read or written.
pub fn without_crash_dumps<T>(work: impl FnOnce() -> T) -> Result<T> {
    const FILTER: &CStr = c"/proc/self/coredump_filter";
    let mut before = [0_u8; 16];
    let file = open(FILTER, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let length = rustix::io::read(&file, &mut before)?;
    wall!("coredump-filter", write_file(FILTER, b"0"))?;
    let done = work();
    // The kernel prints hexadecimal without a prefix, and reads it with one.
    let mut again = [0_u8; 18];
    let digits = before.iter().take(length).take_while(|byte| byte.is_ascii_hexdigit());
    let mut used = 0_usize;
    for (to, from) in again.iter_mut().zip(b"0x".iter().chain(digits)) {
        *to = *from;
        used = used.saturating_add(1);
    }
    write_file(FILTER, again.get(..used).unwrap_or_default())?;
    Ok(done)
}
