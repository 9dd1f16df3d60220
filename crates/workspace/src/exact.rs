//! What is at a path, exactly: so that it can be told later whether it is still the same.

use std::fs::File;

use drybox_tree::{Errno, FileType, RelPath, Root, Stat, TreeError, TreeOp, kind_of};
use rustix::fs::{SeekFrom, fstat, ftruncate, seek};
use rustix::io::{pread, pwrite};
use sha2::{Digest as _, Sha256};

use crate::words::{escaped, unescaped};

/// SHA-256 of a file's size and of its blocks that are not all zeros, each with its place: a hole
/// and written zeros are the same, and an exabyte of nothing is read in no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exact {
    /// Nothing.
    Absent,
    /// A regular file.
    File {
        /// Permission bits.
        mode: u32,
        /// What is in it.
        digest: Digest,
    },
    /// A symbolic link, and where it points.
    Link(Vec<u8>),
    /// A directory, with its permission bits; what is in it is told by itself.
    Directory(u32),
    /// Something that is never opened.
    Special,
}

/// lstat(2) of a file, as far as it says whether the file was written since. Nobody but root can set
/// the change time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: i64,
    modified: Instant,
    changed: Instant,
}

/// Seconds and nanoseconds since 1970.
pub(crate) type Instant = (i64, i64);

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        let nanoseconds = |part: u64| i64::try_from(part).unwrap_or(0);
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: stat.st_size,
            modified: (stat.st_mtime, nanoseconds(stat.st_mtime_nsec)),
            changed: (stat.st_ctime, nanoseconds(stat.st_ctime_nsec)),
        }
    }

    pub(crate) const fn changed(&self) -> Instant {
        self.changed
    }

    /// The same file, not written to since: it may have got another name, which changes the change
    /// time alone.
    pub(crate) fn is_unwritten(&self, now: &Self) -> bool {
        Self { changed: now.changed, ..*self } == *now
    }

    pub(crate) fn encode(&self) -> String {
        let Self { device, inode, size, modified, changed } = self;
        format!("{device} {inode} {size} {} {} {} {}", modified.0, modified.1, changed.0, changed.1)
    }

    pub(crate) fn decode<'a>(words: &mut impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        Some(Self {
            device: number(words.next()?)?,
            inode: number(words.next()?)?,
            size: number(words.next()?)?,
            modified: (number(words.next()?)?, number(words.next()?)?),
            changed: (number(words.next()?)?, number(words.next()?)?),
        })
    }
}

fn number<N: std::str::FromStr>(word: &[u8]) -> Option<N> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// How a file is opened: the host's as it is, an upper layer's also when its mode forbids.
pub(crate) type Open = fn(&Root, &RelPath) -> Result<File, TreeError>;

impl Exact {
    /// What is at `path` now. A file is read whole.
    ///
    /// # Errors
    /// *Host*; `ACCESS` for a file that may not be read.
    pub(crate) fn at(root: &Root, path: &RelPath, open: Open) -> Result<Self, TreeError> {
        let Some(stat) = root.stat(path)? else { return Ok(Self::Absent) };
        Ok(match kind_of(&stat) {
            FileType::RegularFile => {
                let file = open(root, path)?;
                let digest =
                    copy(&file, None).map_err(TreeError::of(TreeOp::Read, path.as_bytes()));
                Self::File { mode: stat.st_mode & 0o7777, digest: digest? }
            }
            FileType::Symlink => Self::Link(root.link(path)?),
            FileType::Directory => Self::Directory(stat.st_mode & 0o7777),
            _ => Self::Special,
        })
    }

    /// A word or more, without line ends.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Absent => b"absent".to_vec(),
            Self::File { mode, digest } => format!("file {mode:o} {}", digest.hex()).into_bytes(),
            Self::Link(target) => [b"link ".to_vec(), escaped(target)].concat(),
            Self::Directory(mode) => format!("directory {mode:o}").into_bytes(),
            Self::Special => b"special".to_vec(),
        }
    }

    /// Reads what [`Exact::encode`] wrote.
    pub(crate) fn decode<'a>(words: &mut impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mode = |word: &[u8]| u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok();
        Some(match words.next()? {
            b"absent" => Self::Absent,
            b"file" => {
                Self::File { mode: mode(words.next()?)?, digest: Digest::from_hex(words.next()?)? }
            }
            b"link" => Self::Link(unescaped(words.next()?)?),
            b"directory" => Self::Directory(mode(words.next()?)?),
            b"special" => Self::Special,
            _ => return None,
        })
    }
}

impl Digest {
    pub(crate) fn hex(&self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _written = write!(text, "{byte:02x}");
            text
        })
    }

    pub(crate) fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// Reads a file, into another one if that is wanted, holes as holes.
pub(crate) fn copy(from: &File, to: Option<&File>) -> Result<Digest, Errno> {
    let size = u64::try_from(fstat(from)?.st_size).unwrap_or(0);
    let mut hash = Sha256::new();
    hash.update(size.to_le_bytes());
    let longest = usize::try_from(size.min(BLOCK)).map_err(|_| Errno::FBIG)?;
    let mut buffer = vec![0_u8; longest];
    let (mut at, mut written) = (0, 0);
    while at < size {
        if size > BLOCK {
            at = match seek(from, SeekFrom::Data(at)) {
                Ok(data) => data.max(at).saturating_sub(data.max(at) % BLOCK),
                // Nothing but a hole from here on.
                Err(Errno::NXIO) => break,
                // A filesystem that knows no holes.
                Err(_) => at,
            };
        }
        let filled = fill(from, &mut buffer, at)?;
        let block = buffer.get(..filled).unwrap_or_default();
        if block.is_empty() {
            break;
        }
        if block.iter().any(|&byte| byte != 0) {
            hash.update(at.to_le_bytes());
            hash.update(block);
            if let Some(to) = to {
                write_at(to, block, at)?;
                written = at.saturating_add(u64::try_from(filled).unwrap_or(0));
            }
        }
        at = at.saturating_add(BLOCK);
    }
    if let Some(to) = to
        && written != size
    {
        ftruncate(to, size)?;
    }
    Ok(Digest(hash.finalize().into()))
}

fn fill(from: &File, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        let place = at.saturating_add(u64::try_from(filled).unwrap_or(0));
        match pread(from, &mut *rest, place) {
            Ok(0) => break,
            Ok(n) => filled = filled.saturating_add(n),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(filled)
}

fn write_at(to: &File, mut bytes: &[u8], mut at: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match pwrite(to, bytes, at) {
            Ok(0) => return Err(Errno::IO),
            Ok(n) => {
                bytes = bytes.get(n..).unwrap_or_default();
                at = at.saturating_add(u64::try_from(n).unwrap_or(0));
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

const BLOCK: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_hole_and_written_zeros_are_the_same_and_every_byte_counts() {
        let of = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            copy(&file, None).unwrap()
        };
        let hole = tempfile::tempfile().unwrap();
        hole.set_len(300_000).unwrap();
        assert_eq!(copy(&hole, None).unwrap(), of(&vec![0; 300_000]));
        let mut one = vec![0; 300_000];
        let mut seen = vec![of(&one), of(b""), of(b"a"), of(b"b"), of(b"a\0")];
        for place in [0, 65_535, 65_536, 299_999] {
            one[place] = 1;
            seen.push(of(&one));
            one[place] = 0;
        }
        for (nth, digest) in seen.iter().enumerate() {
            assert!(!seen[..nth].contains(digest), "{nth}");
        }
        assert_eq!(Digest::from_hex(seen[0].hex().as_bytes()), Some(seen[0]));
    }

    #[test]
    fn a_copy_is_the_same_and_an_exabyte_of_nothing_takes_no_time() {
        for bytes in [vec![], b"abc".to_vec(), [vec![0; 70_000], vec![7; 70_000]].concat()] {
            let (mut from, to) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
            from.write_all(&bytes).unwrap();
            let digest = copy(&from, Some(&to)).unwrap();
            assert_eq!(copy(&to, None).unwrap(), digest);
            assert_eq!(to.metadata().unwrap().len(), bytes.len() as u64);
        }
        let vast = tempfile::tempfile().unwrap();
        vast.set_len(1 << 43).unwrap();
        assert!(copy(&vast, None).is_ok());
    }

    #[test]
    fn what_was_written_down_is_read_again() {
        let digest = copy(&tempfile::tempfile().unwrap(), None).unwrap();
        for exact in [
            Exact::Absent,
            Exact::File { mode: 0o4755, digest },
            Exact::Link(b"a b\n%\xff".to_vec()),
            Exact::Link(Vec::new()),
            Exact::Directory(0o755),
            Exact::Special,
        ] {
            let text = exact.encode();
            let mut words = text.split(|&byte| byte == b' ');
            assert_eq!(Exact::decode(&mut words), Some(exact));
        }
    }
}
