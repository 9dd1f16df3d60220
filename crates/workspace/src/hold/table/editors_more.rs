//! x
use crate::hold::rule::Rule;
pub(super) const RULES: &[Rule] = &[];
