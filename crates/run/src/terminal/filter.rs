//! The state machine: takes the payload's bytes apart, lets through what the table names.
//!
//! Our own, not `vte`: its callbacks give numbers, not the bytes to write again (numbers saturate,
//! a missing one is 0, bad bytes are U+FFFD), and it collects an OSC string of any length in
//! memory. Here a control string is counted and dropped as it comes.
//!
//! The one idea: a sequence is written as a whole when its last byte was seen and allowed, or not
//! at all. So the terminal never stands inside a sequence when other bytes reach it, and where
//! terminals disagree on the end of a withheld one, text may be lost or shown, but nothing gets
//! through.

use super::allowed::{self, CSI};
use super::csi::{Csi, Effect, Sequence};
use super::left::Left;
use super::text::{self, Text};
use super::withheld::{self, Kind, Str, Withheld};

/// The longest sequence that passes: 32 SGR parameters of three digits, and some.
const LONGEST: usize = 160;
/// How much of a control string is kept to tell its kind.
const HEAD: usize = 16;
/// Questions to the terminal that may be open at once.
const OPEN_QUESTIONS: u8 = 16;
/// Bytes of our own answers that may wait for [`Filter::answers`].
const WAITING: usize = 256;

/// DA1: a VT220 with colours. Claims nothing that is withheld (no sixel, no clipboard).
const ATTRIBUTES: &[u8] = b"\x1b[?62;22c";
/// DSR 5: no malfunction.
const STATUS: &[u8] = b"\x1b[0n";

/// Passes what a payload prints on its pty to the user's terminal, through an allow-list.
///
/// Bounded memory, whatever comes; the output does not depend on how the input is cut into chunks.
/// Assumes a terminal that reads UTF-8: in an 8-bit one, the second byte of a letter can be a
/// control character.
///
/// ```
/// use drybox_run::terminal::Filter;
///
/// let (mut filter, mut out) = (Filter::new(), Vec::new());
/// filter.feed(b"\x1b]0;a title\x07\x1b[32mok\x1b[m\n", &mut out);
/// assert_eq!(out, b"\x1b[32mok\x1b[m\n");
/// assert_eq!(filter.withheld().to_string(), "terminal: 1 title withheld");
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    state: State,
    held: Held,
    text: Text,
    left: Left,
    withheld: Withheld,
    open_questions: u8,
    answers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate.
    EscapeRest,
    /// After `ESC [`.
    Csi,
    /// In a control string; whether its last bytes ask (`;?`).
    String {
        string: Str,
        after_semicolon: bool,
        asks: bool,
    },
}

/// The part of a sequence that is not decided yet.
#[derive(Clone, Debug)]
struct Held {
    bytes: [u8; LONGEST],
    /// Past `LONGEST`, the sequence is too long to pass.
    len: usize,
}

impl Filter {
    /// A filter for a terminal in its ground state.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Text,
            held: Held { bytes: [0; LONGEST], len: 0 },
            text: Text::default(),
            left: Left::default(),
            withheld: Withheld::default(),
            open_questions: 0,
            answers: Vec::with_capacity(WAITING),
        }
    }

    /// Takes the next bytes that the payload printed, and appends to `out` what may be shown.
    ///
    /// Does not allocate while `out` has room for [`Filter::GROWTH`] times the input.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut rest = input;
        while let Some(&byte) = rest.first() {
            rest = match self.state {
                State::Text => self.ground(rest, out),
                State::String { .. } => self.string(rest),
                State::Escape | State::EscapeRest | State::Csi => {
                    if self.sequence(byte, out) {
                        rest.get(1..).unwrap_or_default()
                    } else {
                        // The byte ended a sequence that it does not belong to: look at it again.
                        self.withhold(Kind::Control);
                        rest
                    }
                }
            };
        }
    }

    /// How many bytes one byte of input may at most become, beside what was held before it.
    pub const GROWTH: usize = 6;

    /// What did not pass until now.
    #[must_use]
    pub const fn withheld(&self) -> Withheld {
        self.withheld
    }

    /// Appends the answers that the payload is to read on its terminal, to be written to its pty.
    ///
    /// Questions with one honest answer (DA1, DSR 5) are answered here: no program waits for a
    /// time-out, and no answer of the terminal can come late. At most 256 bytes wait; what is asked
    /// beyond that is withheld.
    pub fn answers(&mut self, input: &mut Vec<u8>) {
        input.append(&mut self.answers);
    }

    /// Takes what the user's terminal sent, to know which cursor reports were answered.
    ///
    /// Without it, 16 reports pass, then they are withheld: a payload cannot have the terminal fill
    /// its own input.
    pub fn heard(&mut self, input: &[u8]) {
        if self.open_questions > 0 {
            let answers = input.iter().filter(|&&b| b == b'R').count();
            let answers = u8::try_from(answers).unwrap_or(u8::MAX);
            self.open_questions = self.open_questions.saturating_sub(answers);
        }
    }

    /// Whether the terminal may still send what the payload caused: a cursor report, or a mouse or
    /// focus event from before the reset.
    ///
    /// Then, after the reset, drain before a shell reads: write [`super::FENCE`], and drop input up
    /// to [`super::FENCE_ANSWER`]. A payload cannot fake the fence, since its own is answered here.
    #[must_use]
    pub const fn asked(&self) -> bool {
        self.open_questions > 0 || self.left.reporting()
    }

    /// Whether the payload draws on an alternate screen.
    #[must_use]
    pub const fn has_picture(&self) -> bool {
        self.left.has_picture()
    }

    /// Appends what gives the terminal back: [`super::RESET`], and what only this filter knows
    /// (alternate screen, keyboard levels, cursor shape). Nothing, when only text has passed.
    ///
    /// The screen's content stays, and the cursor, unless an alternate screen has to be left.
    pub fn reset(&self, out: &mut Vec<u8>) {
        self.left.undo(out);
    }

    fn withhold(&mut self, kind: Kind) {
        self.withheld.add(kind);
        self.state = State::Text;
    }

    fn ground<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let (run, rest) = input.split_at_checked(text::run(input)).unwrap_or((input, b""));
        self.text.write(run, rest.is_empty(), out, &mut self.withheld);
        let Some((&control, rest)) = rest.split_first() else {
            return rest;
        };
        if control == ESCAPE {
            self.begin(State::Escape);
        } else {
            self.control(control, out);
        }
        rest
    }

    /// A control character, alone or within a sequence, where terminals obey it at once.
    fn control(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            // Terminals ignore them.
            0 | 0x7f => {}
            _ if allowed::control(byte) => {
                if matches!(byte, 0x0e | 0x0f) {
                    self.left.touch();
                }
                out.push(byte);
            }
            0x05 => self.withheld.add(Kind::Query),
            _ => self.withheld.add(Kind::Control),
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.held.len = 0;
    }

    /// A byte within a sequence; false when it cannot be part of one.
    fn sequence(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        match byte {
            ESCAPE => self.begin(State::Escape),
            CANCEL | SUBSTITUTE => self.state = State::Text,
            0..0x20 | 0x7f => self.control(byte, out),
            0x20..0x7f => match self.state {
                State::Csi => self.csi(byte, out),
                _ => self.escape(byte, out),
            },
            0x80.. => return false,
        }
        true
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        let string = |string| State::String { string, after_semicolon: false, asks: false };
        if matches!(byte, 0x20..=0x2f) {
            self.held.push(byte);
            self.state = State::EscapeRest;
            return;
        }
        match byte {
            _ if self.state == State::EscapeRest => self.escaped(byte, out),
            b'[' => self.begin(State::Csi),
            b']' => self.begin(string(Str::Osc)),
            b'P' => self.begin(string(Str::Dcs)),
            b'_' => self.begin(string(Str::Apc)),
            b'^' | b'X' => self.begin(string(Str::Other)),
            b'k' => self.begin(string(Str::Title)),
            // The end of a string: the string was counted.
            b'\\' => self.state = State::Text,
            _ => self.escaped(byte, out),
        }
    }

    fn escaped(&mut self, last: u8, out: &mut Vec<u8>) {
        let row = allowed::ESC.iter().find(|row| match self.held.bytes() {
            Some([]) => row.intermediate == 0 && row.last == last,
            Some([one]) => row.intermediate == *one && row.last == last,
            Some([..]) | None => false,
        });
        let Some(row) = row else {
            let kind = if last == b'Z' { Kind::Query } else { Kind::Control };
            return self.withhold(kind);
        };
        self.state = State::Text;
        self.left.touch();
        if let Some(instead) = row.instead {
            return out.extend_from_slice(instead);
        }
        out.push(ESCAPE);
        out.extend_from_slice(self.held.bytes().unwrap_or_default());
        out.push(last);
    }

    fn csi(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        if !matches!(byte, 0x40..0x7f) {
            return;
        }
        let held = self.held.clone();
        let sequence = held.bytes().and_then(Sequence::parse);
        let Some(sequence) = sequence else {
            return self.withhold(Kind::Control);
        };
        match CSI.iter().find(|row| row.allows(&sequence)) {
            Some(row) if self.admit(row, &sequence, out) => self.state = State::Text,
            _ => self.withhold(withheld::of_csi(&sequence)),
        }
    }

    /// Writes or answers an allowed sequence; false when it may not pass now.
    fn admit(&mut self, row: &Csi, sequence: &Sequence<'_>, out: &mut Vec<u8>) -> bool {
        match row.effect {
            Effect::AnswerStatus => return self.answer(STATUS),
            Effect::AnswerAttributes => return self.answer(ATTRIBUTES),
            Effect::Ask if self.open_questions >= OPEN_QUESTIONS => return false,
            Effect::Ask => self.open_questions = self.open_questions.saturating_add(1),
            _ if !self.left.admit(row.effect, sequence, out) => return false,
            _ => self.left.touch(),
        }
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(self.held.bytes().unwrap_or_default());
        true
    }

    fn answer(&mut self, answer: &[u8]) -> bool {
        let room = self.answers.len().saturating_add(answer.len()) <= WAITING;
        if room {
            self.answers.extend_from_slice(answer);
        }
        room
    }

    /// Drops a part of a control string; gives back what follows its end.
    fn string<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let State::String { string, mut after_semicolon, mut asks } = self.state else {
            return input;
        };
        let mut bytes = input.iter();
        for &byte in bytes.by_ref() {
            asks |= after_semicolon && byte == b'?';
            after_semicolon = byte == b';';
            let ends = match byte {
                ESCAPE | CANCEL | SUBSTITUTE => true,
                BELL => string == Str::Osc,
                _ => {
                    self.held.push(byte);
                    // The Linux console's palette commands have a fixed length and no terminator.
                    string == Str::Osc
                        && matches!(self.held.head(), b"R" | [b'P', _, _, _, _, _, _, _])
                }
            };
            if ends {
                let kind = withheld::of_string(string, self.held.head(), asks);
                self.withhold(kind);
                if byte == ESCAPE {
                    self.begin(State::Escape);
                }
                return bytes.as_slice();
            }
        }
        self.state = State::String { string, after_semicolon, asks };
        b""
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}

impl Held {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
        }
        self.len = self.len.saturating_add(1);
    }

    /// All of it; `None` when it was too long to be held.
    fn bytes(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len)
    }

    /// The first bytes.
    fn head(&self) -> &[u8] {
        self.bytes.get(..self.len.min(HEAD)).unwrap_or_default()
    }
}

const BELL: u8 = 0x07;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;
