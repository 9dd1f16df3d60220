//! Which places of the host a share may open, and whether the current directory is a project.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::refuse::{Place, Reach, SOURCES, SourceRule, TARGETS, When};
use crate::spec::Workspace;
use crate::{
    Access, Facts, HostPath, Lookup, LookupError, Own, Real, RefusedSource, Source, Sourced,
};

/// The guarded places of this host, where they really are: looked up once, asked for each share.
#[derive(Debug)]
pub struct Guards {
    places: Vec<Guarded>,
}

/// One place, free of symlinks where the host could tell.
#[derive(Debug)]
struct Guarded {
    rule: &'static SourceRule,
    place: Vec<u8>,
}

impl Guards {
    /// Looks where each place leads, so that `~/.ssh -> ~/dotfiles/ssh` guards both. What is not
    /// there guards nothing: no directory holds it, and nothing lies in it.
    #[must_use]
    pub fn look(facts: &Facts<'_>) -> Self {
        let mut guards = Self { places: Vec::new() };
        let homes = [facts.home.map(HostPath::as_bytes), Some(b"/root")];
        for rule in SOURCES {
            candidates(rule, homes.into_iter().flatten(), facts, Look::Real, |place| {
                guards.places.extend(real(place, facts).map(|place| Guarded { rule, place }));
                None::<()>
            });
        }
        guards
    }

    /// Whether sharing `real` is refused. `real` must be free of symlinks.
    ///
    /// Who opens the share should ask again with the path of what was opened: between the two
    /// looks a symlink may have been swapped.
    #[must_use]
    pub fn refuse(
        &self,
        path: &HostPath,
        access: Access,
        facts: &Facts<'_>,
    ) -> Option<RefusedSource> {
        let path = path.as_bytes();
        let guarded = self.places.iter().find_map(|guarded| {
            let applies = applies(guarded.rule, access);
            applies.then(|| guarded.rule.refuse(path, &guarded.place)).flatten()
        });
        guarded.or_else(|| {
            // Somebody else's home, or one's own when HOME says otherwise.
            let other = other_home(path)?;
            SOURCES.iter().filter(|rule| applies(rule, access)).find_map(|rule| {
                if !matches!(rule.place, Place::Home(_)) {
                    return None;
                }
                candidates(rule, std::iter::once(other), facts, Look::Real, |place| {
                    rule.refuse(path, &real(place, facts)?)
                })
            })
        })
    }
}

/// The current directory, unless it is no project: `/`, a home, a system or credential directory.
///
/// Asks the host nothing in the usual case, a directory below `HOME`: the current directory is
/// free of symlinks, and so is every directory above it.
pub(super) fn workspace(facts: &Facts<'_>) -> Sourced<Workspace> {
    match why_no_project(facts) {
        Some(why) => Sourced::new(Workspace::Empty, Source::Implied(why)),
        None => Sourced::default_of(Workspace::CopyOnWrite),
    }
}

pub(super) fn why_no_project(facts: &Facts<'_>) -> Option<&'static str> {
    let cwd = facts.cwd.as_bytes();
    if let Some(refused) = literal_refusal(cwd, Access::ReadOnly, facts) {
        return Some(refused.what);
    }
    // It would stand at its own path, where drybox's own things stand.
    let target = TARGETS.iter().find(|rule| rule.reach.touches(cwd, rule.path.as_bytes()));
    target.map(|rule| rule.why)
}

impl Workspace {
    /// Why `cwd` is not shown as [`Workspace::CurrentDir`], if it is not: it is no project (`/`, a
    /// home, a system or credential directory). Both paths must be free of symlinks.
    #[must_use]
    pub fn why_hidden(cwd: &HostPath, home: Option<&HostPath>) -> Option<&'static str> {
        why_no_project(&Facts { cwd, home, uid: 0, gid: 0, terminals: [false; 3], host: &Silent })
    }
}

/// A host that is asked nothing: paths are taken as they are spelled.
#[derive(Debug)]
struct Silent;

impl Lookup for Silent {
    fn real(&self, _: &HostPath) -> Result<Real, LookupError> {
        Err(LookupError::NoPath)
    }

    fn read(&self, _: &HostPath) -> Result<Vec<u8>, LookupError> {
        Err(LookupError::NoPath)
    }

    fn variable(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn variables(&self, _: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }

    fn own(&self, _: Own) -> Option<HostPath> {
        None
    }
}

/// How a guarded place is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// As the table spells it: no question to the host but where its home is.
    Literal,
    /// Where it leads.
    Real,
}

/// Refuses by the table's own spelling.
fn literal_refusal(path: &[u8], access: Access, facts: &Facts<'_>) -> Option<RefusedSource> {
    let own = facts.home.map(|home| {
        if Reach::Below.touches(path, home.as_bytes()) {
            // A directory above a path without symlinks is one itself.
            return Cow::Borrowed(home.as_bytes());
        }
        real(home.as_bytes(), facts).map_or(Cow::Borrowed(home.as_bytes()), Cow::Owned)
    });
    let homes = [own.as_deref(), other_home(path), Some(b"/root")];
    SOURCES.iter().filter(|rule| applies(rule, access)).find_map(|rule| {
        candidates(rule, homes.into_iter().flatten(), facts, Look::Literal, |place| {
            rule.refuse(path, place)
        })
    })
}

/// Refuses a place where nothing is yet, by where the directories above it lead.
pub(super) fn refuse_missing(
    path: &HostPath,
    access: Access,
    facts: &Facts<'_>,
) -> Option<RefusedSource> {
    let mut above = path.as_path().ancestors();
    let real = above.find_map(|above| {
        let real = real(above.as_os_str().as_bytes(), facts)?;
        let below = path.as_path().strip_prefix(above).ok()?;
        Some(Path::new(OsStr::from_bytes(&real)).join(below))
    })?;
    literal_refusal(real.as_os_str().as_bytes(), access, facts)
}

/// Calls `visit` with each path that a row speaks of, until it answers.
fn candidates<'h, T>(
    rule: &SourceRule,
    mut homes: impl Iterator<Item = &'h [u8]>,
    facts: &Facts<'_>,
    look: Look,
    mut visit: impl FnMut(&[u8]) -> Option<T>,
) -> Option<T> {
    match rule.place {
        Place::At(at) => visit(at.as_bytes()),
        Place::Home("") => homes.find_map(visit),
        Place::Home(below) => {
            let mut place = Vec::new();
            homes.find_map(|home| {
                place.clear();
                place.extend_from_slice(home.strip_suffix(b"/").unwrap_or(home));
                place.push(b'/');
                place.extend_from_slice(below.as_bytes());
                visit(&place)
            })
        }
        Place::Ours(which) => visit(facts.host.own(which)?.as_bytes()),
        Place::Variable(_) if look == Look::Literal => None,
        Place::Variable(name) => {
            let value = facts.host.variable(name.as_bytes())?;
            let value = value.strip_prefix(b"unix://").unwrap_or(&value);
            value.split(|&b| b == b':').filter(|part| part.starts_with(b"/")).find_map(visit)
        }
    }
}

impl SourceRule {
    fn refuse(&self, path: &[u8], place: &[u8]) -> Option<RefusedSource> {
        self.reach.touches(path, place).then(|| RefusedSource {
            id: self.id,
            real: path.to_vec(),
            place: place.to_vec(),
            what: self.what,
            instead: self.instead,
        })
    }
}

/// Where a place leads; nothing when nothing is there; itself when the host cannot tell.
fn real(place: &[u8], facts: &Facts<'_>) -> Option<Vec<u8>> {
    match facts.host.real(&HostPath::parse(place).ok()?) {
        Ok(real) => Some(real.path.as_bytes().to_vec()),
        Err(why) if why.is_missing() => None,
        Err(_) => Some(place.to_vec()),
    }
}

fn applies(rule: &SourceRule, access: Access) -> bool {
    match rule.when {
        When::Always => true,
        When::Writable => access == Access::ReadWrite,
    }
}

/// The directory in `/home` that holds `path`.
fn other_home(path: &[u8]) -> Option<&[u8]> {
    let name = path.strip_prefix(b"/home/")?.split(|&b| b == b'/').next()?;
    path.get(..b"/home/".len().checked_add(name.len())?)
}
