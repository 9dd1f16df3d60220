//! The catalogue: every row of it, and where it is attempted.

/// A row of the catalogue of attempts.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// As `FS-04`.
    pub id: &'static str,
    /// Where it is attempted.
    pub disposition: Disposition,
}

/// Where an attempt is made.
#[derive(Clone, Copy, Debug)]
pub enum Disposition {
    /// By a probe of the same id.
    Probe,
    /// By a test, which sees both sides.
    Test(&'static str),
    /// Nowhere: a limit of what is promised, as docs/threat-model.md says it.
    Limit(&'static str),
    /// By what comes with this part of drybox.
    Later(&'static str),
}

/// Every row.
pub const ROWS: &[Row] = &[];
