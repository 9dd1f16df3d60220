//! What of the host a sandbox sees, and its scratch space.

use crate::{BoxPath, ByteSize, HostPath};

/// How the sandbox may use a shared directory or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only: mounted as an overlay without an upper layer, so that sockets, FIFOs, watches
    /// and locks do not reach the host either.
    ReadOnly,
    /// Writes land on the host at once (podman's `-v SRC:DST`): a hole by name.
    ReadWrite,
}

/// A directory or file of the host, named by the user (`-v`, `--mount type=bind`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What is shared. From `resolve` it is free of symlinks: open it without following any, and ask
    /// [`Guards`](crate::Guards) about what was opened, for the path may have been
    /// swapped meanwhile.
    pub source: HostPath,
    /// Where it stands inside.
    pub target: BoxPath,
    /// Whether it can be written.
    pub access: Access,
}

/// Scratch space in memory, gone with the box (`--tmpfs`, `--mount type=tmpfs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it stands inside.
    pub target: BoxPath,
    /// At most this many bytes; none: drybox's default.
    pub size: Option<ByteSize>,
    /// Permission bits of its root; none: 1777, as podman has it.
    pub mode: Option<u32>,
    /// Programs in it cannot be started.
    pub noexec: bool,
    /// It is mounted read-only.
    pub read_only: bool,
}
