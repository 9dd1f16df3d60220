//! The tool chains that drybox knows: where each stands, and which of its folders a box may read.
//!
//! Only listed sub-folders are shared, never a root less a list of exceptions: what a tool adds
//! tomorrow (a token file) is then not in it. `secrets` are the exceptions *within* a shared folder.

use super::chain::{Chain, NONE, Root, Special, Value};

/// Folders in which nothing is ever shared, whatever leads there.
pub(super) const NEVER_WITHIN: &[&str] = &[
    ".aws",
    ".azure",
    ".docker",
    ".git",
    ".gnupg",
    ".kube",
    ".mozilla",
    ".netrc",
    ".password-store",
    ".pki",
    ".ssh",
    ".thunderbird",
    "gcloud",
    "keyrings",
];

/// Folders too wide to be shared themselves; a listed folder below them may be.
pub(super) const NEVER_WHOLE: &[&str] = &[
    ".cache",
    ".config",
    ".local",
    "Desktop",
    "Documents",
    "Downloads",
];

/// First components that are no place for a tool chain, unless the home is there.
pub(super) const SYSTEM: &[&str] = &["boot", "dev", "etc", "proc", "run", "sys"];

/// First components of what every box of base `host` has anyway.
pub(super) const IN_BASE: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32", "sbin", "usr"];

/// Node's own prefix, without `etc`: `npm config set --global` writes tokens to `etc/npmrc`.
const NODE: &[&str] = &["bin", "lib", "include"];

/// Folders of a prefix in the manner of `/usr`, without `etc`, `var` and `conf`.
const PREFIX: &[&str] = &[
    "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "boot", "plugins", "jbr",
];

/// A shim manager in the manner of rbenv.
const SHIM_MANAGER: &[&str] = &["bin", "libexec", "shims", "versions", "plugins"];

/// Every row; the first that fits a `PATH` entry decides.
pub(super) const TABLE: &[Chain] = &[
    Chain {
        id: "cargo",
        roots: &[Root::Var("CARGO_HOME"), Root::Home(".cargo")],
        bins: &["bin"],
        shares: &["bin", "registry"],
        env: &[
            ("CARGO_HOME", Value::Base),
            ("CARGO_NET_OFFLINE", Value::Text("true")),
        ],
        named_by: Some("CARGO_HOME"),
        special: Special::Cargo,
        companions: &[RUSTUP],
        left_out: "`credentials.toml`, `config.toml` (only its registries and source replacements are copied, without user names and passwords), `git`",
        source: "The Cargo Book, Cargo Home",
        ..NONE
    },
    Chain {
        id: "nvm",
        roots: &[
            Root::Var("NVM_DIR"),
            Root::Home(".nvm"),
            Root::Config("nvm"),
        ],
        version: "versions/node/*",
        bins: &["bin"],
        shares: NODE,
        left_out: "other versions than the one on `PATH`, `etc/npmrc`, `.cache`",
        source: "nvm README, install layout of nvm.sh `nvm_version_dir`",
        ..NONE
    },
    Chain {
        id: "fnm",
        roots: &[Root::Var("FNM_DIR"), Root::Data("fnm"), Root::Home(".fnm")],
        version: "node-versions/*/installation",
        bins: &["bin"],
        shares: NODE,
        left_out: "other versions than the one on `PATH`, `etc/npmrc`",
        source: "fnm docs/configuration.md; `FNM_MULTISHELL_PATH` is a link to the installation",
        ..NONE
    },
    Chain {
        id: "volta",
        roots: &[Root::Var("VOLTA_HOME"), Root::Home(".volta")],
        bins: &["bin"],
        shares: &["bin", "tools/image", "tools/inventory", "tools/user"],
        copies: &["layout.v4"],
        secrets: &["tools/image/node/*/etc/npmrc"],
        env: &[("VOLTA_HOME", Value::Base)],
        left_out: "`hooks.json`, `log`, `tmp`",
        source: "volta crates/volta-layout/src/v4.rs",
        ..NONE
    },
    Chain {
        id: "n",
        roots: &[Root::Var("N_PREFIX"), Root::Home("n"), Root::Home(".n")],
        bins: &["bin"],
        shares: NODE,
        env: &[("N_PREFIX", Value::Base)],
        left_out: "`etc/npmrc`, `n/versions`",
        source: "n README, N_PREFIX",
        ..NONE
    },
    Chain {
        id: "nodenv",
        roots: &[Root::Var("NODENV_ROOT"), Root::Home(".nodenv")],
        bins: &["bin", "shims", "versions/*/bin"],
        shares: SHIM_MANAGER,
        copies: &["version"],
        secrets: &["versions/*/etc/npmrc"],
        env: &[("NODENV_ROOT", Value::Base)],
        left_out: "`versions/*/etc/npmrc`",
        source: "nodenv README",
        ..NONE
    },
    Chain {
        id: "npm-prefix",
        roots: &[
            Root::Var("NPM_CONFIG_PREFIX"),
            Root::Home(".npm-global"),
            Root::Home(".npm-packages"),
        ],
        bins: &["bin"],
        shares: &["bin", "lib"],
        left_out: "`etc/npmrc`; `~/.npmrc` and npm's cache are not shared either",
        source: "npm docs, Resolving EACCES permissions errors",
        ..NONE
    },
    Chain {
        id: "pnpm",
        roots: &[Root::Var("PNPM_HOME"), Root::Data("pnpm")],
        bins: &["", "bin"],
        shares: &[""],
        secrets: &[
            "store",
            "nodejs/*/etc/npmrc",
            "global/*/.npmrc",
            "rc",
            "auth.ini",
        ],
        env: &[("PNPM_HOME", Value::Base)],
        left_out: "`store` (packages of all your projects), `rc`",
        source: "pnpm docs, settings global-bin-dir, store-dir",
        ..NONE
    },
    Chain {
        id: "yarn-global",
        roots: &[Root::Config("yarn")],
        bins: &["global/node_modules/.bin"],
        shares: &["global/node_modules"],
        left_out: "the rest of `~/.config/yarn`",
        source: "yarn classic docs, yarn global",
        ..NONE
    },
    Chain {
        id: "bun",
        roots: &[Root::Var("BUN_INSTALL"), Root::Home(".bun")],
        bins: &["bin"],
        shares: &["bin", "install/global/node_modules"],
        env: &[("BUN_INSTALL", Value::Base)],
        left_out: "`install/cache`, `~/.bunfig.toml`",
        source: "Bun docs, bun install -g",
        ..NONE
    },
    Chain {
        id: "deno",
        roots: &[Root::Var("DENO_INSTALL"), Root::Home(".deno")],
        bins: &["bin"],
        shares: &["bin"],
        left_out: "the cache (`DENO_DIR`)",
        source: "Deno docs, Set up your environment",
        ..NONE
    },
    Chain {
        id: "pyenv",
        roots: &[Root::Var("PYENV_ROOT"), Root::Home(".pyenv")],
        bins: &[
            "bin",
            "shims",
            "versions/*/bin",
            "plugins/*/shims",
            "plugins/*/bin",
        ],
        shares: SHIM_MANAGER,
        copies: &["version"],
        secrets: &[
            "versions/*/pip.conf",
            "versions/*/.condarc",
            "versions/*/etc/npmrc",
        ],
        env: &[("PYENV_ROOT", Value::Base)],
        left_out: "`versions/*/pip.conf`, `cache`, `sources`",
        source: "pyenv README, How It Works",
        ..NONE
    },
    Chain {
        id: "conda",
        roots: &[
            Root::Var("MAMBA_ROOT_PREFIX"),
            Root::Home("miniconda3"),
            Root::Home("anaconda3"),
            Root::Home("miniforge3"),
            Root::Home("mambaforge"),
            Root::Home("micromamba"),
            Root::Fixed("opt/conda"),
            Root::Fixed("opt/miniconda3"),
            Root::Fixed("opt/anaconda3"),
            Root::Fixed("opt/miniforge3"),
        ],
        bins: &["bin", "condabin"],
        shares: CONDA,
        left_out: "`.condarc` and `conda-meta` (channel tokens), `pkgs`, environments that are not on `PATH`",
        source: "conda docs, Directory structure",
        ..NONE
    },
    Chain {
        id: "conda-env",
        roots: &[
            Root::Var("MAMBA_ROOT_PREFIX"),
            Root::Home("miniconda3"),
            Root::Home("anaconda3"),
            Root::Home("miniforge3"),
            Root::Home("mambaforge"),
            Root::Home("micromamba"),
            Root::Home(".conda"),
            Root::Fixed("opt/conda"),
            Root::Fixed("opt/miniconda3"),
            Root::Fixed("opt/anaconda3"),
            Root::Fixed("opt/miniforge3"),
        ],
        version: "envs/*",
        bins: &["bin"],
        shares: CONDA,
        env: &[("CONDA_PREFIX", Value::Base)],
        left_out: "as `conda`",
        source: "conda docs, Managing environments",
        ..NONE
    },
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
        env: &[
            ("MISE_DATA_DIR", Value::Base),
            ("MISE_OFFLINE", Value::Text("1")),
        ],
        special: Special::Mise,
        left_out: "`config.toml` (only plain versions of its `[tools]` are copied), `downloads`",
        source: "mise docs, Directory structure",
        ..NONE
    },
    Chain {
        id: "asdf",
        roots: &[
            Root::Var("ASDF_DATA_DIR"),
            Root::Var("ASDF_DIR"),
            Root::Home(".asdf"),
        ],
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
        id: "goroot",
        roots: &[
            Root::Var("GOROOT"),
            Root::Home(".go"),
            Root::Home(".local/go"),
        ],
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
        roots: &[
            Root::Var("SDKMAN_CANDIDATES_DIR"),
            Root::Home(".sdkman/candidates"),
        ],
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
        roots: &[
            Root::Var("JAVA_HOME"),
            Root::Home(".jdks"),
            Root::Fixed("opt"),
        ],
        version: "?",
        bins: &["bin"],
        marker: Some("lib/modules"),
        shares: &["bin", "lib", "conf", "jmods", "include", "legal", "release"],
        secrets: &[
            "conf/management/jmxremote.password",
            "lib/management/jmxremote.password",
        ],
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
        bins: &[
            "bin",
            "sbin",
            "opt/*/bin",
            "opt/*/libexec/bin",
            "Cellar/*/*/bin",
        ],
        shares: &[
            "bin",
            "sbin",
            "Cellar",
            "opt",
            "lib",
            "include",
            "share",
            "etc/ca-certificates",
        ],
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
        roots: &[
            Root::Var("COMPOSER_HOME"),
            Root::Config("composer"),
            Root::Home(".composer"),
        ],
        bins: &["vendor/bin"],
        shares: &["vendor"],
        left_out: "`auth.json`, `config.json`",
        source: "Composer docs, COMPOSER_HOME",
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

const RUSTUP: Chain = Chain {
    id: "rustup",
    roots: &[Root::Var("RUSTUP_HOME"), Root::Home(".rustup")],
    shares: &["toolchains"],
    special: Special::Rustup,
    left_out: "`settings.toml` (only the default tool chain is copied), `downloads`, `tmp`",
    source: "The rustup book, Environment variables",
    ..NONE
};

const UV_TOOLS: Chain = Chain {
    id: "uv-tools",
    roots: &[Root::Var("UV_TOOL_DIR"), Root::Data("uv/tools")],
    shares: &[""],
    secrets: &["*/pip.conf"],
    url_secrets: &["*/uv-receipt.toml"],
    left_out: "`uv/credentials`, `~/.config/uv`, uv's cache, `uv-receipt.toml` when it holds an index URL with a user name",
    source: "uv docs, Storage",
    ..NONE
};

const UV_PYTHON: Chain = Chain {
    id: "uv-python",
    roots: &[Root::Var("UV_PYTHON_INSTALL_DIR"), Root::Data("uv/python")],
    shares: &[""],
    secrets: &["*/pip.conf"],
    env: &[
        ("UV_PYTHON_INSTALL_DIR", Value::Base),
        ("UV_OFFLINE", Value::Text("1")),
    ],
    left_out: "as `uv-tools`",
    source: "uv docs, Storage",
    ..NONE
};

const PIPX: Chain = Chain {
    id: "pipx",
    roots: &[
        Root::Var("PIPX_HOME"),
        Root::Data("pipx"),
        Root::Home(".local/pipx"),
    ],
    shares: &["venvs", "shared", "py"],
    secrets: &["venvs/*/pip.conf", "shared/pip.conf"],
    url_secrets: &["venvs/*/pipx_metadata.json"],
    left_out: "`pip.conf`, `pipx_metadata.json` when it holds an index URL with a user name",
    source: "pipx docs, How pipx works",
    ..NONE
};

const POETRY: Chain = Chain {
    id: "poetry",
    roots: &[Root::Var("POETRY_HOME"), Root::Data("pypoetry")],
    shares: &["venv"],
    secrets: &["venv/pip.conf"],
    left_out: "`~/.config/pypoetry/auth.toml`",
    source: "Poetry docs, Introduction",
    ..NONE
};

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

const JULIA: Chain = Chain {
    id: "julia",
    roots: &[Root::Var("JULIAUP_DEPOT_PATH"), Root::Home(".julia")],
    shares: &["juliaup"],
    env: &[("JULIAUP_DEPOT_PATH", Value::Base)],
    left_out: "`servers` (tokens), `registries`, `packages`",
    source: "juliaup README; Julia manual, Pkg server authentication",
    ..NONE
};

const CONDA: &[&str] = &[
    "bin",
    "condabin",
    "sbin",
    "lib",
    "lib64",
    "libexec",
    "include",
    "share",
    "ssl",
    "shell",
    "compiler_compat",
    "x86_64-conda-linux-gnu",
    "aarch64-conda-linux-gnu",
    "etc/profile.d",
];

const GOROOT: &[&str] = &[
    "bin", "pkg", "src", "lib", "misc", "api", "VERSION", "go.env",
];
