//! What a planned sandbox would let its payload do with a path, read off the plan: nothing is
//! mounted, cloned or run.
//!
//! The path is walked as the payload would walk it, link by link, with the payload's eyes: in the
//! box's own tree by the plan's tables, in the trees of the host by the kernel's own answer to who
//! the payload is ([`sys::as_payload`]).

mod layers;
mod node;
mod program;

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use drybox_sys as sys;
use rustix::fs::Access;
use rustix::io::Errno;

use crate::identity::Identity;
use crate::spawn::Jail;
use node::{Node, Place};

/// What the payload wants of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// open(2) for reading; of a directory: to list it.
    Read,
    /// open(2) for writing, and making it when it is not there; of a directory: to make files in it.
    Write,
    /// execve(2).
    Run,
}

/// Where a path leads inside, and what the payload could do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The place without links, absolute; where the walk ended when there is nothing.
    pub path: Vec<u8>,
    /// The last link that was followed, and its target.
    pub link: Option<(Vec<u8>, Vec<u8>)>,
    /// What it belongs to.
    pub part: Part,
    /// Nothing: the payload may. Else the error that it would get.
    pub refused: Option<Errno>,
    /// Nothing is there yet: it would be made.
    pub is_new: bool,
    /// For [`Want::Run`]: what its `#!` line names and the payload could not start, and so the
    /// program neither.
    pub interpreter: Option<Vec<u8>>,
}

/// What of a sandbox a path belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A tree of the system (`/usr`), with its place.
    System(Vec<u8>),
    /// A share, the workspace or a tool chain, with its place.
    Share(Vec<u8>),
    /// Further scratch space (`--tmpfs`), with its place.
    Tmpfs(Vec<u8>),
    /// The box's own scratch space: `/tmp`, `/run`, `/home/agent`, `/dev/shm`.
    Scratch,
    /// The box's own root filesystem, and what drybox wrote there.
    Own,
    /// The box's `/proc`.
    Proc,
    /// A path of `/proc` that is covered: it reads as empty.
    Covered,
    /// A device of the box's own `/dev`, and its terminals.
    Device,
}

/// symlink(7): the kernel follows so many links.
const MOST_LINKS: usize = 40;

impl Jail {
    /// Whether the payload could do this with the path, and what the path is. It is absolute; `..`
    /// and links mean what they mean inside.
    ///
    /// # Errors
    /// *Host*, when real root cannot take the payload's ids for the look.
    pub fn ask(&self, path: &[u8], want: Want) -> Result<Found, Errno> {
        match self.identity() {
            Identity::User { .. } => Ok(self.walk(path, want).0),
            identity @ Identity::Root { .. } => {
                let (uid, gid) = identity.outside();
                sys::as_payload(uid, gid, || self.walk(path, want).0)
            }
        }
    }

    /// The answer, and the host's file behind it.
    fn walk(&self, path: &[u8], want: Want) -> (Found, Option<OwnedFd>) {
        let (found, place) = self.walk_to(path, want);
        match place {
            Some(place) => (Found { refused: place.refuses(want), ..found }, place.file),
            None => (found, None),
        }
    }

    fn walk_to(&self, path: &[u8], want: Want) -> (Found, Option<Place>) {
        let mut todo: VecDeque<Vec<u8>> = components(path).collect();
        let mut done: Vec<u8> = Vec::new();
        let mut found = Found {
            path: b"/".to_vec(),
            link: None,
            part: Part::Own,
            refused: None,
            is_new: false,
            interpreter: None,
        };
        let mut links = 0_usize;
        let mut here = self.node(b"");
        while let Some(part) = todo.pop_front() {
            if part == b".." {
                let parent = done.iter().rposition(|&byte| byte == b'/').unwrap_or_default();
                done.truncate(parent);
                here = self.node(done.get(1..).unwrap_or_default());
                continue;
            }
            let next = [done.as_slice(), b"/", &part].concat();
            match self.node(next.get(1..).unwrap_or_default()) {
                Node::Link(target) => {
                    links = links.saturating_add(1);
                    if links > MOST_LINKS {
                        return (found.at(&next, here.part()).refused(Errno::LOOP), None);
                    }
                    for part in components(&target).collect::<Vec<_>>().into_iter().rev() {
                        todo.push_front(part);
                    }
                    if target.starts_with(b"/") {
                        done.clear();
                    }
                    found.link = Some((next, target));
                }
                Node::There(place) => {
                    let is_last = todo.is_empty();
                    if !is_last && !place.is_dir() {
                        return (found.at(&next, place.part).refused(Errno::NOTDIR), None);
                    }
                    done = next;
                    here = Node::There(place);
                }
                Node::Missing(part, errno) => {
                    // Only the last component of a path is made.
                    let makes = want == Want::Write && todo.is_empty() && errno == Errno::NOENT;
                    let found = found.at(&next, part);
                    return match makes {
                        true => (found.made_in(&here), None),
                        false => (found.refused(errno), None),
                    };
                }
            }
            if done.is_empty() {
                here = self.node(b"");
            }
        }
        let path = if done.is_empty() { b"/" } else { done.as_slice() };
        match here {
            Node::There(place) => (found.at(path, place.part.clone()), Some(place)),
            Node::Link(_) => (found.at(path, Part::Own).refused(Errno::LOOP), None),
            Node::Missing(part, errno) => (found.at(path, part).refused(errno), None),
        }
    }
}

impl Found {
    fn at(self, path: &[u8], part: Part) -> Self {
        Self { path: path.to_vec(), part, ..self }
    }

    fn refused(self, errno: Errno) -> Self {
        Self { refused: Some(errno), ..self }
    }

    /// A new file in this directory.
    fn made_in(self, directory: &Node) -> Self {
        let Node::There(place) = directory else { return self.refused(Errno::NOENT) };
        let refused = place.refuses(Want::Write);
        // What cannot be made because the tree is read-only is first of all not there.
        Self { refused, is_new: true, part: place.part.clone(), ..self }
    }
}

impl Place {
    /// The error that the payload would get.
    fn refuses(&self, want: Want) -> Option<Errno> {
        if want == Want::Write && self.read_only {
            return Some(Errno::ROFS);
        }
        if want == Want::Run {
            if !self.kind.is_file() {
                return Some(Errno::ACCESS);
            }
            if self.no_exec {
                return Some(Errno::ACCESS);
            }
        } else if self.kind.is_socket() {
            return Some(Errno::NXIO);
        } else if self.is_foreign_device() {
            return Some(Errno::ACCESS);
        }
        let Some(file) = &self.file else {
            let bit = match want {
                Want::Read => 0o400,
                Want::Write => 0o200,
                Want::Run => 0o100,
            };
            return (self.mode & bit == 0).then_some(Errno::ACCESS);
        };
        let access = match want {
            Want::Read => Access::READ_OK,
            Want::Write if self.is_dir() => Access::WRITE_OK | Access::EXEC_OK,
            Want::Write => Access::WRITE_OK,
            Want::Run => Access::EXEC_OK,
        };
        sys::may_open(file.as_fd(), access).err()
    }

    /// A node in a share means nothing: it is mounted nodev.
    fn is_foreign_device(&self) -> bool {
        (self.kind.is_char_device() || self.kind.is_block_device())
            && matches!(self.part, Part::Share(_) | Part::System(_))
    }
}

fn components(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let parts = path.split(|&byte| byte == b'/');
    parts.filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec)
}
