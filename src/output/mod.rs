//! The run folder: tidy tables, their statistics, and reading them back.
//!
//! This module sees tables and metrics only: scenarios come to it as text, runs
//! as [`crate::observer::RunRecord`]. Nothing under `tables/` depends on time,
//! machine, number of threads or the order in which runs arrive; what does
//! depend on them stands in `manifest.json` and `plan.csv`.

pub mod bootstrap;
pub mod comparison;
#[cfg(test)]
mod coverage;
pub mod csv;
pub mod decision;
pub mod decision_text;
pub mod declared;
pub mod derived;
pub mod dictionary;
pub mod enough;
pub mod error;
pub mod files;
pub mod forms;
pub mod journal;
pub mod manifest;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod read;
pub mod recount;
pub mod run_folder;
pub mod spool;
pub mod statistics;
pub mod sweep;
pub(crate) mod target;
pub mod text;
