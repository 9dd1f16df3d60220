//! JavaScript.

use super::super::chain::{Chain, NONE, Root, Value};
use super::SHIM_MANAGER;

/// The rows.
pub(super) const ROWS: &[Chain] = &[
    Chain {
        id: "nvm",
        roots: &[Root::Var("NVM_DIR"), Root::Home(".nvm"), Root::Config("nvm")],
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
        secrets: &["store", "nodejs/*/etc/npmrc", "global/*/.npmrc", "rc", "auth.ini"],
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
];

/// Node's own prefix, without `etc`: `npm config set --global` writes tokens to `etc/npmrc`.
const NODE: &[&str] = &["bin", "lib", "include"];
