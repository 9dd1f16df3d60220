//! `--memory`, `--memory-swap`, `--cpus`, `--pids-limit` and `--storage-opt`, as podman writes them.

use super::{BadValue, decimal, split_once};
use crate::ByteSize;
use crate::limits::{Cpus, Memory, Pids, Swap};

impl Memory {
    /// Takes a `--memory`; 0 is no limit.
    ///
    /// # Errors
    /// *User*, when it is no size, or less than a program needs to start.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        match ByteSize::parse(text)? {
            ByteSize(0) => Ok(Self::Unlimited),
            size if size < LEAST_MEMORY => {
                Err(BadValue::shape("at least 6m: less is not enough for a program to start"))
            }
            size => Ok(Self::Most(size)),
        }
    }
}

impl Swap {
    /// Takes a `--memory-swap`; `-1` is no limit, 0 says nothing.
    ///
    /// # Errors
    /// *User*, when it is no size.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, BadValue> {
        match text {
            b"-1" => Ok(Some(Self::Unlimited)),
            text => Ok(Some(ByteSize::parse(text)?).filter(|size| size.0 > 0).map(Self::Most)),
        }
    }
}

impl Cpus {
    /// Takes a `--cpus`: a number of processors with up to three decimals; 0 is no limit.
    ///
    /// # Errors
    /// *User*, when it is no such number, or less than the kernel can keep.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, BadValue> {
        const SHAPE: BadValue =
            BadValue::shape("a number of processors with up to three decimals, as 1.5");
        const DECIMALS: usize = 3;
        let (whole, decimals) = split_once(text, b'.').unwrap_or((text, b"0"));
        if decimals.is_empty() || decimals.len() > DECIMALS {
            return Err(SHAPE);
        }
        let mut thousandths = decimals.to_vec();
        thousandths.resize(DECIMALS, b'0');
        let all_digits = thousandths.iter().all(u8::is_ascii_digit);
        let thousandths = std::str::from_utf8(&thousandths).ok().filter(|_| all_digits);
        let thousandths: u64 = thousandths.and_then(|t| t.parse().ok()).ok_or(SHAPE)?;
        // As text an `.5` is no number to podman either.
        let whole: u32 = decimal(whole).ok_or(SHAPE)?;
        let quota = u64::from(whole)
            .checked_mul(1000)
            .and_then(|whole| whole.checked_add(thousandths))
            .and_then(|thousandths| thousandths.checked_mul(100))
            .ok_or(SHAPE)?;
        match quota {
            0 => Ok(None),
            1..LEAST_QUOTA => Err(BadValue::shape("at least 0.01: the kernel keeps no less")),
            quota => Ok(Some(Self(quota))),
        }
    }
}

impl Pids {
    /// Takes a `--pids-limit`; 0 and `-1` are no limit.
    ///
    /// # Errors
    /// *User*, when it is no number, or more than a kernel has.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        if matches!(text, b"0" | b"-1") {
            return Ok(Self::Unlimited);
        }
        let most = decimal(text).filter(|&most| most <= MOST_PIDS);
        most.map(Self::Most).ok_or(BadValue::shape(
            "a number of processes and threads, at most 4194304; 0 or -1 for no limit",
        ))
    }
}

/// Takes a `--storage-opt`; `size=SIZE` is the one there is.
///
/// # Errors
/// *User*, when it is another one, or no size.
pub fn storage(text: &[u8]) -> Result<ByteSize, BadValue> {
    let size = text
        .strip_prefix(b"size=")
        .ok_or_else(|| BadValue::UnknownOption { option: text.to_vec(), known: "size=" })?;
    match ByteSize::parse(size)? {
        ByteSize(0) => Err(BadValue::Refused {
            why: "0 is no limit to podman, and memory without a limit is the host's",
            instead: "a size, as --storage-opt size=2g",
        }),
        size if size < LEAST_STORAGE => {
            Err(BadValue::shape("at least 1m: what stands in every box takes some of it"))
        }
        size => Ok(size),
    }
}

const LEAST_MEMORY: ByteSize = ByteSize(6 << 20);
const LEAST_STORAGE: ByteSize = ByteSize(1 << 20);
/// `min_cfs_quota_period`, Linux kernel/sched/core.c: one millisecond.
const LEAST_QUOTA: u64 = 1000;
/// `PID_MAX_LIMIT`, Linux include/linux/threads.h.
const MOST_PIDS: u32 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_a_size_and_0_is_none() {
        let parse = |text: &str| Memory::parse(text.as_bytes());
        assert_eq!(parse("64m"), Ok(Memory::Most(ByteSize(64 << 20))));
        assert_eq!(parse("6m"), Ok(Memory::Most(ByteSize(6 << 20))));
        assert_eq!(parse("0"), Ok(Memory::Unlimited));
        for bad in ["", "-1", "5m", "64x", "1e9", "0x40"] {
            assert!(matches!(parse(bad), Err(BadValue::Shape { .. })), "{bad}");
        }
    }

    #[test]
    fn swap_is_a_size_or_none() {
        let parse = |text: &str| Swap::parse(text.as_bytes());
        assert_eq!(parse("128m"), Ok(Some(Swap::Most(ByteSize(128 << 20)))));
        assert_eq!(parse("-1"), Ok(Some(Swap::Unlimited)));
        assert_eq!(parse("0"), Ok(None));
        for bad in ["", "-2", "--1", "x"] {
            assert!(matches!(parse(bad), Err(BadValue::Shape { .. })), "{bad}");
        }
    }

    #[test]
    fn processors_are_counted_in_thousandths() {
        let parse = |text: &str| Cpus::parse(text.as_bytes());
        for (text, quota) in
            [("1", 100_000), ("1.5", 150_000), ("0.01", 1000), ("0.125", 12_500), ("64", 6_400_000)]
        {
            assert_eq!(parse(text), Ok(Some(Cpus(quota))), "{text}");
        }
        assert_eq!(parse("0"), Ok(None));
        assert_eq!(parse("0.000"), Ok(None));
        for bad in ["", "-1", "0.001", "0.009", "1.", ".5", "1.0001", "1e1", "1,5", "+1", "0.+1"] {
            assert!(matches!(parse(bad), Err(BadValue::Shape { .. })), "{bad}");
        }
    }

    #[test]
    fn processes_are_counted_and_0_is_no_limit() {
        let parse = |text: &str| Pids::parse(text.as_bytes());
        assert_eq!(parse("50"), Ok(Pids::Most(50)));
        assert_eq!(parse("4194304"), Ok(Pids::Most(4_194_304)));
        assert_eq!(parse("0"), Ok(Pids::Unlimited));
        assert_eq!(parse("-1"), Ok(Pids::Unlimited));
        for bad in ["", "-2", "4194305", "1.5", "many"] {
            assert!(matches!(parse(bad), Err(BadValue::Shape { .. })), "{bad}");
        }
    }

    #[test]
    fn storage_has_a_size_and_nothing_else() {
        assert_eq!(storage(b"size=2g"), Ok(ByteSize(2 << 30)));
        assert!(matches!(storage(b"size=0"), Err(BadValue::Refused { .. })));
        assert!(matches!(storage(b"size=1k"), Err(BadValue::Shape { .. })));
        assert!(matches!(storage(b"size="), Err(BadValue::Shape { .. })));
        for unknown in ["2g", "inodes=5", "overlay.size=1g", ""] {
            let parsed = storage(unknown.as_bytes());
            assert!(matches!(parsed, Err(BadValue::UnknownOption { .. })), "{unknown}");
        }
    }
}
