//! What a probe says: one line of JSON, made and read without trust.

use drybox_spec::Shown;

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was refused as listed.
    Held,
    /// It succeeded, or was refused in another way than listed.
    Open,
    /// It could not be made, or would prove nothing.
    Skipped,
}

/// A probe's finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What came of it.
    pub verdict: Verdict,
    /// What happened: plain text without control characters.
    pub detail: String,
}

/// A line of the hidden mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Of one probe.
    Probe(String, Finding),
    /// The last one: how many came before it.
    End(usize),
}

/// In bytes; a longer one was not written by a probe.
pub const LONGEST_LINE: usize = 2048;

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Open => "open",
            Self::Skipped => "skipped",
        }
    }
}

impl Finding {
    /// A finding whose detail may be anybody's bytes: escaped and shortened.
    #[must_use]
    pub fn new(verdict: Verdict, detail: impl AsRef<[u8]>) -> Self {
        let mut detail = Shown(detail).to_string();
        let end =
            (0..=LONGEST_DETAIL.min(detail.len())).rev().find(|at| detail.is_char_boundary(*at));
        detail.truncate(end.unwrap_or(0));
        Self { verdict, detail }
    }

    pub(crate) fn held(detail: impl AsRef<[u8]>) -> Self {
        Self::new(Verdict::Held, detail)
    }

    pub(crate) fn open(detail: impl AsRef<[u8]>) -> Self {
        Self::new(Verdict::Open, detail)
    }

    pub(crate) fn skipped(detail: impl AsRef<[u8]>) -> Self {
        Self::new(Verdict::Skipped, detail)
    }
}

const LONGEST_DETAIL: usize = 400;

impl Line {
    /// The line, without its end.
    #[must_use]
    pub fn json(&self) -> String {
        match self {
            Self::Probe(id, finding) => format!(
                "{{\"id\":\"{}\",\"result\":\"{}\",\"detail\":\"{}\"}}",
                escaped(id),
                finding.verdict.word(),
                escaped(&finding.detail)
            ),
            Self::End(count) => format!("{{\"end\":{count}}}"),
        }
    }
}

/// Details hold no control character (see [`Finding::new`]); quotes and backslashes remain.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
