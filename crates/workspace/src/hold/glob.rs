//! Which looks a path has: all globs of the table in one matcher.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::rule::Rule;

/// All globs of a table.
#[derive(Debug)]
pub(super) struct Globs {
    set: GlobSet,
    /// For each glob of the set: the row, the look in it, and whether it takes out.
    owners: Vec<Owner>,
    /// The names of directories that globs go through, for links that take their place.
    directories: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    rule: usize,
    look: usize,
    takes_out: bool,
}

impl Globs {
    /// The globs of these rows.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut builder = GlobSetBuilder::new();
        let mut owners = Vec::new();
        let mut directories = Vec::new();
        for (rule, row) in rules.iter().enumerate() {
            for (look, place) in row.looks.iter().enumerate() {
                for glob in place.at {
                    let takes_out = glob.starts_with('!');
                    for simple in expand(&glob.trim_start_matches('!').to_lowercase()) {
                        add_directories(&simple, &mut directories);
                        // A row whose glob does not parse has no effect; the table's test sees it.
                        let built = GlobBuilder::new(&simple).literal_separator(true).build();
                        if let Ok(built) = built {
                            builder.add(built);
                            owners.push(Owner { rule, look, takes_out });
                        }
                    }
                }
            }
        }
        directories.sort_unstable();
        directories.dedup();
        let set = builder.build().unwrap_or_else(|_| GlobSet::empty());
        Self { set, owners, directories }
    }

    /// The rows and looks for this normalised path, in the table's order.
    pub(super) fn looks(&self, path: &str) -> Vec<(usize, usize)> {
        let hits = self.set.matches(path);
        let mut out: Vec<(usize, usize)> = Vec::new();
        let mut not = Vec::new();
        for owner in hits.iter().filter_map(|&at| self.owners.get(at)) {
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
    fn a_wildcard_takes_any_run() {
        assert!(wildcard("a.*.b", "a.x.y.b"));
        assert!(wildcard("*", ""));
        assert!(wildcard("scripts.*install", "scripts.postinstall"));
        assert!(!wildcard("a", "ab"));
        assert!(!wildcard("*path", "pathx"));
    }
}
