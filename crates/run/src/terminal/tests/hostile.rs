//! Attacks do not reach the terminal, whatever their cut; answers stay in bounds; all is undone.

use super::attacks::ATTACKS;
use super::{Filter, Kind, filtered, shown};
use crate::terminal::{FENCE, FENCE_ANSWER, RESET};

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
    for (start, kind) in [
        (&b"\x1b]52;c;"[..], Kind::ClipboardWrite),
        (b"\x1bPq", Kind::Graphics),
        (b"\x1b_G", Kind::Graphics),
        (b"\x1b^", Kind::Control),
        (b"\x1bk", Kind::Title),
    ] {
        let (mut filter, mut out) = (Filter::new(), Vec::with_capacity(64));
        filter.feed(start, &mut out);
        for _ in 0..1_000 {
            filter.feed(&[b'1'; 4096], &mut out);
        }
        assert!(out.is_empty() && out.capacity() == 64, "{}", shown(start));
        // The control: it comes back, and is told.
        filter.feed(b"\x1b\\\x1b[31mhere", &mut out);
        assert_eq!(shown(&out), "\\x1b[31mhere");
        assert_eq!(filter.withheld().count(kind), 1, "{}", shown(start));
    }
}

#[test]
fn an_endless_sequence_takes_no_memory_and_shows_nothing() {
    let (mut filter, mut out) = (Filter::new(), Vec::with_capacity(64));
    filter.feed(b"\x1b[", &mut out);
    (0..1_000).for_each(|_| filter.feed(&[b'1'; 4096], &mut out));
    filter.feed(b"mx", &mut out);
    assert_eq!((&out[..], out.capacity()), (&b"x"[..], 64));
    assert_eq!(filter.withheld().count(Kind::Control), 1);
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
    assert_eq!(
        usize::try_from(filter.withheld().count(Kind::Query)),
        Ok(10_000 - answers.len() / 9)
    );
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
    filter.feed(FENCE, &mut out);
    filter.answers(&mut answers);
    assert!(out.is_empty());
    assert_eq!(answers, FENCE_ANSWER);
}

#[test]
fn tt_10_events_of_the_terminal_are_drained_too() {
    for (input, asked) in [(&b"\x1b[?1049h\x1b[?2004h"[..], false), (b"\x1b[?1000h", true)] {
        let (mut filter, mut out) = (Filter::new(), Vec::new());
        filter.feed(input, &mut out);
        assert_eq!(filter.asked(), asked);
        // Off again, but some may be on their way.
        filter.feed(b"\x1b[?1000l", &mut out);
        assert_eq!(filter.asked(), asked);
    }
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
fn tt_10_the_keyboard_levels_of_the_shell_are_not_pushed_out() {
    let push = &b"\x1b[>1u"[..];
    let (out, withheld) = filtered(&push.repeat(9));
    assert_eq!(shown(&out), shown(&push.repeat(8)));
    assert_eq!(withheld.count(Kind::Control), 1);
}

#[test]
fn tt_10_keyboard_levels_of_the_alternate_screen_are_closed_when_it_is_left() {
    let (out, withheld) = filtered(b"\x1b[?1049h\x1b[>1u\x1b[?1049l\x1b[<u");
    assert_eq!(shown(&out), "\\x1b[?1049h\\x1b[>1u\\x1b[<1u\\x1b[?1049l");
    assert_eq!(withheld.count(Kind::Control), 1);
}
