//! Sandboxes that the probes can be made to run in: data, and how a command line is filled in.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// A sandbox to try.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    /// What it is called in reports.
    pub(super) name: String,
    words: Vec<Word>,
}

/// A word of its command line.
#[derive(Clone, Debug)]
enum Word {
    /// With placeholders.
    Template(String),
    /// As it is: a flag of the user's may hold braces.
    Plain(OsString),
}

/// A command line that people use.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) template: &'static str,
    /// Who uses it so.
    pub(super) source: &'static str,
}

/// `{probe}` is the executable, `{work}` the project's directory, `{args}` what the probe is told.
/// The current directory is the project.
#[rustfmt::skip] // one row two lines
pub(super) const KNOWN: &[Known] = &[
    Known { name: "none", template: "{probe} {args}",
        source: "no sandbox at all: what an attempt gets then" },
    Known { name: "bwrap", template: "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --bind {work} {work} --chdir {work} --unshare-all --die-with-parent --new-session {probe} {args}",
        source: "bwrap(1) and its README: the host read-only, one directory writable, no network" },
    Known { name: "firejail", template: "firejail --quiet --noprofile --whitelist={work} --net=none --caps.drop=all --nonewprivs --seccomp {probe} {args}",
        source: "firejail(1): one directory, no network, its default filter; it hides /var/tmp: TMPDIR=$HOME" },
    Known { name: "podman", template: "podman run --rm --interactive --network none -v {work}:{work} -w {work} drybox-probe-root {probe} {args}",
        source: "podman-run(1): an image, one volume, no network" },
    Known { name: "nspawn", template: "systemd-nspawn --quiet --directory=/ --volatile=yes --private-network --bind={work} --chdir={work} --pipe {probe} {args}",
        source: "systemd-nspawn(1): the host's /usr, a state of its own" },
    Known { name: "unshare", template: "unshare --user --map-root-user --mount --pid --net --ipc --uts --cgroup --fork --mount-proc --kill-child {probe} {args}",
        source: "unshare(1): namespaces alone" },
    Known { name: "srt", template: "srt {probe} {args}",
        source: "sandbox-runtime's README: srt COMMAND, its default settings" },
    Known { name: "codex", template: "codex sandbox {probe} {args}",
        source: "codex sandbox --help: its default permissions" },
    Known { name: "sandlock", template: "sandlock run -r / -w {work} --net-deny * -- {probe} {args}",
        source: "sandlock-cli's README: reads everything, writes one directory, no network" },
    Known { name: "nono", template: "nono run --allow {work} --block-net -- {probe} {args}",
        source: "nono-cli's README: one directory allowed, no network" },
    Known { name: "runsc", template: "runsc --network=none do --cwd {work} {probe} {args}",
        source: "gVisor's documentation: runsc do COMMAND, the host's root read-only" },
    Known { name: "crun", template: "podman --runtime crun run --rm --interactive --network none -v {work}:{work} -w {work} drybox-probe-root {probe} {args}",
        source: "an OCI runtime, with the configuration that podman gives it" },
];

impl Engine {
    /// The box that `drybox run` gives with these flags.
    pub(super) fn drybox(flags: &[OsString]) -> Self {
        let template = |words: &[&str]| -> Vec<Word> {
            words.iter().map(|word| Word::Template((*word).to_owned())).collect()
        };
        // The probe is a program of the host's, as it is for the others, and no file of the box.
        let mut words =
            template(&["{drybox}", "run", "--quiet", "--rm", "-v", "{probe}:{probe}:ro"]);
        words.extend(flags.iter().cloned().map(Word::Plain));
        words.extend(template(&["--", "{probe}", "{args}"]));
        Self { name: "drybox".to_owned(), words }
    }

    /// A known name, or a command line; `NAME=COMMAND LINE` gives it a name.
    pub(super) fn named(text: &str, flags: &[OsString]) -> Self {
        if text == "drybox" {
            return Self::drybox(flags);
        }
        let (name, text) = match text.split_once('=') {
            Some((name, line)) if is_name(name) && line.contains(' ') => (name, line),
            _ => (text, text),
        };
        let known = KNOWN.iter().find(|known| known.name == text);
        let mut words = split(known.map_or(text, |known| known.template));
        if !words.iter().any(|word| word.contains("{probe}") || word.contains("{args}")) {
            words.extend(["{probe}".to_owned(), "{args}".to_owned()]);
        }
        Self { name: name.to_owned(), words: words.into_iter().map(Word::Template).collect() }
    }

    /// The command line, filled in.
    pub(super) fn argv(&self, places: &Places<'_>, args: &[OsString]) -> Vec<OsString> {
        let mut argv = Vec::new();
        for word in &self.words {
            match word {
                Word::Plain(word) => argv.push(word.clone()),
                Word::Template(word) if word == "{args}" => argv.extend_from_slice(args),
                Word::Template(word) => argv.push(filled(word.as_ref(), places)),
            }
        }
        argv
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What stands for the placeholders.
pub(super) struct Places<'a> {
    pub(super) drybox: &'a Path,
    pub(super) probe: &'a Path,
    pub(super) work: &'a Path,
}

fn filled(word: &OsStr, places: &Places<'_>) -> OsString {
    let values = [("{drybox}", places.drybox), ("{probe}", places.probe), ("{work}", places.work)];
    let mut bytes = word.as_bytes().to_vec();
    for (name, value) in values {
        while let Some(at) = bytes.windows(name.len()).position(|part| part == name.as_bytes()) {
            let end = at.saturating_add(name.len());
            bytes.splice(at..end, value.as_os_str().as_bytes().iter().copied());
        }
    }
    OsString::from_vec(bytes)
}

/// Words between blanks; quotes keep blanks in a word.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(engine: &Engine) -> Vec<String> {
        let places = Places {
            drybox: Path::new("/bin/drybox"),
            probe: Path::new("/w/probe"),
            work: Path::new("/w"),
        };
        let argv = engine.argv(&places, &["A=1".into(), "FS-01".into()]);
        argv.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn placeholders_are_filled_in_and_appended_where_there_are_none() {
        let engine = Engine::named("box --dir={work} 'a b' {probe} {args} --end", &[]);
        assert_eq!(argv(&engine), ["box", "--dir=/w", "a b", "/w/probe", "A=1", "FS-01", "--end"]);
        let named = Engine::named("short=box --x=1", &[]);
        assert_eq!((named.name.as_str(), argv(&named)[1].as_str()), ("short", "--x=1"));
        assert_eq!(Engine::named("box --x=1", &[]).name, "box --x=1");
        assert_eq!(argv(&Engine::named("box -q", &[])), ["box", "-q", "/w/probe", "A=1", "FS-01"]);
    }

    #[test]
    fn our_own_box_gets_the_flags() {
        let argv = argv(&Engine::named("drybox", &["-h".into(), "{work}".into()]));
        let ours = ["/bin/drybox", "run", "--quiet", "--rm", "-v", "/w/probe:/w/probe:ro"];
        let theirs = ["-h", "{work}", "--", "/w/probe", "A=1", "FS-01"];
        assert_eq!(argv, [&ours[..], &theirs[..]].concat());
    }

    #[test]
    fn known_engines_are_listed_once_and_say_who_uses_them_so() {
        for known in KNOWN {
            assert!(!known.source.is_empty(), "{}", known.name);
            assert_eq!(KNOWN.iter().filter(|other| other.name == known.name).count(), 1);
            assert!(Engine::named(known.name, &[]).name == known.name);
        }
    }
}
