//! What passes: every sequence that may reach the user's terminal, with who needs it. No logic.
//!
//! Numbers and names are those of ECMA-48, of xterm's `ctlseqs` and of kitty's keyboard protocol.
//! A row comes in only if [`super::Filter::reset`] can undo it, and if the terminal's answer, when
//! there is one, holds no text of the payload's choice.

use super::csi::Params::{Each, Few, Keyed, Modes, Sgr};
use super::csi::{Csi, Effect};

/// A private mode, `CSI ? NUMBER h` and `l`.
pub(super) struct Mode {
    pub(super) number: u16,
    pub(super) after: After,
    /// Who needs it; the documentation's words.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by people and by the table's tests"))]
    pub(super) why: &'static str,
}

/// How a mode is left when the payload is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// `l`: a terminal has it off while a shell waits.
    Off,
    /// `l`, and what the terminal sent of itself until then must not reach the shell.
    OffAndSilent,
    /// `h`: a terminal has it on while a shell waits.
    On,
    /// `l`, only if it is on: it restores what stood on the screen before.
    Screen,
    /// Nothing remains of it.
    Nothing,
}

/// An escape sequence without parameters: `ESC INTERMEDIATE LAST`.
pub(super) struct Esc {
    /// 0 for none.
    pub(super) intermediate: u8,
    pub(super) last: u8,
    /// What is written for it; `None`: itself.
    pub(super) instead: Option<&'static [u8]>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by people and by the table's tests"))]
    pub(super) why: &'static str,
}

/// Whether this control character passes: what moves the cursor, rings, or selects a charset.
pub(super) const fn control(byte: u8) -> bool {
    // BEL, BS, HT, LF, VT, FF, CR; SO and SI draw lines where TERM is screen, tmux or vt100.
    // Not ENQ (an answer), not XON and XOFF, not DLE, not NUL (padding that nobody needs).
    matches!(byte, 0x07..=0x0f)
}

/// How large a distance or a place may be. Programs say 999 or 9999 for "the far end"; terminals
/// had overflows and endless loops beyond 16 bits.
const FAR: u16 = 32_767;
/// How often one sequence repeats a character: a very wide line.
const WIDE: u16 = 4_096;

/// Control sequences, the frequent ones first.
#[rustfmt::skip]
pub(super) const CSI: &[Csi] = &[
    Csi::plain(b'm', Sgr, "colours and attributes: everybody"),
    Csi::plain(b'H', Few(2, FAR), "cursor to row and column: everybody full-screen"),
    Csi::plain(b'K', Each(&[0, 1, 2]), "erase in line: readline, less, cargo, npm"),
    Csi::plain(b'A', Few(1, FAR), "cursor up: cargo, npm, ink, indicatif"),
    Csi::plain(b'B', Few(1, FAR), "cursor down: ink, fzf"),
    Csi::plain(b'C', Few(1, FAR), "cursor right: readline"),
    Csi::plain(b'D', Few(1, FAR), "cursor left: readline"),
    Csi::plain(b'E', Few(1, FAR), "cursor to the start of a line below: ink"),
    Csi::plain(b'F', Few(1, FAR), "cursor to the start of a line above: ink"),
    Csi::plain(b'G', Few(1, FAR), "cursor to column: ink, node's readline"),
    // Not 3, which erases the user's own history above: see `withheld::of_csi`.
    Csi::plain(b'J', Each(&[0, 1, 2]), "erase in screen: everybody full-screen"),
    Csi::plain(b'd', Few(1, FAR), "cursor to row: ncurses, tmux"),
    Csi::plain(b'f', Few(2, FAR), "cursor to row and column: older programs"),
    Csi::plain(b'`', Few(1, FAR), "cursor to column: ncurses with TERM=ansi"),
    Csi::plain(b'a', Few(1, FAR), "cursor right: ECMA-48, libraries that emit it"),
    Csi::plain(b'e', Few(1, FAR), "cursor down: ECMA-48, libraries that emit it"),
    Csi::plain(b'I', Few(1, FAR), "forward by tab stops: ncurses"),
    Csi::plain(b'Z', Few(1, FAR), "back by tab stops: ncurses"),
    Csi::plain(b'@', Few(1, FAR), "insert characters: readline, ncurses"),
    Csi::plain(b'P', Few(1, FAR), "delete characters: readline, ncurses"),
    Csi::plain(b'X', Few(1, FAR), "erase characters: ncurses, tmux"),
    Csi::plain(b'L', Few(1, FAR), "insert lines: vim, less, tmux"),
    Csi::plain(b'M', Few(1, FAR), "delete lines: vim, less, tmux"),
    Csi::plain(b'S', Few(1, FAR), "scroll up: vim, tmux"),
    // With five parameters it is highlight tracking, which stops xterm until it is answered.
    Csi::plain(b'T', Few(1, FAR), "scroll down: vim, tmux"),
    Csi::plain(b'b', Few(1, WIDE), "repeat the last character: ncurses, tmux"),
    Csi::plain(b'r', Few(2, FAR), "scrolling region: vim, less, tmux, apt"),
    Csi::plain(b's', Few(0, 0), "save the cursor: ink, ansi-escapes"),
    Csi::plain(b'u', Few(0, 0), "restore the cursor: ink, ansi-escapes"),
    // 4: insert; 34: the cursor's look (tmux). Not 2 (locks the keyboard), 12, 20 (change Enter).
    Csi::plain(b'h', Each(&[4, 34]), "insert mode: ncurses with TERM=linux; tmux"),
    Csi::plain(b'l', Each(&[4, 34]), "insert mode off: ncurses, vim; tmux"),
    Csi::of(b'?', 0, b'h', Modes, Effect::Set, "private modes: see MODES"),
    Csi::of(b'?', 0, b'l', Modes, Effect::Unset, "private modes: see MODES"),
    Csi::of(b'?', 0, b'J', Each(&[0, 1, 2]), Effect::None, "selective erase: TERM=vt220"),
    Csi::of(b'?', 0, b'K', Each(&[0, 1, 2]), Effect::None, "selective erase: TERM=vt220"),
    Csi::of(0, b' ', b'q', Few(1, 6), Effect::CursorStyle, "cursor shape: vim, neovim, fish, tmux"),
    Csi::of(0, b'!', b'p', Few(0, 0), Effect::None, "soft reset: reset, tput, tmux"),
    // modifyOtherKeys alone (4): the other resources change what plain keys send.
    Csi::of(b'>', 0, b'm', Keyed(4, 2), Effect::ModifyKeys, "modified keys: vim, tmux, emacs"),
    Csi::of(b'>', 0, b'u', Few(1, 31), Effect::KeysPush, "kitty keyboard: neovim, codex, fish"),
    Csi::of(b'<', 0, b'u', Few(1, 8), Effect::KeysPop, "kitty keyboard: only what was pushed"),
    Csi::of(b'=', 0, b'u', Few(2, 31), Effect::KeysSet, "kitty keyboard: only on its own level"),
    // The answer is two numbers within the screen's size. fzf, prompt_toolkit and every inline
    // screen drawn with crossterm wait for it; `Filter::asked` keeps it from the shell.
    Csi::plain(
        b'n',
        Each(&[6]),
        "cursor position report: fzf --height, codex, prompt_toolkit",
    )
    .with(Effect::Ask),
    // Answered by the filter itself, so that no program waits for a time-out.
    Csi::plain(
        b'n',
        Each(&[5]),
        "status report: answered here, never asked of the terminal",
    )
    .with(Effect::AnswerStatus),
    Csi::plain(
        b'c',
        Few(1, 0),
        "device attributes: fish, crossterm; answered here",
    )
    .with(Effect::AnswerAttributes),
];

/// Private modes. Not here: 2 (VT52, another grammar), 3 and 40 (resize), 6 (its reset moves the
/// cursor), 8 (key repeat), 69 (margins), 1001 (stops the terminal), 1007, 1034 to 1039 (the user's
/// own settings, unknown at the end), 2031 and 2048 (reports without being asked), 9001 (keyboard).
#[rustfmt::skip]
pub(super) const MODES: &[Mode] = &[
    Mode { number: 25, after: After::On, why: "cursor visible: everybody" },
    Mode { number: 2026, after: After::Off, why: "synchronized output: ink, tmux, neovim" },
    Mode { number: 2004, after: After::Off, why: "bracketed paste: readline, vim, python" },
    Mode { number: 1, after: After::Off, why: "cursor keys of applications: less, vim, ncurses" },
    Mode { number: 5, after: After::Off, why: "reverse screen: vim's visual bell" },
    Mode { number: 7, after: After::On, why: "autowrap: htop, tmux, ink" },
    Mode { number: 12, after: After::Off, why: "blinking cursor: ncurses (cnorm, cvvis)" },
    Mode { number: 47, after: After::Screen, why: "alternate screen: TERM=xterm-r6, screen" },
    Mode { number: 1047, after: After::Screen, why: "alternate screen: older programs" },
    Mode { number: 1048, after: After::Nothing, why: "save the cursor: older programs" },
    Mode { number: 1049, after: After::Screen, why: "alternate screen: vim, less, tmux, htop" },
    Mode { number: 9, after: After::OffAndSilent, why: "mouse, X10: ncurses" },
    Mode { number: 1000, after: After::OffAndSilent, why: "mouse buttons: vim, htop, tmux, fzf" },
    Mode { number: 1002, after: After::OffAndSilent, why: "mouse drags: vim, tmux" },
    Mode { number: 1003, after: After::OffAndSilent, why: "mouse moves: textual, bubbletea" },
    Mode { number: 1004, after: After::OffAndSilent, why: "focus events: vim, neovim, tmux" },
    Mode { number: 1005, after: After::Off, why: "mouse coordinates in UTF-8: tmux" },
    Mode { number: 1006, after: After::Off, why: "mouse coordinates, SGR: all of the above" },
    Mode { number: 1015, after: After::Off, why: "mouse coordinates, urxvt: vim, crossterm" },
    Mode { number: 1016, after: After::Off, why: "mouse coordinates in pixels: textual" },
];

/// Escape sequences without parameters. Not here: HTS (tab stops cannot be given back), `ESC % @`
/// (leaves UTF-8), `ESC SP G` (8-bit controls), LS2, LS3, `ESC # 8`, DECID (an answer).
#[rustfmt::skip]
pub(super) const ESC: &[Esc] = &[
    Esc::plain(b'7', "save the cursor: ncurses, vim, apt"),
    Esc::plain(b'8', "restore the cursor: ncurses, vim, apt"),
    Esc::plain(b'=', "keypad of applications: less, vim, ncurses"),
    Esc::plain(b'>', "keypad of numbers: less, vim, ncurses"),
    Esc::plain(b'D', "line down: vttest, older programs"),
    Esc::plain(b'E', "next line: older programs"),
    Esc::plain(b'M', "line up, scrolling: less, man, vim"),
    // A hard reset erases the user's history in many terminals, and `tsc --watch` uses it to clear.
    Esc {
        intermediate: 0,
        last: b'c',
        instead: Some(b"\x1b[!p\x1b[H\x1b[2J"),
        why: "hard reset: tsc --watch; a soft reset and an erased screen are written instead",
    },
    Esc::charset(b'(', b'B', "ASCII as G0: ncurses, vim, tmux"),
    Esc::charset(b'(', b'0', "line drawing as G0: ncurses, htop, mc"),
    Esc::charset(b')', b'B', "ASCII as G1: ncurses with TERM=screen"),
    Esc::charset(
        b')',
        b'0',
        "line drawing as G1: ncurses with TERM=screen, tmux",
    ),
];

impl Esc {
    const fn plain(last: u8, why: &'static str) -> Self {
        Self { intermediate: 0, last, instead: None, why }
    }

    const fn charset(slot: u8, set: u8, why: &'static str) -> Self {
        Self { intermediate: slot, last: set, instead: None, why }
    }
}
