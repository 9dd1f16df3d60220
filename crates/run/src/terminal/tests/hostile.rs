//! One row an attack: its input, what may be emitted, and how it is told.

use super::{Filter, Kind, filtered, shown};
use crate::terminal::{FENCE_ANSWER, RESET};

/// (threat and name, input, what reaches the terminal, what is told)
type Attack = (&'static str, &'static [u8], &'static [u8], Option<Kind>);

const ATTACKS: &[Attack] = &[
    // TT-07: clipboard.
    ("TT-07 write", b"a\x1b]52;c;Y3VybCB4fHNo\x07b", b"ab", Some(Kind::ClipboardWrite)),
    ("TT-07 write, ST", b"a\x1b]52;p;eA==\x1b\\b", b"ab", Some(Kind::ClipboardWrite)),
    ("TT-07 read", b"a\x1b]52;c;?\x07b", b"ab", Some(Kind::ClipboardRead)),
    ("TT-07 leading zeros", b"\x1b]052;c;eA==\x07", b"", Some(Kind::Control)),
    ("TT-07 through tmux", b"\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\b", b"b", Some(Kind::ClipboardWrite)),
    ("TT-07 through screen", b"\x1bP\x1b]52;c;eA==\x07\x1b\\b", b"b", Some(Kind::ClipboardWrite)),
    ("TT-07 kitty's OSC 5522", b"\x1b]5522;type=write\x1b\\b", b"b", Some(Kind::Control)),
    ("TT-07 C1 as UTF-8", b"\xc2\x9d52;c;eA==\x07", b"52;c;eA==\x07", Some(Kind::Control)),
    ("TT-07 C1 as a byte", b"\x9d52;c;x\x07", b"\xef\xbf\xbd52;c;x\x07", Some(Kind::BadByte)),
    // TT-08: what the terminal would type.
    ("TT-08 title", b"\x1b]0;rm -rf ~\x07x", b"x", Some(Kind::Title)),
    ("TT-08 icon", b"\x1b]1;x\x1b\\x", b"x", Some(Kind::Title)),
    ("TT-08 title of screen", b"\x1bkrm -rf ~\x1b\\x", b"x", Some(Kind::Title)),
    ("TT-08 title report", b"\x1b[21tx", b"x", Some(Kind::Query)),
    ("TT-08 icon report", b"\x1b[20tx", b"x", Some(Kind::Query)),
    ("TT-08 title stack", b"\x1b[22;0;0tx", b"x", Some(Kind::Title)),
    ("TT-08 size report", b"\x1b[18tx", b"x", Some(Kind::Query)),
    ("TT-08 resize", b"\x1b[8;1;1tx", b"x", Some(Kind::Control)),
    ("TT-08 iconify", b"\x1b[2tx", b"x", Some(Kind::Control)),
    ("TT-08 DECRQSS, CVE-2022-45063", b"\x1bP$qm\x1b\\x", b"x", Some(Kind::Query)),
    ("TT-08 font query, CVE-2022-45063", b"\x1b]50;?\x07x", b"x", Some(Kind::Query)),
    ("TT-08 font set", b"\x1b]50;evil\x07x", b"x", Some(Kind::Control)),
    ("TT-08 XTGETTCAP", b"\x1bP+q544e\x1b\\x", b"x", Some(Kind::Query)),
    ("TT-08 ENQ", b"a\x05b", b"ab", Some(Kind::Query)),
    ("TT-08 ENQ within a sequence", b"a\x1b[3\x051mb", b"a\x1b[31mb", Some(Kind::Query)),
    ("TT-08 DA2", b"\x1b[>cx", b"x", Some(Kind::Query)),
    ("TT-08 DA3", b"\x1b[=0cx", b"x", Some(Kind::Query)),
    ("TT-08 DECID", b"\x1bZx", b"x", Some(Kind::Query)),
    ("TT-08 DECXCPR", b"\x1b[?6nx", b"x", Some(Kind::Query)),
    ("TT-08 colour scheme", b"\x1b[?996nx", b"x", Some(Kind::Query)),
    ("TT-08 XTVERSION", b"\x1b[>0qx", b"x", Some(Kind::Query)),
    ("TT-08 DECRQM", b"\x1b[?2026$px", b"x", Some(Kind::Query)),
    ("TT-08 DECRQM, ANSI", b"\x1b[4$px", b"x", Some(Kind::Query)),
    ("TT-08 DECREQTPARM", b"\x1b[1xx", b"x", Some(Kind::Query)),
    ("TT-08 screen checksum", b"\x1b[1;1;1;1;9;9*yx", b"x", Some(Kind::Query)),
    ("TT-08 presentation state", b"\x1b[1$wx", b"x", Some(Kind::Query)),
    ("TT-08 graphics attributes", b"\x1b[?1;1;0Sx", b"x", Some(Kind::Query)),
    ("TT-08 palette query", b"\x1b]4;1;?\x07x", b"x", Some(Kind::Query)),
    ("TT-08 foreground query", b"\x1b]10;?\x07x", b"x", Some(Kind::Query)),
    ("TT-08 background query", b"\x1b]11;?\x1b\\x", b"x", Some(Kind::Query)),
    ("TT-08 palette", b"\x1b]4;1;#000\x07x", b"x", Some(Kind::Colour)),
    ("TT-08 text like the background", b"\x1b]10;#000\x07x", b"x", Some(Kind::Colour)),
    ("TT-08 palette of Linux", b"\x1b]P0ff0000x", b"x", Some(Kind::Colour)),
    ("TT-08 palette of Linux, reset", b"\x1b]Rx", b"x", Some(Kind::Colour)),
    ("TT-08 kitty's keys, query", b"\x1b[?ux", b"x", Some(Kind::Query)),
    ("TT-08 xterm's keys, query", b"\x1b[?4mx", b"x", Some(Kind::Query)),
    ("TT-08 notification", b"\x1b]777;notify;a;b\x07x", b"x", Some(Kind::Notification)),
    ("TT-08 notification, kitty", b"\x1b]99;i=1:p=?;\x1b\\x", b"x", Some(Kind::Notification)),
    ("TT-08 notification, iTerm2", b"\x1b]9;hi\x07x", b"x", Some(Kind::Notification)),
    ("TT-08 reports without being asked", b"\x1b[?2048hx", b"x", Some(Kind::Control)),
    ("TT-08 answers within one mode list", b"\x1b[?25;2031hx", b"x", Some(Kind::Control)),
    // TT-09: graphics, links, marks.
    ("TT-09 file of iTerm2", b"\x1b]1337;File=inline=1:AAAA\x07x", b"x", Some(Kind::Graphics)),
    ("TT-09 variables of iTerm2", b"\x1b]1337;SetUserVar=a=b\x07x", b"x", Some(Kind::Mark)),
    ("TT-09 sixel", b"\x1bP0;0;0q\"1;1;99999;99999#0~\x1b\\x", b"x", Some(Kind::Graphics)),
    ("TT-09 ReGIS", b"\x1bPpS(E)\x1b\\x", b"x", Some(Kind::Graphics)),
    ("TT-09 kitty's graphics", b"\x1b_Ga=T,t=f;L2V0Yw==\x1b\\x", b"x", Some(Kind::Graphics)),
    ("TT-09 macro", b"\x1bP1;1;0!zhello\x1b\\x", b"x", Some(Kind::Control)),
    ("TT-09 function keys", b"\x1bP0;1|17/6c73\x1b\\x", b"x", Some(Kind::Control)),
    ("TT-09 PM and SOS", b"\x1b^a\x1b\\x\x1bXb\x1b\\", b"x", Some(Kind::Control)),
    ("TT-09 link", b"\x1b]8;;file:///bin\x07txt\x1b]8;;\x07", b"txt", Some(Kind::Link)),
    ("TT-09 directory", b"\x1b]7;file://h/etc\x07x", b"x", Some(Kind::Mark)),
    ("TT-09 prompt mark", b"\x1b]133;A\x07$ ", b"$ ", Some(Kind::Mark)),
    ("TT-09 printer", b"\x1b[5isecret\x1b[4i", b"secret", Some(Kind::Control)),
    ("TT-09 log file", b"\x1b]46;/etc/x\x07x", b"x", Some(Kind::Control)),
    // TT-10: what stays on, or cannot be undone.
    ("TT-10 VT52", b"\x1b[?2lx", b"x", Some(Kind::Control)),
    ("TT-10 keyboard locked", b"\x1b[2hx", b"x", Some(Kind::Control)),
    ("TT-10 Enter sends CR LF", b"\x1b[20hx", b"x", Some(Kind::Control)),
    ("TT-10 8-bit controls", b"\x1b Gx", b"x", Some(Kind::Control)),
    ("TT-10 leave UTF-8", b"\x1b%@x", b"x", Some(Kind::Control)),
    ("TT-10 conformance level", b"\x1b[61\"px", b"x", Some(Kind::Control)),
    ("TT-10 highlight tracking", b"\x1b[?1001hx", b"x", Some(Kind::Control)),
    ("TT-10 highlight tracking, start", b"\x1b[1;2;3;4;5Tx", b"x", Some(Kind::Control)),
    ("TT-10 hard reset", b"\x1bcx", b"\x1b[!p\x1b[H\x1b[2Jx", None),
    ("TT-10 history", b"\x1b[2J\x1b[3Jx", b"\x1b[2Jx", Some(Kind::History)),
    ("TT-10 another charset", b"\x1b(Kx", b"x", Some(Kind::Control)),
    ("TT-10 charset of the right half", b"\x1b}x", b"x", Some(Kind::Control)),
    ("TT-10 tab stops", b"\x1b[3gx\x1bH", b"x", Some(Kind::Control)),
    ("TT-10 the shell's keyboard level", b"\x1b[<ux", b"x", Some(Kind::Control)),
    ("TT-10 more levels than pushed", b"\x1b[>1u\x1b[<2ux", b"\x1b[>1ux", Some(Kind::Control)),
    ("TT-10 the shell's flags", b"\x1b[=1;1ux", b"x", Some(Kind::Control)),
    // TT-14: numbers that stop terminals.
    ("TT-14 repeat", b"x\x1b[2147483647b", b"x", Some(Kind::Control)),
    ("TT-14 far away", b"\x1b[99999;1Hx", b"x", Some(Kind::Control)),
    ("TT-14 33 attributes", b"\x1b[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;mx", b"x", Some(Kind::Control)),
    // Ways around a parser.
    ("ESC restarts", b"\x1b]0;\x1b[31mx", b"\x1b[31mx", Some(Kind::Title)),
    ("ESC ESC", b"\x1b\x1b]52;c;eA==\x07x", b"x", Some(Kind::ClipboardWrite)),
    ("CAN ends a string", b"\x1b]52;c;eA==\x18x", b"x", Some(Kind::ClipboardWrite)),
    ("SUB ends a sequence", b"\x1b[3\x1a1mx", b"1mx", None),
    ("a newline within a sequence", b"\x1b[3\n1mx", b"\n\x1b[31mx", None),
    ("a string within a sequence", b"\x1b[3\x1b]2;t\x07x", b"x", Some(Kind::Title)),
    ("BEL does not end DCS", b"\x1bPq\x07\x1b[5i\x1b\\x", b"x", Some(Kind::Graphics)),
    ("a letter within a sequence", b"\x1b[3\xc3\xa9m", b"\xc3\xa9m", Some(Kind::Control)),
    ("overlong C1", b"\xe0\x82\x9b21t", b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd21t", Some(Kind::BadByte)),
    ("overlong ESC", b"\xc0\x9b[21t", b"\xef\xbf\xbd\xef\xbf\xbd[21t", Some(Kind::BadByte)),
    ("a surrogate", b"\xed\xa0\x80", b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", Some(Kind::BadByte)),
    ("a cut letter, then ESC", b"\xe2\x94\x1b[m", b"\xef\xbf\xbd\x1b[m", Some(Kind::BadByte)),
    ("C1 after ESC", b"\x1b\x9b21tx", b"\xef\xbf\xbd21tx", Some(Kind::Control)),
    ("marker after a number", b"\x1b[1?25lx", b"x", Some(Kind::Control)),
    ("two intermediates", b"\x1b[1 !qx", b"x", Some(Kind::Control)),
    ("function keys of Linux", b"\x1b[[Ax", b"Ax", Some(Kind::Control)),
    ("XOFF, DLE", b"a\x13b\x10c", b"abc", Some(Kind::Control)),
    ("NUL and DEL", b"a\0b\x7fc", b"abc", None),
];

#[test]
fn attacks_do_not_reach_the_terminal() {
    for &(name, input, expected, kind) in ATTACKS {
        let (out, withheld) = filtered(input);
        assert_eq!(shown(&out), shown(expected), "{name}");
        match kind {
            Some(kind) => assert_ne!(withheld.count(kind), 0, "{name}: {withheld}"),
            None => assert!(withheld.is_empty(), "{name}: {withheld}"),
        }
    }
}

#[test]
fn an_attack_cut_anywhere_gives_the_same() {
    for &(name, input, expected, _) in ATTACKS {
        for cut in 0..=input.len() {
            let (mut filter, mut out) = (Filter::new(), Vec::new());
            filter.feed(&input[..cut], &mut out);
            filter.feed(&input[cut..], &mut out);
            assert_eq!(shown(&out), shown(expected), "{name}, cut at {cut}");
        }
    }
}

#[test]
fn an_endless_string_takes_no_memory_and_shows_nothing() {
    for start in [&b"\x1b]52;c;"[..], b"\x1bPq", b"\x1b_G", b"\x1b^", b"\x1bk", b"\x1b["] {
        let (mut filter, mut out) = (Filter::new(), Vec::with_capacity(64));
        filter.feed(start, &mut out);
        for _ in 0..1_000 {
            filter.feed(&[b'1'; 4096], &mut out);
        }
        assert!(out.is_empty() && out.capacity() == 64, "{}", shown(start));
        // The control: it comes back.
        filter.feed(b"\x1b\\\x1b[31mhere", &mut out);
        assert_eq!(shown(&out), "\\x1b[31mhere");
    }
}

#[test]
fn tt_08_plain_questions_are_answered_here_and_in_bounds() {
    let (mut filter, mut out, mut answers) = (Filter::new(), Vec::new(), Vec::new());
    filter.feed(b"\x1b[c\x1b[0c\x1b[5n", &mut out);
    filter.answers(&mut answers);
    assert_eq!(shown(&answers), "\\x1b[?62;22c\\x1b[?62;22c\\x1b[0n");
    assert!(out.is_empty() && filter.withheld().is_empty());

    answers.clear();
    filter.feed(&b"\x1b[c".repeat(10_000), &mut out);
    filter.answers(&mut answers);
    assert!(out.is_empty() && answers.len() <= 256);
    assert_eq!(usize::try_from(filter.withheld().count(Kind::Query)), Ok(10_000 - answers.len() / 10));
}

#[test]
fn tt_08_cursor_reports_pass_until_the_terminal_owes_sixteen() {
    let (mut filter, mut out) = (Filter::new(), Vec::new());
    assert!(!filter.asked());
    filter.feed(&b"\x1b[6n".repeat(20), &mut out);
    assert_eq!(out.len(), 16 * 4);
    assert_eq!(filter.withheld().count(Kind::Query), 4);
    filter.heard(b"\x1b[1;1R\x1b[24;80R");
    filter.feed(&b"\x1b[6n".repeat(3), &mut out);
    assert_eq!(out.len(), 18 * 4);
    assert!(filter.asked());
    filter.heard(&b"\x1b[1;1R".repeat(16));
    assert!(!filter.asked());
}

#[test]
fn tt_08_the_payload_cannot_have_the_terminal_send_the_fence() {
    let (mut filter, mut out, mut answers) = (Filter::new(), Vec::new(), Vec::new());
    filter.feed(super::super::FENCE, &mut out);
    filter.answers(&mut answers);
    assert!(out.is_empty());
    assert_eq!(answers, FENCE_ANSWER);
}

/// (what the payload leaves on, what must stand in the reset beside the common part)
const LEFT_ON: &[(&[u8], &[u8], &[u8])] = &[
    (b"\x1b[?1049h\x1b[31m", b"\x1b[?1049l", b""),
    (b"\x1b[?47h", b"\x1b[?47l", b""),
    (b"\x1b[?1047h\x1b[?1049h", b"\x1b[?1047l", b""),
    (b"\x1b[?1049h\x1b[?1049l", b"", b""),
    (b"\x1b[>1u\x1b[>5u", b"\x1b[<2u", b""),
    (b"\x1b[>1u\x1b[?1049h\x1b[>1u\x1b[>1u\x1b[>1u", b"\x1b[<3u\x1b[?1049l\x1b[<1u", b""),
    (b"\x1b[>1u\x1b[<u", b"", b""),
    (b"\x1b[5 q", b"", b"\x1b[0 q"),
    (b"\x1b[>4;2m", b"", b"\x1b[>4m"),
    (b"\x1b[8m", b"", b""),
    (b"\x0e", b"", b""),
];

#[test]
fn tt_10_the_reset_undoes_what_was_left_on() {
    for &(input, before, after) in LEFT_ON {
        let (mut filter, mut out, mut reset) = (Filter::new(), Vec::new(), Vec::new());
        filter.feed(input, &mut out);
        assert_eq!(shown(&out), shown(input));
        filter.reset(&mut reset);
        assert_eq!(shown(&reset), shown(&[before, RESET, after].concat()), "{}", shown(input));
    }
}

#[test]
fn tt_10_text_alone_needs_no_reset() {
    let (mut filter, mut out, mut reset) = (Filter::new(), Vec::new(), Vec::new());
    filter.feed("plain, naïve\r\n\t→ ok\x1b]0;t\x07".as_bytes(), &mut out);
    filter.reset(&mut reset);
    assert!(reset.is_empty());
}

#[test]
fn tt_10_keyboard_levels_of_the_alternate_screen_are_closed_when_it_is_left() {
    let (out, withheld) = filtered(b"\x1b[?1049h\x1b[>1u\x1b[?1049l\x1b[<u");
    assert_eq!(shown(&out), "\\x1b[?1049h\\x1b[>1u\\x1b[<1u\\x1b[?1049l");
    assert_eq!(withheld.count(Kind::Control), 1);
}
