//! The data dictionary: derived from the declarations, in English and Chinese.

use crate::observer::Metric;
use crate::output::declared::{DICTIONARY, Declared, Table};
use crate::table::{Cell, CellKind, Rows};

/// One row a column of every table, then one a metric.
#[must_use]
pub fn dictionary(declared: &Declared) -> Rows {
    let mut rows = Rows::new(&DICTIONARY);
    for table in declared.all() {
        push_columns(&mut rows, table);
    }
    push_metrics(&mut rows, declared);
    rows
}

/// Adds one row a metric.
pub(super) fn push_metrics(rows: &mut Rows, declared: &Declared) {
    for metric in declared.metrics {
        let Metric { name, unit, meaning, meaning_zh, .. } = *metric;
        rows.push(["metrics", name, "metric", unit, meaning, meaning_zh].map(Cell::from));
    }
}

/// Adds one row a column of a table.
pub(super) fn push_columns(rows: &mut Rows, table: Table) {
    for column in table.keys.columns().iter().chain(table.schema.columns) {
        let kind = match column.kind {
            CellKind::Text => "text",
            CellKind::Integer => "integer",
            CellKind::Number => "number",
        };
        let cells =
            [table.schema.name, column.name, kind, column.unit, column.meaning, column.meaning_zh];
        rows.push(cells.map(Cell::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::run_folder::fixture::DECLARED;

    fn has(start: [&str; 3]) -> bool {
        dictionary(&DECLARED).iter().any(|row| row[..3] == start.map(Cell::from))
    }

    #[test]
    fn every_table_column_and_metric_is_explained() {
        assert!(has(["daily", "run_id", "text"]));
        assert!(has(["daily", "day", "integer"]));
        assert!(has(["summary", "ci95_low", "number"]));
        assert!(has(["plan", "wall_seconds", "number"]));
        assert!(has(["dictionary", "meaning_zh", "text"]));
        assert!(has(["metrics", "gmv_fen", "metric"]));
    }
}
