//! The program of a plan: where execvp(3)'s search would find it, and whether it could be started.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};

use drybox_sys as sys;
use rustix::io::Errno;

use super::{Found, Want};
use crate::identity::Identity;
use crate::spawn::Jail;

/// What the kernel reads of a program (`BINPRM_BUF_SIZE`, linux/binfmts.h).
const HEAD: u64 = 256;

impl Jail {
    /// Where the plan's program would be found, or the place that was looked at last. As in
    /// execvp(3), a place that may not be executed is passed over, and told when no other is left.
    ///
    /// The `#!` line of a script counts; the loader of a binary does not, which only execve(2) knows.
    ///
    /// # Errors
    /// *Host*, when real root cannot take the payload's ids for the look.
    pub fn ask_program(&self) -> Result<Option<Found>, Errno> {
        let mut best: Option<Found> = None;
        for place in self.candidates() {
            let place = self.at_start(place.to_bytes());
            let (found, file) = self.ask_file(&place)?;
            if found.refused.is_none() {
                return self.with_interpreter(found, file).map(Some);
            }
            let tells_more = best.as_ref().is_none_or(|best| best.refused == Some(Errno::NOENT));
            if tells_more {
                best = Some(found);
            }
        }
        Ok(best)
    }

    fn ask_file(&self, path: &[u8]) -> Result<(Found, Option<OwnedFd>), Errno> {
        match self.identity() {
            Identity::User { .. } => Ok(self.walk(path, Want::Run)),
            identity @ Identity::Root { .. } => {
                let (uid, gid) = identity.outside();
                sys::as_payload(uid, gid, || self.walk(path, Want::Run))
            }
        }
    }

    /// A relative path is one below where the payload starts.
    fn at_start(&self, path: &[u8]) -> Vec<u8> {
        match path.starts_with(b"/") {
            true => path.to_vec(),
            false => [self.workdir().as_bytes(), b"/", path].concat(),
        }
    }

    fn with_interpreter(&self, found: Found, file: Option<OwnedFd>) -> Result<Found, Errno> {
        let Some(interpreter) = file.as_ref().and_then(interpreter_of) else { return Ok(found) };
        let (of_interpreter, _) = self.ask_file(&self.at_start(&interpreter))?;
        Ok(match of_interpreter.refused {
            None => found,
            refused => Found { refused, interpreter: Some(interpreter), ..found },
        })
    }
}

/// The first word of a `#!` line.
fn interpreter_of(file: &OwnedFd) -> Option<Vec<u8>> {
    // It was opened as a path only; a regular file, or it could not be executed.
    let file = File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let word = line.split(blank).find(|word| !word.is_empty())?;
    Some(word.to_vec())
}
