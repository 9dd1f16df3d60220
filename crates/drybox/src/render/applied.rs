//! What an apply or an undo did, and what it left and why.

use std::fmt::Write as _;

use drybox_run::workspace::hold::Held;
use drybox_run::workspace::{
    Applied, Choice, Conflict, Judged, Kind, Outcome, Recovered, Refused, RelPath, Undone,
};
use drybox_spec::{HostPath, ShellWords, Shown};
use serde::Serialize;

use super::Format;
use super::changes::{hex, reasons};

/// An outcome, or what one would be.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    top: &'a HostPath,
    outcome: Outcome,
    planned: bool,
}

impl<'a> Told<'a> {
    /// What was done.
    pub(crate) const fn new(top: &'a HostPath, outcome: Outcome) -> Self {
        Self { top, outcome, planned: false }
    }

    /// What would be done.
    pub(crate) fn planned(top: &'a HostPath, choice: Choice) -> Self {
        let Choice { chosen, mut outcome } = choice;
        let one = |judged: Judged| {
            let released = judged.held.iter().map(|held| held.rule).collect();
            let (path, kind, from) = (judged.change.path, judged.change.kind, judged.change.from);
            Applied { path, kind, from, released }
        };
        outcome.applied = chosen.into_iter().map(one).collect();
        Self { top, outcome, planned: true }
    }
}

/// The form of `--json`, which outsiders rely on.
#[derive(Serialize)]
struct ToldJson<'a> {
    base: String,
    dry_run: bool,
    applied: Vec<ToldApplied>,
    held: Vec<ToldHeld<'a>>,
    conflicts: Vec<ToldWhy>,
    refused: Vec<ToldWhy>,
    /// Not asked for.
    left: usize,
    /// git's own.
    git: usize,
}

#[derive(Serialize)]
struct ToldPath {
    path: String,
    /// The bytes in hexadecimal, where `path` had to be escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
}

#[derive(Serialize)]
struct ToldApplied {
    #[serde(flatten)]
    path: ToldPath,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    released: Vec<&'static str>,
}

#[derive(Serialize)]
struct ToldHeld<'a> {
    #[serde(flatten)]
    path: ToldPath,
    held: &'a [Held],
}

#[derive(Serialize)]
struct ToldWhy {
    #[serde(flatten)]
    path: ToldPath,
    why: String,
}

/// The outcome, for people or programs.
pub(crate) fn applied(told: &Told<'_>, format: Format) -> String {
    match format {
        Format::Text => text(told),
        Format::Json => json(told),
    }
}

fn json(told: &Told<'_>) -> String {
    let Outcome { applied, held, conflicts, refused, left, excluded, .. } = &told.outcome;
    let told = ToldJson {
        base: Shown(told.top.as_bytes()).to_string(),
        dry_run: told.planned,
        applied: applied
            .iter()
            .map(|one| ToldApplied {
                path: path_of(&one.path),
                kind: one.kind.word(),
                from: one.from.as_ref().map(|from| Shown(from.as_bytes()).to_string()),
                released: one.released.clone(),
            })
            .collect(),
        held: held.iter().map(|(path, held)| ToldHeld { path: path_of(path), held }).collect(),
        conflicts: conflicts.iter().map(|(path, why)| why_of(path, why.words())).collect(),
        refused: refused.iter().map(|(path, why)| why_of(path, &words(why))).collect(),
        left: left.len(),
        git: excluded.len(),
    };
    // Strings and numbers always are JSON.
    serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
}

fn path_of(path: &RelPath) -> ToldPath {
    let shown = Shown(path.as_bytes()).to_string();
    let exact = shown.as_bytes() == path.as_bytes();
    ToldPath { path_hex: (!exact).then(|| hex(path.as_bytes())), path: shown }
}

fn why_of(path: &RelPath, why: &str) -> ToldWhy {
    ToldWhy { path: path_of(path), why: why.to_owned() }
}

fn text(told: &Told<'_>) -> String {
    let Outcome { applied, held, conflicts, refused, left, excluded, .. } = &told.outcome;
    let mut text = String::new();
    for one in applied.iter().take(MOST) {
        text += &line(
            if told.planned { "would" } else { "applied" },
            one.kind,
            &one.path,
            one.from.as_ref(),
        );
    }
    if applied.len() > MOST {
        let _written = writeln!(text, "         and {} more", applied.len() - MOST);
    }
    for (path, why) in held {
        let _written = writeln!(text, "held     {}", Shown(path.as_bytes()));
        text += &why.iter().map(reasons).collect::<String>();
        let word = ShellWords(&[path.as_bytes()]).to_string();
        let _written = writeln!(text, "  let out: drybox apply --release {word}");
    }
    for (path, why) in conflicts {
        told_why(&mut text, "conflict", path, &conflict_words(*why));
    }
    for (path, why) in refused.iter().take(MOST) {
        told_why(&mut text, "not done", path, &words(why));
    }
    if refused.len() > MOST {
        let _written = writeln!(text, "         and {} more", refused.len() - MOST);
    }
    if refused.iter().any(|(_, why)| *why == Refused::ManyDeletions) {
        text += "  all of them: drybox apply --all\n";
    }
    let count = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts = [
        Some(format!(
            "{} {}",
            applied.len(),
            if told.planned { "would come out" } else { "applied" }
        )),
        count(held.len(), "held"),
        count(conflicts.len(), "in conflict"),
        count(refused.len(), "not done"),
        count(left.len(), "not asked for"),
        count(excluded.len(), "of git's own, which stay in the box"),
    ];
    text += &parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    text += match (told.planned, applied.is_empty()) {
        (false, false) => ": drybox undo takes it back\n",
        _ => "\n",
    };
    text
}

fn line(word: &str, kind: Kind, path: &RelPath, from: Option<&RelPath>) -> String {
    let from = from.map_or_else(String::new, |from| format!("{} -> ", Shown(from.as_bytes())));
    format!("{word:8} {:8} {from}{}\n", kind.word(), Shown(path.as_bytes()))
}

fn told_why(text: &mut String, word: &str, path: &RelPath, why: &str) {
    let _written = writeln!(text, "{word} {}: {why}", Shown(path.as_bytes()));
}

fn conflict_words(conflict: Conflict) -> String {
    format!("{}; the host's stays", conflict.words())
}

fn words(why: &Refused) -> String {
    match why {
        Refused::Special => {
            "a FIFO, socket or device never comes out, and none is removed".to_owned()
        }
        Refused::Deep => "it is too deep to look into".to_owned(),
        Refused::Above(above) => {
            format!("{} is no directory on the host", Shown(above.as_bytes()))
        }
        Refused::OnlyWith(above) => format!("comes only with {}", Shown(above.as_bytes())),
        Refused::NotEmpty => "the directory is not empty without what stays".to_owned(),
        Refused::OtherOwner => "the host's file belongs to another user".to_owned(),
        Refused::ManyDeletions => "one of many deletions".to_owned(),
        Refused::Cannot(error) => format!("{error}: {}", std::io::Error::from(error.errno)),
    }
}

/// What is about to come out and was not shown, in short.
pub(crate) fn unseen(unseen: &[&Judged]) -> String {
    let mut text = String::new();
    for judged in unseen.iter().take(MOST) {
        let change = &judged.change;
        text += &line("", change.kind, &change.path, change.from.as_ref());
    }
    if unseen.len() > MOST {
        let _written = writeln!(text, "         and {} more", unseen.len() - MOST);
    }
    text
}

#[derive(Serialize)]
struct ToldBack {
    done: &'static str,
    back: Vec<ToldPath>,
    /// Changed by somebody else meanwhile, and left as it is.
    left: Vec<ToldPath>,
}

/// What became of an apply that was interrupted.
pub(crate) fn recovered(recovered: &Recovered, format: Format) -> String {
    let (done, what, left): (_, _, &[RelPath]) = match recovered {
        Recovered::Nothing => {
            ("nothing", "an apply was interrupted before it changed anything", &[])
        }
        Recovered::Finished(left) => {
            ("finished", "an apply was interrupted, and is finished now", left)
        }
        Recovered::Back(left) => ("back", "an apply was interrupted, and is taken back now", left),
    };
    match format {
        Format::Text => back_text(what, left),
        Format::Json => back_json(done, &[], left),
    }
}

/// What an undo did.
pub(crate) fn undone(undone: Option<&Undone>, format: Format) -> String {
    let (back, left) =
        undone.map_or((&[][..], &[][..]), |undone| (&undone.back[..], &undone.left[..]));
    match format {
        Format::Json => back_json(if undone.is_some() { "back" } else { "nothing" }, back, left),
        Format::Text if undone.is_none() => "there is no apply to take back\n".to_owned(),
        Format::Text => {
            let what = format!("{} paths are as they were before the apply", back.len());
            back_text(&what, left)
        }
    }
}

fn back_text(what: &str, left: &[RelPath]) -> String {
    let mut text = format!("{what}\n");
    for path in left {
        let path = Shown(path.as_bytes());
        let _written = writeln!(text, "conflict {path}: changed on the host since; left as it is");
    }
    text
}

fn back_json(done: &'static str, back: &[RelPath], left: &[RelPath]) -> String {
    let of = |paths: &[RelPath]| paths.iter().map(path_of).collect();
    let told = ToldBack { done, back: of(back), left: of(left) };
    // Strings always are JSON.
    serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
}

/// How many lines of one kind people are shown.
const MOST: usize = 200;
