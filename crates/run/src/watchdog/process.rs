//! What `/proc` says of one process. Names in there are the payload's: only numbers are taken.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

/// The number behind a name of a file with a field a line, in bytes: `VmSwap:   12 kB`.
///
/// A name of a process stands in such a file too, but escaped: it begins no line.
pub(super) fn field(text: &[u8], name: &[u8]) -> Option<u64> {
    let mut lines = text.split(|&b| b == b'\n');
    let rest = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(b":"))?;
    let mut words = rest.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let number: u64 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    Some(number.saturating_mul(1024))
}

/// What a process takes, in bytes, as `status` says it (proc_pid_status(5)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Memory of its own; what it shares with a parent since a fork is counted in both.
    pub(super) own: u64,
    /// Files in memory and shared memory that it has mapped.
    pub(super) shared: u64,
    pub(super) swap: u64,
    /// The kernel's tables for it.
    pub(super) tables: u64,
}

impl Status {
    /// None for a process without memory: a zombie.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Some(Self {
            own: field(text, b"RssAnon")?,
            shared: field(text, b"RssShmem")?,
            swap: field(text, b"VmSwap").unwrap_or(0),
            tables: field(text, b"VmPTE").unwrap_or(0),
        })
    }
}

/// What a process takes, what it shares divided by those that share it (proc_pid_smaps(5)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fair {
    pub(super) own: u64,
    pub(super) shared: u64,
    pub(super) swap: u64,
}

impl Fair {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Some(Self {
            own: field(text, b"Pss_Anon")?,
            shared: field(text, b"Pss_Shmem")?,
            swap: field(text, b"SwapPss").unwrap_or(0),
        })
    }
}

/// Reads a small file below `directory`.
pub(super) fn read(directory: BorrowedFd<'_>, path: &str) -> Result<Vec<u8>, Errno> {
    const MOST: usize = 16 * 1024;
    let file = openat(directory, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut text = vec![0; MOST];
    let length = rustix::io::read(&file, &mut text)?;
    text.truncate(length);
    Ok(text)
}

/// The numbers that are names in a directory.
pub(super) fn numbers(directory: BorrowedFd<'_>) -> Result<Vec<u32>, Errno> {
    let mut numbers = Vec::new();
    for entry in Dir::read_from(directory)? {
        numbers.extend(entry?.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(numbers)
}

/// Adds up the files in memory that a process has open, mapped or not, each once: `memfd_create`
/// gives memory that no process's size tells. They are on the filesystem `device`.
pub(super) fn open_memory(
    process: BorrowedFd<'_>,
    device: u64,
    known: &mut BTreeSet<u64>,
) -> Result<u64, Errno> {
    let open = openat(process, "fd", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = 0_u64;
    for number in numbers(open.as_fd())? {
        // Closed meanwhile: nothing to add.
        let Ok(stat) = statat(&open, number.to_string(), AtFlags::empty()) else { continue };
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if is_file && stat.st_dev == device && known.insert(stat.st_ino) {
            let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
            bytes = bytes.saturating_add(blocks.saturating_mul(512));
        }
    }
    Ok(bytes)
}
