//! What a row of the table can say.

use serde::Serialize;

/// One row: users release by its id, which is never reused.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable: `H-GIT-01`.
    pub id: &'static str,
    /// How little it takes until it runs.
    pub severity: Severity,
    /// What would run or be believed, and when.
    pub why: &'static str,
    /// Where it was seen: a CVE, an incident, the tool's manual.
    pub source: &'static str,
    /// Whether it says something about a tree that nobody changed.
    pub standing: Standing,
    /// Any of these holds the change.
    pub looks: &'static [Look],
}

/// How little it takes until it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Runs or is obeyed with no further step: an opened folder, `cd`, the next prompt or git command.
    Crit,
    /// Runs on an everyday command: build, test, install, save.
    High,
    /// Is believed, or lowers a guard.
    Med,
}

impl Severity {
    /// The word of the catalogue and of `--json`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crit => "crit",
            Self::High => "high",
            Self::Med => "med",
        }
    }
}

/// Whether a row says something about a tree that nobody changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The thing acts by being there: `scan` tells it.
    Yes,
    /// Every project has it; only its change is news.
    OnlyChanged,
}

/// One place and what to look for there.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Globs over normalised paths (`{a,b}`, `*`, `**/`); a leading `!` takes paths out again.
    pub at: &'static [&'static str],
    /// What about the file there.
    pub check: Check,
}

/// What about a file.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// It is new, or its content, kind or mode changed.
    Any,
    /// It is new.
    New,
    /// It is new or changed, and can be executed by its name.
    Executable,
    /// It is new and can be executed by its name.
    NewExecutable,
    /// It was a guard: deleted, or a line of it is gone.
    Guard,
    /// It is gone.
    Deleted,
    /// A line or negation that narrows a mask: a line gone, a `!` line new, or deleted.
    Mask,
    /// A value at one of these keys is new or changed; a file that does not parse is held.
    Keys(Keys),
    /// A value at one of these keys is gone or changed.
    KeysGone(Keys),
    /// A line that was not there before matches one of these (regular expressions, any case).
    Lines(&'static [&'static str]),
    /// A line that matches one of these is gone.
    LinesGone(&'static [&'static str]),
    /// It is new, and all of these lie beside it.
    Beside(&'static [&'static str]),
    /// A lock file's source moved.
    Lock(Lock),
    /// A trick of the file system.
    Trick(Trick),
    /// Something in the text that the eye does not see, or that speaks to a model.
    Text(Text),
    /// An entry that the host already trusts names this file.
    Closure(Named),
}

/// What of the host names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// A command of a settings or project file.
    ByCommand,
    /// An instruction file's import.
    ByText,
    /// The user's own settings, outside of the workspace: the file, or a directory above it.
    ByUser,
}

/// Keys of a parsed file.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// How the file is read.
    pub format: Format,
    /// Wildcards over dotted keys, any case: `scripts.postinstall`, `mcpservers.*`; `!` takes out.
    pub names: &'static [&'static str],
    /// What the value must be like.
    pub value: Value,
    /// Only where the file also has this key with a value like this (regular expression).
    pub given: Option<(&'static str, &'static str)>,
}

/// What a value must be like.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// Anything.
    Any,
    /// A regular expression finds it, any case.
    Like(&'static str),
    /// A regular expression does not find it.
    Unlike(&'static str),
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON with comments, trailing commas and what else JSON5 allows.
    Json,
    /// TOML.
    Toml,
    /// YAML, several documents.
    Yaml,
    /// The YAML between two `---` at the start of a text.
    FrontMatter,
    /// Sections and keys; indented lines go on.
    Ini,
    /// git's config: indented keys, subsections, `\` continues.
    GitConfig,
    /// git's index: the flags of its entries.
    GitIndex,
    /// `KEY=value` lines.
    Env,
    /// Elements and attributes.
    Xml,
    /// By the extension of the name; YAML when there is none.
    ByName,
}

/// How a lock file says what comes from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// JSON or TOML with a name, a version, a source and a hash in each entry.
    Parsed(Format),
    /// Blocks of indented lines: `yarn.lock`, `pnpm-lock.yaml`, `Gemfile.lock`, `Podfile.lock`.
    Blocks,
    /// One entry a line: `go.sum`, `requirements.txt`, `gradle.lockfile`.
    Lines,
    /// A lock that is no text: any change.
    Opaque,
}

/// A trick of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trick {
    /// A symbolic link that leaves the workspace, is absolute, or goes through another link.
    LinkOut,
    /// A symbolic link that points to, or is named like, something that has a rule.
    LinkAlias,
    /// A directory became a symbolic link, or the reverse.
    DirectorySwapped,
    /// A file with more names than one.
    HardLink,
    /// Set-user-id, set-group-id, sticky on a file, writable by all, or an extended attribute.
    Privilege,
    /// A fifo, socket or device.
    Special,
    /// Two siblings whose names are one where case or Unicode form does not count.
    Collision,
    /// A name with characters that the eye does not see, or that are no text.
    InvisibleName,
    /// A name that a program would take for an option or a shell for a command.
    OptionName,
    /// A name that looks like that of a sibling or of a well-known file.
    LookAlike,
    /// A file too large to be looked through.
    TooLarge,
    /// So many directories above it that nobody looks there.
    TooDeep,
    /// A program got executable that was not, without being a script.
    ModeAdded,
    /// A file was moved to a place of a rule, or away from one; asked of renames alone.
    Moved,
}

/// Something in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Text {
    /// Characters that turn the direction of what follows.
    Bidi,
    /// Tag characters, and variation selectors that select nothing.
    Tags,
    /// Characters of no width.
    Invisible,
    /// A line that goes far off the screen.
    OffScreen,
    /// Sequences that a terminal obeys.
    TerminalEscapes,
    /// An encoding that makes text read otherwise.
    Encoding,
    /// Text that became binary or unreadable.
    Obfuscated,
    /// A block that a rendered view hides, with orders in it.
    HiddenBlock,
    /// Words that speak to a model.
    Injection,
}

impl Rule {
    /// Says nothing about a tree that nobody changed.
    pub(super) const fn only_changed(mut self) -> Self {
        self.standing = Standing::OnlyChanged;
        self
    }
}

impl Keys {
    /// Only values like this.
    pub(super) const fn like(mut self, pattern: &'static str) -> Self {
        self.value = Value::Like(pattern);
        self
    }

    /// Only values unlike this.
    pub(super) const fn unlike(mut self, pattern: &'static str) -> Self {
        self.value = Value::Unlike(pattern);
        self
    }

    /// Only where this key has a value like this.
    pub(super) const fn given(mut self, name: &'static str, pattern: &'static str) -> Self {
        self.given = Some((name, pattern));
        self
    }
}

/// A row of severity crit.
pub(super) const fn crit(
    id: &'static str,
    why: &'static str,
    source: &'static str,
    looks: &'static [Look],
) -> Rule {
    Rule { id, severity: Severity::Crit, why, source, standing: Standing::Yes, looks }
}

/// A row of severity high.
pub(super) const fn high(
    id: &'static str,
    why: &'static str,
    source: &'static str,
    looks: &'static [Look],
) -> Rule {
    Rule { id, severity: Severity::High, why, source, standing: Standing::Yes, looks }
}

/// A row of severity med: told only as a change.
pub(super) const fn med(
    id: &'static str,
    why: &'static str,
    source: &'static str,
    looks: &'static [Look],
) -> Rule {
    Rule { id, severity: Severity::Med, why, source, standing: Standing::OnlyChanged, looks }
}

/// At these places, this.
pub(super) const fn at(at: &'static [&'static str], check: Check) -> Look {
    Look { at, check }
}

/// At these places, these keys.
pub(super) const fn keys(
    places: &'static [&'static str],
    format: Format,
    names: &'static [&'static str],
) -> Look {
    at(places, Check::Keys(all(format, names)))
}

/// Keys with any value.
pub(super) const fn all(format: Format, names: &'static [&'static str]) -> Keys {
    Keys { format, names, value: Value::Any, given: None }
}
