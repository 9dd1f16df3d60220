//! Tricks of the file system: links, modes, special files, names.

use super::change::{Change, Kind, Line, READ_LIMIT, State};
use super::name;
use super::rule::Trick;
use super::siblings::{Alike, Siblings};

/// What of the trick the change has; `None`: nothing.
pub(super) fn seen(
    trick: Trick,
    change: &Change,
    lookup: &Siblings<'_>,
    is_sensitive: &dyn Fn(&[u8]) -> bool,
) -> Option<Vec<Line>> {
    let after = change.after.as_ref()?;
    let before = change.before.as_ref();
    let file = base(&change.path);
    let is_new = before.is_none();
    let about = |text: &str| Some(vec![Line::about(text)]);
    match trick {
        Trick::LinkOut => {
            let target = link(after)?;
            leaves(&change.path, target, lookup).map(|why| {
                vec![Line::of(0, &[b"link to ", target, b": ", why.as_bytes()].concat())]
            })
        }
        Trick::LinkAlias => {
            let target = link(after)?;
            let resolved = resolve(&change.path, target)?;
            if is_sensitive(&resolved) {
                return Some(vec![Line::of(0, &[b"link to ", target].concat())]);
            }
            is_sensitive(&change.path)
                .then(|| vec![Line::about("a link with the name of such a place")])
        }
        Trick::DirectorySwapped => match (before.map(|before| before.kind), after.kind) {
            (Some(Kind::Directory), Kind::Link) => about("a directory became a link"),
            (Some(Kind::Link), Kind::Directory) => about("a link became a directory"),
            _ => None,
        },
        Trick::HardLink => {
            let was = before.map_or(1, |before| before.links);
            let more = after.kind == Kind::File && after.links > was.max(1);
            more.then(|| vec![Line::about(format!("{} names", after.links))])
        }
        Trick::Privilege => privilege(before, after),
        Trick::Special => {
            (after.kind == Kind::Special).then(|| vec![Line::about("no regular file")])
        }
        Trick::Collision => is_new.then(|| collision(&change.path, lookup)).flatten(),
        Trick::InvisibleName => {
            let is_bad = is_new && has_invisible(file);
            is_bad.then(|| vec![Line::of(0, file)])
        }
        Trick::OptionName => (is_new && is_bait(file)).then(|| vec![Line::of(0, file)]),
        Trick::LookAlike => is_new.then(|| look_alike(&change.path, lookup)).flatten(),
        Trick::TooLarge => (after.kind == Kind::File && after.size > READ_LIMIT as u64)
            .then(|| vec![Line::about(format!("{} bytes", after.size))]),
        // `Judging::moved` knows where it was.
        Trick::Moved => None,
        Trick::TooDeep => {
            let depth = change.path.split(|&b| b == b'/').count();
            let is_deep = depth > DEEPEST || change.path.len() > LONGEST;
            is_deep.then(|| vec![Line::about(format!("{depth} names, one in the other"))])
        }
        Trick::ModeAdded => {
            let was = before.filter(|before| before.kind == Kind::File)?;
            let added = after.is_executable() && !was.is_executable();
            (added && !after.bytes.starts_with(b"#!"))
                .then(|| vec![Line::about(format!("mode {:03o} → {:03o}", was.mode, after.mode))])
        }
    }
}

fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/').next().unwrap_or(path)
}

fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|&b| b == b'/').and_then(|at| path.get(..at)).unwrap_or_default()
}

fn link(state: &State) -> Option<&[u8]> {
    (state.kind == Kind::Link).then_some(state.bytes.as_slice())
}

/// Where a relative target leads, by its letters alone; `None`: out of the workspace.
fn resolve(path: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if target.starts_with(b"/") {
        return None;
    }
    let mut parts: Vec<&[u8]> =
        parent(path).split(|&b| b == b'/').filter(|p| !p.is_empty()).collect();
    for part in target.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

fn leaves(path: &[u8], target: &[u8], lookup: &Siblings<'_>) -> Option<&'static str> {
    if target.starts_with(b"/") {
        return Some("absolute");
    }
    let Some(resolved) = resolve(path, target) else { return Some("leaves the workspace") };
    // Letters say where it leads only as long as no other link lies on the way.
    let cuts = resolved.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
    let mut prefixes = cuts.filter_map(|at| resolved.get(..at));
    if prefixes.any(|prefix| lookup.after(prefix) == Some(Kind::Link)) {
        return Some("goes through another link");
    }
    (lookup.after(&resolved) == Some(Kind::Link)).then_some("leads to another link")
}

fn privilege(before: Option<&State>, after: &State) -> Option<Vec<Line>> {
    let old = before.map_or(0, |before| before.mode);
    let new = after.mode & !old;
    let special = match after.kind {
        Kind::File => new & 0o7002 != 0,
        // Sticky and writable by all is what a shared directory is; one without the other is not.
        Kind::Directory => new & 0o6000 != 0 || (new & 0o002 != 0 && after.mode & 0o1000 == 0),
        Kind::Link | Kind::Special => false,
    };
    let attributes = after.attributes && !before.is_some_and(|before| before.attributes);
    let text = match (special, attributes) {
        (true, _) => format!("mode {:04o}", after.mode),
        (false, true) => "extended attributes".to_owned(),
        (false, false) => return None,
    };
    Some(vec![Line::about(text)])
}

fn collision(path: &[u8], lookup: &Siblings<'_>) -> Option<Vec<Line>> {
    let other = lookup.other(parent(path), base(path), Alike::OnOtherHosts)?;
    Some(vec![Line::of(0, &[b"beside ", other.as_slice()].concat())])
}

/// Control characters, what is no UTF-8, and what draws nothing or turns the line round.
fn has_invisible(file: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(file) else { return true };
    text.chars().any(|c| {
        c.is_control()
            || (name::is_ignorable(c) && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}'))
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{e000}'..='\u{f8ff}')
    })
}

/// Names that a `*` of a shell turns into an option or a command.
fn is_bait(file: &[u8]) -> bool {
    let has = |needle: &[u8]| file.windows(needle.len()).any(|part| part == needle);
    file.starts_with(b"-")
        || file.starts_with(b"~")
        || file.iter().any(|b| matches!(b, b'*' | b'?' | b'`' | b';' | b'|' | b'>' | b'<' | b'"'))
        || has(b"$(")
        || has(b"&&")
        || file.starts_with(b" ")
        || file.ends_with(b" ")
}

/// Drawn like a sibling or a well-known name, or with two extensions of which the last one runs.
fn look_alike(path: &[u8], lookup: &Siblings<'_>) -> Option<Vec<Line>> {
    let own = base(path);
    let lower = String::from_utf8_lossy(own).to_lowercase();
    let parts: Vec<&str> = lower.split('.').collect();
    if let [.., shown, runs] = parts.as_slice()
        && parts.len() > 2
        && DOCUMENTS.contains(shown)
        && PROGRAMS.contains(runs)
    {
        return Some(vec![Line::of(0, own)]);
    }
    let collation = name::collation(own);
    let hasty = name::hasty(own);
    let known = WELL_KNOWN.iter().find(|known| {
        collation != name::collation(known.as_bytes()) && hasty == name::hasty(known.as_bytes())
    });
    if let Some(known) = known {
        return Some(vec![Line::about(format!("looks like {known}"))]);
    }
    if !name::has_look_alikes(own) {
        return None;
    }
    let other = lookup.other(parent(path), own, Alike::ToTheEye)?;
    Some(vec![Line::of(0, &[b"looks like ", other.as_slice()].concat())])
}

/// Names of a path, and its bytes: beyond the trees that people make, and below what `diff` cuts.
const DEEPEST: usize = 64;
const LONGEST: usize = 3072;

const DOCUMENTS: &[&str] =
    &["pdf", "txt", "md", "doc", "docx", "xls", "xlsx", "png", "jpg", "jpeg", "gif", "csv", "mp4"];
const PROGRAMS: &[&str] =
    &["exe", "com", "scr", "bat", "cmd", "js", "vbs", "ps1", "sh", "lnk", "desktop", "app"];

/// Names that people and programs look for.
const WELL_KNOWN: &[&str] = &[
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "tsconfig.json",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "conftest.py",
    "go.mod",
    "go.sum",
    "Makefile",
    "Dockerfile",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
    ".git",
    ".env",
    ".npmrc",
    "README.md",
    "LICENSE",
    "CONTRIBUTING.md",
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    ".vscode",
    ".github",
    ".claude",
    ".cursor",
    "pom.xml",
    "build.gradle",
    "composer.json",
    "Gemfile",
    "CODEOWNERS",
    "node_modules",
];
