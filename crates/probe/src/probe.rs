//! What a probe is: data.

use std::ffi::CStr;

use rustix::io::Errno;

use crate::attempts::Act;

/// One attempt to get out.
#[derive(Debug)]
pub struct Probe {
    /// Its row in the catalogue, as `FS-04`.
    pub id: &'static str,
    /// What is attempted, in one line.
    pub what: &'static str,
    /// How it is attempted.
    pub(crate) attempt: Attempt,
    /// Where it succeeds, which shows that it can.
    pub control: Control,
    /// What has to come of it inside.
    pub held: Held,
    /// Who got out this way, or what says that it must not work.
    pub source: &'static str,
}

/// The errors that count as refused; any other is a finding.
pub type Held = &'static [Errno];

/// Where an attempt succeeds, or at least gets another answer than inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Outside of every sandbox, as the same user.
    Outside,
    /// Outside as above; where the host refuses it to this user, in namespaces of its own (with
    /// every capability there): what an engine's payload would have that keeps its capabilities.
    Capable,
}

/// How an attempt is made. Of several steps each must be refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt {
    /// Looks whether a file is there (statx(2) without following a link at the end).
    Look(&'static [&'static str]),
    /// Opens for reading only to know, without waiting and without reading.
    Read(&'static [&'static str]),
    /// Opens for writing, without creating, and writes nothing.
    Write(&'static [&'static str]),
    /// Reads; held when there is nothing to read.
    Text(&'static [&'static str]),
    /// Reads files that must not contain a word of the scene.
    Mentions(&'static str, &'static [&'static str]),
    /// Reads files that must not be the host's own.
    Same(&'static [&'static str]),
    /// Looks at directories that must not be on the host's own file system.
    Device(&'static [&'static str]),
    /// Compares a namespace with the host's.
    Namespace(&'static str),
    /// Lists a directory, which may hold these names only.
    List(&'static str, &'static [&'static str]),
    /// Makes system calls.
    Calls(&'static [Call]),
    /// Asks for sockets: family, type, protocol. The type 15 exists nowhere: the kernel refuses it
    /// with EINVAL before it would load a module, a filter that looks at families before that.
    Sockets(&'static [(i64, i64, i64)]),
    /// Sends requests to a descriptor of a kind.
    Ioctls(On, &'static [(&'static str, i64, Arg)]),
    /// What needs more than one line.
    Act(Act),
}

/// A system call with what it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// The kernel's number; none where this architecture has no such call.
    pub(crate) number: Option<i64>,
    pub(crate) args: &'static [Arg],
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg {
    /// A number; pointers that are null or wrong on purpose too.
    N(i64),
    /// A text that the kernel reads.
    P(&'static CStr),
    /// A path with words of the scene.
    W(&'static str),
    /// A number of the scene.
    K(&'static str),
    /// A page of zeros, which the kernel may write.
    Room,
}

/// What a request is sent to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    /// A file of the scene, opened for reading.
    File(&'static str),
    /// A TCP socket.
    Socket,
    /// The controlling terminal that the attempt made for itself.
    Terminal,
    /// A file of /proc/self/ns.
    Namespace(&'static str),
}

/// Probes of one kind.
#[derive(Debug)]
pub struct Group {
    /// What its ids begin with.
    pub prefix: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Every group of the catalogue, in its order.
pub const GROUPS: &[Group] = &[
    Group { prefix: "FS", name: "files" },
    Group { prefix: "PS", name: "proc" },
    Group { prefix: "DV", name: "devices" },
    Group { prefix: "ID", name: "identity" },
    Group { prefix: "SC", name: "calls" },
    Group { prefix: "NT", name: "network" },
    Group { prefix: "IP", name: "processes" },
    Group { prefix: "FD", name: "descriptors" },
    Group { prefix: "TT", name: "terminal" },
    Group { prefix: "LM", name: "limits" },
    Group { prefix: "SV", name: "supervisor" },
    Group { prefix: "IL", name: "leaks" },
    Group { prefix: "AP", name: "apply" },
];

impl Probe {
    /// The group that its id names.
    #[must_use]
    pub fn group(&self) -> &'static str {
        let prefix = self.id.split('-').next().unwrap_or_default();
        GROUPS.iter().find(|group| group.prefix == prefix).map_or("", |group| group.name)
    }
}
