//! What an apply is going to do, written down before it does it: killed at any point, what is
//! written says how to go on or back.
//!
//! A folder in the box's: `plan`, the steps, is on the disk before the first name appears on the
//! host; `staged`, what was and what will be at each path, before the first path of the host
//! changes; `old` holds every byte that is replaced. When all is done the folder gets another name.

use std::io::{Read as _, Write as _};

use drybox_tree::{Errno, RelPath, Root, TreeError, TreeOp};
use rustix::fs::fsync;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::exact::Exact;
use crate::words::{escaped, unescaped};

/// One step. They are done in this order, and taken back in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// A file or link goes; until everything is done it lies in this directory (none: the top).
    Delete(RelPath, Option<RelPath>),
    /// A directory goes, which has nothing left in it.
    RemoveDir(RelPath, u32),
    /// A directory comes.
    MakeDir(RelPath, u32),
    /// A file or link comes, or takes the place of another; what is not in its place lies there.
    Place(RelPath, Option<RelPath>),
    /// A directory's permission bits change: old, new.
    Mode(RelPath, u32, u32),
}

impl Op {
    pub(super) const fn path(&self) -> &RelPath {
        match self {
            Self::Delete(path, _)
            | Self::RemoveDir(path, _)
            | Self::MakeDir(path, _)
            | Self::Place(path, _)
            | Self::Mode(path, _, _) => path,
        }
    }
}

/// The steps, and how names are called that are there only meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) nonce: String,
    pub(super) ops: Vec<Op>,
}

/// What was at the path of a step, and what will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) old: Exact,
    pub(super) new: Exact,
}

impl Plan {
    /// With names that nobody can guess.
    pub(super) fn new(ops: Vec<Op>) -> Result<Self, TreeError> {
        let mut random = [0_u8; 16];
        let got = getrandom(&mut random, GetRandomFlags::empty());
        got.map_err(TreeError::of(TreeOp::Read, b"(random)"))?;
        Ok(Self { nonce: format!("{:032x}", u128::from_ne_bytes(random)), ops })
    }

    /// The name of a step's thing while it is not in its place.
    pub(super) fn spare(&self, index: usize) -> Option<RelPath> {
        let name = format!(".drybox-{}-{index}", self.nonce);
        let name = RelPath::parse(name.as_bytes()).ok()?;
        let parent = match self.ops.get(index)? {
            Op::Place(_, at) | Op::Delete(_, at) => at.clone(),
            _ => return None,
        };
        Some(parent.map_or(name.clone(), |parent| parent.join(&name)))
    }

    /// The name of what is written back from the box, until it is whole.
    pub(super) fn half(spare: &RelPath) -> Option<RelPath> {
        RelPath::parse(&[spare.as_bytes(), b"-half"].concat()).ok()
    }

    fn encode(&self) -> Vec<u8> {
        let mut text = format!("{PLAN}\n{}\n", self.nonce).into_bytes();
        for op in &self.ops {
            let path = escaped(op.path().as_bytes());
            let (word, rest) = match op {
                Op::RemoveDir(_, mode) => ("rmdir", format!(" {mode:o}").into_bytes()),
                Op::MakeDir(_, mode) => ("mkdir", format!(" {mode:o}").into_bytes()),
                Op::Delete(_, at) => ("delete", lies(at.as_ref())),
                Op::Place(_, at) => ("place", lies(at.as_ref())),
                Op::Mode(_, old, new) => ("mode", format!(" {old:o} {new:o}").into_bytes()),
            };
            text.extend([word.as_bytes(), b" ", &path, &rest, b"\n"].concat());
        }
        text.extend(b"end\n");
        text
    }

    fn decode(text: &[u8]) -> Option<Self> {
        let mut lines = text.strip_suffix(b"end\n")?.strip_suffix(b"\n")?.split(|&b| b == b'\n');
        if lines.next()? != PLAN.as_bytes() {
            return None;
        }
        let nonce = std::str::from_utf8(lines.next()?).ok()?.to_owned();
        let is_nonce = nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        let ops: Option<Vec<Op>> = lines.map(Self::decode_op).collect();
        Some(Self { nonce: is_nonce.then_some(nonce)?, ops: ops? })
    }

    fn decode_op(line: &[u8]) -> Option<Op> {
        let mut words = line.split(|&byte| byte == b' ');
        let path = |word: &[u8]| RelPath::parse(&unescaped(word)?).ok();
        let mode = |word: &[u8]| u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok();
        let word = words.next()?;
        let at = path(words.next()?)?;
        Some(match word {
            b"rmdir" => Op::RemoveDir(at, mode(words.next()?)?),
            b"mkdir" => Op::MakeDir(at, mode(words.next()?)?),
            b"delete" | b"place" => {
                let lies = match words.next() {
                    None => None,
                    Some(lies) => Some(path(lies)?),
                };
                if word == b"delete" { Op::Delete(at, lies) } else { Op::Place(at, lies) }
            }
            b"mode" => Op::Mode(at, mode(words.next()?)?, mode(words.next()?)?),
            _ => return None,
        })
    }
}

fn lies(at: Option<&RelPath>) -> Vec<u8> {
    at.map_or_else(Vec::new, |at| [b" ".to_vec(), escaped(at.as_bytes())].concat())
}

/// The folder of one apply.
#[derive(Debug)]
pub(super) struct Journal {
    folder: Root,
}

impl Journal {
    /// Begins one: the plan is on the disk when this returns.
    pub(super) fn begin(own: &Root, plan: &Plan) -> Result<Self, TreeError> {
        let name = name(NOW)?;
        own.remove_all(&name)?;
        let begun = Self::write_plan(own, &name, plan);
        if begun.is_err() {
            own.remove_all(&name)?;
        }
        begun
    }

    fn write_plan(own: &Root, name: &RelPath, plan: &Plan) -> Result<Self, TreeError> {
        own.make_dir(name, 0o700)?;
        let journal = Self { folder: own.dir(name)? };
        journal.folder.make_dir(&self::name("old")?, 0o700)?;
        journal.write("plan", &plan.encode())?;
        own.sync_dir(None)?;
        Ok(journal)
    }

    /// The one that is under way, or the one that is done; none: there is none.
    pub(super) fn find(own: &Root, which: &str) -> Result<Option<Self>, TreeError> {
        match own.dir(&name(which)?) {
            Err(error) if error.is_missing() => Ok(None),
            folder => Ok(Some(Self { folder: folder? })),
        }
    }

    /// Its plan; none: it was killed before that was written, and nothing was done.
    pub(super) fn plan(&self) -> Result<Option<Plan>, TreeError> {
        Ok(self.read("plan")?.and_then(|text| Plan::decode(&text)))
    }

    /// What was and will be at each step; none: nothing of the host has changed yet.
    pub(super) fn turns(&self) -> Result<Option<Vec<Turn>>, TreeError> {
        let Some(text) = self.read("staged")? else { return Ok(None) };
        let broken =
            || TreeError { op: TreeOp::Read, path: b"staged".to_vec(), errno: Errno::ILSEQ };
        let text = text.strip_suffix(b"end\n").ok_or_else(broken)?;
        let turn = |line: &[u8]| {
            let mut words = line.split(|&byte| byte == b' ');
            Some(Turn { old: Exact::decode(&mut words)?, new: Exact::decode(&mut words)? })
        };
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        let turns: Option<Vec<Turn>> =
            lines.map(|line| turn(line.strip_suffix(b"\n").unwrap_or(line))).collect();
        turns.map(Some).ok_or_else(broken)
    }

    /// From here on the host changes: on the disk when this returns.
    pub(super) fn staged(&self, turns: &[Turn]) -> Result<(), TreeError> {
        let mut text = Vec::new();
        for turn in turns {
            text.extend([turn.old.encode(), turn.new.encode()].join(&b' '));
            text.push(b'\n');
        }
        text.extend(b"end\n");
        self.write("staged", &text)
    }

    /// Where the bytes of a step go, or are.
    pub(super) fn old(index: usize) -> Result<RelPath, TreeError> {
        name(&format!("old/{index}"))
    }

    pub(super) const fn folder(&self) -> &Root {
        &self.folder
    }

    /// It is done: what it kept serves to take it back.
    pub(super) fn done(own: &Root) -> Result<(), TreeError> {
        own.remove_all(&name(DONE)?)?;
        own.rename(&name(NOW)?, &name(DONE)?)?;
        own.sync_dir(None)
    }

    /// It is as if it had never been.
    pub(super) fn forget(own: &Root, which: &str) -> Result<(), TreeError> {
        own.remove_all(&name(which)?)?;
        own.sync_dir(None)
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let path = name(file)?;
        let opened = match self.folder.file(&path) {
            Err(error) if error.is_missing() => return Ok(None),
            opened => opened?,
        };
        let mut text = Vec::new();
        (&opened).take(LONGEST).read_to_end(&mut text).map_err(failed(TreeOp::Read, &path))?;
        Ok(Some(text))
    }

    /// Whole or not at all, and on the disk.
    fn write(&self, file: &str, text: &[u8]) -> Result<(), TreeError> {
        let (path, half) = (name(file)?, name(&format!("{file}.half"))?);
        self.folder.unlink(&half)?;
        let mut made = self.folder.make_file(&half, 0o600)?;
        made.write_all(text).map_err(failed(TreeOp::Write, &path))?;
        fsync(&made).map_err(TreeError::of(TreeOp::Write, path.as_bytes()))?;
        self.folder.rename(&half, &path)?;
        self.folder.sync_dir(None)
    }
}

fn failed(op: TreeOp, path: &RelPath) -> impl FnOnce(std::io::Error) -> TreeError {
    let path = path.as_bytes().to_vec();
    move |error| {
        let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        TreeError { op, path, errno }
    }
}

fn name(name: &str) -> Result<RelPath, TreeError> {
    RelPath::parse(name.as_bytes())
        .map_err(|_| Errno::INVAL)
        .map_err(TreeError::of(TreeOp::Open, name.as_bytes()))
}

/// The folder of the apply that is under way.
pub(crate) const NOW: &str = "apply";
/// The folder of the last one that was done.
pub(crate) const DONE: &str = "undo";
const PLAN: &str = "drybox apply 1";
/// No plan is longer, in bytes.
const LONGEST: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let path = |text: &[u8]| RelPath::parse(text).unwrap();
        Plan::new(vec![
            Op::Delete(path(b"a b\n"), None),
            Op::Delete(path(b"h/i/j"), Some(path(b"h"))),
            Op::RemoveDir(path(b"d"), 0o750),
            Op::MakeDir(path(b"e/\xff"), 0o755),
            Op::Place(path(b"e/%"), None),
            Op::Place(path(b"e/f"), Some(path(b"e"))),
            Op::Mode(path(b"g"), 0o755, 0o700),
        ])
        .unwrap()
    }

    #[test]
    fn a_plan_is_read_as_it_was_written_and_half_of_it_is_none() {
        let plan = plan();
        let text = plan.encode();
        assert_eq!(Plan::decode(&text), Some(plan));
        for end in 0..text.len() {
            assert_eq!(Plan::decode(&text[..end]), None, "{end}");
        }
    }

    #[test]
    fn spare_names_lie_beside_and_differ_in_each_apply() {
        let (a, b) = (plan(), plan());
        assert_ne!(a.nonce, b.nonce);
        let spare = |index| String::from_utf8(a.spare(index).unwrap().as_bytes().to_vec()).unwrap();
        assert!(spare(0).starts_with(".drybox-") && spare(4).starts_with(".drybox-"));
        assert!(spare(1).starts_with("h/.drybox-") && spare(5).starts_with("e/.drybox-"));
        assert!(spare(5).ends_with("-5") && a.spare(2).is_none());
    }
}
