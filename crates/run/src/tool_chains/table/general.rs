//! Folders of programs of any kind; last, as they fit much.

use super::super::chain::{Chain, NONE, Root};
use super::PREFIX;
use super::python::{PIPX, POETRY, UV_PYTHON, UV_TOOLS};

/// The rows.
pub(super) const ROWS: &[Chain] = &[
    Chain {
        id: "local-bin",
        roots: &[Root::Home(".local")],
        bins: &["bin"],
        shares: &["bin"],
        companions: &[UV_TOOLS, UV_PYTHON, PIPX, POETRY, CLAUDE, CURSOR],
        left_out: "`~/.local/lib` (`pip install --user`), the rest of `~/.local/share`",
        source: "file-hierarchy(7), systemd; uv and pipx install into it",
        ..NONE
    },
    Chain {
        id: "home-bin",
        roots: &[Root::Home("bin"), Root::Home(".bin")],
        bins: &[""],
        shares: &[""],
        left_out: "",
        source: "the skeleton .profile of Debian",
        ..NONE
    },
    Chain {
        id: "dot-bin",
        roots: &[Root::Home("")],
        version: ".*",
        bins: &["bin"],
        shares: &["bin"],
        left_out: "everything beside `bin` (key stores, tokens, configuration)",
        source: "installers of single programs: foundry, pulumi, fly, wasmer, cabal, krew, opencode",
        ..NONE
    },
    Chain {
        id: "opt",
        roots: &[Root::Fixed("opt")],
        version: "*",
        bins: &["bin", "sbin"],
        shares: PREFIX,
        left_out: "`etc`, `conf`, `var`",
        source: "hier(7), /opt",
        ..NONE
    },
];

const CLAUDE: Chain = Chain {
    id: "claude",
    roots: &[Root::Data("claude")],
    shares: &["versions"],
    left_out: "`~/.claude`, `~/.claude.json`",
    source: "the target of the installer's link in ~/.local/bin",
    ..NONE
};

const CURSOR: Chain = Chain {
    id: "cursor-agent",
    roots: &[Root::Data("cursor-agent")],
    shares: &["versions"],
    left_out: "`~/.cursor`",
    source: "the target of the installer's link in ~/.local/bin",
    ..NONE
};
