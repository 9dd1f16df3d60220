//! Rust, Go, Lean.

use super::super::chain::{Chain, NONE, Root, Special, Value};

/// The rows.
pub(super) const ROWS: &[Chain] = &[
    Chain {
        id: "cargo",
        roots: &[Root::Var("CARGO_HOME"), Root::Home(".cargo")],
        bins: &["bin"],
        shares: &["bin", "registry"],
        env: &[
            ("CARGO_HOME", Value::Base),
            ("CARGO_NET_OFFLINE", Value::Text("true")),
            ("CARGO_INSTALL_ROOT", Value::Text("/home/agent/.cargo")),
        ],
        named_by: Some("CARGO_HOME"),
        special: Special::Cargo,
        companions: &[RUSTUP],
        left_out: "`credentials.toml`, `config.toml` (only its registries and source replacements are copied, without user names and passwords), `git`",
        source: "The Cargo Book, Cargo Home",
        ..NONE
    },
    Chain {
        id: "goroot",
        roots: &[Root::Var("GOROOT"), Root::Home(".go"), Root::Home(".local/go")],
        bins: &["bin"],
        marker: Some("pkg/tool"),
        shares: GOROOT,
        env: &[("GOROOT", Value::Base)],
        named_by: Some("GOROOT"),
        left_out: "",
        source: "Go docs, Managing Go installations",
        ..NONE
    },
    Chain {
        id: "go-sdk",
        roots: &[Root::Home("sdk")],
        version: "go*",
        bins: &["bin"],
        marker: Some("pkg/tool"),
        shares: GOROOT,
        left_out: "",
        source: "golang.org/dl",
        ..NONE
    },
    Chain {
        id: "gopath",
        roots: &[Root::Var("GOPATH"), Root::Home("go")],
        bins: &["bin"],
        shares: &["bin", "pkg/mod"],
        secrets: &["pkg/mod/cache/vcs"],
        env: &[("GOPATH", Value::Base), ("GOPROXY", Value::Text("off"))],
        named_by: Some("GOPATH"),
        left_out: "`src`, `pkg/mod/cache/vcs` (clones, whose URLs may hold tokens), `~/.config/go/env`",
        source: "Go Modules Reference, Module cache",
        ..NONE
    },
    Chain {
        id: "elan",
        roots: &[Root::Var("ELAN_HOME"), Root::Home(".elan")],
        bins: &["bin"],
        shares: &["bin", "toolchains"],
        left_out: "`settings.toml`",
        source: "elan README",
        ..NONE
    },
];

const RUSTUP: Chain = Chain {
    id: "rustup",
    roots: &[Root::Var("RUSTUP_HOME"), Root::Home(".rustup")],
    shares: &["toolchains"],
    special: Special::Rustup,
    left_out: "`settings.toml` (only the default tool chain is copied), `downloads`, `tmp`",
    source: "The rustup book, Environment variables",
    ..NONE
};

const GOROOT: &[&str] = &["bin", "pkg", "src", "lib", "misc", "api", "VERSION", "go.env"];
