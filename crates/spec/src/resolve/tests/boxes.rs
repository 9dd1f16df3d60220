//! What becomes of changes to the workspace.

use super::*;
use crate::{Life, Profile, Workspace};

fn request(set: impl FnOnce(&mut RunRequest)) -> RunRequest {
    let mut request = words(&["true"]);
    set(&mut request);
    request
}

fn typed(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

fn spec(set: impl FnOnce(&mut RunRequest)) -> Result<SandboxSpec, SpecError> {
    on(&Host::default(), "/home/u/p", &request(set))
}

#[test]
fn a_box_continues_unless_it_is_thrown_away() {
    let life = |set: fn(&mut RunRequest)| spec(set).unwrap().life.value;
    assert_eq!(life(|_| {}), Life::Continue);
    assert_eq!(life(|r| r.new = typed("true")), Life::Afresh);
    assert_eq!(life(|r| r.rm = typed("true")), Life::ThrownAway);
    assert_eq!(life(|r| r.rm = typed("false")), Life::Continue);
    assert_eq!(life(|r| r.profile = typed("untrusted")), Life::ThrownAway);
    let kept = spec(|r| {
        r.profile = typed("untrusted");
        r.keep = typed("true");
    });
    let kept = kept.unwrap();
    assert_eq!((kept.life.value, kept.profile.value), (Life::Continue, Profile::Untrusted));
}

#[test]
fn only_what_was_asked_for_must_be_kept() {
    let must = |set: fn(&mut RunRequest)| spec(set).unwrap().must_keep();
    assert!(!must(|_| {}));
    assert!(!must(|r| r.rm = typed("true")));
    assert!(must(|r| r.keep = typed("true")));
    assert!(must(|r| r.box_name = typed("a")));
    assert!(must(|r| r.workspace = typed("cow")));
}

#[test]
fn what_throws_away_does_not_go_with_what_keeps() {
    for set in [
        |r: &mut RunRequest| r.keep = typed("true"),
        |r: &mut RunRequest| r.new = typed("true"),
        |r: &mut RunRequest| r.box_name = typed("a"),
    ] {
        let error = spec(|r| {
            r.rm = typed("true");
            set(r);
        });
        assert!(matches!(error, Err(SpecError::Contradiction { .. })), "{error:?}");
    }
}

#[test]
fn a_box_needs_a_workspace_whose_changes_it_can_keep() {
    for set in [
        |r: &mut RunRequest| r.workspace = typed("ro"),
        |r: &mut RunRequest| r.workspace = typed("none"),
        |r: &mut RunRequest| r.volumes = vec![b".:/work".to_vec()],
    ] {
        let named = |r: &mut RunRequest| {
            r.box_name = typed("a");
            set(r);
        };
        let host = Host { everything: true, ..Host::default() };
        let error = on(&host, "/home/u/p", &request(named));
        assert!(matches!(error, Err(SpecError::Contradiction { .. })), "{error:?}");
    }
    let error = on(&Host::default(), "/home/u", &request(|r| r.keep = typed("true")));
    assert!(matches!(error, Err(SpecError::Contradiction { .. })), "{error:?}");
}

#[test]
fn the_workspace_is_what_was_asked_for_or_refused() {
    let of = |value: &str, cwd: &str| {
        on(&Host::default(), cwd, &request(|r| r.workspace = typed(value)))
            .map(|spec| spec.workspace.value)
    };
    assert_eq!(of("cow", "/home/u/p"), Ok(Workspace::CopyOnWrite));
    assert_eq!(of("ro", "/home/u/p"), Ok(Workspace::CurrentDir));
    assert_eq!(of("none", "/home/u/p"), Ok(Workspace::Empty));
    assert_eq!(of("none", "/home/u"), Ok(Workspace::Empty));
    for (value, cwd) in [("cow", "/home/u"), ("ro", "/"), ("rw", "/home/u/p"), ("", "/home/u/p")] {
        assert!(matches!(of(value, cwd), Err(SpecError::Value { .. })), "{value} {cwd}");
    }
}
