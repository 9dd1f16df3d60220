//! The child's stage, read top to bottom: it is the jail. Nothing here allocates, locks or panics.

use rustix::fd::{AsFd, AsRawFd};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, chdir, set_dumpable_behavior, setsid, umask};
use rustix::system::{setdomainname, sethostname};
use rustix::thread::{set_name, set_no_new_privs};

use crate::plan::Plan;
use crate::record::{Failed, Record, Told};
use crate::{arguments, identity, init, network, privileges, raw, root, stdio, wall};

/// Where the stage can fail. The order of the variants is the order of the steps, and each says
/// why it stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Step {
    /// The supervisor's ends of the pipes are closed: first, so that the lifeline can end.
    Lifeline = 1,
    /// The cgroup is joined: before anything that it limits is taken.
    Cgroup,
    /// Crash dumps off and id maps: while the host's `/proc` is there and is ours.
    Identity,
    /// No user namespace below this one: needs the namespace's capabilities.
    NestedNamespaces,
    /// A session of its own, the umask, and a name that says nothing of the host.
    Session,
    /// The tmpfs that becomes the root.
    Scratch,
    /// Its directories, files and links: before it is read-only.
    Skeleton,
    /// System trees: before the seal, which is their read-only too.
    System,
    /// The root turns read-only, scratch directories excepted.
    Seal,
    /// Device nodes: after the seal, which allows none.
    Device,
    /// Shares and further scratch space: sources are still reachable.
    Mount,
    /// A `/proc` of the new pid namespace: the host's must still be visible (mount_too_revealing).
    Proc,
    /// What `/proc` tells of the host is covered.
    Mask,
    /// A devpts of its own.
    Terminals,
    /// Standard input, when it is a file, is opened again: its directory is on the host.
    Stdin,
    /// The new root takes the host's place, and the host's is let go.
    Pivot,
    /// The loopback, the network namespace's only interface, is up.
    Network,
    /// Its way out: routes and listening sockets, before the payload could take their ports.
    Egress,
    /// The host name.
    Hostname,
    /// A session keyring of its own.
    Keyring,
    /// Standard descriptors: the sandbox's `/dev` is there now.
    Stdio,
    /// Every other descriptor is closed: a link to `/proc/self/fd/9` as the working directory would
    /// lead through what the caller left open (CVE-2024-21626).
    Descriptors,
    /// The working directory, looked up inside.
    Workdir,
    /// Resource limits: before the filter, which pretends for core limits.
    Limits,
    /// Capabilities go, and cannot come back: nothing below needs one.
    Capabilities,
    /// Landlock's scopes: need no-new-privileges.
    Landlock,
    /// The filter: last, it forbids the calls above.
    Seccomp,
    /// The payload.
    Exec,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 28] = [
        Self::Lifeline,
        Self::Cgroup,
        Self::Identity,
        Self::NestedNamespaces,
        Self::Session,
        Self::Scratch,
        Self::Skeleton,
        Self::System,
        Self::Seal,
        Self::Device,
        Self::Mount,
        Self::Proc,
        Self::Mask,
        Self::Terminals,
        Self::Stdin,
        Self::Pivot,
        Self::Network,
        Self::Egress,
        Self::Hostname,
        Self::Keyring,
        Self::Stdio,
        Self::Descriptors,
        Self::Workdir,
        Self::Limits,
        Self::Capabilities,
        Self::Landlock,
        Self::Seccomp,
        Self::Exec,
    ];

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&step| step as u8 == number)
    }
}

/// Builds the jail around the calling process, which is the new pid namespace's init, and runs the
/// payload in it. Never returns.
pub(crate) fn enter(plan: &Plan<'_>) -> ! {
    let failed = match jail(plan) {
        Ok(stdio) => init::run(plan, &stdio),
        Err(failed) => failed,
    };
    Record::Failed(failed).send(plan.channel.status);
    init::leave(1)
}

fn jail(plan: &Plan<'_>) -> Result<stdio::Given, Failed> {
    let channel = &plan.channel;
    privileges::close_supervisor_ends(channel).at(Step::Lifeline)?;
    privileges::join(plan.join)?;
    wall!("coredump-filter", privileges::no_crash_dumps(&plan.ids)).at(Step::Identity)?;
    identity::assume(&plan.ids, channel.lifeline).at(Step::Identity)?;
    // While this process is dumpable: its files of /proc are its own.
    for (index, knob) in plan.knobs.iter().enumerate() {
        if identity::write_file(knob.path, knob.value).is_err() {
            Record::Told(Told::WithoutKnob(u16::try_from(index).unwrap_or(u16::MAX)))
                .send(channel.status);
        }
    }
    // From here on nobody inside can look into this process, which holds a copy of the
    // supervisor's memory, and it never executes anything that would change that.
    wall!("non-dumpable", set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .at(Step::Identity)?;
    if plan.die_with_thread {
        // Not before: a change of ids clears it (prctl(2)).
        wall!("death-signal", privileges::die_with_thread()).at(Step::Session)?;
    }
    let limit = c"/proc/sys/user/max_user_namespaces";
    wall!("user-namespace-limit", identity::write_file(limit, b"0")).at(Step::NestedNamespaces)?;
    wall!("session", setsid().map(drop)).at(Step::Session)?;
    umask(Mode::WGRP | Mode::WOTH);
    wall!("init-name", set_name(c"drybox-init")).at(Step::Session)?;
    wall!("command-line", arguments::wipe());

    umask(Mode::empty());
    let new_root = root::build(plan)?;
    wall!("umask", {
        umask(Mode::WGRP | Mode::WOTH);
    });
    let stdin = stdio::reopen_stdin(plan, new_root.as_fd()).at(Step::Stdin)?;
    drop(new_root);
    root::pivot().at(Step::Pivot)?;

    wall!("network-namespace", privileges::loopback_up()).at(Step::Network)?;
    if let Some(network) = &plan.network {
        network::open(network).at(Step::Egress)?;
    }
    wall!("uts-namespace", sethostname(plan.hostname.to_bytes())).at(Step::Hostname)?;
    wall!("uts-namespace", setdomainname(b"")).at(Step::Hostname)?;
    wall!("keyring", optional(raw::join_session_keyring())).at(Step::Keyring)?;
    let given = stdio::arrange(plan, stdin).at(Step::Stdio)?;
    wall!("descriptors", close_others(plan)).at(Step::Descriptors)?;
    chdir(plan.workdir).at(Step::Workdir)?;

    for (index, limit) in plan.rlimits.iter().enumerate() {
        privileges::limit(*limit).at_row(Step::Limits, index)?;
    }
    privileges::drop_capabilities().at(Step::Capabilities)?;
    wall!("no-new-privileges", set_no_new_privs(true)).at(Step::Capabilities)?;
    match wall!("landlock-scopes", raw::landlock_scope()) {
        // Kernels before 6.12 know no scopes; the namespaces stand alone there.
        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL | Errno::TOOBIG) => {
            Record::Told(Told::NoLandlockScope).send(channel.status);
            Ok(())
        }
        done => done,
    }
    .at(Step::Landlock)?;
    // From the last to the first: the first forbids what is needed here.
    for (index, filter) in plan.filters.iter().enumerate().rev() {
        raw::seccomp_load(filter).at_row(Step::Seccomp, index)?;
    }
    Ok(given)
}

/// A kernel built without keyrings has none to leak.
fn optional(done: Result<(), Errno>) -> Result<(), Errno> {
    match done {
        Err(Errno::NOSYS) => Ok(()),
        done => done,
    }
}

/// Closes everything but 0 to 2 and the two channels.
fn close_others(plan: &Plan<'_>) -> Result<(), Errno> {
    let number = |fd: i32| u32::try_from(fd).map_err(|_| Errno::BADF);
    let status = number(plan.channel.status.as_raw_fd())?;
    let lifeline = number(plan.channel.lifeline.as_raw_fd())?;
    let (low, high) = (status.min(lifeline), status.max(lifeline));
    let gaps = [
        (3, low.saturating_sub(1)),
        (low.saturating_add(1), high.saturating_sub(1)),
        (high.saturating_add(1), u32::MAX),
    ];
    for (first, last) in gaps {
        if first <= last {
            // SAFETY: the stage holds no descriptor any more but the two channels, which lie
            // between the gaps.
            unsafe { raw::close_range(first, last) }?;
        }
    }
    Ok(())
}

/// Names the step of an error.
pub(crate) trait At<T> {
    fn at(self, step: Step) -> Result<T, Failed>;
    fn at_row(self, step: Step, index: usize) -> Result<T, Failed>;
}

impl<T> At<T> for Result<T, Errno> {
    fn at(self, step: Step) -> Result<T, Failed> {
        self.at_row(step, 0)
    }

    fn at_row(self, step: Step, index: usize) -> Result<T, Failed> {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        self.map_err(|errno| Failed { step, index, errno })
    }
}
