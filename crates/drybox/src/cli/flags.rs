//! The flags of `drybox run`: one table for parser, help and completions.

use drybox_spec::{RunRequest, Typed};

use super::run::Output;

/// One flag.
pub(super) struct Flag {
    pub(super) long: &'static str,
    pub(super) short: Option<char>,
    pub(super) alias: Option<&'static str>,
    /// What stands for its value in the help; none: a switch.
    pub(super) value: Option<&'static str>,
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    pub(super) into: Field,
}

/// Where its value goes.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// The last one counts.
    One(fn(&mut RunRequest) -> &mut Option<Typed>),
    /// Every one, in order.
    Many(fn(&mut RunRequest) -> &mut Vec<Typed>),
    /// How drybox answers; no setting of the box.
    Output(fn(&mut Output) -> &mut bool),
}

use Field::{Many, One, Output as Ours};

#[rustfmt::skip] // one row a line
pub(super) const FLAGS: &[Flag] = &[
    value("volume", Some('v'), "SRC:DST[:ro]", FILES, "Shares a directory or file; writes land on the host, unless ro", Many(|r| &mut r.volumes)),
    value("mount", None, "type=…,dst=…", FILES, "The same in long form: type=bind,src=SRC,dst=DST[,ro]", Many(|r| &mut r.mounts)),
    value("workspace", None, "cow|ro|none", BOX, "This directory: changes kept apart (default), read-only, hidden", One(|r| &mut r.workspace)),
    value("box", None, "NAME", BOX, "Keeps the changes in a box of its own", One(|r| &mut r.box_name)),
    switch("new", None, BOX, "Begins without the changes of the last run, which are put aside", One(|r| &mut r.new)),
    switch("keep", None, BOX, "Keeps the changes, whatever the profile says", One(|r| &mut r.keep)),
    switch("rm", None, BOX, "Throws the changes away when the command ends", One(|r| &mut r.rm)),
    value("profile", None, "agent|untrusted", BOX, "agent: the box continues (default); untrusted: thrown away", One(|r| &mut r.profile)),
    value("tmpfs", None, "DST[:OPTIONS]", FILES, "Scratch space in memory: size=64m,mode=1777,noexec,ro", Many(|r| &mut r.tmpfs)),
    value("shm-size", None, "SIZE", FILES, "Size of /dev/shm, as 64m", One(|r| &mut r.shm_size)),
    switch("no-tool-chains", None, FILES, "Hides the tool chains under your home (rustup, nvm, …)", One(|r| &mut r.no_tool_chains)),
    value("allow", None, "HOST[:PORT]", NETWORK, "Opens a host at a port (443), for every program; or a set: @github", Many(|r| &mut r.allow)),
    Flag { alias: Some("net"), ..value("network", None, "MODE", NETWORK, "none (default), allow:HOST,… or bridge: all public hosts, no files", Many(|r| &mut r.networks)) },
    value("allow-host-port", None, "PORT", NETWORK, "Opens one port of this machine's own loopback", Many(|r| &mut r.allow_host_ports)),
    value("publish", Some('p'), "[IP:]HOST:BOX", NETWORK, "A port of this machine (127.0.0.1, or IP) that leads into the box", Many(|r| &mut r.publish)),
    value("max-upload", None, "SIZE", NETWORK, "What may leave for each host, in bytes (default: 1g)", One(|r| &mut r.max_upload)),
    value("net-limit", None, "RATE", NETWORK, "Bytes a second to and from all hosts together, as 2m", One(|r| &mut r.net_limit)),
    value("env", Some('e'), "NAME[=VALUE]", COMMAND, "Sets a variable; NAME alone copies yours, 'N*' all so named", Many(|r| &mut r.env)),
    value("env-file", None, "FILE", COMMAND, "Variables from a file, one a line", Many(|r| &mut r.env_files)),
    value("workdir", Some('w'), "DIR", COMMAND, "Where the command starts; else in the current directory", One(|r| &mut r.workdir)),
    value("user", Some('u'), "USER[:GROUP]", COMMAND, "Who the command is inside: agent, root or a number", One(|r| &mut r.user)),
    value("entrypoint", None, "WORD", COMMAND, "What stands before CMD: a word, or a JSON array", One(|r| &mut r.entrypoint)),
    value("hostname", Some('h'), "NAME", COMMAND, "The host name inside", One(|r| &mut r.hostname)),
    value("name", None, "NAME", COMMAND, "The box's name", One(|r| &mut r.name)),
    switch("interactive", Some('i'), TERMINAL, "Hands standard input to the command (default)", One(|r| &mut r.interactive)),
    switch("tty", Some('t'), TERMINAL, "Gives the command a terminal (default when you are at one)", One(|r| &mut r.tty)),
    switch("raw-terminal", None, TERMINAL, "Does not filter what the command draws on yours", One(|r| &mut r.raw_terminal)),
    value("memory", Some('m'), "SIZE", LIMITS, "How much memory the box may take, as 2g", One(|r| &mut r.memory)),
    value("memory-swap", None, "SIZE", LIMITS, "How much memory and swap together; -1 for any", One(|r| &mut r.memory_swap)),
    value("cpus", None, "NUMBER", LIMITS, "How much processor time, as 1.5; needs a cgroup", One(|r| &mut r.cpus)),
    value("pids-limit", None, "NUMBER", LIMITS, "How many processes and threads (default 4096); 0 for any", One(|r| &mut r.pids_limit)),
    value("storage-opt", None, "size=SIZE", LIMITS, "How much fits into /tmp, /run, the home and /dev/shm together", Many(|r| &mut r.storage)),
    value("timeout", None, "SECONDS", LIMITS, "Kills the box after so long", One(|r| &mut r.timeout)),
    value("ulimit", None, "NAME=SOFT[:HARD]", LIMITS, "A limit of setrlimit(2), as nofile=1024:2048", Many(|r| &mut r.ulimits)),
    switch("init", None, ALWAYS, "A box has an init that reaps its processes", One(|r| &mut r.init)),
    switch("read-only", None, ALWAYS, "The root of a box is read-only", One(|r| &mut r.read_only)),
    value("cap-drop", None, "NAME", ALWAYS, "A box has no capabilities", Many(|r| &mut r.cap_drop)),
    value("security-opt", None, "no-new-privileges", ALWAYS, "A box gains no new privileges", Many(|r| &mut r.security)),
    switch("explain", None, OURS, "Prints each setting, its source, what is seen; runs nothing", Ours(|o| &mut o.explain)),
    switch("json", None, OURS, "Errors, events and --explain as JSON", Ours(|o| &mut o.json)),
    switch("quiet", Some('q'), OURS, "Prints no notes and no summary", Ours(|o| &mut o.quiet)),
];

const fn value(
    long: &'static str,
    short: Option<char>,
    value: &'static str,
    heading: &'static str,
    help: &'static str,
    into: Field,
) -> Flag {
    Flag { long, short, alias: None, value: Some(value), heading, help, into }
}

const fn switch(
    long: &'static str,
    short: Option<char>,
    heading: &'static str,
    help: &'static str,
    into: Field,
) -> Flag {
    Flag { long, short, alias: None, value: None, heading, help, into }
}

const FILES: &str = "Files";
const NETWORK: &str = "Network";
const BOX: &str = "The changes";
const COMMAND: &str = "Command";
const TERMINAL: &str = "Terminal";
const LIMITS: &str = "Limits";
const ALWAYS: &str = "Always so (podman's flags, accepted)";
const OURS: &str = "About the run";

#[cfg(test)]
mod tests {
    use drybox_spec::FOREIGN_FLAGS;

    use super::*;

    #[test]
    fn no_spelling_means_two_things() {
        let longs = FLAGS.iter().flat_map(|flag| [Some(flag.long), flag.alias]).flatten();
        let mut longs: Vec<_> = longs.chain(FOREIGN_FLAGS.iter().map(|flag| flag.name)).collect();
        let shorts = FLAGS.iter().filter_map(|flag| flag.short);
        let mut shorts: Vec<_> =
            shorts.chain(FOREIGN_FLAGS.iter().filter_map(|f| f.short)).collect();
        let all = (longs.len(), shorts.len());
        longs.sort_unstable();
        longs.dedup();
        shorts.sort_unstable();
        shorts.dedup();
        assert_eq!((longs.len(), shorts.len()), all);
    }
}
