//! The event log, for people: a line an event. What stands in the file may not be drybox's, so
//! every string is escaped again before a terminal sees it.

use drybox_run::workspace::log::{Entry, Fault, Reading};
use drybox_spec::{Shown, ShownLine};
use serde::Serialize;
use serde_json::Value;

use super::Format;

/// Lines of a log, ready to print.
pub(crate) fn log(lines: &[Entry], format: Format) -> String {
    match format {
        Format::Text => lines.iter().map(text).collect(),
        // As written, so that the chain can be followed; JSON has no control characters, and what
        // else could draw is escaped.
        Format::Json => lines.iter().map(|line| ascii(&line.text) + "\n").collect(),
    }
}

fn text(line: &Entry) -> String {
    let name = line.name.as_deref().unwrap_or("-");
    let times = if line.times > 1 { format!(" ({} times)", line.times) } else { String::new() };
    let time = line.time.get(..19).unwrap_or(&line.time).replace('T', " ");
    let told = words(&line.told);
    format!("{}  #{:<4} {:<10} {told}{times}\n", shown(&time), line.run, shown(name))
}

/// One event in words.
fn words(told: &Value) -> String {
    let of = |key: &str| told.get(key).unwrap_or(&Value::Null);
    let named = |verb: &str| {
        let count = of("changes").as_u64().or_else(|| of("files").as_u64());
        let (names, more) = (list(of("names")), of("more").as_bool() == Some(true));
        let count = match count {
            Some(1) if !more => "1 change".to_owned(),
            Some(count) => format!("{}{count} changes", if more { "more than " } else { "" }),
            None => "changes".to_owned(),
        };
        let names = if names.is_empty() { names } else { format!(": {names}") };
        format!("{count} {verb}{names}")
    };
    match of("event").as_str().unwrap_or_default() {
        "started" => match list(of("command")) {
            shell if shell.is_empty() => "started your shell".to_owned(),
            command => format!("started {}", command.replace(", ", " ")),
        },
        "ended" => match of("ending") {
            Value::String(how) => format!("ended: {}", shown(&how.replace('_', " "))),
            how => match (how.get("exited"), how.get("signalled")) {
                (Some(code), _) => format!("ended: exit code {}", value(code)),
                (_, Some(signal)) => format!("ended: signal {}", value(signal)),
                _ => "ended".to_owned(),
            },
        },
        "failed" => format!("failed: {}", value(of("why"))),
        "pending" => named("pending"),
        "discarded" => named("thrown away"),
        "applied" => {
            let released = list(of("released"));
            let released =
                if released.is_empty() { released } else { format!("; released {released}") };
            named("applied") + &released
        }
        "undone" => named("taken back"),
        "shown" => {
            let held = of("held").as_u64().map(|held| format!(", {held} held"));
            format!("{} changes shown{}", value(of("changes")), held.unwrap_or_default())
        }
        "masked_read" => format!("masked file opened: {}", value(of("path"))),
        "untold" => format!("{} events more, not written", value(of("events"))),
        "mended" => format!("the log was found {}", shown(found(of("found").as_str()))),
        "notice" => fields(told, value(of("notice")).replace('_', " ")),
        other => fields(told, shown(&other.replace('_', " "))),
    }
}

fn found(found: Option<&str>) -> &str {
    match found {
        Some("torn") => "with half a line of a run that was killed; the half was taken away",
        Some("cut") => "without lines that had been written",
        Some("foreign") => "with something that is not drybox's",
        Some("no_head") => "without the note of where it ended",
        other => other.unwrap_or_default(),
    }
}

/// An event that has no words of its own: its fields.
fn fields(told: &Value, head: String) -> String {
    let Value::Object(fields) = told else { return head };
    let rest = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "event" | "notice"));
    rest.fold(head, |text, (key, field)| format!("{text}, {} {}", shown(key), value(field)))
}

fn list(of: &Value) -> String {
    let Value::Array(items) = of else { return String::new() };
    items.iter().map(value).collect::<Vec<_>>().join(", ")
}

fn value(of: &Value) -> String {
    match of {
        Value::String(text) => shown(text),
        Value::Array(_) => list(of),
        Value::Object(fields) => fields.values().map(value).collect::<Vec<_>>().join(" "),
        other => shown(&other.to_string()),
    }
}

/// Escaped, and never longer than a screen.
fn shown(text: &str) -> String {
    const MOST: usize = 400;
    let text: String = text.chars().take(MOST).collect();
    ShownLine(text).to_string()
}

/// The same JSON with every character that is not ASCII as `\u`.
fn ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c => {
                for unit in c.encode_utf16(&mut units) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    ascii
}

/// Whether a log is as it was written.
pub(crate) fn verdict(reading: &Reading, workspace: &[u8], format: Format) -> String {
    let (first, last) = (reading.entries.first(), reading.entries.last());
    let range = first.zip(last).map(|(first, last)| (first.number, last.number));
    if format == Format::Json {
        let verdict = Verdict {
            workspace: Shown(workspace).to_string(),
            intact: reading.faults.is_empty(),
            lines: reading.entries.len(),
            last: range.map(|(_, last)| last),
            sha256: &reading.digest,
            faults: reading.faults.iter().map(fault).collect(),
        };
        // Strings and numbers always are JSON.
        return serde_json::to_string(&verdict).unwrap_or_default() + "\n";
    }
    let mut text: String =
        reading.faults.iter().map(|found| format!("wrong: {}\n", fault(found))).collect();
    let state = if reading.faults.is_empty() { "intact" } else { "not as it was written" };
    match range {
        Some((first, last)) => {
            text += &format!(
                "{state}: lines {first} to {last} of {}\nlast line: {}\n",
                Shown(workspace),
                shown(&reading.digest)
            );
        }
        None => text += &format!("{state}: no lines of {}\n", Shown(workspace)),
    }
    text
}

#[derive(Serialize)]
struct Verdict<'a> {
    workspace: String,
    intact: bool,
    lines: usize,
    last: Option<u64>,
    sha256: &'a str,
    faults: Vec<String>,
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::NoLine { at } => format!("line {at} of a file is none, or half of one"),
        Fault::Before { number } => {
            format!("what stands before line {number} was changed, moved or taken away")
        }
        Fault::Cut { last } => format!("its end is gone: line {last} was the last"),
        Fault::NoHead => {
            "the note of where it ended is gone: nobody can tell whether its end is there"
                .to_owned()
        }
        Fault::TooLong => "it is longer than drybox makes it; the rest was not read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(told: Value) -> Entry {
        let text = told.to_string();
        let time = "2026-11-25T15:56:55.012Z".to_owned();
        Entry { number: 9, time, run: 7, name: Some("default".to_owned()), times: 1, told, text }
    }

    #[test]
    fn events_have_words() {
        for (told, words) in [
            (json!({"event": "started", "command": ["npm", "test"]}), "started npm test"),
            (json!({"event": "started", "command": []}), "started your shell"),
            (json!({"event": "ended", "ending": {"exited": 3}}), "ended: exit code 3"),
            (json!({"event": "ended", "ending": "timed_out"}), "ended: timed out"),
            (json!({"event": "pending", "files": 1, "names": ["a"]}), "1 change pending: a"),
            (
                json!({"event": "discarded", "changes": 2, "names": ["a", "b"]}),
                "2 changes thrown away: a, b",
            ),
            (json!({"event": "notice", "notice": "no_landlock_scope"}), "no landlock scope"),
            (json!({"event": "new", "x": 1}), "new, x 1"),
            (
                json!({"event": "new", "held": [{"path": "a", "rule": "H"}, {"path": "b"}]}),
                "new, held a H, b",
            ),
        ] {
            let line = format!("2026-11-25 15:56:55  #7    default    {words}\n");
            assert_eq!(log(&[entry(told)], Format::Text), line);
        }
    }

    #[test]
    fn nothing_in_a_log_reaches_a_terminal_as_it_is() {
        let evil = "\u{1b}[2J\n\u{202e}x\u{9b}1m\u{7f}";
        let mut line = entry(json!({
            "event": evil, "ending": evil, "command": [evil], evil: evil, "notice": {"a": evil},
        }));
        (line.time, line.name) = (evil.to_owned(), Some(evil.to_owned()));
        for kind in ["started", "ended", "notice", "pending", "mended", "failed", evil] {
            line.told["event"] = kind.into();
            line.text = line.told.to_string();
            for format in [Format::Text, Format::Json] {
                let printed = log(std::slice::from_ref(&line), format);
                let (last, before) = printed.as_bytes().split_last().unwrap();
                assert_eq!(*last, b'\n');
                assert!(before.iter().all(|byte| (b' '..=b'~').contains(byte)), "{printed:?}");
            }
        }
        let reading =
            Reading { digest: evil.to_owned(), entries: vec![line], ..Reading::default() };
        assert!(!verdict(&reading, evil.as_bytes(), Format::Text).contains('\u{1b}'));
    }
}
