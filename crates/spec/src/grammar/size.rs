//! Sizes in bytes, as podman writes them.

use super::{BadValue, decimal, split_once};
use crate::ByteSize;

impl ByteSize {
    /// Takes `NUMBER[UNIT]`: units `b`, `k`, `m`, `g`, `t`, `p`, alone or with `b` or `ib` after it,
    /// in either case, all powers of 1024; the number may have up to nine decimals (`1.5g`).
    ///
    /// # Errors
    /// *User*, when it has another shape or does not fit 64 bits.
    pub fn parse(text: &[u8]) -> Result<Self, BadValue> {
        parse(text).map(Self).ok_or(BadValue::shape(
            "a size is a number with an optional unit b, k, m, g or t: 64m, 1.5g",
        ))
    }
}

fn parse(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|b| !b.is_ascii_digit() && *b != b'.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let unit = u128::from(unit_of(unit)?);
    let (whole, decimals) = split_once(number, b'.').unwrap_or((number, b"0"));
    let whole: u64 = decimal(whole)?;
    if decimals.is_empty() || decimals.len() > 9 {
        return None;
    }
    // Nine decimals of at most 2^50 bytes stay far below 128 bits.
    let mut scaled = decimals.to_vec();
    scaled.resize(9, b'0');
    let billionths: u128 = std::str::from_utf8(&scaled).ok()?.parse().ok()?;
    let fraction = billionths.checked_mul(unit)?.checked_div(1_000_000_000)?;
    u64::try_from(u128::from(whole).checked_mul(unit)?.checked_add(fraction)?).ok()
}

fn unit_of(unit: &[u8]) -> Option<u64> {
    let lower = unit.to_ascii_lowercase();
    let letter = match lower.as_slice() {
        b"" | b"b" => return Some(1),
        [letter] | [letter, b'b'] | [letter, b'i', b'b'] => letter,
        _ => return None,
    };
    let power = b"kmgtp".iter().position(|b| b == letter)?;
    UNITS.get(power).copied()
}

const UNITS: [u64; 5] = [1 << 10, 1 << 20, 1 << 30, 1 << 40, 1 << 50];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        let parse = |t: &str| ByteSize::parse(t.as_bytes()).map(|s| s.0).ok();
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("64m"), Some(64 << 20));
        assert_eq!(parse("64MB"), parse("64MiB"));
        assert_eq!(parse("1.5g"), Some(3 << 29));
        assert_eq!(parse("1.5"), Some(1));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        for bad in [
            "",
            "m",
            "-1",
            "+1",
            "1x",
            "1.m",
            ".5g",
            "1..2",
            "64 m",
            "0x10",
            "1e3",
            "01",
            "18446744073709551616",
            "16384p",
            "1.0000000001g",
            "64mib2",
            "1ib",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
