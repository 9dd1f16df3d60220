//! Names of errors, as the manual pages spell them.

use rustix::io::Errno;

/// `EPERM`; a number that has no name here stays a number.
pub(crate) fn name(errno: Errno) -> String {
    let known = NAMES.iter().find(|(number, _)| *number == errno);
    known.map_or_else(|| format!("errno {}", errno.raw_os_error()), |(_, name)| (*name).to_owned())
}

#[rustfmt::skip] // a page of names
const NAMES: &[(Errno, &str)] = &[
    (Errno::PERM, "EPERM"), (Errno::NOENT, "ENOENT"), (Errno::SRCH, "ESRCH"), (Errno::INTR, "EINTR"),
    (Errno::IO, "EIO"), (Errno::NXIO, "ENXIO"), (Errno::TOOBIG, "E2BIG"), (Errno::NOEXEC, "ENOEXEC"),
    (Errno::BADF, "EBADF"), (Errno::CHILD, "ECHILD"), (Errno::AGAIN, "EAGAIN"), (Errno::NOMEM, "ENOMEM"),
    (Errno::ACCESS, "EACCES"), (Errno::FAULT, "EFAULT"), (Errno::BUSY, "EBUSY"), (Errno::EXIST, "EEXIST"),
    (Errno::XDEV, "EXDEV"), (Errno::NODEV, "ENODEV"), (Errno::NOTDIR, "ENOTDIR"), (Errno::ISDIR, "EISDIR"),
    (Errno::INVAL, "EINVAL"), (Errno::NFILE, "ENFILE"), (Errno::MFILE, "EMFILE"), (Errno::NOTTY, "ENOTTY"),
    (Errno::TXTBSY, "ETXTBSY"), (Errno::FBIG, "EFBIG"), (Errno::NOSPC, "ENOSPC"), (Errno::SPIPE, "ESPIPE"),
    (Errno::ROFS, "EROFS"), (Errno::MLINK, "EMLINK"), (Errno::PIPE, "EPIPE"), (Errno::DOM, "EDOM"),
    (Errno::RANGE, "ERANGE"), (Errno::NAMETOOLONG, "ENAMETOOLONG"), (Errno::NOSYS, "ENOSYS"),
    (Errno::LOOP, "ELOOP"), (Errno::NODATA, "ENODATA"), (Errno::NOPKG, "ENOPKG"), (Errno::OVERFLOW, "EOVERFLOW"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP"), (Errno::PROTONOSUPPORT, "EPROTONOSUPPORT"),
    (Errno::SOCKTNOSUPPORT, "ESOCKTNOSUPPORT"), (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
    (Errno::NOPROTOOPT, "ENOPROTOOPT"), (Errno::PROTOTYPE, "EPROTOTYPE"), (Errno::NETUNREACH, "ENETUNREACH"),
    (Errno::HOSTUNREACH, "EHOSTUNREACH"), (Errno::CONNREFUSED, "ECONNREFUSED"), (Errno::NOTCONN, "ENOTCONN"),
    (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"), (Errno::TIMEDOUT, "ETIMEDOUT"), (Errno::CONNRESET, "ECONNRESET"),
    (Errno::DESTADDRREQ, "EDESTADDRREQ"), (Errno::NOTSOCK, "ENOTSOCK"), (Errno::NOKEY, "ENOKEY"),
    (Errno::USERS, "EUSERS"), (Errno::STALE, "ESTALE"), (Errno::NOTBLK, "ENOTBLK"),
];
