//! Why there is no cgroup for a box.

use std::borrow::Cow;

use drybox_spec::Shown;
use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::{Controller, Version};

/// Why a cgroup cannot be had. Display says why, [`NoCgroup::fix`] what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCgroup {
    /// The controller is in no hierarchy that is mounted.
    #[error("the {} controller of cgroups is not there", controller.name())]
    Missing {
        /// Which.
        controller: Controller,
    },
    /// The cgroup has the controller for itself, and does not hand it down.
    #[error("the cgroup {} does not have the {} controller", Shown(place), controller.name())]
    NotDelegated {
        /// The caller's own cgroup.
        place: Vec<u8>,
        /// Which.
        controller: Controller,
    },
    /// Other processes are in the caller's own cgroup: limits below it need it empty.
    #[error("other processes are in the cgroup {} too", Shown(place))]
    Shared {
        /// The caller's own cgroup.
        place: Vec<u8>,
    },
    /// The kernel refuses.
    #[error("{step} {}: {}", Shown(place), std::io::Error::from(*errno))]
    Refused {
        /// What was attempted.
        step: CgroupStep,
        /// On which cgroup or file of one.
        place: Vec<u8>,
        /// Of which hierarchy.
        version: Version,
        /// The kernel's answer.
        errno: Errno,
    },
}

/// What was attempted with a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CgroupStep {
    /// Open it.
    Open,
    /// Make one in it.
    Make,
    /// Move the supervisor aside, so that limits below are possible.
    MoveAside,
    /// Write a limit.
    Set,
    /// Remove it.
    Remove,
}

impl std::fmt::Display for CgroupStep {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Open => "cannot open",
            Self::Make => "cannot make a cgroup in",
            Self::MoveAside => "cannot move the supervisor within",
            Self::Set => "cannot write",
            Self::Remove => "cannot remove",
        })
    }
}

impl NoCgroup {
    /// The command that makes one possible; `root` when the caller is.
    #[must_use]
    pub fn fix(&self, root: bool) -> Cow<'static, str> {
        match self {
            Self::Missing { controller: Controller::Memory } => {
                "boot with cgroup_enable=memory, or a kernel with CONFIG_MEMCG".into()
            }
            Self::Refused { place, step: CgroupStep::Set, .. }
                if place.ends_with(b"memsw.limit_in_bytes") || place.ends_with(b"swap.max") =>
            {
                "boot with swapaccount=1, or leave --memory-swap out".into()
            }
            Self::Refused { version: Version::One, .. } if !root => {
                "sudo drybox run …; for users, boot with systemd.unified_cgroup_hierarchy=1".into()
            }
            _ if !has_systemd() => {
                "sudo drybox run …, in a cgroup of its own: no systemd is here that could make one"
                    .into()
            }
            Self::Missing { .. } | Self::NotDelegated { .. } if !root => DELEGATE.into(),
            Self::Missing { controller } => {
                format!("mount the {} controller, or a kernel that has it", controller.name())
                    .into()
            }
            _ if root => "systemd-run --scope -p Delegate=yes drybox run …".into(),
            _ => "systemd-run --user --scope -p Delegate=yes drybox run …".into(),
        }
    }
}

/// sd_booted(3).
fn has_systemd() -> bool {
    access("/run/systemd/system", Access::EXISTS).is_ok()
}

/// systemd hands users memory and pids by default, and cpu only when told.
const DELEGATE: &str = "sudo systemctl set-property user@$(id -u).service Delegate='cpu memory pids', \
    then systemd-run --user --scope -p Delegate=yes drybox run …";
