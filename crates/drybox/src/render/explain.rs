//! `--explain`: every setting with its source, and what of the host the box would see.

use drybox_run::Place;
use drybox_run::tool_chains::ToolChains as ToolChainsFound;
use drybox_spec::{
    Access, BoxUser, Command, Doors, Facts, Life, Profile, SandboxSpec, Setting, Share, ShellWords,
    Shown, Source, Sourced, Stdin, Terminal, Tmpfs, ToolChains, Ulimit, Workspace,
};
use serde::Serialize;

use super::Format;

mod limits;

/// The explanation, ready to print.
pub(crate) fn explain(
    spec: &SandboxSpec,
    facts: &Facts<'_>,
    place: Option<&Place>,
    tool_chains: &ToolChainsFound,
    format: Format,
) -> String {
    let mut told = Explained::of(spec, facts, place);
    let shares = tool_chains.shares.iter();
    told.visible.extend(shares.map(|share| Visible::tool_chain(share, spec)));
    told.left_out = tool_chains.left_out.iter().map(LeftOut::of).collect();
    match format {
        Format::Text => told.text(),
        // Strings always are JSON.
        Format::Json => serde_json::to_string_pretty(&told).unwrap_or_default() + "\n",
    }
}

/// The stable form; a change that removes or renames something raises the version.
#[derive(Serialize)]
struct Explained {
    version: u32,
    /// Absent: the user's shell.
    command: Option<Vec<String>>,
    settings: Vec<Setting>,
    visible: Vec<Visible>,
    left_out: Vec<LeftOut>,
    /// What of the network there is none of.
    #[serde(skip)]
    closed: &'static str,
}

/// A directory of the user's `PATH` that the box does not see.
#[derive(Serialize)]
struct LeftOut {
    host: String,
    why: &'static str,
}

impl LeftOut {
    fn of(left_out: &drybox_run::tool_chains::LeftOut) -> Self {
        Self { host: shown(&left_out.path), why: left_out.why }
    }
}

/// Something of the host that the box sees.
#[derive(Serialize)]
struct Visible {
    kind: &'static str,
    host: String,
    inside: String,
    access: &'static str,
    from: String,
}

impl Visible {
    fn tool_chain(share: &Share, spec: &SandboxSpec) -> Self {
        Self {
            kind: "tool-chain",
            host: shown(share.source.as_bytes()),
            inside: shown(share.target.as_bytes()),
            access: access(share.access),
            from: format!("tool chain on your PATH ({})", spec.tool_chains.from),
        }
    }

    fn text(&self) -> [String; 3] {
        let Self { host, inside, .. } = self;
        let what = if host == inside { inside.clone() } else { format!("{host} at {inside}") };
        [what, self.access.to_owned(), self.from.clone()]
    }
}

impl Explained {
    fn of(spec: &SandboxSpec, facts: &Facts<'_>, place: Option<&Place>) -> Self {
        let command = match &spec.command.value {
            Command::Argv(words) => {
                Some(words.iter().map(|word| Shown(word.as_bytes()).to_string()).collect())
            }
            _ => None,
        };
        Self {
            version: 1,
            command,
            settings: settings(spec, facts),
            visible: visible(spec, facts, place),
            left_out: Vec::new(),
            closed: match spec.doors.value {
                Doors::FilesOnly => "no network",
                Doors::FilesAndHosts(_) => "no other host",
                _ => "no inner network",
            },
        }
    }

    fn text(&self) -> String {
        let settings = self.settings.iter().map(|s| [s.setting, &s.value, &s.from]);
        let visible: Vec<_> = self.visible.iter().map(Visible::text).collect();
        let visible = visible.iter().map(|row| row.each_ref().map(String::as_str));
        let mut text = format!(
            "{}\nThe box sees of the host:\n{}",
            columns(&settings.collect::<Vec<_>>()),
            columns(&visible.collect::<Vec<_>>()),
        );
        if !self.left_out.is_empty() {
            let rows: Vec<_> = self
                .left_out
                .iter()
                .map(|left| [left.host.as_str(), "left out", left.why])
                .collect();
            text += &format!("\nOf your PATH it does not see:\n{}", columns(&rows));
        }
        let closed = self.closed;
        text + &format!("\nNothing else of it: {closed}, no other file, no process, no variable.\n")
    }
}

/// Every setting of a spec; for the event log, too.
pub(crate) fn settings(spec: &SandboxSpec, facts: &Facts<'_>) -> Vec<Setting> {
    let at_work = spec.workspace_at_work(facts.cwd).is_some();
    let mut rows = vec![
        row("command", &spec.command, command),
        row("doors", &spec.doors, |doors| {
            match doors {
                Doors::FilesOnly => "your files, no network",
                Doors::FilesAndHosts(_) => "your files, and the hosts that are named",
                _ => "every public host, none of your files",
            }
            .to_owned()
        }),
        row("workspace", &spec.workspace, |workspace| {
            match workspace {
                Workspace::CopyOnWrite | Workspace::CurrentDir if at_work => {
                    "the current directory, as shared at /work"
                }
                Workspace::CopyOnWrite => "the current directory, changes kept apart",
                Workspace::CurrentDir => "the current directory, read-only",
                _ => "an empty directory at /work",
            }
            .to_owned()
        }),
        row("user", &spec.user, |user| match user {
            BoxUser::Ids { uid, gid } => format!("{uid}:{gid}"),
            _ => "agent".to_owned(),
        }),
        row("hostname", &spec.hostname, |name| name.as_str().to_owned()),
        row("terminal", &spec.terminal, |terminal| {
            match terminal {
                Terminal::None => "none",
                Terminal::Raw | Terminal::AutoRaw => "its own, unfiltered",
                _ => "its own, filtered",
            }
            .to_owned()
        }),
        row("stdin", &spec.stdin, |stdin| {
            match stdin {
                Stdin::Forward => "yours",
                Stdin::Empty => "empty",
            }
            .to_owned()
        }),
        row("tool-chains", &spec.tool_chains, |chains| {
            match chains {
                ToolChains::FromPath => "those on your PATH, read-only",
                ToolChains::Hidden => "none",
            }
            .to_owned()
        }),
    ];
    let rules = spec.doors.value.rules().iter();
    rows.extend(rules.map(|rule| row("allow", rule, ToString::to_string)));
    rows.extend(spec.publish.iter().map(|port| row("publish", port, ToString::to_string)));
    if spec.doors.value.has_network() {
        rows.push(row("max-upload", &spec.max_upload, |limit| format!("{} bytes a host", limit.0)));
        let rate = spec.net_limit.as_ref();
        rows.extend(
            rate.map(|rate| row("net-limit", rate, |rate| format!("{} bytes a second", rate.0))),
        );
    }
    rows.extend(spec.workdir.iter().map(|dir| row("workdir", dir, |d| shown(d.as_bytes()))));
    if spec.workspace.value == Workspace::CopyOnWrite && !at_work {
        rows.push(row("profile", &spec.profile, |profile| {
            match profile {
                Profile::Agent => "agent",
                Profile::Untrusted => "untrusted",
            }
            .to_owned()
        }));
        rows.push(row("changes", &spec.life, |life| {
            match life {
                Life::Continue => "the next run goes on with them",
                Life::Afresh => "the next run goes on with them; those of the last are put aside",
                Life::ThrownAway => "thrown away when the command ends",
            }
            .to_owned()
        }));
        rows.extend(spec.box_name.iter().map(|name| row("box", name, |n| n.as_str().to_owned())));
    }
    rows.extend(spec.name.iter().map(|name| row("name", name, |n| n.as_str().to_owned())));
    // Names only: a value may be a secret.
    rows.extend(spec.env.iter().map(|env| row("env", env, |env| shown(env.name()))));
    rows.extend(spec.shares.iter().map(|share| {
        row("share", share, |s| {
            let (source, target) = (shown(s.source.as_bytes()), shown(s.target.as_bytes()));
            format!("{source} at {target}, {}", access(s.access))
        })
    }));
    rows.extend(spec.tmpfs.iter().map(|tmpfs| row("tmpfs", tmpfs, scratch)));
    rows.extend(limits::rows(&spec.limits));
    rows.extend(spec.ulimits.iter().map(|limit| row("ulimit", limit, ulimit)));
    rows.extend(
        spec.shm_size.iter().map(|size| row("shm-size", size, |s| format!("{} bytes", s.0))),
    );
    rows.extend(
        spec.timeout.iter().map(|limit| row("timeout", limit, |t| format!("{} s", t.as_secs()))),
    );
    rows
}

fn visible(spec: &SandboxSpec, facts: &Facts<'_>, place: Option<&Place>) -> Vec<Visible> {
    let same = |kind, path: String, from: &str| Visible {
        kind,
        host: path.clone(),
        inside: path,
        access: access(Access::ReadOnly),
        from: from.to_owned(),
    };
    let mut seen = vec![same("system", "/usr".to_owned(), "base host")];
    let whole = spec.workspace_at_work(facts.cwd).filter(|_| is_shown(spec));
    if is_shown(spec) && whole.is_none() {
        let shares = spec.shares.iter().map(|share| &share.value.target);
        let mut targets = shares.chain(spec.tmpfs.iter().map(|tmpfs| &tmpfs.value.target));
        let at_work = match targets.any(|target| target.as_bytes() == b"/work") {
            true => "workspace",
            false => "workspace, also at /work",
        };
        match place {
            Some(place) => {
                let is_cwd = place.top == *facts.cwd;
                let from = if is_cwd { at_work } else { "workspace: the top of its repository" };
                let git = place.git.iter().map(|dir| (dir, "git's own, for the workspace"));
                seen.extend([(&place.top, from)].into_iter().chain(git).map(|(dir, from)| {
                    let row = same("workspace", shown(dir.as_bytes()), from);
                    Visible { access: "changes kept apart", ..row }
                }));
            }
            None => seen.push(same("workspace", shown(facts.cwd.as_bytes()), at_work)),
        }
    }
    seen.extend(spec.shares.iter().map(|share| Visible {
        kind: "share",
        host: shown(share.value.source.as_bytes()),
        inside: shown(share.value.target.as_bytes()),
        access: access(share.value.access),
        from: match whole {
            Some(whole) if std::ptr::eq(whole, share) => {
                format!("{}, also at its own path", share.from)
            }
            _ => share.from.to_string(),
        },
    }));
    seen
}

fn is_shown(spec: &SandboxSpec) -> bool {
    spec.workspace.value != Workspace::Empty
}

fn row<T>(setting: &'static str, of: &Sourced<T>, show: impl FnOnce(&T) -> String) -> Setting {
    let from = match &of.from {
        Source::Flag("--") => "command line".to_owned(),
        from => from.to_string(),
    };
    Setting { setting, value: show(&of.value), from }
}

fn command(command: &Command) -> String {
    match command {
        Command::Argv(words) => {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            ShellWords(&words).to_string()
        }
        _ => "your shell".to_owned(),
    }
}

fn scratch(tmpfs: &Tmpfs) -> String {
    let mut text = shown(tmpfs.target.as_bytes());
    if let Some(size) = tmpfs.size {
        text.push_str(&format!(", {} bytes", size.0));
    }
    if let Some(mode) = tmpfs.mode {
        text.push_str(&format!(", mode {mode:o}"));
    }
    if tmpfs.noexec {
        text.push_str(", noexec");
    }
    if tmpfs.read_only {
        text.push_str(", read-only");
    }
    text
}

fn ulimit(limit: &Ulimit) -> String {
    let number = |n| {
        if n == u64::MAX { "unlimited".to_owned() } else { format!("{n}") }
    };
    format!("{} {}:{}", limit.resource.name(), number(limit.soft), number(limit.hard))
}

const fn access(access: Access) -> &'static str {
    match access {
        Access::ReadOnly => "read-only",
        Access::ReadWrite => "writable",
    }
}

fn shown(bytes: &[u8]) -> String {
    Shown(bytes).to_string()
}

/// Three columns, the last one free; a very long value pushes its own line only.
fn columns(rows: &[[&str; 3]]) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| text.chars().count()).filter(|&n| n <= WIDEST).max().unwrap_or_default()
    };
    let first = widest(&mut rows.iter().map(|[first, ..]| *first));
    let second = widest(&mut rows.iter().map(|[_, second, _]| *second));
    rows.iter().map(|[a, b, c]| format!("  {a:first$}  {b:second$}  {c}\n")).collect()
}

/// Values longer than this do not widen their column.
const WIDEST: usize = 48;
