//! What a box shows of the current directory, and what becomes of the changes to it.

use super::{one, places, switch};
use crate::error::Why;
use crate::grammar::BadValue;
use crate::spec::{Life, Profile, Workspace};
use crate::{BoxName, Doors, Facts, RunRequest, SandboxSpec, Source, Sourced, SpecError};

/// `--workspace`, else copy-on-write where the current directory is a project.
pub(super) fn workspace(
    request: &RunRequest,
    facts: &Facts<'_>,
) -> Result<Sourced<Workspace>, SpecError> {
    let parse = |value: &[u8]| match value {
        b"cow" => Ok(Workspace::CopyOnWrite),
        b"ro" => Ok(Workspace::CurrentDir),
        b"none" => Ok(Workspace::Empty),
        _ => Err(BadValue::Shape {
            rule: "cow (changes are kept apart), ro (read-only) or none (an empty directory)",
        }),
    };
    let Some(asked) = one("--workspace", request.workspace.as_ref(), parse)? else {
        return Ok(places::workspace(facts));
    };
    if asked.value != Workspace::Empty
        && let Some(why) = places::why_no_project(facts)
    {
        let source = BadValue::Refused { why, instead: "cd to the project's own directory" };
        let value = request.workspace.clone().unwrap_or_default();
        return Err(SpecError::Value { flag: "--workspace", value, source });
    }
    Ok(asked)
}

/// `--profile`, `--new`, `--keep`, `--rm`, `--box`: one meaning, or a contradiction.
pub(super) fn life(
    request: &RunRequest,
    facts: &Facts<'_>,
    spec: &mut SandboxSpec,
) -> Result<(), SpecError> {
    let parse = |value: &[u8]| match value {
        b"agent" => Ok(Profile::Agent),
        b"untrusted" => Ok(Profile::Untrusted),
        _ => Err(BadValue::Shape { rule: "agent (the box continues) or untrusted (thrown away)" }),
    };
    if let Some(profile) = one("--profile", request.profile.as_ref(), parse)? {
        spec.profile = profile;
    }
    let new = switch("--new", request.new.as_ref())? == Some(true);
    let keep = switch("--keep", request.keep.as_ref())?;
    let rm = switch("--rm", request.rm.as_ref())?;
    let name = |value: &[u8]| Ok(BoxName::parse(value)?);
    spec.box_name = one("--box", request.box_name.as_ref(), name)?;

    let throws = (rm == Some(true)).then_some("--rm");
    let keeps = [
        (keep == Some(true), "--keep"),
        (rm == Some(false), "--rm=false"),
        (new, "--new"),
        (spec.box_name.is_some(), "--box"),
    ];
    let keeps = keeps.into_iter().find_map(|(asked, flag)| asked.then_some(flag));
    if let (Some(throws), Some(keeps)) = (throws, keeps) {
        return Err(SpecError::Contradiction {
            first: throws.into(),
            second: keeps.into(),
            source: Why("one throws the changes away, the other is about keeping them"),
            fix: "one of the two",
        });
    }
    spec.life = match (throws, keeps, spec.profile.value) {
        (Some(throws), _, _) => Sourced::new(Life::ThrownAway, Source::Flag(throws)),
        (None, Some(_), _) if new => Sourced::new(Life::Afresh, Source::Flag("--new")),
        (None, Some(keeps), _) => Sourced::new(Life::Continue, Source::Flag(keeps)),
        (None, None, Profile::Agent) => Sourced::default_of(Life::Continue),
        (None, None, Profile::Untrusted) => {
            Sourced::new(Life::ThrownAway, Source::Implied("--profile untrusted"))
        }
    };
    match keeps {
        Some(keeps) if keeps != "--rm=false" => no_box_to_keep(keeps, facts, spec),
        _ => Ok(()),
    }
}

/// A flag about a box of changes, where there will be none.
fn no_box_to_keep(
    flag: &'static str,
    facts: &Facts<'_>,
    spec: &SandboxSpec,
) -> Result<(), SpecError> {
    let (second, why) = match (&spec.workspace.value, spec.workspace_at_work(facts.cwd)) {
        (_, Some(share)) => (
            format!("{} of this directory at /work", share.from),
            "writes there land on the host at once: no box keeps them",
        ),
        (Workspace::CopyOnWrite, None) => return Ok(()),
        (_, None) if matches!(spec.doors.value, Doors::AnyPublicHost { .. }) => {
            ("--network bridge".to_owned(), "with every host open, this directory is not shown")
        }
        (_, None) => match spec.workspace.from {
            Source::Flag(flag) => (flag.to_owned(), "nothing of it can be changed"),
            _ => ("this directory".to_owned(), "it is no project, and not shown"),
        },
    };
    Err(SpecError::Contradiction {
        first: flag.into(),
        second: second.into(),
        source: Why(why),
        fix: "one of the two",
    })
}
