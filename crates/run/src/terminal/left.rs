//! What the payload leaves on in the terminal, and how it is undone.

use super::allowed::{After, MODES};
use super::csi::{Effect, Sequence};

/// Undoes what any payload may leave behind, whatever its state: for a guard that did not see it.
///
/// Neither clears nor scrolls; the cursor stays. Leaves the alternate screen alone, because leaving
/// a screen that was never entered moves the cursor in some terminals: [`super::Filter::reset`]
/// knows.
///
/// # Source
/// xterm's `ctlseqs`: DECSTR forgets the saved cursor, and DECSTBM moves it home, hence the order.
pub const RESET: &[u8] = b"\x1b[?2026l\x1b[!p\x1b[m\x1b(B\x1b)B\x0f\x1b7\x1b[r\x1b8\
\x1b[4l\x1b[?1l\x1b>\x1b[?5l\x1b[?7h\x1b[?12l\x1b[?25h\
\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\
\x1b[?1004l\x1b[?2004l";

/// How deep a payload may stack kitty's keyboard levels. A terminal drops the lowest, the user's
/// own, when its stack is full; kitty keeps 16.
const DEEPEST: u8 = 8;

/// What is on.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    /// An escape sequence or a shift has passed.
    touched: bool,
    /// The mode that entered the alternate screen.
    alternate: Option<u16>,
    /// Levels of kitty's keyboard protocol: on the main screen, on the alternate one.
    keys: [u8; 2],
    /// What undoes a cursor's shape and reports of more keys; empty until they were used, because
    /// terminals that know neither read it as something else.
    cursor_style: &'static [u8],
    modified_keys: &'static [u8],
    /// The terminal was told to send events of its own.
    reporting: bool,
}

impl Left {
    /// Something passed that is not text.
    pub(super) fn touch(&mut self) {
        self.touched = true;
    }

    /// Whether the terminal was told to send events of its own, now or before.
    pub(super) const fn reporting(&self) -> bool {
        self.reporting
    }

    /// Whether the alternate screen is shown.
    pub(super) const fn has_picture(&self) -> bool {
        self.alternate.is_some()
    }

    /// Whether a sequence may pass here and now; if so, its effect is noted, and what has to
    /// precede it is written.
    pub(super) fn admit(
        &mut self,
        effect: Effect,
        sequence: &Sequence<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        match effect {
            Effect::Set => sequence.numbers().flatten().for_each(|n| self.set(n)),
            Effect::Unset => sequence.numbers().flatten().for_each(|n| self.unset(n, out)),
            Effect::CursorStyle => self.cursor_style = b"\x1b[0 q",
            Effect::ModifyKeys => self.modified_keys = b"\x1b[>4m",
            Effect::KeysPush => return self.push(),
            Effect::KeysPop => return self.pop(sequence.first()),
            Effect::KeysSet => return *self.level() > 0,
            Effect::None | Effect::Ask | Effect::AnswerStatus | Effect::AnswerAttributes => {}
        }
        true
    }

    /// Writes what undoes it; nothing, when only text has passed.
    pub(super) fn undo(&self, out: &mut Vec<u8>) {
        if !self.touched {
            return;
        }
        let [main, alternate] = self.keys;
        if let Some(mode) = self.alternate {
            // Before the screen is left, since each screen has levels of its own.
            close_levels(alternate, out);
            out.extend_from_slice(leave(mode));
        }
        close_levels(main, out);
        out.extend_from_slice(RESET);
        out.extend_from_slice(self.cursor_style);
        out.extend_from_slice(self.modified_keys);
    }

    fn set(&mut self, number: u16) {
        if is_screen(number) {
            self.alternate.get_or_insert(number);
        }
        self.reporting |= after(number) == Some(After::OffAndSilent);
    }

    fn unset(&mut self, number: u16, out: &mut Vec<u8>) {
        if is_screen(number) && self.alternate.take().is_some() {
            // They would wait there for the next program that enters the screen.
            let [_, alternate] = &mut self.keys;
            close_levels(std::mem::take(alternate), out);
        }
    }

    fn level(&mut self) -> &mut u8 {
        let [main, alternate] = &mut self.keys;
        if self.alternate.is_some() { alternate } else { main }
    }

    fn push(&mut self) -> bool {
        let level = self.level();
        let room = *level < DEEPEST;
        *level = level.saturating_add(u8::from(room));
        room
    }

    /// Pops no deeper than was pushed: below lies the level of the user's shell.
    fn pop(&mut self, count: u16) -> bool {
        let level = self.level();
        let left = u16::from(*level).checked_sub(count.max(1));
        if let Some(left) = left.and_then(|left| u8::try_from(left).ok()) {
            *level = left;
        }
        left.is_some()
    }
}

fn is_screen(number: u16) -> bool {
    after(number) == Some(After::Screen)
}

fn after(number: u16) -> Option<After> {
    MODES.iter().find(|mode| mode.number == number).map(|mode| mode.after)
}

/// Leaves the alternate screen as it was entered: 1049 alone gives the cursor back.
fn leave(mode: u16) -> &'static [u8] {
    match mode {
        47 => b"\x1b[?47l",
        1047 => b"\x1b[?1047l",
        _ => b"\x1b[?1049l",
    }
}

fn close_levels(count: u8, out: &mut Vec<u8>) {
    if count > 0 {
        out.extend_from_slice(&[0x1b, b'[', b'<', b'0'.saturating_add(count.min(9)), b'u']);
    }
}
