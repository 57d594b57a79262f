//! What observers hand on: rows of tables and metrics of one run.

use crate::table::Rows;

/// Which direction of a metric is good for the platform that is judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither: it describes.
    Neither,
}

/// The declaration of one metric of a run: a row of `summary` and `differences`.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name, unit last.
    pub name: &'static str,
    /// Unit; `1` for pure numbers and shares.
    pub unit: &'static str,
    /// Meaning in English.
    pub meaning: &'static str,
    /// Meaning in Chinese.
    pub meaning_zh: &'static str,
    /// Which direction is good.
    pub better: Better,
}

/// What one run (arm × platform × replicate) leaves.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The arm.
    pub arm: String,
    /// The platform within the arm.
    pub platform: String,
    /// The replicate, from 0.
    pub replicate: u32,
    /// Days that were simulated and reported; fewer than asked for after an interruption.
    pub days_done: u16,
    /// Rows of the run's tables, each in key order.
    pub tables: Vec<Rows>,
    /// One value a declared metric, in the order of the declaration; none where undefined.
    pub metrics: Vec<Option<f64>>,
}
