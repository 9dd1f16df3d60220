//! Rust and Go.

use crate::hold::rule::Format::{Toml, Yaml};
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys};

const MANIFEST: &[&str] = &["**/cargo.toml"];

pub(super) const RULES: &[Rule] = &[
    crit(
        "H-RS-01",
        "cargo build runs it, and rust-analyzer as soon as the folder is opened",
        "TrapDoor 2026-05; cargo, build scripts",
        &[
            at(&["**/build.rs", "!**/src/**/build.rs"], Check::Any),
            at(MANIFEST, Check::Keys(all(Toml, &["package.build"]).unlike("^false$"))),
            keys(MANIFEST, Toml, &["*lib.proc-macro", "*lib.proc_macro", "package.links"]),
            at(
                MANIFEST,
                Check::Keys(
                    all(Toml, &["*build-dependencies.*"])
                        .unlike(r"^[\^~=<>]*\s*\d[\d.]*\s*$|^(true|false)$|^[a-z0-9_-]+$"),
                ),
            ),
        ],
    ),
    crit(
        "H-RS-02",
        "any cargo command runs it, or takes its crates from there",
        "cargo, configuration",
        &[keys(
            &["**/.cargo/config{,.toml}"],
            Toml,
            &[
                "build.rust*",
                "build.target-dir",
                "target.*",
                "alias.*",
                "env.*",
                "source.*",
                "registries.*",
                "registry.*",
                "credential-alias*",
                "patch.*",
                "net.git-fetch-with-cli",
                "http.*",
                "doc.browser",
                "paths",
                "include*",
                "host.*",
                "profile.*.rustflags",
                "unstable.*",
            ],
        )],
    ),
    crit(
        "H-RS-03",
        "any cargo or rustc call runs a tool chain of the tree",
        "rustup, rust-toolchain.toml",
        &[
            keys(&["**/rust-toolchain.toml"], Toml, &["toolchain.path"]),
            at(
                &["**/rust-toolchain.toml"],
                Check::Keys(
                    all(Toml, &["toolchain.channel"])
                        .unlike(r"^(stable|beta|nightly|\d+\.\d+(\.\d+)?)(-\d{4}-\d\d-\d\d)?$"),
                ),
            ),
            at(&["**/rust-toolchain"], Check::Lines(&[r"\bpath\b|/|\.\."])),
            at(&["**/.rustup/**"], Check::Any),
        ],
    ),
    high(
        "H-RS-04",
        "the next build brings code from there",
        "cargo, dependencies",
        &[
            keys(
                MANIFEST,
                Toml,
                &[
                    "*dependencies.*.git",
                    "*dependencies.*.path",
                    "*dependencies.*.registry*",
                    "*dependencies.*.package",
                    "patch.*",
                    "replace.*",
                    "*profile.*.rustflags*",
                    "package.metadata.*cmd*",
                    "package.metadata.*command*",
                ],
            ),
            at(
                MANIFEST,
                Check::Keys(
                    all(Toml, &["workspace.members", "workspace.default-members"]).like(r"\.\.|^/"),
                ),
            ),
        ],
    )
    .only_changed(),
    high(
        "H-RS-05",
        "a tool of cargo runs it, or an audit asks for less",
        "trunk, cargo-make, cross, nextest, cargo-deny",
        &[
            keys(&["**/trunk.toml"], Toml, &["hooks*", "tools*"]),
            at(&["**/{cross.toml,dist-workspace.toml}", "**/.cargo/credentials*"], Check::Any),
            keys(&["**/makefile.toml"], Toml, &["*script*", "*command*", "*extend*", "env.*"]),
            keys(&["**/bacon.toml"], Toml, &["*command*", "exports*"]),
            keys(
                &["**/.config/nextest.toml"],
                Toml,
                &["scripts*", "script*", "*run-wrapper*", "experimental*"],
            ),
            at(&["**/deny.toml", "**/supply-chain/**"], Check::Guard),
        ],
    )
    .only_changed(),
    high(
        "H-GO-01",
        "go generate runs it, or go build hands it to the linker",
        "go, cgo and generate",
        &[at(
            &["**/*.go", "!**/vendor/**"],
            Check::Lines(&[
                r"^\s*//go:generate\s",
                r"^\s*//go:embed\s+(\S+\s+)*(\.\w|all:|\*)",
                r"^\s*//go:linkname\s",
                r"^\s*(//|\*)?\s*#cgo\s.*(ldflags|cflags|pkg-config)",
            ]),
        )],
    )
    .only_changed(),
    high(
        "H-GO-02",
        "the next go command downloads a tool chain, or takes a module from elsewhere",
        "go, go.mod",
        &[
            at(
                &["**/{go.mod,go.work}"],
                Check::Lines(&[r"^\s*(toolchain|replace|tool|exclude)\b", r"=>"]),
            ),
            at(&["**/go.env"], Check::Any),
            keys(&["**/.golangci.y{,a}ml"], Yaml, &["*custom*", "*plugins*"]),
            at(&["**/.custom-gcl.y{,a}ml", "**/vendor/modules.txt"], Check::Any),
        ],
    )
    .only_changed(),
];
