//! The registry of output tables and metrics.

use crate::observer::Metric;
use crate::table::Schema;

/// Tables that a run writes, beside `summary` and `differences`.
pub const TABLES: &[&Schema] = &[];

/// Metrics of a run.
pub const METRICS: &[Metric] = &[];
