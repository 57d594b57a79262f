//! The rows of a run that was run again, against those of the folder.

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::observer::RunRecord;
use crate::output::comparison::{MetricName, RunMetrics, metrics_rows};
use crate::output::csv;
use crate::output::declared::RunKey;
use crate::output::error::OutputError;
use crate::table::{Cell, Rows};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A run that was run again.
pub struct Run<'a> {
    /// Its name in the folder.
    pub id: String,
    /// Its key.
    pub key: RunKey,
    /// The cells before its own in every row.
    pub keys: Vec<Cell>,
    /// What it left.
    pub record: &'a RunRecord,
}

impl Run<'_> {
    /// Compares its rows with those of the folder, table by table.
    ///
    /// # Errors
    /// Where a table cannot be read.
    pub fn compare(&self, folder: &Path, names: &[MetricName], findings: &mut Vec<String>) -> Done {
        let metrics = RunMetrics {
            key: self.key.clone(),
            days_done: self.record.days_done,
            complete: true,
            values: self.record.metrics.clone(),
        };
        let metrics = metrics_rows(names, &metrics);
        for rows in self.record.tables.iter().chain([&metrics]) {
            let table = rows.schema.name;
            let path = folder.join("tables").join(format!("{table}.csv"));
            if let Some(line) = self.differs(&path, rows)? {
                findings.push(format!("{table}: {} comes out otherwise: {line}", self.id));
            }
        }
        Ok(())
    }

    /// The first line of a table that is not as it comes out now.
    fn differs(&self, path: &Path, rows: &Rows) -> Result<Option<String>, Failure> {
        let failed = |error| Failure::from(OutputError::reading(path, error));
        let mut expected = Vec::new();
        csv::write_rows(&mut expected, &self.keys, rows).map_err(failed)?;
        // A run's lines begin with its keys and stand together.
        let mut begin = Vec::new();
        let mut lone = Rows::new(rows.schema);
        let cells = rows.schema.columns.len();
        lone.cells = vec![Cell::Missing; cells];
        csv::write_rows(&mut begin, &self.keys, &lone).map_err(failed)?;
        begin.truncate(begin.len().saturating_sub(cells));
        let found = lines(BufReader::new(File::open(path).map_err(failed)?), &begin);
        let found = found.map_err(failed)?;
        let wanted = lines(expected.as_slice(), &begin).map_err(failed)?;
        let shown = |line: Option<&Vec<u8>>| {
            line.map_or("nothing".to_owned(), |line| {
                String::from_utf8_lossy(line).trim_end().to_owned()
            })
        };
        let longest = found.len().max(wanted.len());
        let place = (0..longest).find(|k| found.get(*k) != wanted.get(*k));
        Ok(place
            .map(|k| format!("`{}` stands, `{}` comes", shown(found.get(k)), shown(wanted.get(k)))))
    }
}

/// The lines that begin so; only these are kept.
fn lines(mut from: impl BufRead, begin: &[u8]) -> std::io::Result<Vec<Vec<u8>>> {
    let (mut all, mut line) = (Vec::new(), Vec::new());
    while from.read_until(b'\n', &mut line)? > 0 {
        if line.starts_with(begin) {
            all.push(std::mem::take(&mut line));
        }
        line.clear();
    }
    Ok(all)
}
