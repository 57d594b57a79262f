//! The tables added up again: what is said twice must be said alike.
//!
//! Of every run and day the lines of `ledger` must give what `daily` says of marketing,
//! revenue and goods, every line must have the payer and payee of its declaration, and the
//! orders and money of `funnel` must be those of `daily`; `metrics` must be the sums.

use crate::market::ledger::{FLOWS, Flow};
use crate::output::csv::unguarded;
use crate::output::error::{OutputError, reading};
use csv::StringRecord;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Sums of one run and day.
type Sums = BTreeMap<(String, i64), BTreeMap<&'static str, i64>>;

/// What does not agree in the tables of a folder, in words; nothing where all agrees.
///
/// # Errors
/// Where a table cannot be read.
pub fn disagreements(folder: &Path) -> Result<Vec<String>, OutputError> {
    let mut found = Vec::new();
    let mut sums = Sums::new();
    ledger(folder, &mut sums, &mut found)?;
    each_row(folder, "funnel", |row| {
        let day = sums.entry(row.key()).or_default();
        for (total, part) in COUNTS {
            *day.entry(total).or_default() += row.number(part);
        }
    })?;
    let mut runs: BTreeMap<String, BTreeMap<&str, i64>> = BTreeMap::new();
    each_row(folder, "daily", |row| {
        let sums = sums.remove(&row.key()).unwrap_or_default();
        let run = runs.entry(row.key().0).or_default();
        for total in PARTS.iter().map(|part| part.0).chain(COUNTS.iter().map(|count| count.0)) {
            let (said, sum) = (row.number(total), sums.get(total).copied().unwrap_or(0));
            *run.entry(total).or_default() += said;
            if said != sum {
                let shown = row.shown();
                found.push(format!("daily: {total} is {said}, and {sum} added up ({shown})"));
            }
        }
    })?;
    found.extend(sums.keys().map(|(run, day)| format!("daily: {run} lacks day {day}")));
    metrics(folder, &runs, &mut found)?;
    Ok(found)
}

/// Adds up the lines of the ledger.
fn ledger(folder: &Path, sums: &mut Sums, found: &mut Vec<String>) -> Result<(), OutputError> {
    each_row(folder, "ledger", |row| {
        let name = row.text("line");
        let Some(flow) = FLOWS.iter().find(|flow| flow.name == name) else {
            return found.push(format!("ledger: `{name}` is no line ({})", row.shown()));
        };
        if (row.text("payer"), row.text("payee")) != (flow.payer.name(), flow.payee.name()) {
            found.push(format!("ledger: `{name}` has other parties ({})", row.shown()));
        }
        let day = sums.entry(row.key()).or_default();
        let amount = row.number("amount_fen");
        for (total, belongs) in PARTS {
            *day.entry(total).or_default() += if belongs(flow) { amount } else { 0 };
        }
    })
}

/// A column, and which lines belong to it.
type LinesOf = (&'static str, fn(&Flow) -> bool);

/// Columns of `daily` that are sums of lines of the ledger.
const PARTS: [LinesOf; 3] = [
    ("marketing_spend_fen", |flow| flow.marketing),
    ("platform_revenue_fen", |flow| flow.revenue),
    ("goods_fen", |flow| flow.name == "goods"),
];

/// Columns of `daily` that are sums over the channels of `funnel`.
const COUNTS: [(&str, &str); 7] = [
    ("placed_count", "placed_count"),
    ("orders_count", "ordered_count"),
    ("gmv_fen", "ordered_fen"),
    ("kept_count", "kept_count"),
    ("kept_gmv_fen", "kept_fen"),
    ("returned_count", "returned_count"),
    ("new_members_count", "new_members_count"),
];

/// Metrics that are sums over the days of a run.
const METRICS: [&str; 6] = [
    "gmv_fen",
    "kept_gmv_fen",
    "orders_count",
    "new_members_count",
    "marketing_spend_fen",
    "platform_revenue_fen",
];

fn metrics(
    folder: &Path,
    runs: &BTreeMap<String, BTreeMap<&str, i64>>,
    found: &mut Vec<String>,
) -> Result<(), OutputError> {
    each_row(folder, "metrics", |row| {
        let name = row.text("metric");
        let sum = runs.get(row.text("run_id")).and_then(|run| run.get(name));
        let Some(sum) = sum.filter(|_| METRICS.contains(&name)) else { return };
        // Sums of fen are below 2^53 in any world that fits in memory.
        if row.text("value").parse::<f64>().ok() != Some(*sum as f64) {
            let said = row.text("value");
            found.push(format!("metrics: {name} is {said}, and {sum} added up ({})", row.shown()));
        }
    })
}

/// Reads a table row by row: those of a sweep may be larger than the memory.
fn each_row(folder: &Path, table: &str, mut each: impl FnMut(Row<'_>)) -> Result<(), OutputError> {
    let path = folder.join("tables").join(format!("{table}.csv"));
    let malformed = |error: csv::Error| OutputError::malformed(&path, error);
    let mut reader = csv::Reader::from_reader(File::open(&path).map_err(reading(&path))?);
    let names = reader.headers().map_err(malformed)?.clone();
    let mut cells = StringRecord::new();
    while reader.read_record(&mut cells).map_err(malformed)? {
        each(Row { names: &names, cells: &cells });
    }
    Ok(())
}

/// A row of a table by the names of its columns.
struct Row<'a> {
    names: &'a StringRecord,
    cells: &'a StringRecord,
}

impl<'a> Row<'a> {
    fn text(&self, column: &str) -> &'a str {
        let at = self.names.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).map_or("", unguarded)
    }

    /// A whole number; what is none differs from every sum.
    fn number(&self, column: &str) -> i64 {
        self.text(column).parse().unwrap_or(i64::MIN / 4)
    }

    fn key(&self) -> (String, i64) {
        (self.text("run_id").to_owned(), self.number("day"))
    }

    fn shown(&self) -> String {
        match self.text("day") {
            "" => self.text("run_id").to_owned(),
            day => format!("{}, day {day}", self.text("run_id")),
        }
    }
}
