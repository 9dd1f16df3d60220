//! Python.

use super::super::chain::{Chain, NONE, Root, Value};
use super::SHIM_MANAGER;

/// The rows.
pub(super) const ROWS: &[Chain] = &[
    Chain {
        id: "pyenv",
        roots: &[Root::Var("PYENV_ROOT"), Root::Home(".pyenv")],
        bins: &["bin", "shims", "versions/*/bin", "plugins/*/shims", "plugins/*/bin"],
        shares: SHIM_MANAGER,
        copies: &["version"],
        secrets: &[
            "versions/*/pip.conf",
            "versions/*/envs/*/pip.conf",
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
];

pub(super) const UV_TOOLS: Chain = Chain {
    id: "uv-tools",
    roots: &[Root::Var("UV_TOOL_DIR"), Root::Data("uv/tools")],
    shares: &[""],
    secrets: &["*/pip.conf"],
    url_secrets: &["*/uv-receipt.toml"],
    left_out: "`uv/credentials`, `~/.config/uv`, uv's cache, `uv-receipt.toml` when it holds an index URL with a user name",
    source: "uv docs, Storage",
    ..NONE
};

pub(super) const UV_PYTHON: Chain = Chain {
    id: "uv-python",
    roots: &[Root::Var("UV_PYTHON_INSTALL_DIR"), Root::Data("uv/python")],
    shares: &[""],
    secrets: &["*/pip.conf"],
    env: &[("UV_PYTHON_INSTALL_DIR", Value::Base), ("UV_OFFLINE", Value::Text("1"))],
    left_out: "as `uv-tools`",
    source: "uv docs, Storage",
    ..NONE
};

pub(super) const PIPX: Chain = Chain {
    id: "pipx",
    roots: &[Root::Var("PIPX_HOME"), Root::Data("pipx"), Root::Home(".local/pipx")],
    shares: &["venvs", "shared", "py"],
    secrets: &["venvs/*/pip.conf", "shared/pip.conf"],
    url_secrets: &["venvs/*/pipx_metadata.json"],
    left_out: "`pip.conf`, `pipx_metadata.json` when it holds an index URL with a user name",
    source: "pipx docs, How pipx works",
    ..NONE
};

pub(super) const POETRY: Chain = Chain {
    id: "poetry",
    roots: &[Root::Var("POETRY_HOME"), Root::Data("pypoetry")],
    shares: &["venv"],
    secrets: &["venv/pip.conf"],
    left_out: "`~/.config/pypoetry/auth.toml`",
    source: "Poetry docs, Introduction",
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
