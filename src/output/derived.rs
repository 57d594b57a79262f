//! The tables that follow from what was measured: metrics, their summary, differences from the
//! baseline, and which arm to choose.

use crate::output::comparison::{self, Measured};
use crate::output::csv;
use crate::output::decision::choices;
use crate::output::declared::{self, Keys, Table};
use crate::output::error::{OutputError, reading, writing};
use crate::table::{Cell, Rows};
use std::path::Path;

/// Rows of a table, each group below the cells of its key.
pub type Blocks = Vec<(Vec<Cell>, Rows)>;

/// The tables of a run folder that follow from its metrics.
#[must_use]
pub fn tables(measured: &Measured) -> [(Table, Blocks); 4] {
    let scenario = measured.scenario.as_str();
    let arm = |arm: &str, platform: &str| [scenario, arm, platform].map(Cell::from).to_vec();
    let runs = measured.runs.iter();
    let metrics =
        runs.map(|run| (run.key.cells(scenario), comparison::metrics_rows(&measured.metrics, run)));
    let summary = measured.summary();
    let summary = summary.iter().map(|s| (arm(&s.arm, &s.platform), comparison::summary_row(s)));
    let all = measured.differences();
    let differences = all.iter().map(|d| (arm(&d.arm, &d.platform), comparison::difference_row(d)));
    let all = choices(measured);
    let decision = all.iter().map(|c| (arm(&c.arm, &c.platform), comparison::decision_row(c)));
    [
        (Table { keys: Keys::Run, schema: &declared::METRICS }, metrics.collect()),
        (Table { keys: Keys::Arm, schema: &declared::SUMMARY }, summary.collect()),
        (Table { keys: Keys::Arm, schema: &declared::DIFFERENCES }, differences.collect()),
        (Table { keys: Keys::Arm, schema: &declared::DECISION }, decision.collect()),
    ]
}

/// Which of these tables of a run folder are not those of its metrics, in words.
///
/// # Errors
/// Where a table cannot be read.
pub fn disagreements(folder: &Path, measured: &Measured) -> Result<Vec<String>, OutputError> {
    let mut found = Vec::new();
    for (Table { keys, schema }, blocks) in tables(measured) {
        let path = folder.join("tables").join(format!("{}.csv", schema.name));
        let mut bytes = Vec::new();
        csv::write_header(&mut bytes, keys.columns(), schema.columns).map_err(writing(&path))?;
        for (cells, rows) in &blocks {
            csv::write_rows(&mut bytes, cells, rows).map_err(writing(&path))?;
        }
        if std::fs::read(&path).map_err(reading(&path))? != bytes {
            found.push(format!("tables/{}.csv does not follow from metrics.csv", schema.name));
        }
    }
    Ok(found)
}
