//! Which looks a path has: the globs of the table, found by a name that they and the path have in
//! common, and compiled when the first such path comes. All of them at once take 50 ms.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::rule::Rule;

/// All globs of a table.
#[derive(Debug)]
pub(super) struct Globs {
    /// By the last component that is written out.
    named: BTreeMap<String, Bucket>,
    /// Those without one.
    rest: Bucket,
    /// The names of directories that globs go through, for links that take their place.
    directories: Vec<String>,
}

/// Globs that are asked together.
#[derive(Debug, Default)]
struct Bucket {
    globs: Vec<(String, Owner)>,
    set: OnceCell<GlobSet>,
}

/// The row, the look in it, and whether a glob takes out.
#[derive(Debug, Clone, Copy)]
struct Owner {
    rule: usize,
    look: usize,
    takes_out: bool,
}

impl Globs {
    /// The globs of these rows.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut globs =
            Self { named: BTreeMap::new(), rest: Bucket::default(), directories: Vec::new() };
        for (rule, row) in rules.iter().enumerate() {
            for (look, place) in row.looks.iter().enumerate() {
                for glob in place.at {
                    let takes_out = glob.starts_with('!');
                    for simple in expand(&glob.trim_start_matches('!').to_lowercase()) {
                        add_directories(&simple, &mut globs.directories);
                        let bucket = match anchor(&simple) {
                            Some(name) => globs.named.entry(name.to_owned()).or_default(),
                            None => &mut globs.rest,
                        };
                        bucket.globs.push((simple, Owner { rule, look, takes_out }));
                    }
                }
            }
        }
        globs.directories.sort_unstable();
        globs.directories.dedup();
        globs
    }

    /// The rows and looks for this normalised path, in the table's order.
    pub(super) fn looks(&self, path: &str) -> Vec<(usize, usize)> {
        let mut out: Vec<(usize, usize)> = Vec::new();
        let mut not = Vec::new();
        let named = path.split('/').filter_map(|name| self.named.get(name));
        for owner in named.chain([&self.rest]).flat_map(|bucket| bucket.matches(path)) {
            let list = if owner.takes_out { &mut not } else { &mut out };
            list.push((owner.rule, owner.look));
        }
        out.sort_unstable();
        out.dedup();
        out.retain(|look| !not.contains(look));
        out
    }

    /// Whether some glob goes through a directory of this (normalised) name.
    pub(super) fn goes_through(&self, name: &str) -> bool {
        self.directories.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }
}

impl Bucket {
    fn matches(&self, path: &str) -> impl Iterator<Item = Owner> {
        let hits = self.set.get_or_init(|| compiled(&self.globs)).matches(path);
        hits.into_iter().filter_map(|at| self.globs.get(at)).map(|(_, owner)| *owner)
    }
}

/// A row whose glob does not parse has no effect, and neither have its neighbours; the table's test
/// sees it.
fn compiled(globs: &[(String, Owner)]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for (glob, _) in globs {
        let Ok(built) = GlobBuilder::new(glob).literal_separator(true).build() else {
            return GlobSet::empty();
        };
        builder.add(built);
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

/// A component that every path that matches has, too: the last that is written out.
fn anchor(glob: &str) -> Option<&str> {
    let is_literal = |part: &&str| !part.is_empty() && !part.contains(['*', '?', '[', '\\']);
    glob.rsplit('/').find(is_literal)
}

/// Literal, dotted or well-known directory names; `src` or `bin` is no alias of anything.
fn add_directories(glob: &str, into: &mut Vec<String>) {
    let Some((parents, _)) = glob.rsplit_once('/') else { return };
    let literal = |part: &&str| part.starts_with('.') && !part.contains(['*', '?', '[']);
    into.extend(parents.split('/').filter(literal).map(str::to_owned));
}

/// `a{b,c{d,e}}` as `ab`, `acd`, `ace`: simple globs are matched by hash, not by automaton.
pub(super) fn expand(glob: &str) -> Vec<String> {
    let Some(open) = glob.find('{') else { return vec![glob.to_owned()] };
    let (head, rest) = glob.split_at(open);
    let mut depth = 0_u32;
    let mut parts = vec![String::new()];
    let mut tail = "";
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (c, depth) {
            ('{', 1) => {}
            ('}', 0) => {
                tail = rest.get(at + 1..).unwrap_or_default();
                break;
            }
            (',', 1) => parts.push(String::new()),
            (c, _) => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts.iter().flat_map(|part| expand(&format!("{head}{part}{tail}"))).collect()
}

/// `*` is any run of characters; no other character is special. Linear in practice, bounded by
/// both lengths.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if Some(byte) == text.get(t) => (p, t) = (p + 1, t + 1),
            _ => match &mut retry {
                Some((star, from)) => {
                    *from += 1;
                    (p, t) = (*star, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_expanded_in_each_other() {
        assert_eq!(expand("a{b,c{d,e}}f"), ["abf", "acdf", "acef"]);
        assert_eq!(expand("{,x/}y"), ["y", "x/y"]);
        assert_eq!(expand("plain"), ["plain"]);
    }

    #[test]
    fn what_is_found_by_name_is_what_all_globs_at_once_would_find() {
        let rules: Vec<Rule> = super::super::table::rules().copied().collect();
        let globs = Globs::new(&rules);
        let buckets = globs.named.values().chain([&globs.rest]);
        let all: Vec<&(String, Owner)> = buckets.flat_map(|bucket| &bucket.globs).collect();
        assert!(globs.rest.globs.len() < all.len() / 4, "most are found by a name");
        let built = |glob: &str| GlobBuilder::new(glob).literal_separator(true).build().unwrap();
        let mut together = GlobSetBuilder::new();
        for (glob, _) in &all {
            together.add(built(glob));
        }
        let together = together.build().unwrap();
        for (glob, _) in &all {
            let path = glob.replace("**/", "a/b/").replace("/**", "/c").replace(['*', '?'], "x");
            for path in [format!("deep/{path}"), format!("{path}/below"), path] {
                let hits = together.matches(&path);
                let of = |out: bool| {
                    let owners = hits.iter().map(|at| all[*at].1);
                    owners.filter(move |owner| owner.takes_out == out)
                };
                let not: Vec<_> = of(true).map(|owner| (owner.rule, owner.look)).collect();
                let mut want: Vec<_> = of(false).map(|owner| (owner.rule, owner.look)).collect();
                want.sort_unstable();
                want.dedup();
                want.retain(|look| !not.contains(look));
                assert_eq!(globs.looks(&path), want, "{glob} at {path}");
            }
        }
    }

    #[test]
    fn a_wildcard_takes_any_run() {
        assert!(wildcard("a.*.b", "a.x.y.b"));
        assert!(wildcard("*", ""));
        assert!(wildcard("scripts.*install", "scripts.postinstall"));
        assert!(!wildcard("a", "ab"));
        assert!(!wildcard("*path", "pathx"));
    }
}
