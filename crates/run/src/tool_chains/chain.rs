//! What a row of the table says.

/// One tool chain: where it stands, what says that the user uses it, what of it is shared.
#[derive(Debug)]
pub(super) struct Chain {
    /// Stable name.
    pub(super) id: &'static str,
    /// Where it may stand. For a companion the first that exists counts.
    pub(super) roots: &'static [Root],
    /// Components between the root and the *base*, the folder that `bins`, `shares` and `secrets`
    /// start from: `*` is one component, `x*` one that begins with `x`; `?` is no or one component.
    pub(super) version: &'static str,
    /// `PATH` entries, seen from the base, that mean that the user uses it.
    pub(super) bins: &'static [&'static str],
    /// A file that tells such a base from another folder of the same name.
    pub(super) marker: Option<&'static str>,
    /// What is shared, seen from the base; "" is the base itself.
    pub(super) shares: &'static [&'static str],
    /// Small files of plain words (a version) that are copied.
    pub(super) copies: &'static [&'static str],
    /// Files and folders within `shares` that are not: the share is made of its other entries.
    pub(super) secrets: &'static [&'static str],
    /// As `secrets`, but only files that hold a URL with a user name.
    pub(super) url_secrets: &'static [&'static str],
    /// Variables that the tool needs inside.
    pub(super) env: &'static [(&'static str, Value)],
    /// A variable that names it even when it is not on `PATH`.
    pub(super) named_by: Option<&'static str>,
    /// Generated files.
    pub(super) special: Special,
    /// Other tool chains that the programs in `bins` lead into. They have no version.
    pub(super) companions: &'static [Self],
    /// What is not shared, for the documentation.
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation is checked against it"))]
    pub(super) left_out: &'static str,
    /// Where the layout is described.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests demand it of each row"))]
    pub(super) source: &'static str,
}

/// Where a tool chain may stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Root {
    /// Where this variable says.
    Var(&'static str),
    /// Below the home.
    Home(&'static str),
    /// Below `$XDG_DATA_HOME`, else `~/.local/share`.
    Data(&'static str),
    /// Below `$XDG_CONFIG_HOME`, else `~/.config`.
    Config(&'static str),
    /// Below `/`.
    Fixed(&'static str),
}

/// What a variable is set to inside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// The base.
    Base,
    /// The user's own value, when every part of it lies below the base.
    Kept,
    /// This text.
    Text(&'static str),
}

/// Files that are generated from the user's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// None.
    None,
    /// `config.toml`, with source replacements only.
    Cargo,
    /// A writable `RUSTUP_HOME` with `settings.toml`, and a link to the tool chains.
    Rustup,
    /// `config.toml`, with plain versions only.
    Mise,
    /// `~/.tool-versions`, with plain versions only.
    ToolVersions,
}

/// A row without content, to be completed.
pub(super) const NONE: Chain = Chain {
    id: "",
    roots: &[],
    version: "",
    bins: &[],
    marker: None,
    shares: &[],
    copies: &[],
    secrets: &[],
    url_secrets: &[],
    env: &[],
    named_by: None,
    special: Special::None,
    companions: &[],
    left_out: "",
    source: "",
};
