//! Managers of many languages, and the other languages.

use super::super::chain::{Chain, NONE, Root, Special, Value};
use super::{PREFIX, SHIM_MANAGER};

/// The rows.
pub(super) const ROWS: &[Chain] = &[
    Chain {
        id: "mise",
        roots: &[Root::Var("MISE_DATA_DIR"), Root::Data("mise")],
        bins: &[
            "shims",
            "bin",
            "installs/*/*",
            "installs/*/*/bin",
            "installs/*/*/*/bin",
            "installs/*/*/.mise-bins",
        ],
        shares: &["bin", "installs", "shims", "plugins"],
        secrets: &["installs/node/*/etc/npmrc", "installs/python/*/pip.conf"],
        env: &[("MISE_DATA_DIR", Value::Base), ("MISE_OFFLINE", Value::Text("1"))],
        special: Special::Mise,
        left_out: "`config.toml` (only plain versions of its `[tools]` are copied), `downloads`",
        source: "mise docs, Directory structure",
        ..NONE
    },
    Chain {
        id: "asdf",
        roots: &[Root::Var("ASDF_DATA_DIR"), Root::Var("ASDF_DIR"), Root::Home(".asdf")],
        bins: &["bin", "shims", "installs/*/*/bin"],
        shares: &["bin", "lib", "libexec", "shims", "installs", "plugins"],
        secrets: &["installs/nodejs/*/etc/npmrc", "installs/python/*/pip.conf"],
        env: &[("ASDF_DATA_DIR", Value::Base)],
        special: Special::ToolVersions,
        left_out: "`downloads`, `~/.asdfrc`; of `~/.tool-versions` only plain versions are copied",
        source: "asdf docs, Configuration",
        ..NONE
    },
    Chain {
        id: "proto",
        roots: &[Root::Var("PROTO_HOME"), Root::Home(".proto")],
        bins: &["bin", "shims"],
        shares: &["bin", "shims", "tools", "plugins"],
        secrets: &["tools/node/*/etc/npmrc", "tools/python/*/pip.conf"],
        env: &[("PROTO_HOME", Value::Base)],
        left_out: "`cache`, `temp`, `.prototools`",
        source: "moonrepo docs, proto",
        ..NONE
    },
    Chain {
        id: "rbenv",
        roots: &[Root::Var("RBENV_ROOT"), Root::Home(".rbenv")],
        bins: &["bin", "shims", "versions/*/bin"],
        shares: SHIM_MANAGER,
        copies: &["version"],
        secrets: &["versions/*/etc/gemrc"],
        env: &[("RBENV_ROOT", Value::Base)],
        left_out: "`versions/*/etc/gemrc`, `cache`",
        source: "rbenv README",
        ..NONE
    },
    Chain {
        id: "rvm",
        roots: &[Root::Home(".rvm")],
        bins: &["bin", "gems/*/bin", "rubies/*/bin"],
        shares: &["bin", "gems", "rubies", "scripts", "wrappers"],
        secrets: &["rubies/*/etc/gemrc"],
        env: &[("GEM_HOME", Value::Kept), ("GEM_PATH", Value::Kept)],
        left_out: "`user`, `archives`, `src`",
        source: "RVM docs, File system layout",
        ..NONE
    },
    Chain {
        id: "gem-user",
        roots: &[Root::Data("gem"), Root::Home(".gem")],
        version: "ruby/*",
        bins: &["bin"],
        shares: &["bin", "gems", "specifications", "extensions"],
        left_out: "`~/.gem/credentials`",
        source: "RubyGems guides, gem environment",
        ..NONE
    },
    Chain {
        id: "sdkman",
        roots: &[Root::Var("SDKMAN_CANDIDATES_DIR"), Root::Home(".sdkman/candidates")],
        version: "*/*",
        bins: &["bin"],
        shares: &[
            "bin", "lib", "boot", "conf", "jmods", "include", "legal", "release", "libexec",
            "media",
        ],
        secrets: &["conf/settings.xml"],
        left_out: "`conf/settings.xml` (Maven), `init.d` (Gradle), candidates that are not on `PATH`",
        source: "SDKMAN! docs, Usage",
        ..NONE
    },
    Chain {
        id: "jdk",
        roots: &[Root::Var("JAVA_HOME"), Root::Home(".jdks"), Root::Fixed("opt")],
        version: "?",
        bins: &["bin"],
        marker: Some("lib/modules"),
        shares: &["bin", "lib", "conf", "jmods", "include", "legal", "release"],
        secrets: &["conf/management/jmxremote.password", "lib/management/jmxremote.password"],
        env: &[("JAVA_HOME", Value::Base)],
        named_by: Some("JAVA_HOME"),
        left_out: "`conf/management/jmxremote.password`; `~/.m2`, `~/.gradle` are not shared either",
        source: "JEP 220, layout of a run-time image",
        ..NONE
    },
    Chain {
        id: "homebrew",
        roots: &[
            Root::Var("HOMEBREW_PREFIX"),
            Root::Fixed("home/linuxbrew/.linuxbrew"),
            Root::Home(".linuxbrew"),
        ],
        bins: &["bin", "sbin", "opt/*/bin", "opt/*/libexec/bin", "Cellar/*/*/bin"],
        shares: &["bin", "sbin", "Cellar", "opt", "lib", "include", "share", "etc/ca-certificates"],
        left_out: "`etc` but for the CA certificates, `var`",
        source: "Homebrew docs, Homebrew on Linux",
        ..NONE
    },
    Chain {
        id: "nix",
        roots: &[Root::Fixed("nix")],
        bins: &["store/*/bin", "store/*/sbin"],
        shares: &["store"],
        left_out: "`/nix/var`; profiles on `PATH` are replaced by what they link to",
        source: "Nix manual, Nix store (readable by everybody, so made to hold no secret)",
        ..NONE
    },
    Chain {
        id: "ghcup",
        roots: &[Root::Home(".ghcup")],
        bins: &["bin"],
        shares: &["bin", "ghc", "hls"],
        left_out: "`cache`, `config.yaml`",
        source: "ghcup docs, File system layout",
        ..NONE
    },
    Chain {
        id: "opam",
        roots: &[Root::Var("OPAMROOT"), Root::Home(".opam")],
        version: "*",
        bins: &["bin"],
        shares: PREFIX,
        env: &[("OPAM_SWITCH_PREFIX", Value::Base)],
        left_out: "`config`, `repo`, switches that are not on `PATH`",
        source: "opam manual, Switches",
        ..NONE
    },
    Chain {
        id: "juliaup",
        roots: &[Root::Home(".juliaup")],
        bins: &["bin"],
        shares: &["bin"],
        companions: &[JULIA],
        left_out: "",
        source: "juliaup README",
        ..NONE
    },
    Chain {
        id: "dotnet",
        roots: &[Root::Var("DOTNET_ROOT"), Root::Home(".dotnet")],
        bins: &["", "tools"],
        shares: &[
            "dotnet",
            "host",
            "sdk",
            "shared",
            "packs",
            "templates",
            "sdk-manifests",
            "tools",
        ],
        env: &[("DOTNET_ROOT", Value::Base)],
        named_by: Some("DOTNET_ROOT"),
        left_out: "`corefx` (private keys), `TelemetryStorageService`, `~/.nuget`",
        source: "dotnet-install script reference",
        ..NONE
    },
    Chain {
        id: "composer",
        roots: &[Root::Var("COMPOSER_HOME"), Root::Config("composer"), Root::Home(".composer")],
        bins: &["vendor/bin"],
        shares: &["vendor"],
        left_out: "`auth.json`, `config.json`",
        source: "Composer docs, COMPOSER_HOME",
        ..NONE
    },
    Chain {
        id: "solana",
        roots: &[Root::Data("solana/install")],
        version: "releases/*/*",
        bins: &["bin"],
        shares: &["bin"],
        left_out: "`~/.config/solana` (key pairs)",
        source: "Solana docs, Install the Solana CLI",
        ..NONE
    },
];

const JULIA: Chain = Chain {
    id: "julia",
    roots: &[Root::Var("JULIAUP_DEPOT_PATH"), Root::Home(".julia")],
    shares: &["juliaup"],
    env: &[("JULIAUP_DEPOT_PATH", Value::Base)],
    left_out: "`servers` (tokens), `registries`, `packages`",
    source: "juliaup README; Julia manual, Pkg server authentication",
    ..NONE
};
