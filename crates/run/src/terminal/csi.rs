//! A control sequence taken apart (ECMA-48 §5.4), and the shape of the rows that allow one.

use super::allowed::MODES;

/// A row of [`super::allowed::CSI`].
pub(super) struct Csi {
    /// `<`, `=`, `>` or `?` before the parameters; 0 for none.
    pub(super) marker: u8,
    /// The byte between parameters and end; 0 for none.
    pub(super) intermediate: u8,
    pub(super) last: u8,
    pub(super) params: Params,
    pub(super) effect: Effect,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by people and by the table's tests"))]
    pub(super) why: &'static str,
}

/// Which parameters a row takes. One that is left out is 0.
#[derive(Clone, Copy)]
pub(super) enum Params {
    /// At most so many numbers, each at most so large.
    Few(usize, u16),
    /// One number or none, and it is in the list.
    Each(&'static [u16]),
    /// The first is this number; at most one more, at most so large.
    Keyed(u16, u16),
    /// Up to 32 numbers and subparameters below 256.
    Sgr,
    /// Up to 16 numbers, every one in [`MODES`].
    Modes,
}

/// What a sequence does beyond drawing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Sets private modes.
    Set,
    /// Unsets private modes.
    Unset,
    /// Gives the cursor another shape.
    CursorStyle,
    /// Has the terminal report more keys, the xterm way.
    ModifyKeys,
    /// Opens a level of kitty's keyboard protocol.
    KeysPush,
    /// Closes levels of it.
    KeysPop,
    /// Changes the level that is open.
    KeysSet,
    /// Has the terminal answer with the cursor's place.
    Ask,
    /// Is answered here: the terminal is well.
    AnswerStatus,
    /// Is answered here: what the terminal can do.
    AnswerAttributes,
}

/// The bytes between `ESC [` and the final byte, which is the last of them.
pub(super) struct Sequence<'a> {
    pub(super) marker: u8,
    pub(super) params: &'a [u8],
    pub(super) intermediates: &'a [u8],
    pub(super) last: u8,
}

impl<'a> Sequence<'a> {
    /// Takes a sequence apart; `None` when it breaks ECMA-48's grammar.
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        let (&last, body) = body.split_last()?;
        let (marker, body) = match body.split_first() {
            Some((&marker @ b'<'..=b'?', rest)) => (marker, rest),
            _ => (0, body),
        };
        let end = body.iter().position(|b| matches!(b, 0x20..=0x2f)).unwrap_or(body.len());
        let (params, intermediates) = body.split_at_checked(end)?;
        let sound = params.iter().all(|b| matches!(b, b'0'..=b';'))
            && intermediates.iter().all(|b| matches!(b, 0x20..=0x2f));
        sound.then_some(Self { marker, params, intermediates, last })
    }

    /// The one byte between parameters and end, 0 for none, `None` for more than one.
    fn intermediate(&self) -> Option<u8> {
        match self.intermediates {
            [] => Some(0),
            [one] => Some(*one),
            [..] => None,
        }
    }

    /// Its numbers; `None` for one that is too large or holds a subparameter.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Option<u16>> + use<'a> {
        self.params.split(|&b| b == b';').map(number)
    }

    /// The first number, 0 when there is none, `u16::MAX` when it is too large.
    pub(super) fn first(&self) -> u16 {
        self.numbers().next().flatten().unwrap_or(u16::MAX)
    }
}

impl Csi {
    /// A row without marker, intermediate and lasting effect.
    pub(super) const fn plain(last: u8, params: Params, why: &'static str) -> Self {
        Self { marker: 0, intermediate: 0, last, params, effect: Effect::None, why }
    }

    /// A full row.
    pub(super) const fn of(
        marker: u8,
        intermediate: u8,
        last: u8,
        params: Params,
        effect: Effect,
        why: &'static str,
    ) -> Self {
        Self { marker, intermediate, last, params, effect, why }
    }

    /// The row with an effect.
    pub(super) const fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Whether the row allows the sequence.
    pub(super) fn allows(&self, sequence: &Sequence<'_>) -> bool {
        self.last == sequence.last
            && self.marker == sequence.marker
            && Some(self.intermediate) == sequence.intermediate()
            && self.params.allow(sequence)
    }
}

impl Params {
    fn allow(self, sequence: &Sequence<'_>) -> bool {
        match self {
            Self::Few(0, _) => sequence.params.is_empty(),
            Self::Few(most, largest) => {
                sequence.numbers().count() <= most && all(sequence, |n| n <= largest)
            }
            Self::Each(list) => {
                sequence.numbers().count() == 1 && all(sequence, |n| list.contains(&n))
            }
            Self::Keyed(key, largest) => {
                let mut rest = sequence.numbers().skip(1);
                sequence.first() == key
                    && rest.next().is_none_or(|n| n.is_some_and(|n| n <= largest))
                    && rest.next().is_none()
            }
            Self::Sgr => {
                let parts = || sequence.params.split(|b| matches!(b, b';' | b':'));
                parts().count() <= 32 && parts().all(|part| number(part).is_some_and(|n| n < 256))
            }
            Self::Modes => {
                sequence.numbers().count() <= 16
                    && all(sequence, |n| MODES.iter().any(|mode| mode.number == n))
            }
        }
    }
}

fn all(sequence: &Sequence<'_>, holds: impl Fn(u16) -> bool) -> bool {
    sequence.numbers().all(|n| n.is_some_and(&holds))
}

/// A decimal number of at most five digits, so that no terminal has to cut it; empty is 0.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.len() > 5 {
        return None;
    }
    digits.iter().try_fold(0_u16, |sum, &digit| {
        let value = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        sum.checked_mul(10)?.checked_add(u16::from(value))
    })
}
