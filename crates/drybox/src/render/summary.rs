//! What is told when a run is over: how it ended, and what was weaker than it could be.

use std::time::Duration;

use drybox_run::Outcome;
use drybox_spec::{Ending, Event, NetworkEvent, Notice, Shown};

use super::{Format, say};

/// Tells it on stderr; as JSON, a line an event.
pub(crate) fn summary(outcome: &Outcome, timeout: Option<Duration>, format: Format) {
    let Outcome { ending, notices, network, .. } = outcome;
    match format {
        Format::Text => say(&text(*ending, notices, network, timeout)),
        Format::Json => say(&json(*ending, notices, network)),
    }
}

fn text(
    ending: Ending,
    notices: &[Notice],
    network: &[NetworkEvent],
    timeout: Option<Duration>,
) -> String {
    let ended = match (ending, timeout) {
        (Ending::TimedOut, Some(limit)) => {
            Some(format!("killed after {} s (--timeout)", limit.as_secs()))
        }
        (Ending::TimedOut, None) => Some("killed: its time was over".to_owned()),
        (Ending::Killed, _) => Some("the box was killed from outside".to_owned()),
        _ => None,
    };
    let notices = notices.iter().map(notice).chain(super::network::lines(network));
    notices.chain(ended).map(|line| format!("note: {line}\n")).collect()
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
        Notice::RelayEnded => {
            "the relay ended before the box did: nothing was reachable any more".to_owned()
        }
        Notice::Withheld { what } => Shown(what).to_string(),
        _ => "something is weaker than it could be: see --json".to_owned(),
    }
}

fn json(ending: Ending, notices: &[Notice], network: &[NetworkEvent]) -> String {
    let ended = Event::Ended { ending, code: ending.code() };
    let network = network.iter().cloned().map(Event::Network);
    let events = notices.iter().cloned().map(Event::Notice).chain(network).chain([ended]);
    // Strings and numbers always are JSON.
    events.filter_map(|event| serde_json::to_string(&event).ok()).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_end_says_nothing() {
        assert_eq!(text(Ending::Exited(1), &[], &[], None), "");
        assert_eq!(text(Ending::Signalled(11), &[], &[], None), "");
    }

    #[test]
    fn what_was_weaker_and_a_timeout_are_told() {
        let notices = [Notice::NoLandlockScope];
        assert_eq!(
            text(Ending::TimedOut, &notices, &[], Some(Duration::from_secs(3))),
            "note: this kernel has no Landlock scopes: one wall fewer\n\
             note: killed after 3 s (--timeout)\n"
        );
        assert_eq!(
            json(Ending::Exited(3), &notices, &[]),
            "{\"event\":\"notice\",\"notice\":\"no_landlock_scope\"}\n\
             {\"event\":\"ended\",\"ending\":{\"exited\":3},\"code\":3}\n"
        );
    }
}
