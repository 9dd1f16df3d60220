//! Every row of the table: one sequence that it lets through, and near misses that it does not.

use super::super::allowed::{self, After, CSI, ESC, MODES};
use super::super::csi::{Csi, Effect, Params};
use super::super::{Filter, Kind, RESET};
use super::{filtered, shown};

#[test]
fn each_row_passes_its_largest_and_refuses_the_next() {
    for row in CSI {
        let (largest, beyond): (String, Vec<String>) = match row.params {
            Params::Few(0, _) => (String::new(), vec!["0".into(), ";".into()]),
            Params::Few(most, n) => {
                let numbers = vec![n.to_string(); most].join(";");
                (numbers.clone(), vec![format!("{numbers};"), (u32::from(n) + 1).to_string()])
            }
            Params::Each(list) => {
                let last = list.last().unwrap();
                (last.to_string(), vec!["77".into(), format!("{last};{last}")])
            }
            Params::Keyed(key, n) => (
                format!("{key};{n}"),
                vec![format!("{};1", key + 1), format!("{key};{}", n + 1), format!("{key};0;0")],
            ),
            Params::Sgr => ("38;2;255;255;255;4:3".into(), vec!["256".into(), "1;;999".into()]),
            Params::Modes => (
                MODES.iter().take(16).map(|m| m.number.to_string()).collect::<Vec<_>>().join(";"),
                vec!["25;2031".into(), "".into(), "0".into(), "025;;".into()],
            ),
        };
        // On their own level, keys may be changed and popped.
        let own_level = b"\x1b[>1u".repeat(8);
        for (params, passes) in beyond.iter().map(|p| (p, false)).chain([(&largest, true)]) {
            let sequence = sequence(row, params);
            let before = match row.effect {
                Effect::KeysPop | Effect::KeysSet => own_level.clone(),
                _ => Vec::new(),
            };
            let (out, withheld) = filtered(&[&before[..], &sequence].concat());
            let answered = matches!(row.effect, Effect::AnswerStatus | Effect::AnswerAttributes);
            let expected = if passes && !answered { &sequence[..] } else { b"" };
            assert_eq!(shown(&out), shown(&[&before[..], expected].concat()), "{}", row.why);
            assert_eq!(withheld.is_empty(), passes, "{}: {}", row.why, shown(&sequence));
        }
    }
}

#[test]
fn another_marker_or_intermediate_is_another_sequence() {
    let known = |marker, intermediate, last| {
        CSI.iter().any(|r| (r.marker, r.intermediate, r.last) == (marker, intermediate, last))
    };
    for marker in [0, b'<', b'=', b'>', b'?'] {
        for intermediate in [0].into_iter().chain(0x20..=0x2f) {
            for last in 0x40..0x7f_u8 {
                if !known(marker, intermediate, last) {
                    let mut input = b"\x1b[".to_vec();
                    input.extend([marker, b'1', intermediate, last].iter().filter(|&&b| b != 0));
                    assert_eq!(shown(&filtered(&input).0), "", "{}", shown(&input));
                }
            }
        }
    }
}

#[test]
fn escapes_outside_the_table_are_withheld() {
    for intermediate in [0].into_iter().chain(0x20..=0x2f) {
        for last in 0x30..0x7f_u8 {
            let opens = intermediate == 0 && b"[]P_^Xk\\".contains(&last);
            let row = ESC.iter().find(|r| (r.intermediate, r.last) == (intermediate, last));
            let mut input = vec![0x1b];
            input.extend([intermediate, last].iter().filter(|&&b| b != 0));
            let expected = match row {
                Some(row) => row.instead.unwrap_or(&input),
                None => b"",
            };
            let (out, withheld) = filtered(&input);
            assert_eq!(shown(&out), shown(expected));
            assert_eq!(withheld.is_empty(), row.is_some() || opens, "{}", shown(&input));
        }
    }
}

#[test]
fn seven_control_characters_and_two_shifts_pass() {
    let passed: Vec<u8> = (0..0x20_u8).filter(|&b| filtered(&[b]).0 == [b]).collect();
    assert_eq!(passed, [7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert!(passed.iter().all(|&b| allowed::control(b)));
}

#[test]
fn every_mode_is_undone_by_the_reset() {
    for mode in MODES {
        let number = mode.number;
        let undone = |how| {
            let undo = format!("\x1b[?{number}{how}");
            RESET.windows(undo.len()).any(|w| w == undo.as_bytes())
        };
        let expected = match mode.after {
            After::Off | After::OffAndSilent => (true, false),
            After::On => (false, true),
            After::Screen | After::Nothing => (false, false),
        };
        assert_eq!((undone('l'), undone('h')), expected, "mode {number}");
    }
}

#[test]
fn the_reset_holds_nothing_that_the_table_does_not_know() {
    let (out, withheld) = filtered(RESET);
    assert_eq!(shown(&out), shown(RESET));
    assert!(withheld.is_empty());
}

#[test]
fn rows_are_unique_and_say_why() {
    let same = |a: &Csi, b: &Csi| {
        let each = |p| {
            if let Params::Each(list) = p { list } else { &[][..] }
        };
        (a.marker, a.intermediate, a.last) == (b.marker, b.intermediate, b.last)
            && each(a.params) == each(b.params)
    };
    for (index, row) in CSI.iter().enumerate() {
        assert!(row.why.contains(": "), "{}", row.why);
        assert!(!CSI[..index].iter().any(|other| same(row, other)), "{}", row.why);
    }
    for (index, mode) in MODES.iter().enumerate() {
        assert!(mode.why.contains(": "), "{}", mode.why);
        assert!(!MODES[..index].iter().any(|other| other.number == mode.number));
    }
    assert!(ESC.iter().all(|row| row.why.contains(": ")));
}

#[test]
fn the_summary_names_each_kind_once() {
    let input = b"\x1b]0;a\x07\x1b]2;b\x07\x1b]52;c;eA==\x07\x1b[>c\x1b[>c\xff";
    let mut filter = Filter::default();
    filter.feed(input, &mut Vec::new());
    assert_eq!(
        filter.withheld().to_string(),
        "terminal: 2 titles, 1 clipboard write, 2 queries, 1 bad byte withheld"
    );
    assert_eq!(filter.withheld().count(Kind::Title), 2);
    assert_eq!(Filter::new().withheld().to_string(), "terminal: nothing withheld");
}

fn sequence(row: &Csi, params: &str) -> Vec<u8> {
    let mut bytes = b"\x1b[".to_vec();
    bytes.extend([row.marker].iter().filter(|&&b| b != 0));
    bytes.extend_from_slice(params.as_bytes());
    bytes.extend([row.intermediate].iter().filter(|&&b| b != 0));
    bytes.push(row.last);
    bytes
}
