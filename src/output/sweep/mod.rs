//! The folder of a sweep: one file a table for all its runs.
//!
//! ```text
//! sweep.json       the plan: points, values, digests; its own digest names the sweep
//! scenario.toml  resolved.toml   what the points vary
//! manifest.json    written first as "running", replaced at the end
//! plan.csv         one row a run: values, identity, status, wall time
//! runs.journal     finished runs while the sweep goes on, each whole or not there
//! tables/  excel/  written at the end under another name, renamed when all are whole
//! ```
//!
//! Nothing is ever changed in place but the journal, which only grows at its end.

pub mod folder;
pub mod journal;
pub mod manifest;
pub mod merge;
pub mod plan;
mod statistics;
pub mod tables;
