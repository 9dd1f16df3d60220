//! What is told when a run is over: how it ended, and what was weaker than it could be.

use std::time::Duration;

use drybox_run::{Outcome, Pending};
use drybox_spec::{
    BoxName, ByteSize, Ending, Event, Memory, NetworkEvent, Notice, SandboxSpec, Shown,
};

use super::{Format, say};

/// Tells it on stderr; as JSON, a line an event.
pub(crate) fn summary(outcome: &Outcome, spec: &SandboxSpec, format: Format) {
    let Outcome { ending, notices, network, pending, .. } = outcome;
    let timeout = spec.timeout.as_ref().map(|limit| limit.value);
    match format {
        Format::Text => {
            let pending = pending.as_ref().and_then(changes).unwrap_or_default();
            let text = text(*ending, notices, network, timeout, spec.limits.memory.value);
            say(&(text + &pending));
        }
        Format::Json => say(&json(*ending, notices, network, pending.as_ref())),
    }
}

/// Tells one notice of a command that is no run.
pub(crate) fn tell(told: &Notice) {
    say(&format!("note: {}\n", notice(told)));
}

fn text(
    ending: Ending,
    notices: &[Notice],
    network: &[NetworkEvent],
    timeout: Option<Duration>,
    memory: Memory,
) -> String {
    let ended = match (ending, timeout) {
        (Ending::TimedOut, Some(limit)) => {
            Some(format!("killed after {} s (--timeout)", limit.as_secs()))
        }
        (Ending::TimedOut, None) => Some("killed: its time was over".to_owned()),
        (Ending::OutOfMemory, _) => Some(match memory {
            Memory::Most(size) => {
                format!("killed: it took more than {} (--memory)", memory_size(size))
            }
            Memory::Spare | Memory::Unlimited => {
                "killed: it took more memory than the host can spare (--memory SIZE, or 0 for any)"
                    .to_owned()
            }
        }),
        (Ending::Killed, _) => Some("the box was killed from outside".to_owned()),
        _ => None,
    };
    // What was written where the user said that it may be is no news by itself.
    let is_news = |told: &&Notice| !matches!(told, Notice::ChangedAtOnce { held, more: false, .. } if held.is_empty());
    let notices = notices.iter().filter(is_news).map(notice);
    let notices = notices.chain(super::network::lines(network));
    notices.chain(ended).map(|line| format!("note: {line}\n")).collect()
}

/// The one line about what is pending; none: nobody would want to look at it.
fn changes(pending: &Pending) -> Option<String> {
    let counted = &pending.counted;
    let about = if counted.more { "more than " } else { "" };
    let files = match counted.files {
        0 => None,
        1 if !counted.more => Some("1 file changed".to_owned()),
        files => Some(format!("{about}{files} files changed")),
    };
    let what = match (files, counted.git > 0) {
        (Some(files), false) => files,
        (Some(files), true) => format!("{files}, and git's own"),
        (None, true) => "git's own files changed".to_owned(),
        (None, false) if counted.more => "many files changed".to_owned(),
        (None, false) => return None,
    };
    let name = match pending.name == BoxName::default() {
        true => String::new(),
        false => format!(" --box {}", pending.name.as_str()),
    };
    let place = Shown(pending.workspace.as_bytes());
    Some(format!(
        "note: {what} in {place}: drybox diff{name}, drybox apply{name}, drybox discard{name}\n"
    ))
}

fn notice(notice: &Notice) -> String {
    match notice {
        Notice::ShareIsBind { path } => format!(
            "{} is shared by a bind mount: sockets and FIFOs in it can be reached",
            Shown(path)
        ),
        Notice::WorkspaceHidden { path, why } => {
            format!("{} is not shown inside: {why}", Shown(path))
        }
        Notice::NoLandlockScope => "this kernel has no Landlock scopes: one wall fewer".to_owned(),
        Notice::NoIdMap { trees } => {
            format!("the files of {trees} shares show as nobody's: no id-mapped mounts there")
        }
        Notice::MemoryWatched { why, fix } => format!(
            "--memory is kept by looking, a box that is quick can take more for a moment: {}; \
             the kernel keeps it with: {}",
            Shown(why),
            Shown(fix)
        ),
        Notice::LimitMet { limit: "pids", times } => {
            format!("{times} processes or threads were not made (--pids-limit)")
        }
        Notice::LimitMet { times, .. } => {
            format!("{times} processes were killed because memory ran out (--memory)")
        }
        Notice::Lingers => "a process of the box still sleeps in the kernel, where no signal \
                            reaches it; it ends as soon as it wakes"
            .to_owned(),
        Notice::Leftover { what } => Shown(what).to_string(),
        Notice::RelayEnded => {
            "the relay ended before the box did: nothing was reachable any more".to_owned()
        }
        Notice::WorkspaceReadOnly { path } => {
            format!(
                "{} could only be read: no overlay works there; sockets and FIFOs in it can be \
                 reached",
                Shown(path)
            )
        }
        Notice::ChangesInMemory { why } => {
            format!("what was written to this directory was in memory, and is gone: {why}")
        }
        Notice::MountNotShown { path } => {
            format!("what is mounted at {} is not shown: -v DIR:DIR for it", Shown(path))
        }
        Notice::GitElsewhere { path } => format!(
            "{} is named by git's files here, and not shown: -v DIR:DIR:ro if git needs it",
            Shown(path)
        ),
        Notice::GitNamesMany { path } => {
            format!("{} names more than is looked at; what it names is not shown", Shown(path))
        }
        Notice::HostChanged { files: 1 } => {
            "1 file was changed on the host, too, and the box showed its own: drybox diff"
                .to_owned()
        }
        Notice::HostChanged { files } => format!(
            "{files} files were changed on the host, too, and the box showed its own: drybox diff"
        ),
        Notice::BoxNotEnded { why } => format!("the changes could not be looked at: {why}"),
        Notice::NotLogged { why } => format!("this is not in the event log: {why}"),
        Notice::RunsByItself { path, findings, more } => {
            let more = if *more { "at least " } else { "" };
            let what = match findings {
                1 => format!("1 thing in {path} would run by itself"),
                _ => format!("{findings} things in {path} would run by themselves"),
            };
            format!("{more}{what} on the host: drybox scan")
        }
        Notice::ChangedAtOnce { path, held, more, .. } => {
            let names: Vec<_> =
                held.iter().map(|held| format!("{} ({})", held.path, held.rule)).collect();
            let names = names.join(", ");
            match (held.is_empty(), more) {
                (true, _) => format!("{path} is too large to look through what was written to it"),
                (false, true) => format!("{WRITTEN} {path}: {names}, and perhaps more"),
                (false, false) => format!("{WRITTEN} {path}: {names}"),
            }
        }
        Notice::Withheld { what } => Shown(what).to_string(),
        _ => "something is weaker than it could be: see --json".to_owned(),
    }
}

const WRITTEN: &str = "look at this before you use it, some program would run or obey it; in";

/// As it is typed: in the largest unit that leaves no rest.
fn memory_size(ByteSize(bytes): ByteSize) -> String {
    let units = [("g", 30), ("m", 20), ("k", 10)];
    let whole = units.iter().find(|(_, shift)| bytes.trailing_zeros() >= *shift);
    whole.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, shift)| format!("{}{unit}", bytes >> shift),
    )
}

fn json(
    ending: Ending,
    notices: &[Notice],
    network: &[NetworkEvent],
    pending: Option<&Pending>,
) -> String {
    let ended = Event::Ended { ending, code: ending.code() };
    let network = network.iter().cloned().map(Event::Network);
    let pending = pending.map(Pending::event);
    let notices = notices.iter().cloned().map(Event::Notice);
    let events = notices.chain(network).chain(pending).chain([ended]);
    // Strings and numbers always are JSON.
    events.filter_map(|event| serde_json::to_string(&event).ok()).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_end_says_nothing() {
        assert_eq!(text(Ending::Exited(1), &[], &[], None, Memory::Spare), "");
        assert_eq!(text(Ending::Signalled(11), &[], &[], None, Memory::Spare), "");
    }

    #[test]
    fn what_was_weaker_and_a_timeout_are_told() {
        let notices = [Notice::NoLandlockScope];
        assert_eq!(
            text(Ending::TimedOut, &notices, &[], Some(Duration::from_secs(3)), Memory::Spare),
            "note: this kernel has no Landlock scopes: one wall fewer\n\
             note: killed after 3 s (--timeout)\n"
        );
        assert_eq!(
            json(Ending::Exited(3), &notices, &[], None),
            "{\"event\":\"notice\",\"notice\":\"no_landlock_scope\"}\n\
             {\"event\":\"ended\",\"ending\":{\"exited\":3},\"code\":3}\n"
        );
    }
    #[test]
    fn the_limit_that_ended_a_run_is_named() {
        let killed =
            |bytes| text(Ending::OutOfMemory, &[], &[], None, Memory::Most(ByteSize(bytes)));
        assert_eq!(killed(64 << 20), "note: killed: it took more than 64m (--memory)\n");
        assert_eq!(killed(3 << 30), "note: killed: it took more than 3g (--memory)\n");
        assert_eq!(killed(6_291_457), "note: killed: it took more than 6291457 bytes (--memory)\n");
        let spare = text(Ending::OutOfMemory, &[], &[], None, Memory::Spare);
        assert!(spare.contains("more memory than the host can spare"), "{spare}");
        let met = [Notice::LimitMet { limit: "pids", times: 3 }];
        assert_eq!(
            text(Ending::Exited(0), &met, &[], None, Memory::Spare),
            "note: 3 processes or threads were not made (--pids-limit)\n"
        );
        assert_eq!(
            json(Ending::OutOfMemory, &met, &[], None),
            "{\"event\":\"notice\",\"notice\":\"limit_met\",\"limit\":\"pids\",\"times\":3}\n\
             {\"event\":\"ended\",\"ending\":\"out_of_memory\",\"code\":137}\n"
        );
    }
}
