//! What bounds a box, and who keeps it: a table, and one interpreter.

use super::inside::Inside;
use super::walls::inside_mounts;
use super::{Finding, Limit, State};
use crate::host::Host;
use crate::limits::{LimitState, limits_in_force};

/// One limit.
struct Row {
    id: &'static str,
    what: &'static str,
    kept_by: &'static str,
    seen: Seen,
}

/// How it is found out.
enum Seen {
    /// A line of `/proc/self/limits` inside: the resource, and soft and hard limit.
    Resource(&'static str, &'static str),
    /// An option of the root filesystem, a tmpfs.
    Scratch(&'static str),
    /// Kept when it is asked for, with this flag.
    Asked,
}

const ROWS: &[Row] = &[
    Row {
        id: "crash-dumps",
        what: "no crash dump, and no helper of the host's for one",
        kept_by: "setrlimit(2)",
        seen: Seen::Resource("Max core file size", "1"),
    },
    Row {
        id: "scratch-bytes",
        what: "bytes in /tmp, /run, /home/agent and /dev/shm together",
        kept_by: "the size of a tmpfs",
        seen: Seen::Scratch("size="),
    },
    Row {
        id: "scratch-files",
        what: "files in them",
        kept_by: "the inodes of a tmpfs",
        seen: Seen::Scratch("nr_inodes="),
    },
    Row {
        id: "time",
        what: "time, with --timeout",
        kept_by: "drybox, which kills the box",
        seen: Seen::Asked,
    },
    Row {
        id: "resources",
        what: "what --ulimit names, for each process",
        kept_by: "setrlimit(2)",
        seen: Seen::Asked,
    },
];

/// Every limit; without a look from inside, what a box would show is not known.
pub(super) fn look(inside: Option<&Inside>, host: &Host<'_>) -> Vec<Limit> {
    let tried = limits_in_force(host).unwrap_or_default();
    // What the scratch space holds is seen from inside.
    let tried = tried.into_iter().filter(|state| state.id != "scratch").map(limit_of);
    ROWS.iter().map(|row| limit(row, inside)).chain(tried).collect()
}

fn limit_of(state: LimitState) -> Limit {
    let kept = match (state.in_force, &state.fix) {
        (true, None) => State::InForce,
        (true, Some(_)) => State::Weaker,
        (false, _) => State::NotInForce,
    };
    let finding = Finding::new(state.id, state.what, kept);
    Limit { finding: Finding { why: state.why, fix: state.fix, ..finding }, kept_by: state.kept_by }
}

fn limit(row: &Row, inside: Option<&Inside>) -> Limit {
    let finding = Finding::new(row.id, row.what, State::InForce);
    let seen = |shows: &dyn Fn(&Inside) -> bool| match inside {
        None => Finding { state: State::Untried, ..finding.clone() },
        Some(inside) if shows(inside) => finding.clone(),
        Some(_) => Finding { state: State::NotInForce, ..finding.clone() }
            .why("the kernel does not show it inside")
            .fix("drybox doctor --json, and report it as a bug of drybox"),
    };
    let finding = match row.seen {
        Seen::Resource(name, value) => seen(&|inside| {
            let lines = inside.section("limits").iter();
            let mut values = lines.filter_map(|line| line.strip_prefix(name));
            values
                .next()
                .is_some_and(|values| values.split_whitespace().take(2).all(|found| found == value))
        }),
        Seen::Scratch(option) => seen(&|inside| {
            let root = inside_mounts(inside).find(|mount| mount.at.as_os_str() == "/");
            root.is_some_and(|root| {
                root.of_filesystem.split(',').any(|found| found.starts_with(option))
            })
        }),
        Seen::Asked => finding,
    };
    Limit { finding, kept_by: row.kept_by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_box_what_it_would_show_is_not_claimed() {
        let env = |_: &str| None;
        let host = Host::of_process(&env).unwrap();
        let limits = look(None, &host);
        let untried = |limit: &&Limit| limit.finding.state == State::Untried;
        assert_eq!(limits.iter().filter(untried).count(), 3);
    }
}
