//! The closure of trust: a file that an entry of the host names runs, or is obeyed, whenever the
//! entry does. The entry was approved once; the file behind it changes (MCPoison, CVE-2025-54136).

use std::collections::HashMap;

use super::change::{Change, Line, Lookup};
use super::glob::wildcard;
use super::parse;
use super::rule::{Format, Named};
use super::users::Users;

/// What the host's entries name: path, and which entry.
#[derive(Debug)]
pub(super) struct Closure {
    named: HashMap<(Vec<u8>, Named), Line>,
}

impl Closure {
    /// Reads the entries of the host, once for all changes.
    pub(super) fn new(lookup: &dyn Lookup) -> Self {
        let mut closure = Self { named: HashMap::new() };
        for entry in ENTRIES {
            let Some(bytes) = lookup.host(entry.path.as_bytes()) else { continue };
            match entry.read {
                Read::Keys(format, names) => closure.keys(entry.path, format, names, &bytes),
                Read::Imports => closure.imports(entry.path, &bytes),
            }
        }
        for (path, line) in lookup.users().map(Users::named).unwrap_or_default() {
            closure.named.entry((path, Named::ByUser)).or_insert(line);
        }
        closure
    }

    /// The entry that names the file of this change.
    pub(super) fn names(&self, change: &Change, by: Named) -> Option<Vec<Line>> {
        change.changed()?;
        let line = |path: &[u8]| self.named.get(&(path.to_vec(), by));
        let found = line(&change.path).or_else(|| {
            // A directory stands for what is in it: of hooks, in a search path.
            let ends = change.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            let mut above = ends.filter_map(|(end, _)| change.path.get(..end));
            (by == Named::ByUser).then(|| above.find_map(line)).flatten()
        });
        found.map(|line| vec![line.clone()])
    }

    fn keys(&mut self, path: &str, format: Format, names: &[&str], bytes: &[u8]) {
        let Ok(flat) = parse::read(format, path, bytes, true) else { return };
        for entry in &flat.entries {
            if names.iter().any(|name| wildcard(name, &entry.key)) {
                self.words(path, entry.line, &entry.value);
            }
        }
    }

    /// `@path` and `#[[file:path]]` of instruction files.
    fn imports(&mut self, path: &str, bytes: &[u8]) {
        for (number, line) in super::lines::numbered(bytes) {
            let text = String::from_utf8_lossy(line);
            for part in text.split(['@']).skip(1).chain(text.split("#[[file:").skip(1)) {
                let end = part
                    .find(|c: char| c.is_whitespace() || matches!(c, ']' | ')' | '`' | ',' | '"'));
                self.word(
                    Named::ByText,
                    path,
                    number,
                    part.get(..end.unwrap_or(part.len())).unwrap_or_default(),
                );
            }
        }
    }

    /// The words of a command that can be paths of the workspace.
    fn words(&mut self, path: &str, line: u32, command: &str) {
        let is_gap = |c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '|' | '&' | '(' | ')' | '=' | ',')
        };
        for word in command.split(is_gap) {
            self.word(Named::ByCommand, path, line, word);
        }
    }

    fn word(&mut self, by: Named, entry: &str, line: u32, word: &str) {
        const ROOTS: &[&str] = &[
            "file://",
            "./",
            "$CLAUDE_PROJECT_DIR/",
            "${CLAUDE_PROJECT_DIR}/",
            "${workspaceFolder}/",
            "${workspaceRoot}/",
            "$PWD/",
            "${PWD}/",
            "$(pwd)/",
        ];
        let word = ROOTS.iter().fold(word, |word, root| word.strip_prefix(root).unwrap_or(word));
        let word = word.trim_end_matches(['.', ':']);
        let is_path =
            word.contains(['/', '.']) && !word.starts_with(['/', '-', '~']) && word.len() < 4096;
        if !is_path || self.named.len() >= MOST {
            return;
        }
        let clean: Vec<&str> = word.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if clean.contains(&"..") {
            return;
        }
        let text = format!("named by {entry} line {line}: {word}");
        self.named
            .entry((clean.join("/").into_bytes(), by))
            .or_insert(Line::of(0, text.as_bytes()));
    }
}

/// Paths of one workspace that entries name; more is no project.
const MOST: usize = 10_000;

/// A file whose entries name programs or texts of the workspace.
struct Trusted {
    path: &'static str,
    read: Read,
}

enum Read {
    /// The words of the values at these keys.
    Keys(Format, &'static [&'static str]),
    /// The imports of an instruction file.
    Imports,
}

const fn entry(path: &'static str, format: Format, names: &'static [&'static str]) -> Trusted {
    Trusted { path, read: Read::Keys(format, names) }
}

const fn text(path: &'static str) -> Trusted {
    Trusted { path, read: Read::Imports }
}

const ENTRIES: &[Trusted] = &[
    entry(".claude/settings.json", Format::Json, &["*command", "*helper", "*.args"]),
    entry(".claude/settings.local.json", Format::Json, &["*command", "*helper", "*.args"]),
    entry(".mcp.json", Format::Json, &["*.command", "*.args"]),
    entry("mcp.json", Format::Json, &["*.command", "*.args"]),
    entry(".cursor/mcp.json", Format::Json, &["*.command", "*.args"]),
    entry(".cursor/hooks.json", Format::Json, &["*command"]),
    entry(".kiro/settings/mcp.json", Format::Json, &["*.command", "*.args"]),
    entry(".amazonq/mcp.json", Format::Json, &["*.command", "*.args"]),
    entry(".vscode/mcp.json", Format::Json, &["*.command", "*.args"]),
    entry(".vscode/tasks.json", Format::Json, &["*.command", "*.args"]),
    entry(".vscode/launch.json", Format::Json, &["*.program", "*.runtimeexecutable", "*.args"]),
    entry(".gemini/settings.json", Format::Json, &["*command", "*.args"]),
    entry(".codex/config.toml", Format::Toml, &["*.command", "*.args", "notify*"]),
    entry("opencode.json", Format::Json, &["*.command", "instructions", "plugin"]),
    entry(".zed/settings.json", Format::Json, &["*.path", "*.command*", "*.arguments", "*.args"]),
    entry(".devcontainer/devcontainer.json", Format::Json, &["*command*"]),
    entry(
        ".git/config",
        Format::GitConfig,
        &[
            "core.fsmonitor",
            "core.sshcommand",
            "core.pager",
            "core.editor",
            "filter.*",
            "diff.*",
            "merge.*.driver",
            "alias.*",
            "include.path",
            "includeif.*.path",
            "hook.*.command",
            "credential.*helper",
        ],
    ),
    entry("package.json", Format::Json, &["scripts.*", "bin*", "simple-git-hooks.*", "husky.*"]),
    entry(".pre-commit-config.yaml", Format::Yaml, &["repos.hooks.entry", "repos.hooks.args"]),
    entry("lefthook.yml", Format::Yaml, &["*.run"]),
    entry("pyproject.toml", Format::Toml, &["build-system.backend-path", "tool.*.build.script"]),
    entry("Cargo.toml", Format::Toml, &["package.build"]),
    entry(".cargo/config.toml", Format::Toml, &["*.runner", "build.rustc*", "*.linker"]),
    entry(".aider.conf.yml", Format::Yaml, &["read", "lint-cmd", "test-cmd", "load"]),
    entry(
        "docker-compose.yml",
        Format::Yaml,
        &["services.*.env_file", "include*", "services.*.extends.file"],
    ),
    text("AGENTS.md"),
    text("CLAUDE.md"),
    text(".claude/CLAUDE.md"),
    text("GEMINI.md"),
    text(".github/copilot-instructions.md"),
    text(".cursorrules"),
];
