//! The seccomp filter: which system calls a payload may make.
//!
//! An allow-list in one [`TABLE`], compiled while drybox itself is compiled, so that a run only
//! hands it to the kernel. It is the wall in front of the kernel's own code (I4), and one of two
//! in front of mounts, namespaces and the user's terminal. The page for people is
//! `docs/seccomp.md`.

mod compile;
mod table;
#[cfg(drybox_weaken)]
mod weaken;

#[cfg(test)]
mod interpret;
#[cfg(test)]
mod tests;

use libc::sock_filter;

use compile::program::Program;
use compile::{Arch, UNKNOWN};
pub use table::{Answer, Arg, Call, Clause, Cond, Errno, Family, Rule, Span, TABLE, Verdict};
#[cfg(drybox_weaken)]
pub(crate) use weaken::weakened;

/// The filter for seccomp(2), `SECCOMP_SET_MODE_FILTER`, with no flags and after no_new_privs.
///
/// No `SECCOMP_FILTER_FLAG_SPEC_ALLOW`: the kernel's own default for speculation stays in force.
/// Any other architecture than the one that this was compiled for kills the process.
pub static FILTER: &[sock_filter] = if cfg!(target_arch = "x86_64") { &X86_64 } else { &AARCH64 };

/// Both are always compiled, so that each is tested on either machine.
static X86_64: [sock_filter; X86_64_PROGRAM.len()] = X86_64_PROGRAM.code();
static AARCH64: [sock_filter; AARCH64_PROGRAM.len()] = AARCH64_PROGRAM.code();
const X86_64_PROGRAM: Program = compile::compile(Arch::X86_64, TABLE, UNKNOWN);
const AARCH64_PROGRAM: Program = compile::compile(Arch::Aarch64, TABLE, UNKNOWN);

/// A second filter for a sandbox that may write a directory of the host: no file with a set-user-id
/// or set-group-id bit can be made. Such a bit has no effect inside, but outside every local user
/// would get the rights of the directory's owner, who may be root (FS-28).
///
/// A filter of its own, because it has to look at the arguments of open(2): every other sandbox
/// opens files without that.
pub static NO_SET_ID: &[sock_filter] =
    if cfg!(target_arch = "x86_64") { &X86_64_NO_SET_ID } else { &AARCH64_NO_SET_ID };

static X86_64_NO_SET_ID: [sock_filter; X86_64_NO_SET_ID_PROGRAM.len()] =
    X86_64_NO_SET_ID_PROGRAM.code();
static AARCH64_NO_SET_ID: [sock_filter; AARCH64_NO_SET_ID_PROGRAM.len()] =
    AARCH64_NO_SET_ID_PROGRAM.code();
const X86_64_NO_SET_ID_PROGRAM: Program =
    compile::compile(Arch::X86_64, table::SET_ID, Answer::Allow);
const AARCH64_NO_SET_ID_PROGRAM: Program =
    compile::compile(Arch::Aarch64, table::SET_ID, Answer::Allow);

/// The filter of the relay, which reads what the payload sends, for [`crate::confine`]. Calls that
/// have no row fail with EPERM.
pub static RELAY: &[sock_filter] =
    if cfg!(target_arch = "x86_64") { &X86_64_RELAY } else { &AARCH64_RELAY };

static X86_64_RELAY: [sock_filter; X86_64_RELAY_PROGRAM.len()] = X86_64_RELAY_PROGRAM.code();
static AARCH64_RELAY: [sock_filter; AARCH64_RELAY_PROGRAM.len()] = AARCH64_RELAY_PROGRAM.code();
const X86_64_RELAY_PROGRAM: Program =
    compile::compile(Arch::X86_64, table::RELAY, Answer::Refuse(Errno::Perm));
const AARCH64_RELAY_PROGRAM: Program =
    compile::compile(Arch::Aarch64, table::RELAY, Answer::Refuse(Errno::Perm));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the seccomp table has no column for this architecture");
