//! Where package managers keep the hosts that they fetch from: data. The hosts themselves are the
//! user's settings, and none is known here.

/// The hosts of one tool, as its user has set them.
#[derive(Debug, PartialEq, Eq)]
pub struct ToolSet {
    /// As in `--allow @NAME`.
    pub name: &'static str,
    /// Environment variables that hold URLs.
    pub variables: &'static [&'static str],
    /// Files that hold them.
    pub files: &'static [SettingsFile],
    /// What a line of such a file begins with when URLs follow; a key that begins with `:` may
    /// have anything in front.
    pub keys: &'static [&'static str],
}

/// A file of settings: the user's or the system's, never the workspace's (I5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsFile {
    /// Below the user's home.
    Home(&'static str),
    /// A file of the system.
    System(&'static str),
}

use SettingsFile::{Home, System};

/// Every tool. Sources: npmrc(5), pip's and uv's pages on configuration, the Cargo book, sources.list(5).
pub const TOOL_SETS: &[ToolSet] = &[
    ToolSet {
        name: "apt",
        variables: &[],
        files: &[
            System("/etc/apt/sources.list"),
            System("/etc/apt/sources.list.d/debian.sources"),
            System("/etc/apt/sources.list.d/ubuntu.sources"),
        ],
        keys: &["deb", "deb-src", "uris"],
    },
    ToolSet {
        name: "cargo",
        variables: &[],
        files: &[Home(".cargo/config.toml"), Home(".cargo/config")],
        keys: &["registry", "index"],
    },
    ToolSet {
        name: "npm",
        variables: &["npm_config_registry", "NPM_CONFIG_REGISTRY"],
        files: &[Home(".npmrc"), System("/etc/npmrc"), System("/usr/etc/npmrc")],
        keys: &["registry", ":registry"],
    },
    ToolSet {
        name: "pip",
        variables: &["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"],
        files: &[
            Home(".config/pip/pip.conf"),
            Home(".pip/pip.conf"),
            System("/etc/pip.conf"),
            Home(".config/uv/uv.toml"),
        ],
        keys: &["index-url", "extra-index-url", "find-links", "url"],
    },
];
