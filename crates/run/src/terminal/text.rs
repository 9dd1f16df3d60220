//! Plain text: runs of UTF-8 without control characters, copied as a whole.

use std::str::from_utf8;

use super::withheld::{Kind, Withheld};

/// What a byte that is no UTF-8 becomes; terminals show the same.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// The text state: a character that a chunk's end has cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Text {
    cut: [u8; 4],
    len: usize,
}

/// How many bytes at the start hold no control character, but for LF, CR and tab.
pub(super) fn run(bytes: &[u8]) -> usize {
    // In blocks without an early exit, so that the compiler makes vector code of it.
    const BLOCK: usize = 32;
    let whole = bytes
        .chunks_exact(BLOCK)
        .take_while(|block| block.iter().fold(true, |all, &b| all & is_text(b)))
        .count()
        .saturating_mul(BLOCK);
    let rest = bytes.get(whole..).unwrap_or_default();
    whole.saturating_add(rest.iter().take_while(|&&b| is_text(b)).count())
}

const fn is_text(byte: u8) -> bool {
    (byte >= 0x20) & (byte != 0x7f) | (byte == b'\n') | (byte == b'\r') | (byte == b'\t')
}

impl Text {
    /// Writes a run of text. `more`: the chunk ends here, and a cut character may be completed.
    pub(super) fn write(
        &mut self,
        run: &[u8],
        more: bool,
        out: &mut Vec<u8>,
        withheld: &mut Withheld,
    ) {
        if self.len == 0 && run.is_ascii() {
            out.extend_from_slice(run);
            return;
        }
        let mut rest = self.complete(run, out, withheld);
        while let Err(error) = from_utf8(rest) {
            let (clean, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, b""));
            write_characters(clean, out, withheld);
            let Some(len) = error.error_len() else {
                self.keep(bad);
                rest = b"";
                break;
            };
            replace(out, withheld);
            rest = bad.get(len..).unwrap_or_default();
        }
        write_characters(rest, out, withheld);
        if !more {
            self.give_up(out, withheld);
        }
    }

    /// A control character follows: what was cut stays incomplete.
    pub(super) fn give_up(&mut self, out: &mut Vec<u8>, withheld: &mut Withheld) {
        if self.len > 0 {
            self.len = 0;
            replace(out, withheld);
        }
    }

    /// Completes the character that the last chunk has cut; gives back what follows it.
    fn complete<'a>(
        &mut self,
        run: &'a [u8],
        out: &mut Vec<u8>,
        withheld: &mut Withheld,
    ) -> &'a [u8] {
        let mut rest = run;
        while let (true, Some((&byte, after))) = (self.len > 0, rest.split_first()) {
            let mut longer = *self;
            longer.push(byte);
            match from_utf8(longer.bytes()) {
                Ok(_) => {
                    write_characters(longer.bytes(), out, withheld);
                    self.len = 0;
                    rest = after;
                }
                Err(error) if error.error_len().is_none() => {
                    *self = longer;
                    rest = after;
                }
                // The byte does not belong to it, and is looked at on its own.
                Err(_) => self.give_up(out, withheld),
            }
        }
        rest
    }

    fn keep(&mut self, cut: &[u8]) {
        self.len = 0;
        cut.iter().for_each(|&byte| self.push(byte));
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.cut.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    fn bytes(&self) -> &[u8] {
        self.cut.get(..self.len).unwrap_or_default()
    }
}

/// Writes valid UTF-8, without the C1 controls (U+0080 to U+009F): xterm obeys them in this form.
fn write_characters(text: &[u8], out: &mut Vec<u8>, withheld: &mut Withheld) {
    let mut rest = text;
    while let Some(at) = rest.array_windows().position(|&[lead, byte]| lead == 0xc2 && byte < 0xa0)
    {
        let (clean, from) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(clean);
        withheld.add(Kind::Control);
        rest = from.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn replace(out: &mut Vec<u8>, withheld: &mut Withheld) {
    out.extend_from_slice(REPLACEMENT);
    withheld.add(Kind::BadByte);
}
