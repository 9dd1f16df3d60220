//! What could not be set up, why, and the command that fixes it.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use drybox_spec::Shown;
use drybox_sys::{self as sys, Obstacle};
use rustix::io::Errno;

mod fixes;

pub use fixes::Cause;

/// A step of the launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The payload's ids.
    Identity,
    /// A share's source.
    Share,
    /// Where a view's changes are kept.
    Changes,
    /// The pipes between supervisor and child.
    Channels,
    /// The clone with every namespace.
    Clone,
    /// Real root writes the id maps.
    Maps,
    /// A step of the child's stage.
    Inside(sys::Step),
}

/// A sandbox that could not be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JailError {
    /// Where.
    pub step: Step,
    /// The path or program that it was about; empty when there is none.
    pub object: Vec<u8>,
    /// For [`sys::Step::Exec`]: what is wrong with a program that is there, beside its mode.
    pub obstacle: Option<Obstacle>,
    /// The kernel's answer.
    pub errno: Errno,
}

impl JailError {
    /// The kernel's answer to a step that was about `object`.
    #[must_use]
    pub fn new(step: Step, object: &[u8], errno: Errno) -> Self {
        Self { step, object: object.to_vec(), obstacle: None, errno }
    }

    pub(crate) fn of_child(failed: sys::Failed, object: &[u8]) -> Self {
        Self {
            step: Step::Inside(failed.step),
            object: object.to_vec(),
            obstacle: Obstacle::of(failed),
            errno: failed.errno,
        }
    }

    /// podman's exit code: 127 not found, 126 not executable, 125 ours.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.step, self.errno) {
            (Step::Inside(sys::Step::Exec), Errno::NOENT | Errno::NOTDIR) => {
                if self.obstacle.is_some() { 126 } else { 127 }
            }
            (Step::Inside(sys::Step::Exec), _) => 126,
            _ => 125,
        }
    }

    /// Whether the user's input caused it, and not the host.
    #[must_use]
    pub fn is_users(&self) -> bool {
        matches!(
            self.step,
            Step::Identity
                | Step::Share
                | Step::Inside(sys::Step::Exec | sys::Step::Workdir | sys::Step::Limits)
        )
    }

    /// Why, and what helps.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause_on(Path::new("/"))
    }

    /// The same, with the host's facts (sysctls, the kernel's name) read below `root`.
    #[must_use]
    pub fn cause_on(&self, root: &Path) -> Cause {
        fixes::cause(self, root)
    }
}

impl fmt::Display for JailError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = Shown(&self.object);
        match self.step {
            Step::Identity => out.write_str("cannot map the payload's user"),
            Step::Share => write!(out, "cannot share {object}"),
            Step::Changes => write!(out, "cannot keep the box's changes in {object}"),
            Step::Inside(sys::Step::Exec) => write!(out, "cannot run {object}"),
            Step::Inside(sys::Step::Workdir) => write!(out, "cannot start in {object}"),
            step => {
                write!(out, "cannot start the sandbox: {}", fixes::what(step))?;
                if self.object.is_empty() { Ok(()) } else { write!(out, " {object}") }
            }
        }
    }
}

impl std::error::Error for JailError {}

/// The kernel's answer in words.
pub(crate) fn describe(errno: Errno) -> Cow<'static, str> {
    std::io::Error::from(errno).to_string().into()
}
