//! Lines that were not there before.

use std::collections::HashMap;

use super::change::Line;

/// A line and its number, from 1.
pub(super) type Numbered<'a> = (u32, &'a [u8]);

/// The lines of `new` that `old` does not have (as often).
pub(super) fn fresh<'a>(old: &[u8], new: &'a [u8]) -> Vec<Numbered<'a>> {
    let mut left: HashMap<&[u8], u32> = HashMap::new();
    for (_, line) in numbered(old) {
        *left.entry(line).or_default() += 1;
    }
    let is_fresh = |line: &[u8]| match left.get_mut(line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let mut is_fresh = is_fresh;
    numbered(new).filter(|(_, line)| is_fresh(line)).collect()
}

/// Every line, without its end.
pub(super) fn numbered(bytes: &[u8]) -> impl Iterator<Item = Numbered<'_>> {
    let lines = bytes.split(|&b| b == b'\n');
    let ended = bytes.is_empty() || bytes.ends_with(b"\n");
    let count = if ended { bytes.split(|&b| b == b'\n').count() - 1 } else { usize::MAX };
    (1..).zip(lines.take(count).map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
}

/// What to show of a change of which every line counts: the first that say something.
pub(super) fn first(old: &[u8], new: &[u8]) -> Vec<Line> {
    show(fresh(old, new).into_iter().filter(|(_, line)| !line.trim_ascii().is_empty()))
}

/// The first few of these lines, safe to print.
pub(super) fn show<'a>(lines: impl Iterator<Item = Numbered<'a>>) -> Vec<Line> {
    lines.take(Line::MOST).map(|(number, line)| Line::of(number, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_fresh_as_often_as_it_is_new() {
        let got = fresh(b"a\nb\n", b"b\nb\nc");
        assert_eq!(got, [(2, &b"b"[..]), (3, &b"c"[..])]);
        assert!(fresh(b"a\r\n", b"a\n").is_empty());
        assert!(fresh(b"", b"").is_empty());
    }
}
