//! The interpreter of the table: one match over what a row can look for.

use std::cell::OnceCell;
use std::collections::HashSet;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::change::{Change, Held, Kind, Line, Lookup, State};
use super::closure::Closure;
use super::glob::{Globs, wildcard};
use super::lines::{self, fresh, show};
use super::parse::{self, Entry, Flat};
use super::rule::{Check, Keys, Look, Rule, Standing, Trick, Value};
use super::siblings::Siblings;
use super::{lock, name, table, text, trick};

/// The table, ready to judge.
#[derive(Debug)]
pub struct Judge {
    rules: Vec<Rule>,
    globs: Globs,
    /// For each row and look: its regular expressions, compiled when first needed.
    patterns: Vec<Vec<OnceCell<RegexSet>>>,
}

/// Judges all changes by the whole table.
#[must_use]
pub fn judge(changes: impl Iterator<Item = Change>, lookup: &dyn Lookup) -> Vec<Held> {
    let judge = Judge::new();
    let session = judge.begin(lookup);
    changes.flat_map(|change| session.change(&change)).collect()
}

/// The changes of one workspace.
#[derive(Debug)]
pub struct Judging<'a> {
    judge: &'a Judge,
    closure: Closure,
    siblings: Siblings<'a>,
}

impl Judging<'_> {
    /// Why this change is held; empty: it is not.
    #[must_use]
    pub fn change(&self, change: &Change) -> Vec<Held> {
        self.judge.with(change, self, Mode::Change)
    }

    /// Why a rename is held as such: at one end of it a row looks, at the other none does. What is
    /// there now, and what is gone, are changes of their own.
    #[must_use]
    pub fn moved(&self, from: &[u8], to: &[u8]) -> Vec<Held> {
        let is_place = |path: &[u8]| self.judge.has_place_for(path);
        let text: &[u8] = match (is_place(from), is_place(to)) {
            (true, false) => b"away from ",
            (false, true) => b"moved here from ",
            (true, true) | (false, false) => return Vec::new(),
        };
        let is_about = |rule: &&Rule| {
            let is_moved = |look: &Look| matches!(look.check, Check::Trick(Trick::Moved));
            rule.looks.iter().any(is_moved)
        };
        let line = Line::of(0, &[text, from].concat());
        let held = |rule: &Rule| Held {
            rule: rule.id,
            path: to.to_vec(),
            why: rule.why,
            severity: rule.severity,
            lines: vec![line.clone()],
        };
        self.judge.rules.iter().filter(is_about).map(held).collect()
    }

    /// What this file, that nobody changed, would do by itself.
    #[must_use]
    pub fn standing(&self, path: &[u8], state: State) -> Vec<Held> {
        let change = Change { path: path.to_vec(), before: None, after: Some(state) };
        self.judge.with(&change, self, Mode::Standing)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Change,
    Standing,
}

/// Whether `^` and `$` are the ends of a line, or of a value: which may have lines of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByLine {
    Yes,
    No,
}

/// What one look is about.
struct Seen<'a> {
    change: &'a Change,
    /// The normalised path.
    path: &'a str,
    session: &'a Judging<'a>,
    patterns: &'a OnceCell<RegexSet>,
}

impl Judge {
    /// The whole table.
    #[must_use]
    pub fn new() -> Self {
        Self::of(table::rules().copied().collect())
    }

    /// These rows alone.
    #[must_use]
    pub fn of(rules: Vec<Rule>) -> Self {
        let globs = Globs::new(&rules);
        let patterns = rules.iter().map(|rule| vec![OnceCell::new(); rule.looks.len()]).collect();
        Self { rules, globs, patterns }
    }

    /// Begins with the changes of one workspace: what its host trusts is read once.
    #[must_use]
    pub fn begin<'a>(&'a self, lookup: &'a dyn Lookup) -> Judging<'a> {
        Judging { judge: self, closure: Closure::new(lookup), siblings: Siblings::new(lookup) }
    }

    /// Whether the table has this row.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// Whether a row has this path as its place: for masks of direct mode, and links that point there.
    #[must_use]
    pub fn has_place_for(&self, path: &[u8]) -> bool {
        let looks = self.globs.looks(&name::normal(path));
        looks.iter().any(|&(rule, look)| self.look(rule, look).is_some_and(is_about_place))
    }

    fn with(&self, change: &Change, session: &Judging<'_>, mode: Mode) -> Vec<Held> {
        let mut held: Vec<Held> = Vec::new();
        if change.before == change.after {
            return held;
        }
        let path = name::normal(&change.path);
        for (rule, look) in self.globs.looks(&path) {
            let Some(row) = self.rules.get(rule) else { continue };
            let is_silent = mode == Mode::Standing && row.standing == Standing::OnlyChanged;
            if is_silent || held.last().is_some_and(|held| held.rule == row.id) {
                continue;
            }
            let (Some(look_at), Some(patterns)) =
                (self.look(rule, look), self.patterns.get(rule).and_then(|row| row.get(look)))
            else {
                continue;
            };
            let seen = Seen { change, path: &path, session, patterns };
            if let Some(mut lines) = self.check(&seen, look_at.check) {
                lines.truncate(Line::MOST);
                let path = change.path.clone();
                held.push(Held { rule: row.id, path, why: row.why, severity: row.severity, lines });
            }
        }
        held
    }

    fn look(&self, rule: usize, look: usize) -> Option<&Look> {
        self.rules.get(rule)?.looks.get(look)
    }

    /// The lines for which the check holds the change; `None`: it does not.
    fn check(&self, seen: &Seen<'_>, check: Check) -> Option<Vec<Line>> {
        let change = seen.change;
        let is_new = change.before.is_none();
        match check {
            // A directory alone runs nothing; what is in it is judged by itself.
            Check::Any | Check::New => {
                let counts = |after: &&State| {
                    after.kind != Kind::Directory && (is_new || matches!(check, Check::Any))
                };
                change.changed().filter(counts).map(|after| what_changed(change, after))
            }
            Check::Executable => {
                let runs = |after: &&State| after.is_executable() || is_program(&after.bytes);
                change.changed().filter(runs).map(|after| what_changed(change, after))
            }
            Check::NewExecutable => {
                let runs =
                    |after: &&State| is_new && (after.is_executable() || is_program(&after.bytes));
                change.changed().filter(runs).map(|after| what_changed(change, after))
            }
            Check::Guard => guard(change),
            Check::Deleted => {
                (!is_new && change.after.is_none()).then(|| vec![Line::about("deleted")])
            }
            Check::Mask => mask(change),
            Check::Keys(keys) => seen.keys(keys),
            Check::KeysGone(keys) => seen.keys_gone(keys),
            Check::Lines(patterns) => seen.matching(patterns, change.old(), change.now()),
            Check::LinesGone(patterns) => seen.matching(patterns, change.now(), change.old()),
            Check::Beside(names) => (is_new && seen.has_beside(names))
                .then(|| vec![Line::about(format!("{} lie beside it", names.join(", ")))]),
            Check::Lock(lock) => {
                let whole = change.after.as_ref().is_none_or(State::is_whole);
                lock::moved(lock, seen.path, change.old(), change.now(), whole)
            }
            Check::Trick(trick) => {
                let is_place = |path: &[u8]| self.is_sensitive(path);
                trick::seen(trick, change, &seen.session.siblings, &is_place)
            }
            Check::Text(mark) => text::seen(mark, seen.path, change.old(), change.now()),
            Check::Closure(by) => seen.session.closure.names(change, by),
        }
    }

    /// A place of a rule, or a directory that places lie in.
    fn is_sensitive(&self, path: &[u8]) -> bool {
        let normal = name::normal(path);
        let last = normal.rsplit('/').next().unwrap_or_default();
        self.globs.goes_through(last) || self.has_place_for(path)
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new()
    }
}

impl Seen<'_> {
    /// The pattern set of this look; a pattern that does not compile matches all (the table's
    /// test sees it).
    fn set(&self, patterns: &[&str], by_line: ByLine) -> &RegexSet {
        self.patterns.get_or_init(|| {
            let by_line = by_line == ByLine::Yes;
            let build = |patterns: &[&str]| {
                let mut builder = RegexSetBuilder::new(patterns);
                builder.case_insensitive(true).unicode(false);
                builder.multi_line(by_line).crlf(by_line).build()
            };
            build(patterns).or_else(|_| build(&[""])).unwrap_or_else(|_| RegexSet::empty())
        })
    }

    /// Lines of `new` that `old` does not have and that match.
    fn matching(&self, patterns: &[&str], old: &[u8], new: &[u8]) -> Option<Vec<Line>> {
        let set = self.set(patterns, ByLine::Yes);
        // Most files have no line of the kind at all; only the others are compared.
        if new.is_empty() || !set.is_match(new) {
            return None;
        }
        let lines = show(fresh(old, new).into_iter().filter(|(_, line)| set.is_match(line)));
        (!lines.is_empty()).then_some(lines)
    }

    fn keys(&self, keys: Keys) -> Option<Vec<Line>> {
        let change = self.change;
        let after = change.changed()?;
        let new = match self.read(keys, after) {
            Ok(new) => new,
            Err(unread) => return Some(vec![Line::about(format!("the file {unread}"))]),
        };
        if let Some((name, pattern)) = keys.given
            && !new.entries.iter().any(|entry| given(entry, name, pattern))
        {
            return None;
        }
        // An old version that does not parse has no values: all are new.
        let old = change.before.as_ref().and_then(|before| self.read(keys, before).ok());
        let old = old.unwrap_or_default();
        let changed = self.difference(keys, &old, &new);
        if new.aliased && changed.is_empty() && new.entries.iter().any(|e| self.wanted(keys, e)) {
            // With an anchor, a change elsewhere in the file can be a change at the key.
            let lines = lines::first(change.old(), change.now());
            return (!lines.is_empty() && old.aliased)
                .then_some(lines)
                .or_else(|| found(changed, change));
        }
        found(changed, change)
    }

    fn keys_gone(&self, keys: Keys) -> Option<Vec<Line>> {
        let before = self.change.before.as_ref()?;
        let old = self.read(keys, before).ok()?;
        let new = match &self.change.after {
            Some(after) => match self.read(keys, after) {
                Ok(new) => new,
                Err(unread) => return Some(vec![Line::about(format!("the file {unread}"))]),
            },
            None => Flat::default(),
        };
        let gone = self.difference(keys, &new, &old);
        let text = |entry: &Entry| format!("gone: {} = {}", entry.key, entry.value);
        let lines: Vec<Line> =
            gone.iter().map(|entry| Line::of(0, text(entry).as_bytes())).collect();
        (!lines.is_empty()).then_some(lines)
    }

    fn read(&self, keys: Keys, state: &State) -> Result<Flat, parse::Unread> {
        match state.kind {
            Kind::File => parse::read(keys.format, self.path, &state.bytes, state.is_whole()),
            Kind::Link | Kind::Directory | Kind::Special => Err(parse::Unread::NotText),
        }
    }

    fn wanted(&self, keys: Keys, entry: &Entry) -> bool {
        let (out, into): (Vec<&str>, Vec<&str>) =
            keys.names.iter().partition(|name| name.starts_with('!'));
        let is = |name: &&str| wildcard(name.trim_start_matches('!'), &entry.key);
        into.iter().any(is) && !out.iter().any(is) && self.value(keys.value, &entry.value)
    }

    fn value(&self, value: Value, text: &str) -> bool {
        match value {
            Value::Any => true,
            Value::Like(pattern) => self.set(&[pattern], ByLine::No).is_match(text.as_bytes()),
            Value::Unlike(pattern) => !self.set(&[pattern], ByLine::No).is_match(text.as_bytes()),
        }
    }

    /// The wanted entries of `new` that `old` has not so: alone, or in another element of a list.
    fn difference<'f>(&self, keys: Keys, old: &Flat, new: &'f Flat) -> Vec<&'f Entry> {
        let before = groups(old.entries.iter().filter(|entry| self.wanted(keys, entry)));
        let groups = groups(new.entries.iter().filter(|entry| self.wanted(keys, entry)));
        let known: HashSet<(&str, &str)> = before
            .iter()
            .flatten()
            .map(|entry| (entry.key.as_str(), entry.value.as_str()))
            .collect();
        let same: HashSet<Vec<(&str, &str)>> =
            before.iter().map(|group| projection(group)).collect();
        let changed = groups.iter().filter(|group| !same.contains(&projection(group)));
        let fresh = |group: &&Vec<&'f Entry>| {
            let is_new =
                |entry: &&&Entry| !known.contains(&(entry.key.as_str(), entry.value.as_str()));
            let new: Vec<&Entry> = group.iter().filter(is_new).copied().collect();
            // Nothing new, but combined anew: a command that moved to another trigger.
            if new.is_empty() { (*group).clone() } else { new }
        };
        changed.collect::<Vec<_>>().iter().copied().flat_map(|group| fresh(&group)).collect()
    }

    fn has_beside(&self, names: &[&str]) -> bool {
        let at = self.change.path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
        let directory = self.change.path.get(..at).unwrap_or_default();
        names.iter().all(|name| {
            self.session.siblings.after(&[directory, name.as_bytes()].concat()).is_some()
        })
    }
}

/// Entries of one list element together, the others alone.
fn groups<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Vec<&'a Entry>> {
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match groups.last_mut() {
            Some(group)
                if entry.element.is_some()
                    && group.first().is_some_and(|first| first.element == entry.element) =>
            {
                group.push(entry);
            }
            _ => groups.push(vec![entry]),
        }
    }
    groups
}

fn projection<'a>(group: &[&'a Entry]) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<_> = group.iter().map(|e| (e.key.as_str(), e.value.as_str())).collect();
    pairs.sort_unstable();
    pairs
}

fn given(entry: &Entry, name: &str, pattern: &str) -> bool {
    let is = |pattern: &str| {
        regex::RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build()
    };
    wildcard(name, &entry.key) && is(pattern).map_or(true, |pattern| pattern.is_match(&entry.value))
}

/// The source lines of these entries.
fn found(entries: Vec<&Entry>, change: &Change) -> Option<Vec<Line>> {
    if entries.is_empty() {
        return None;
    }
    let mut numbers: Vec<u32> = entries.iter().map(|entry| entry.line).collect();
    numbers.dedup();
    numbers.truncate(Line::MOST);
    let source = lines::numbered(change.now()).filter(|(number, _)| numbers.contains(number));
    let lines = show(source);
    let text = |entry: &&Entry| {
        Line::of(entry.line, format!("{} = {}", entry.key, entry.value).as_bytes())
    };
    if lines.is_empty() {
        Some(entries.iter().take(Line::MOST).map(text).collect())
    } else {
        Some(lines)
    }
}

/// What to show of a change of which any counts.
fn what_changed(change: &Change, after: &State) -> Vec<Line> {
    match after.kind {
        Kind::Link => vec![Line::of(0, &[b"link to ", after.bytes.as_slice()].concat())],
        Kind::Directory => vec![Line::about("a directory")],
        Kind::Special => vec![Line::about("no file")],
        Kind::File => {
            let lines = lines::first(change.old(), change.now());
            let mode =
                change.before.as_ref().map(|before| before.mode).filter(|&m| m != after.mode);
            match mode {
                Some(mode) if lines.is_empty() => {
                    vec![Line::about(format!("mode {mode:03o} → {:03o}", after.mode))]
                }
                _ => lines,
            }
        }
    }
}

/// A program that needs no interpreter's name to run: ELF, PE, Mach-O.
fn is_program(bytes: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"\x7fELF",
        b"MZ",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
    ];
    // `MZ` alone also begins a text; a PE header has NULs.
    let has_nul = bytes.get(..64).unwrap_or(bytes).contains(&0);
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) && has_nul
}

fn guard(change: &Change) -> Option<Vec<Line>> {
    let before = change.before.as_ref()?;
    let gone = |lines: Vec<Line>| {
        lines
            .into_iter()
            .map(|l| Line { line: 0, text: format!("gone: {}", l.text) })
            .collect::<Vec<_>>()
    };
    match &change.after {
        None => Some(vec![Line::about("deleted")]),
        Some(after) if after.kind != before.kind => Some(what_changed(change, after)),
        Some(_) => {
            Some(gone(lines::first(change.now(), change.old()))).filter(|lines| !lines.is_empty())
        }
    }
}

fn mask(change: &Change) -> Option<Vec<Line>> {
    let is_negation = |line: &&lines::Numbered<'_>| line.1.trim_ascii().starts_with(b"!");
    guard(change).or_else(|| {
        let negations =
            show(fresh(change.old(), change.now()).iter().filter(|l| is_negation(l)).copied());
        (!negations.is_empty()).then_some(negations)
    })
}

/// Looks that are about a place and not about every file.
fn is_about_place(look: &Look) -> bool {
    !look.at.contains(&"**")
        && match look.check {
            Check::Any | Check::Keys(_) | Check::KeysGone(_) | Check::Mask | Check::Guard => true,
            Check::Beside(_) | Check::Lock(_) | Check::Executable | Check::LinesGone(_) => true,
            Check::New
            | Check::NewExecutable
            | Check::Lines(_)
            | Check::Closure(_)
            | Check::Deleted => false,
            Check::Trick(_) | Check::Text(_) => false,
        }
}
