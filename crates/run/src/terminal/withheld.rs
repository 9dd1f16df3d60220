//! What was withheld, by kind: one table of sequences, and a line for the summary.

use std::fmt;

use super::csi::Sequence;

/// How much of what the payload printed did not reach the terminal.
///
/// Shows as one line: `terminal: 3 titles, 1 clipboard write withheld`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    counts: [u32; NAMES.len()],
}

/// A kind of what is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The window's title or icon, and the stack of them.
    Title,
    /// Text put on the user's clipboard (OSC 52).
    ClipboardWrite,
    /// The user's clipboard asked for (OSC 52 `?`).
    ClipboardRead,
    /// A question whose answer the terminal would type (DA2, DECRQM, XTGETTCAP, colours, sizes …).
    Query,
    /// Pictures: sixel, ReGIS, kitty, iTerm2.
    Graphics,
    /// A link (OSC 8); its text is shown.
    Link,
    /// A desktop notification or progress mark (OSC 9, 99, 777).
    Notification,
    /// Another palette or default colour.
    Colour,
    /// Marks for the shell integration: prompts, current directory (OSC 7, 133, 633, 1337).
    Mark,
    /// The history above the screen, erased.
    History,
    /// Bytes that are not UTF-8, shown as U+FFFD.
    BadByte,
    /// Any other control that is not in the table.
    Control,
}

/// One and many, in the order of [`Kind`].
const NAMES: [(&str, &str); 12] = [
    ("title", "titles"),
    ("clipboard write", "clipboard writes"),
    ("clipboard read", "clipboard reads"),
    ("query", "queries"),
    ("picture", "pictures"),
    ("link", "links"),
    ("notification", "notifications"),
    ("colour change", "colour changes"),
    ("shell mark", "shell marks"),
    ("history erasure", "history erasures"),
    ("bad byte", "bad bytes"),
    ("other control", "other controls"),
];

impl Withheld {
    /// Whether everything passed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Whether it is only what ordinary programs print all day (titles, queries, links …), and no
    /// attempt on the clipboard, the desktop or the colours. One `vim` makes twenty of these.
    #[must_use]
    pub fn is_routine(&self) -> bool {
        [
            Kind::ClipboardWrite,
            Kind::ClipboardRead,
            Kind::Graphics,
            Kind::Notification,
            Kind::Colour,
        ]
        .into_iter()
        .all(|kind| self.count(kind) == 0)
    }

    /// How many of one kind; stays at `u32::MAX`.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u32 {
        self.counts.get(kind as usize).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, kind: Kind) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count = count.saturating_add(1);
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("terminal: nothing withheld");
        }
        let counts = self.counts.iter().zip(NAMES).filter(|&(&count, _)| count != 0);
        for (index, (&count, (one, many))) in counts.enumerate() {
            let before = if index == 0 { "terminal: " } else { ", " };
            write!(f, "{before}{count} {}", if count == 1 { one } else { many })?;
        }
        f.write_str(" withheld")
    }
}

/// A control string: what stands between its introducer and its terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Str {
    /// `ESC ]`: operating system command.
    Osc,
    /// `ESC P`: device control string.
    Dcs,
    /// `ESC _`: application program command.
    Apc,
    /// `ESC ^` and `ESC X`: privacy message, start of string.
    Other,
    /// `ESC k`: a title for screen and tmux.
    Title,
}

/// The kind of a control sequence that no row allowed.
pub(super) fn of_csi(sequence: &Sequence<'_>) -> Kind {
    match (sequence.marker, sequence.intermediates, sequence.last, sequence.first()) {
        (_, b"", b't', 22 | 23) | (b'>', b"", b't' | b'T', _) => Kind::Title,
        (_, b"", b't', 11 | 13..=16 | 18..=21) => Kind::Query,
        // DA, DSR, XTVERSION, DECREQTPARM, kitty's and xterm's key state, XTSMGRAPHICS, DECRQM,
        // DECRQCRA (reads the screen), DECRQPSR, DECRQUPSS.
        (0 | b'>' | b'=', b"", b'c', _)
        | (0 | b'?', b"", b'n' | b'x', _)
        | (b'>', b"", b'q', _)
        | (b'?', b"", b'u' | b'm' | b'S', _)
        | (_, b"$", b'p' | b'w' | b'u', _)
        | (_, b"*", b'y', _)
        | (_, b"&", b'u', _) => Kind::Query,
        (0 | b'?', b"", b'J', 3) => Kind::History,
        _ => Kind::Control,
    }
}

/// The kind of a control string, from its first bytes and whether a parameter is `?`.
pub(super) fn of_string(string: Str, head: &[u8], asks: bool) -> Kind {
    let name = head.split(|&b| b == b';').next().unwrap_or_default();
    match (string, name) {
        (Str::Title, _) | (Str::Osc, b"0" | b"1" | b"2" | b"3" | b"l" | b"L" | b"I") => Kind::Title,
        (Str::Osc, b"52") if asks => Kind::ClipboardRead,
        (Str::Osc, b"52") => Kind::ClipboardWrite,
        (Str::Osc, b"8") => Kind::Link,
        (Str::Osc, b"9" | b"99" | b"777") => Kind::Notification,
        (Str::Osc, b"1337") if head.starts_with(b"1337;File") => Kind::Graphics,
        (Str::Osc, b"7" | b"133" | b"633" | b"1337") => Kind::Mark,
        (Str::Osc, _) if asks => Kind::Query,
        (Str::Osc, b"4" | b"5" | b"104" | b"105" | b"21") => Kind::Colour,
        (Str::Osc, [b'1', b'0'..=b'9'] | [b'1', b'1', b'0'..=b'9'] | [b'P' | b'R', ..]) => {
            Kind::Colour
        }
        (Str::Dcs, _) => of_dcs(head),
        (Str::Apc, _) if head.starts_with(b"G") => Kind::Graphics,
        _ => Kind::Control,
    }
}

/// DECRQSS (`$q`), XTGETTCAP (`+q`), sixel (`q`), ReGIS (`p`).
fn of_dcs(head: &[u8]) -> Kind {
    let parameters = |b: &&u8| matches!(b, b'0'..=b';');
    let body = head.get(head.iter().take_while(parameters).count()..).unwrap_or_default();
    match body {
        [b'$' | b'+', b'q', ..] => Kind::Query,
        [b'q' | b'p', ..] => Kind::Graphics,
        _ => Kind::Control,
    }
}
