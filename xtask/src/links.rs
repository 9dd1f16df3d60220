//! `links`: every relative link of a document leads to a file, and to a heading that is there.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::shell;

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let checkout = shell::checkout();
    for document in documents(&checkout)? {
        let text = std::fs::read_to_string(&document).map_err(Failure::io("read", &document))?;
        for target in targets(&text) {
            if let Some(why) = broken(&document, &target) {
                let name = document.strip_prefix(&checkout).unwrap_or(&document);
                lines.push(format!("{}: {target}: {why}", name.display()));
            }
        }
    }
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::Found { what: "links that lead nowhere", lines }),
    }
}

/// Every Markdown file below `root`, build output and hidden directories aside.
pub(crate) fn documents(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(Failure::io("list", &dir))? {
            let entry = entry.map_err(Failure::io("list", &dir))?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type().map_err(Failure::io("stat", &path))?;
            let skipped = name == "target" || name.as_encoded_bytes().starts_with(b".");
            if kind.is_dir() && !skipped {
                open.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The targets of `[text](target)` and `[name]: target`, outside of code.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let mut rest = line.as_str();
        if let Some((_, target)) = rest.split_once("]: ").filter(|_| rest.starts_with('[')) {
            found.push(target.split_whitespace().next().unwrap_or_default().to_owned());
            continue;
        }
        while let Some((_, after)) = rest.split_once("](") {
            let (target, tail) = after.split_once(')').unwrap_or((after, ""));
            found.push(target.split_whitespace().next().unwrap_or_default().to_owned());
            rest = tail;
        }
    }
    found
}

/// The lines of a document without fenced blocks and `inline code`.
fn prose(text: &str) -> Vec<String> {
    unfenced(text).map(|line| line.split('`').step_by(2).collect()).collect()
}

/// The lines of a document without fenced blocks.
pub(crate) fn unfenced(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Why a link is broken, if it is. Links to other machines are not followed: a check must not
/// depend on them.
fn broken(document: &Path, target: &str) -> Option<&'static str> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => document.to_owned(),
        file => document.parent().unwrap_or(document).join(file),
    };
    if !path.exists() {
        return Some("no such file");
    }
    if heading.is_empty() || path.extension().is_none_or(|end| end != "md") {
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    (!anchors(&text).any(|anchor| anchor == heading)).then_some("no such heading")
}

/// The anchors that forges make of headings: lower case, words joined by dashes, no punctuation.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let fences = text.split("```").step_by(2).flat_map(str::lines);
    fences.filter(|line| line.starts_with('#')).map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_prose_and_not_in_code() {
        let text = "[a](x.md) and [b](y.md \"title\")\n`[c](no)`\n```\n[d](no)\n```\n[e]: z.md\n";
        assert_eq!(targets(text), ["x.md", "y.md", "z.md"]);
    }

    #[test]
    fn a_link_is_broken_when_its_file_or_its_heading_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let document = dir.path().join("a.md");
        std::fs::write(&document, "# The `first` part, of 2\n").unwrap();
        assert_eq!(broken(&document, "a.md"), None);
        assert_eq!(broken(&document, "#the-first-part-of-2"), None);
        assert_eq!(broken(&document, "https://example.com/"), None);
        assert_eq!(broken(&document, "b.md"), Some("no such file"));
        assert_eq!(broken(&document, "a.md#other"), Some("no such heading"));
    }

    #[test]
    fn documents_of_the_build_output_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["docs", "target", ".git"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("a.md"), "").unwrap();
        }
        assert_eq!(documents(dir.path()).unwrap(), [dir.path().join("docs/a.md")]);
    }
}
