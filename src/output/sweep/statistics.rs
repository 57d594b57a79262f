//! What is measured of a sweep, point by point: metrics, and the arms of a point compared.
//!
//! Points are worked on side by side, for a bootstrap of every metric of many points takes a
//! while; each is written where its number says.

use crate::output::comparison::{self, Measured, MetricName, RunMetrics};
use crate::output::decision;
use crate::output::declared::{self, Declared, Keys, Table};
use crate::output::sweep::plan::Plan;
use crate::output::sweep::tables::{Block, Stored};
use crate::table::{Cell, Rows};
use rayon::prelude::*;

/// The tables and where the blocks of a point belong.
const TABLES: [Table; 4] = [
    Table { keys: Keys::SweepRun, schema: &declared::METRICS },
    Table { keys: Keys::SweepArm, schema: &declared::SUMMARY },
    Table { keys: Keys::SweepArm, schema: &declared::DIFFERENCES },
    Table { keys: Keys::SweepArm, schema: &declared::DECISION },
];

/// Metrics of every run; summary, differences and decision of every point.
pub(super) fn statistics(plan: &Plan, runs: &[Stored<'_>]) -> Vec<(Table, Vec<Block>)> {
    let names: Vec<MetricName> = Declared::REGISTRY.metrics.iter().map(MetricName::from).collect();
    let points: Vec<&[Stored<'_>]> = runs.chunk_by(|a, b| a.key.point == b.key.point).collect();
    let of_points: Vec<[Vec<Block>; 4]> =
        points.into_par_iter().map(|group| of_point(plan, group, &names)).collect();
    let mut all = TABLES.map(|table| (table, Vec::new()));
    for blocks in of_points {
        for ((_, all), blocks) in all.iter_mut().zip(blocks) {
            all.extend(blocks);
        }
    }
    all.into()
}

fn of_point(plan: &Plan, group: &[Stored<'_>], names: &[MetricName]) -> [Vec<Block>; 4] {
    let point = group[0].key.point;
    let measured = measured(plan, group, names);
    let scenario = plan.scenario.as_str();
    let arm = |arm: &str, platform: &str, rows: Rows| -> Block {
        (vec![scenario.into(), point.into(), arm.into(), platform.into()], rows)
    };
    let runs = measured.runs.iter().zip(group);
    let metrics = |(run, stored): (&RunMetrics, &Stored<'_>)| -> (Vec<Cell>, Rows) {
        (stored.key.cells(scenario), comparison::metrics_rows(names, run))
    };
    let (summary, differences) = (measured.summary(), measured.differences());
    let choices = decision::choices(&measured);
    [
        runs.map(metrics).collect(),
        summary.iter().map(|s| arm(&s.arm, &s.platform, comparison::summary_row(s))).collect(),
        differences
            .iter()
            .map(|d| arm(&d.arm, &d.platform, comparison::difference_row(d)))
            .collect(),
        choices.iter().map(|c| arm(&c.arm, &c.platform, comparison::decision_row(c))).collect(),
    ]
}

/// What was measured at the point of some runs.
fn measured(plan: &Plan, group: &[Stored<'_>], names: &[MetricName]) -> Measured {
    let planned = &plan.points[group[0].key.point as usize];
    let run = |stored: &Stored<'_>| RunMetrics {
        key: stored.key.run.clone(),
        days_done: stored.part.days_done,
        complete: stored.part.days_done >= planned.days,
        values: stored.part.metrics.iter().map(|bits| bits.map(f64::from_bits)).collect(),
    };
    Measured {
        scenario: plan.scenario.clone(),
        baseline: planned.baseline.clone(),
        metrics: names.to_vec(),
        runs: group.iter().map(run).collect(),
    }
}
