//! `drybox doctor`
