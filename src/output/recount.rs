//! The tables added up again: what is said twice must be said alike.
//!
//! Of every run and day the lines of `ledger` must give what `daily` says of marketing,
//! revenue and goods, every line must have the payer and payee of its declaration, and the
//! orders and money of `funnel` must be those of `daily`; `metrics` must be the sums.

use crate::market::ledger::{FLOWS, Flow};
use crate::output::error::OutputError;
use crate::output::read::{self, TextTable};
use std::collections::BTreeMap;
use std::path::Path;

/// Sums of one run and day.
type Sums = BTreeMap<(String, i64), BTreeMap<&'static str, i64>>;

/// What does not agree in a run folder, in words; nothing where all agrees.
///
/// # Errors
/// Where a table cannot be read.
pub fn disagreements(folder: &Path) -> Result<Vec<String>, OutputError> {
    let mut found = Vec::new();
    let mut sums = Sums::new();
    let ledger = read::table(folder, "ledger")?;
    for row in Rows::of(&ledger) {
        let name = row.text("line");
        let Some(flow) = FLOWS.iter().find(|flow| flow.name == name) else {
            found.push(format!("ledger: `{name}` is no line ({})", row.shown()));
            continue;
        };
        if (row.text("payer"), row.text("payee")) != (flow.payer.name(), flow.payee.name()) {
            found.push(format!("ledger: `{name}` has other parties ({})", row.shown()));
        }
        let day = sums.entry(row.key()).or_default();
        let amount = row.number("amount_fen");
        for (total, belongs) in PARTS {
            *day.entry(total).or_default() += if belongs(flow) { amount } else { 0 };
        }
    }
    let funnel = read::table(folder, "funnel")?;
    for row in Rows::of(&funnel) {
        let day = sums.entry(row.key()).or_default();
        for (total, part) in COUNTS {
            *day.entry(total).or_default() += row.number(part);
        }
    }
    let daily = read::table(folder, "daily")?;
    let mut runs: BTreeMap<String, BTreeMap<&str, i64>> = BTreeMap::new();
    for row in Rows::of(&daily) {
        let sums = sums.remove(&row.key()).unwrap_or_default();
        let run = runs.entry(row.key().0).or_default();
        for total in PARTS.iter().map(|part| part.0).chain(COUNTS.iter().map(|count| count.0)) {
            let (said, sum) = (row.number(total), sums.get(total).copied().unwrap_or(0));
            *run.entry(total).or_default() += said;
            if said != sum {
                found.push(format!(
                    "daily: {total} is {said}, and {sum} added up ({})",
                    row.shown()
                ));
            }
        }
    }
    found.extend(sums.keys().map(|(run, day)| format!("daily: {run} lacks day {day}")));
    metrics(folder, &runs, &mut found)?;
    Ok(found)
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
    let table = read::table(folder, "metrics")?;
    for row in Rows::of(&table) {
        let name = row.text("metric");
        let sum = runs.get(row.text("run_id")).and_then(|run| run.get(name));
        let Some(sum) = sum.filter(|_| METRICS.contains(&name)) else { continue };
        // Sums of fen are below 2^53 in any world that fits in memory.
        if row.text("value").parse::<f64>().ok() != Some(*sum as f64) {
            let said = row.text("value");
            found.push(format!("metrics: {name} is {said}, and {sum} added up ({})", row.shown()));
        }
    }
    Ok(())
}

/// Rows of a table by the names of its columns.
struct Rows<'a> {
    table: &'a TextTable,
    row: &'a [String],
}

impl<'a> Rows<'a> {
    fn of(table: &'a TextTable) -> impl Iterator<Item = Self> {
        table.rows.iter().map(move |row| Self { table, row })
    }

    fn text(&self, column: &str) -> &'a str {
        let cell = self.table.column(column).and_then(|at| self.row.get(at));
        cell.map_or("", String::as_str)
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
