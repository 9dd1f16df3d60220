//! Which places of the host a share may open, and whether the current directory is a project.

use crate::refuse::{Place, Reach, SOURCES, SourceRule, TARGETS, When};
use crate::spec::Workspace;
use crate::{Access, Facts, HostPath, RefusedSource, Source, Sourced};

/// Whether sharing `real` is refused. `real` must be free of symlinks.
///
/// Who opens the share should ask again with the path of what was opened: between the two looks a
/// symlink may have been swapped.
#[must_use]
pub fn refused_source(real: &HostPath, access: Access, facts: &Facts<'_>) -> Option<RefusedSource> {
    refusal(real.as_bytes(), access, facts, Look::Real)
}

/// The current directory, unless it is no project: `/`, a home, a system or credential directory.
///
/// Asks the host nothing in the usual case, a directory below `HOME`: the current directory is
/// free of symlinks, and so is every directory above it.
pub(super) fn workspace(facts: &Facts<'_>) -> Sourced<Workspace> {
    let cwd = facts.cwd.as_bytes();
    let empty = |why| Sourced::new(Workspace::Empty, Source::Implied(why));
    if let Some(refused) = refusal(cwd, Access::ReadOnly, facts, Look::Literal) {
        return empty(refused.what);
    }
    // It would stand at its own path, where drybox's own things stand.
    match TARGETS.iter().find(|rule| rule.reach.touches(cwd, rule.path.as_bytes())) {
        Some(rule) => empty(rule.why),
        None => Sourced::default_of(Workspace::CurrentDir),
    }
}

/// How a guarded place is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// As the table spells it: no question to the host.
    Literal,
    /// Where it leads, so that `~/.ssh -> ~/dotfiles/ssh` guards both.
    Real,
}

fn refusal(path: &[u8], access: Access, facts: &Facts<'_>, look: Look) -> Option<RefusedSource> {
    let homes = homes(path, facts);
    let mut place = Vec::new();
    SOURCES.iter().filter(|rule| applies(rule, access)).find_map(|rule| match rule.place {
        Place::At(at) => rule.refuse(path, at.as_bytes(), facts, look),
        Place::Home(below) => homes.iter().flatten().find_map(|home| {
            join(&mut place, home, below);
            rule.refuse(path, &place, facts, look)
        }),
        Place::Ours(which) => {
            let ours = facts.host.own(which)?;
            rule.refuse(path, ours.as_bytes(), facts, look)
        }
        Place::Variable(_) if look == Look::Literal => None,
        Place::Variable(name) => {
            let value = facts.host.variable(name.as_bytes())?;
            value
                .strip_prefix(b"unix://")
                .unwrap_or(&value)
                .split(|&b| b == b':')
                .filter(|part| part.starts_with(b"/"))
                .find_map(|part| rule.refuse(path, part, facts, look))
        }
    })
}

impl SourceRule {
    fn refuse(
        &self,
        path: &[u8],
        place: &[u8],
        facts: &Facts<'_>,
        look: Look,
    ) -> Option<RefusedSource> {
        // What is not there cannot be held by a directory, and nothing lies in it.
        let real = match look {
            Look::Literal => None,
            Look::Real => match facts.host.real(&HostPath::parse(place).ok()?) {
                Ok(real) => Some(real.path),
                Err(why) if why.is_missing() => return None,
                Err(_) => None,
            },
        };
        let place = real.as_ref().map_or(place, HostPath::as_bytes);
        self.reach.touches(path, place).then(|| RefusedSource {
            id: self.id,
            real: path.to_vec(),
            place: place.to_vec(),
            what: self.what,
            instead: self.instead,
        })
    }
}

fn applies(rule: &SourceRule, access: Access) -> bool {
    match rule.when {
        When::Always => true,
        When::Writable => access == Access::ReadWrite,
    }
}

/// The homes that `path` could touch: the user's, the one in `/home` that holds it, and root's.
fn homes<'a>(path: &'a [u8], facts: &Facts<'a>) -> [Option<std::borrow::Cow<'a, [u8]>>; 3] {
    let own = facts.home.map(|home| {
        if Reach::Below.touches(path, home.as_bytes()) {
            // A directory above a path without symlinks is one itself.
            return home.as_bytes().into();
        }
        match facts.host.real(home) {
            Ok(real) => real.path.as_bytes().to_vec().into(),
            Err(_) => home.as_bytes().into(),
        }
    });
    let other = path.strip_prefix(b"/home/").and_then(|rest| {
        let name = rest.split(|&b| b == b'/').next()?;
        path.get(..b"/home/".len().checked_add(name.len())?)
    });
    [own, other.map(Into::into), Some(b"/root".as_slice().into())]
}

fn join(place: &mut Vec<u8>, home: &[u8], below: &str) {
    place.clear();
    place.extend_from_slice(home.strip_suffix(b"/").unwrap_or(home));
    if !below.is_empty() || place.is_empty() {
        place.push(b'/');
    }
    place.extend_from_slice(below.as_bytes());
}
