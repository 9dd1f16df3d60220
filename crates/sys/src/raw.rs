//! System calls that rustix does not wrap. Each takes typed arguments and gives an [`Errno`].

use core::ffi::{CStr, c_char, c_int, c_long, c_void};
use core::mem::size_of;
use core::ptr;

use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::fs::Access;
use rustix::io::Errno;
use rustix::ioctl::Setter;

type Result<T> = core::result::Result<T, Errno>;

/// `struct mount_attr` of mount_setattr(2).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawMountAttr {
    pub(crate) set: u64,
    pub(crate) clear: u64,
    pub(crate) propagation: u64,
    pub(crate) userns_fd: u64,
}
const _: () = assert!(size_of::<RawMountAttr>() == 32, "MOUNT_ATTR_SIZE_VER0");

/// Changes mount attributes of a tree. mount_setattr(2), since Linux 5.12.
pub(crate) fn mount_setattr(
    tree: BorrowedFd<'_>,
    path: &CStr,
    flags: c_int,
    attr: &RawMountAttr,
) -> Result<()> {
    // SAFETY: `path` is NUL-terminated and `attr` is readable for the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            path.as_ptr(),
            flags,
            ptr::from_ref(attr),
            size_of::<RawMountAttr>(),
        )
    };
    check(result).map(drop)
}

/// Clones the calling process into new namespaces; 0 in the child. clone3(2), since Linux 5.3.
///
/// # Safety
/// Without `CLONE_VM` the child has a copy of the memory and of the stack. If the process has
/// other threads, the child may take no lock and allocate nothing.
pub(crate) unsafe fn clone3(flags: c_int, pidfd: &mut c_int) -> Result<usize> {
    // SAFETY: all-zero is a valid `clone_args` (no stack: the child goes on with its copy).
    let mut args: libc::clone_args = unsafe { core::mem::zeroed() };
    args.flags = u64::from(flags.cast_unsigned());
    args.pidfd = ptr::from_mut(pidfd) as u64;
    args.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    // SAFETY: `args` is readable for the size given and `pidfd` is writable; the caller vouches
    // for the child.
    let result = unsafe {
        libc::syscall(libc::SYS_clone3, ptr::from_mut(&mut args), size_of::<libc::clone_args>())
    };
    check(result)
}

/// Makes the calling process's cgroups the roots of what it sees. unshare(2), since Linux 4.6.
pub(crate) fn new_cgroup_namespace() -> Result<()> {
    // SAFETY: only an integer is passed, and no descriptor or memory is unshared.
    let result = unsafe { libc::unshare(libc::CLONE_NEWCGROUP) };
    check(result.into()).map(drop)
}

/// Loads a seccomp filter for the calling thread and its children. seccomp(2), since Linux 3.17.
pub(crate) fn seccomp_load(filter: &[libc::sock_filter]) -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::INVAL)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions from `filter` and never writes there.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, ptr::from_ref(&program))
    };
    check(result).map(drop)
}

/// `struct landlock_ruleset_attr` as of ABI 6 (Linux 6.12).
#[repr(C)]
struct LandlockRulesetAttr {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}
const _: () = assert!(size_of::<LandlockRulesetAttr>() == 24, "landlock ABI 6");

/// Confines signals and abstract unix sockets to the calling process and its descendants.
///
/// Precondition: no-new-privileges is set. landlock(7), scopes since Linux 6.12 (ABI 6); older
/// kernels answer `E2BIG`, `EINVAL` or `ENOSYS`.
pub(crate) fn landlock_scope() -> Result<()> {
    /// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL`, linux/landlock.h.
    const SCOPES: u64 = 0b11;
    let attr = LandlockRulesetAttr { handled_access_fs: 0, handled_access_net: 0, scoped: SCOPES };
    // SAFETY: `attr` is readable for the size given.
    let ruleset = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            ptr::from_ref(&attr),
            size_of::<LandlockRulesetAttr>(),
            0,
        )
    };
    let ruleset = own(check(ruleset)?)?;
    // SAFETY: only integers are passed.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
    check(result).map(drop)
}

/// Forbids the calling process and its descendants every file that is not open yet.
///
/// Precondition: no-new-privileges is set. landlock(7), since Linux 5.13.
pub(crate) fn landlock_no_files() -> Result<()> {
    const VERSION: c_int = 1;
    /// `LANDLOCK_ACCESS_FS_*` of each ABI version, linux/landlock.h.
    const RIGHTS: [(usize, u64); 4] = [(1, 0x1fff), (2, 0x3fff), (3, 0x7fff), (5, 0xffff)];
    // SAFETY: with this flag the kernel looks at neither the attributes nor their size.
    let abi = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<c_void>(), 0, VERSION)
    };
    let abi = check(abi)?;
    let rights = RIGHTS.iter().rev().find(|(since, _)| *since <= abi).map_or(0, |(_, all)| *all);
    let attr = LandlockRulesetAttr { handled_access_fs: rights, handled_access_net: 0, scoped: 0 };
    // SAFETY: `attr` is readable for the size given, which is that of its first field: every
    // version has it.
    let ruleset = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, ptr::from_ref(&attr), size_of::<u64>(), 0)
    };
    let ruleset = own(check(ruleset)?)?;
    // SAFETY: only integers are passed.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
    check(result).map(drop)
}

/// Joins a new, empty session keyring. keyctl(2) `KEYCTL_JOIN_SESSION_KEYRING`.
pub(crate) fn join_session_keyring() -> Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: c_int = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    let result = unsafe {
        libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, ptr::null::<c_void>())
    };
    check(result).map(drop)
}

/// Wipes the calling thread's permitted, effective and inheritable capabilities. capset(2).
pub(crate) fn clear_capabilities() -> Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    /// `_LINUX_CAPABILITY_VERSION_3`, linux/capability.h: two words for each of the three sets.
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    let none = [0_u32; 6];
    // SAFETY: version 3 reads two 12-byte records from `none`, which holds 24 bytes.
    let result =
        unsafe { libc::syscall(libc::SYS_capset, ptr::from_ref(&header), ptr::from_ref(&none)) };
    check(result).map(drop)
}

/// Closes descriptors `first..=last`. close_range(2), since Linux 5.9.
///
/// # Safety
/// Nothing of the calling process may use one of them again.
pub(crate) unsafe fn close_range(first: u32, last: u32) -> Result<()> {
    // SAFETY: only integers are passed; the caller vouches for the descriptors.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    check(result).map(drop)
}

/// Whether the calling thread, with its effective ids, may open a file so. faccessat2(2), since
/// Linux 5.8; rustix refuses these flags.
pub(crate) fn access_of(file: BorrowedFd<'_>, access: Access) -> Result<()> {
    // SAFETY: the path is a literal that ends with NUL.
    let result = unsafe {
        libc::syscall(
            libc::SYS_faccessat2,
            file.as_raw_fd(),
            c"".as_ptr(),
            access.bits(),
            libc::AT_EMPTY_PATH | libc::AT_EACCESS,
        )
    };
    check(result).map(drop)
}

/// True when two descriptors of this process share one open file description. kcmp(2), 3.5.
pub(crate) fn same_description(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> Result<bool> {
    const KCMP_FILE: c_int = 0;
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: only integers are passed.
    let result =
        unsafe { libc::syscall(libc::SYS_kcmp, pid, pid, KCMP_FILE, a.as_raw_fd(), b.as_raw_fd()) };
    check(result).map(|order| order == 0)
}

/// Brings an interface of the caller's network namespace up. netdevice(7) `SIOCSIFFLAGS`.
pub(crate) fn interface_up(socket: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    // SAFETY: all-zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { core::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.to_bytes()) {
        *to = c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP).map_err(|_| Errno::INVAL)?;
    // SAFETY: the opcode reads one `ifreq` (netdevice(7)).
    let set = unsafe { Setter::<{ SET_FLAGS }, libc::ifreq>::new(request) };
    // SAFETY: as above.
    unsafe { rustix::ioctl::ioctl(socket, set) }
}

/// `SIOCSIFFLAGS`, linux/sockios.h.
const SET_FLAGS: rustix::ioctl::Opcode = 0x8914;

/// Takes a number that a system call just returned as a new descriptor.
pub(crate) fn own(fd: usize) -> Result<OwnedFd> {
    let fd = c_int::try_from(fd).map_err(|_| Errno::BADF)?;
    // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Turns -1 and `errno` into an error.
pub(crate) fn check(result: c_long) -> Result<usize> {
    usize::try_from(result).map_err(|_| last_errno())
}

fn last_errno() -> Errno {
    // SAFETY: no preconditions.
    let location = unsafe { libc::__errno_location() };
    // SAFETY: it is the calling thread's own errno, always valid.
    let errno = unsafe { *location };
    Errno::from_raw_os_error(errno)
}
