//! The eight-byte records that travel from the child's stage and from init to the supervisor.

use core::ffi::c_int;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use crate::Step;

/// Size of a record on the status pipe: below `PIPE_BUF`, so that each write is atomic (pipe(7)).
pub const RECORD: usize = 8;

/// What the child tells its supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// A step failed; the child is gone.
    Failed(Failed),
    /// Something is weaker than on a kernel that can do more.
    Told(Told),
    /// The payload has been executed; its pid inside.
    Started(c_int),
    /// The payload ended with this wait status (wait(2)).
    Exited(c_int),
    /// The payload's process group was stopped by this signal.
    Stopped(c_int),
}

/// Where the stage failed: the step, the row of its table, and the kernel's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The step.
    pub step: Step,
    /// The row of the step's table in the plan, or 0.
    pub index: u16,
    /// The kernel's answer.
    pub errno: Errno,
}

/// Why a program that is there was not executed: the index of a failed [`Step::Exec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Obstacle {
    /// The interpreter or loader that it names is not there.
    Interpreter = 1,
    /// It is a directory.
    Directory,
    /// It lies on a mount that is `noexec`.
    NoExec,
}

impl Obstacle {
    /// What a failure speaks of, if it is one of these.
    #[must_use]
    pub fn of(failed: Failed) -> Option<Self> {
        let mut all = [Self::Interpreter, Self::Directory, Self::NoExec].into_iter();
        all.find(|&obstacle| failed.step == Step::Exec && failed.index == obstacle as u16)
    }
}

/// A wall that stands in its second-best form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// The mount with this index is a read-only bind instead of an overlay.
    BindForOverlay(u16),
    /// The mount with this index keeps what is written in memory, and not where it was to be kept.
    ChangesInMemory(u16),
    /// The kernel knows no Landlock scopes.
    NoLandlockScope,
    /// The knob with this index could not be turned.
    WithoutKnob(u16),
    /// Standard input could not be opened again through an overlay: it is relayed.
    StdinRelayed,
}

impl Record {
    /// The record's bytes.
    #[must_use]
    pub fn encode(self) -> [u8; RECORD] {
        let (kind, detail, index, value) = match self {
            Self::Failed(Failed { step, index, errno }) => {
                (1, step as u8, index, errno.raw_os_error())
            }
            Self::Told(Told::BindForOverlay(index)) => (2, 0, index, 0),
            Self::Told(Told::NoLandlockScope) => (2, 1, 0, 0),
            Self::Told(Told::StdinRelayed) => (2, 2, 0, 0),
            Self::Told(Told::WithoutKnob(index)) => (2, 3, index, 0),
            Self::Told(Told::ChangesInMemory(index)) => (2, 4, index, 0),
            Self::Started(pid) => (3, 0, 0, pid),
            Self::Exited(status) => (4, 0, 0, status),
            Self::Stopped(signal) => (5, 0, 0, signal),
        };
        let [i0, i1] = index.to_le_bytes();
        let [v0, v1, v2, v3] = value.to_le_bytes();
        [kind, detail, i0, i1, v0, v1, v2, v3]
    }

    /// Reads a record; none when the bytes are not one.
    #[must_use]
    pub fn decode(bytes: [u8; RECORD]) -> Option<Self> {
        let [kind, detail, i0, i1, v0, v1, v2, v3] = bytes;
        let index = u16::from_le_bytes([i0, i1]);
        let value = c_int::from_le_bytes([v0, v1, v2, v3]);
        match (kind, detail) {
            (1, step) => {
                let step = Step::from_number(step)?;
                let errno = Errno::from_raw_os_error(value);
                Some(Self::Failed(Failed { step, index, errno }))
            }
            (2, 0) => Some(Self::Told(Told::BindForOverlay(index))),
            (2, 1) => Some(Self::Told(Told::NoLandlockScope)),
            (2, 2) => Some(Self::Told(Told::StdinRelayed)),
            (2, 3) => Some(Self::Told(Told::WithoutKnob(index))),
            (2, 4) => Some(Self::Told(Told::ChangesInMemory(index))),
            (3, 0) => Some(Self::Started(value)),
            (4, 0) => Some(Self::Exited(value)),
            (5, 0) => Some(Self::Stopped(value)),
            _ => None,
        }
    }

    /// Writes the record. A supervisor that is gone cannot be told: the lifeline ends us then.
    pub(crate) fn send(self, status: BorrowedFd<'_>) {
        rustix::io::write(status, &self.encode()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_survives_the_pipe_and_the_numbers_have_no_gap() {
        for (step, number) in Step::ALL.into_iter().zip(1_u8..) {
            assert_eq!(step as u8, number, "{step:?}");
            let record = Record::Failed(Failed { step, index: u16::MAX, errno: Errno::PERM });
            assert_eq!(Record::decode(record.encode()), Some(record));
        }
    }

    #[test]
    fn every_record_survives_the_pipe() {
        let failed = Failed { step: Step::Seccomp, index: 513, errno: Errno::NOSPC };
        for record in [
            Record::Failed(failed),
            Record::Told(Told::BindForOverlay(7)),
            Record::Told(Told::NoLandlockScope),
            Record::Told(Told::StdinRelayed),
            Record::Told(Told::WithoutKnob(3)),
            Record::Started(2),
            Record::Exited(0x8b),
            Record::Stopped(20),
        ] {
            assert_eq!(Record::decode(record.encode()), Some(record));
        }
        assert_eq!(Record::decode([0; RECORD]), None);
        assert_eq!(Record::decode([1, 255, 0, 0, 0, 0, 0, 0]), None);
    }
}
