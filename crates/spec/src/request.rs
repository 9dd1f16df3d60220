//! What was typed: every value as bytes, nothing read, nothing decided.

use crate::refuse::ForeignFlag;

/// Bytes that the user typed; they become something by a grammar in [`resolve`](crate::resolve).
pub type Typed = Vec<u8>;

/// `drybox run`, as it was typed. Lists keep the order of the command line.
///
/// A switch (`-t`, `--rm`) holds the text of its value: `true` where none was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// The words after the flags.
    pub words: Vec<Typed>,
    /// Whether `--` stood before the words.
    pub form: CommandForm,
    /// `-v SRC:DST[:OPTIONS]`
    pub volumes: Vec<Typed>,
    /// `--mount type=…,src=…,dst=…`
    pub mounts: Vec<Typed>,
    /// `--tmpfs DST[:OPTIONS]`
    pub tmpfs: Vec<Typed>,
    /// `-e NAME[=VALUE]`
    pub env: Vec<Typed>,
    /// `--env-file PATH`
    pub env_files: Vec<Typed>,
    /// `--ulimit NAME=SOFT[:HARD]`
    pub ulimits: Vec<Typed>,
    /// `--network MODE`
    pub networks: Vec<Typed>,
    /// `--allow HOST[:PORT]`
    pub allow: Vec<Typed>,
    /// `--allow-host-port PORT`
    pub allow_host_ports: Vec<Typed>,
    /// `-p [IP:]HOST:BOX`
    pub publish: Vec<Typed>,
    /// `--max-upload SIZE`
    pub max_upload: Option<Typed>,
    /// `--net-limit RATE`
    pub net_limit: Option<Typed>,
    /// `--security-opt OPTION`
    pub security: Vec<Typed>,
    /// `--cap-drop NAME`
    pub cap_drop: Vec<Typed>,
    /// `-w PATH`
    pub workdir: Option<Typed>,
    /// `-u USER[:GROUP]`
    pub user: Option<Typed>,
    /// `--hostname NAME`
    pub hostname: Option<Typed>,
    /// `--name NAME`
    pub name: Option<Typed>,
    /// `--entrypoint WORD` or a JSON array
    pub entrypoint: Option<Typed>,
    /// `--shm-size SIZE`
    pub shm_size: Option<Typed>,
    /// `-m SIZE`
    pub memory: Option<Typed>,
    /// `--memory-swap SIZE`
    pub memory_swap: Option<Typed>,
    /// `--cpus NUMBER`
    pub cpus: Option<Typed>,
    /// `--pids-limit NUMBER`
    pub pids_limit: Option<Typed>,
    /// `--storage-opt size=SIZE`
    pub storage: Vec<Typed>,
    /// `--timeout SECONDS`
    pub timeout: Option<Typed>,
    /// `-t`
    pub tty: Option<Typed>,
    /// `-i`
    pub interactive: Option<Typed>,
    /// `--raw-terminal`
    pub raw_terminal: Option<Typed>,
    /// `--no-tool-chains`
    pub no_tool_chains: Option<Typed>,
    /// `--workspace cow|ro|none`
    pub workspace: Option<Typed>,
    /// `--profile agent|untrusted`
    pub profile: Option<Typed>,
    /// `--box NAME`
    pub box_name: Option<Typed>,
    /// `--new`
    pub new: Option<Typed>,
    /// `--keep`
    pub keep: Option<Typed>,
    /// `--rm`
    pub rm: Option<Typed>,
    /// `--init`
    pub init: Option<Typed>,
    /// `--read-only`
    pub read_only: Option<Typed>,
    /// podman's flags that drybox does not have, with their values.
    pub foreign: Vec<(&'static ForeignFlag, Typed)>,
}

/// How the command was set apart from the flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandForm {
    /// By its place only: the first word names an image, as podman has it.
    #[default]
    Bare,
    /// By `--`: base `host`.
    AfterDashes,
}
