//! What holds for any bytes. Deterministic: a seed in a message repeats the case.

use super::super::{Filter, check};
use super::shown;

/// Fragments from which streams are put together: what opens, continues and ends sequences.
#[rustfmt::skip]
const PIECES: &[&[u8]] = &[
    b"\x1b", b"[", b"]", b"P", b"_", b"^", b"X", b"k", b"\\", b"\x1b\\", b"\x07", b"\x18", b"\x1a",
    b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b[?", b"\x1b[>", b"\x1b[<", b"\x1b[=", b";", b":", b"?",
    b"0", b"1", b"4", b"6", b"25", b"52", b"999", b"1049", b"2004", b"65536", b"m", b"H", b"h",
    b"l", b"u", b"n", b"c", b"t", b"J", b"q", b" q", b"!p", b"$p", b"(0", b"(B", b"R", b"r", b"b",
    b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[>1u", b"\x1b[<1u", b"\x1b[6n", b"\x1b[31m", b"\x1bc",
    b"\xc2", b"\x9b", b"\xc2\x9b", b"\xe2\x94\x80", b"\xe2", b"\x94", b"\xf0\x9f\x98", b"\x80",
    b"\xff", b"\xed\xa0\x80", b"\0", b"\x05", b"\x0e", b"\x0f", b"\x7f", b"\r\n", b"\t", b" ",
    b"text", b"a longer run of plain text, more than one block", "naïve → ok".as_bytes(),
];

struct Random(u64);

impl Random {
    /// xorshift64 (Marsaglia 2003).
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap()
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() % end
    }

    fn stream(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(40) {
            if self.below(8) == 0 {
                bytes.push(u8::try_from(self.below(256)).unwrap());
            } else {
                bytes.extend_from_slice(PIECES[self.below(PIECES.len())]);
            }
        }
        bytes
    }
}

#[test]
fn what_passed_passes_again_and_no_cut_matters() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..60_000 {
        let seed = random.0;
        let bytes = random.stream();
        assert!(check(&bytes), "seed {seed:#x}: {}", shown(&bytes));
    }
}

#[test]
fn any_cut_gives_the_same() {
    let mut random = Random(0xd1b5_4a32_d192_ed03);
    for _ in 0..10_000 {
        let seed = random.0;
        let bytes = random.stream();
        let (mut whole, mut expected) = (Filter::new(), Vec::new());
        whole.feed(&bytes, &mut expected);
        let (mut filter, mut out, mut rest) = (Filter::new(), Vec::new(), &bytes[..]);
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(1 + random.below(rest.len()));
            filter.feed(chunk, &mut out);
            rest = after;
        }
        assert_eq!(shown(&out), shown(&expected), "seed {seed:#x}");
        assert_eq!(filter.withheld(), whole.withheld(), "seed {seed:#x}");
    }
}

#[test]
fn output_is_bounded_and_needs_no_memory_that_is_there() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut filter, mut out) = (Filter::new(), Vec::with_capacity(64 * 1024));
    for _ in 0..20_000 {
        let seed = random.0;
        let bytes = random.stream();
        out.clear();
        filter.feed(&bytes, &mut out);
        // 160 bytes of a sequence that an earlier chunk began, and its levels closed before.
        assert!(out.len() <= bytes.len() * Filter::GROWTH + 170, "seed {seed:#x}");
        assert_eq!(out.capacity(), 64 * 1024, "seed {seed:#x}");
    }
}

#[test]
fn outside_the_table_nothing_reaches_the_terminal() {
    // A grammar of its own, so that a fault of the parser cannot hide itself: every ESC of the
    // output starts one of three shapes, and no other control character is there.
    let mut random = Random(0x6a09_e667_f3bc_c908);
    for _ in 0..20_000 {
        let seed = random.0;
        let (mut filter, mut out) = (Filter::new(), Vec::new());
        filter.feed(&random.stream(), &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        let mut parts = text.split('\x1b');
        let mut plain = parts.next().unwrap().to_owned();
        for part in parts {
            let length = match part.as_bytes() {
                [b'[', rest @ ..] => {
                    2 + rest.iter().position(|b| (0x40..0x7f).contains(b)).unwrap()
                }
                [b'(' | b')', b'0' | b'B', ..] => 2,
                [b'7' | b'8' | b'=' | b'>' | b'D' | b'E' | b'M', ..] => 1,
                _ => panic!("seed {seed:#x}: {}", shown(&out)),
            };
            let (sequence, after) = part.split_at(length);
            assert!(sequence.bytes().all(|b| (0x20..0x7f).contains(&b)), "seed {seed:#x}");
            assert!(!sequence.ends_with(['t', 'c', 'i', 'x', 'y', 'w']), "seed {seed:#x}");
            plain.push_str(after);
        }
        let bad = plain.chars().any(|c| c.is_control() && !('\x07'..='\x0f').contains(&c));
        assert!(!bad, "seed {seed:#x}: {}", shown(&out));
    }
}
