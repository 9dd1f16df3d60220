//! `arrows`: which room may depend on which. If a change needs an arrow the other way, the
//! boundary is wrong: move it.

use crate::failure::Failure;
use crate::metadata::{Metadata, Package};

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let metadata = Metadata::read()?;
    let lines: Vec<String> = metadata.ours().flat_map(wrong_arrows).collect();
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::Found { what: "arrows that the table does not allow", lines }),
    }
}

fn wrong_arrows(package: &Package) -> Vec<String> {
    let room = room(&package.name);
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{room} is not in the table (xtask/src/arrows.rs)")];
    };
    let ours = package.dependencies.iter().filter(|dependency| dependency.source.is_none());
    ours.filter(|dependency| {
        let to = self::room(&dependency.name);
        let in_tests = dependency.kind.as_deref() == Some("dev");
        !(allowed.contains(&to) || (in_tests && IN_TESTS.contains(&to)))
    })
    .map(|dependency| {
        let kind = dependency.kind.as_deref().unwrap_or("normal");
        format!("{room} → {} ({kind})", self::room(&dependency.name))
    })
    .collect()
}

/// A room is its package without the prefix.
fn room(package: &str) -> &str {
    package.strip_prefix("drybox-").unwrap_or(package)
}

/// Rooms that tests of any other room may use.
const IN_TESTS: &[&str] = &["testkit"];

/// Room, and the rooms that it may depend on. Rooms that are still to come stand here too.
const ARROWS: &[(&str, &[&str])] = &[
    ("drybox", &["audit", "build", "mcp", "probe", "run", "spec", "workspace"]),
    ("build", &["image", "run", "spec"]),
    ("mcp", &["run", "spec"]),
    ("audit", &["spec", "workspace"]),
    ("run", &["egress", "image", "jail", "spec", "tree", "workspace"]),
    ("jail", &["spec", "sys"]),
    ("image", &["spec", "tree"]),
    ("workspace", &["spec", "tree"]),
    ("egress", &["spec"]),
    ("probe", &["spec"]),
    ("tree", &["spec"]),
    ("spec", &[]),
    ("sys", &[]),
    ("testkit", &["spec"]),
    ("xtask", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let ours = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).into(),
            req: "*".into(),
            kind: kind.map(Into::into),
            source: None,
        };
        Package {
            id: name.into(),
            name: name.into(),
            version: "0.1.0".into(),
            license: None,
            source: None,
            dependencies: dependencies.iter().map(ours).collect(),
        }
    }

    #[test]
    fn an_arrow_of_the_table_is_allowed_and_its_reverse_is_not() {
        assert!(wrong_arrows(&package("drybox-jail", &[("drybox-sys", None)])).is_empty());
        let wrong = wrong_arrows(&package("drybox-sys", &[("drybox-jail", None)]));
        assert_eq!(wrong, ["sys → jail (normal)"]);
    }

    #[test]
    fn the_test_kit_is_for_tests_only() {
        let kit = "drybox-testkit";
        assert!(wrong_arrows(&package("drybox-run", &[(kit, Some("dev"))])).is_empty());
        assert_eq!(wrong_arrows(&package("drybox-run", &[(kit, None)])).len(), 1);
    }

    #[test]
    fn a_room_that_nobody_listed_is_told() {
        assert_eq!(wrong_arrows(&package("drybox-shed", &[])).len(), 1);
    }

    #[test]
    fn the_table_has_no_circle() {
        fn reaches(from: &str, to: &str) -> bool {
            let next = ARROWS.iter().find(|(name, _)| *name == from).map(|(_, next)| *next);
            next.unwrap_or_default().iter().any(|room| *room == to || reaches(room, to))
        }
        for (room, _) in ARROWS {
            assert!(!reaches(room, room), "{room} reaches itself");
        }
    }
}
