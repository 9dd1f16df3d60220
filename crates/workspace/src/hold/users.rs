//! What the user's own settings, outside of the workspace, name in it: the host runs that without
//! reading any file of the workspace first.

use super::change::Line;
use super::lines;

/// The user's own settings, as texts: how they are written does not matter, only which paths of the
/// workspace are in them.
#[derive(Debug, Clone, Default)]
pub struct Users {
    /// How the workspace can be spelled: its path, and from the home on.
    roots: Vec<Vec<u8>>,
    texts: Vec<(String, Vec<u8>)>,
}

impl Users {
    /// Files of a home that name programs, or texts that a program obeys.
    pub const FILES: &[&str] = &[
        ".claude/settings.json",
        ".claude.json",
        ".claude/CLAUDE.md",
        ".codex/config.toml",
        ".gemini/settings.json",
        ".cursor/mcp.json",
        ".cursor/hooks.json",
        ".kiro/settings/mcp.json",
        ".config/opencode/opencode.json",
        ".config/zed/settings.json",
        ".config/Code/User/settings.json",
        ".config/Code/User/tasks.json",
        ".config/Code/User/mcp.json",
        ".gitconfig",
        ".config/git/config",
        ".bashrc",
        ".bash_profile",
        ".bash_aliases",
        ".profile",
        ".zshrc",
        ".zprofile",
        ".zshenv",
        ".config/fish/config.fish",
        ".npmrc",
        ".cargo/config.toml",
        ".config/pip/pip.conf",
        ".ssh/config",
        ".vimrc",
        ".config/nvim/init.lua",
        ".tmux.conf",
        ".config/mise/config.toml",
        ".config/direnv/direnvrc",
    ];
    /// Directories of such files.
    pub const DIRECTORIES: &[&str] =
        &[".config/systemd/user", ".config/autostart", ".config/environment.d"];

    /// Settings of the user with this home, for a workspace; both absolute paths.
    #[must_use]
    pub fn of(workspace: &[u8], home: Option<&[u8]>) -> Self {
        let mut roots = vec![workspace.to_vec()];
        let below = home.and_then(|home| workspace.strip_prefix(home));
        if let Some(below) = below.filter(|below| below.starts_with(b"/")) {
            let homes = [&b"~"[..], b"$HOME", b"${HOME}", b"%h"];
            roots.extend(homes.map(|home| [home, below].concat()));
        }
        Self { roots, texts: Vec::new() }
    }

    /// Adds a text, under the name by which the user knows it.
    pub fn add(&mut self, name: &str, text: Vec<u8>) {
        self.texts.push((name.to_owned(), text));
    }

    /// The paths of the workspace that are named, and by which line.
    pub(super) fn named(&self) -> Vec<(Vec<u8>, Line)> {
        let mut named = Vec::new();
        for (name, text) in &self.texts {
            for (number, line) in lines::numbered(text) {
                let found = self.roots.iter().flat_map(|root| below(line, root));
                for path in found.take(MOST) {
                    let shown = [b"named by ", name.as_bytes(), b": ", line].concat();
                    named.push((path, Line::of(number, &shown)));
                }
            }
        }
        named.truncate(MOST);
        named
    }
}

/// More is no settings file.
const MOST: usize = 1000;

/// What stands behind each `root/` in a line, up to the end of a word.
fn below(line: &[u8], root: &[u8]) -> Vec<Vec<u8>> {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`;|&()<>=,:]}".contains(byte);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = line.get(from..)
        && let Some(at) = rest.windows(root.len()).position(|part| part == root)
    {
        from = from.saturating_add(at).saturating_add(root.len());
        let Some(rest) = line.get(from..).and_then(|rest| rest.strip_prefix(b"/")) else {
            continue;
        };
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let parts: Vec<&[u8]> = word
            .split(|&byte| byte == b'/')
            .filter(|part| !matches!(*part, b"" | b"." | b"*"))
            .collect();
        if !parts.is_empty() && !parts.contains(&&b".."[..]) {
            found.push(parts.join(&b'/'));
        }
    }
    found
}
