//! Shared by the integration tests: scenarios from text, runs with everything that is
//! stored, and questions to their tables.
#![allow(dead_code, reason = "every test binary uses another part of it")]

use guanxi::engine::course::Observing;
use guanxi::engine::experiment::{self, Completion, Progress};
use guanxi::engine::ranks::side_by_side;
use guanxi::engine::step::Arm;
use guanxi::error::Severity;
use guanxi::exchange::link::Link;
use guanxi::mechanism::world::Environment;
use guanxi::model;
use guanxi::observer::RunRecord;
use guanxi::observers::METRICS;
use guanxi::output::csv;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use guanxi::scenario::{self, Scenario};
use guanxi::table::{Cell, Rows};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The presets that come with the program.
pub const PRESETS: [&str; 4] = ["community", "kol", "traditional", "viral"];

/// An arm for every preset, called like it.
pub fn four_arms() -> String {
    PRESETS.map(|name| format!("[arm.{name}]\npreset = \"{name}\"\n")).join("\n")
}

/// A scenario of the test's own text; its mistakes are the test's failure.
pub fn scenario(text: &str) -> Scenario {
    try_scenario(text).unwrap_or_else(|mistakes| panic!("{mistakes}\n--- in ---\n{text}"))
}

/// A scenario, or its mistakes, one a line.
pub fn try_scenario(text: &str) -> Result<Scenario, String> {
    let input = Input { name: "test.toml", text, folder: Path::new(""), sets: &[] };
    let checked = resolve(&input, &CATALOGUE).map_err(|issues| {
        let errors = issues.iter().filter(|issue| issue.severity == Severity::Error);
        let lines = errors.map(|issue| format!("{}: {}", issue.line(), issue.message));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    experiment::check(&checked.scenario).map_err(|error| error.to_string())?;
    Ok(checked.scenario)
}

/// Nobody watches.
struct Silent;

impl Progress for Silent {
    fn building(&self, _replicate: u32) {}
    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}
}

/// Every run of an experiment, in the order in which they end.
pub fn run(scenario: &Scenario) -> Vec<RunRecord> {
    let mut records = Vec::new();
    let stop = AtomicBool::new(false);
    let ending = experiment::run(scenario, &stop, &Silent, &mut |record| records.push(record));
    let ending = ending.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ending, Completion::Complete);
    records
}

/// Calls `work` with a pool of so many threads.
pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap_or_else(|error| panic!("no pool of {threads} threads: {error}")).install(work)
}

/// What the arms of a replicate share.
pub fn environment(scenario: &Scenario, replicate: u32) -> Arc<Environment> {
    let imported = model::imported(scenario).unwrap_or_else(|error| panic!("{error}"));
    let env = model::environment(scenario, replicate, imported.as_ref());
    Arc::new(env.unwrap_or_else(|error| panic!("{error}")))
}

/// An arm of a scenario by name, before its first day.
pub fn arm(scenario: &Scenario, env: &Arc<Environment>, name: &str) -> Arm {
    let found = scenario.arms.iter().find(|arm| arm.name == name);
    Arm::new(model::build(found.unwrap_or_else(|| panic!("no arm `{name}`")), env))
}

/// What a run leaves, tables and stored state.
#[derive(Debug, PartialEq)]
pub struct Trace {
    /// The tables as CSV, one after the other.
    pub tables: String,
    /// The bits of the metrics.
    pub metrics: Vec<Option<u64>>,
    /// The digest of everything that is stored at the end.
    pub digest: String,
}

/// Steps one arm through all its days, audited and observed as the engine does it, and
/// keeps the digest of what is stored besides.
pub fn trace(arm: &scenario::Arm, env: &Arc<Environment>) -> Trace {
    trace_part(arm, env, Link::alone())
}

/// What each of several ranks leaves of an arm.
pub fn traces_among(ranks: usize, arm: &scenario::Arm, env: &Arc<Environment>) -> Vec<Trace> {
    let traces = side_by_side(ranks, |link| trace_part(arm, env, link));
    traces.unwrap_or_else(|error| panic!("{error}"))
}

fn trace_part(arm: &scenario::Arm, env: &Arc<Environment>, link: Link) -> Trace {
    let mut stepped = Arm::new(model::build_part(arm, env, link));
    let mut watched = Observing::new(&stepped.world);
    for day in 0..env.days {
        stepped.step(&mut watched);
        let verdict = watched.audit.verdict();
        assert_eq!(verdict, Ok(()), "audit of `{}` on day {day}", arm.name);
    }
    let digest = stepped.digest();
    for platform in &mut stepped.world.platforms {
        platform.cascades.retire(env.days, true);
    }
    let mut tables = String::new();
    let mut metrics = Vec::new();
    for (rows, values) in watched.observers.finish(&stepped.world, env.days) {
        rows.iter().for_each(|rows| tables.push_str(&text(rows)));
        metrics.extend(values.into_iter().map(|value| value.map(f64::to_bits)));
    }
    Trace { tables, metrics, digest }
}

/// Rows as CSV.
pub fn text(rows: &Rows) -> String {
    let mut bytes = Vec::new();
    let written = csv::write_rows(&mut bytes, &[], rows);
    written.unwrap_or_else(|error| panic!("cannot write `{}`: {error}", rows.schema.name));
    let mut text = format!("# {}\n", rows.schema.name);
    text.push_str(&String::from_utf8_lossy(&bytes));
    text
}

/// Everything that a record says but its arm's name and its replicate.
pub fn content(record: &RunRecord) -> String {
    let mut all: String = record.tables.iter().map(text).collect();
    for (metric, value) in METRICS.iter().zip(&record.metrics) {
        let bits = value.map(f64::to_bits);
        writeln!(all, "{} {value:?} {bits:?}", metric.name).unwrap_or_default();
    }
    all
}

/// The record of an arm (its first replicate).
pub fn of<'a>(records: &'a [RunRecord], arm: &str) -> &'a RunRecord {
    let found = records.iter().find(|record| record.arm == arm);
    found.unwrap_or_else(|| panic!("no run of the arm `{arm}`"))
}

/// The value of a metric.
pub fn metric(record: &RunRecord, name: &str) -> f64 {
    let index = METRICS.iter().position(|metric| metric.name == name);
    let index = index.unwrap_or_else(|| panic!("no metric `{name}`"));
    record.metrics[index].unwrap_or_else(|| panic!("`{name}` of `{}` is undefined", record.arm))
}

/// A table of a record.
pub fn table<'a>(record: &'a RunRecord, name: &str) -> &'a Rows {
    let found = record.tables.iter().find(|rows| rows.schema.name == name);
    found.unwrap_or_else(|| panic!("no table `{name}`"))
}

/// The position of a column.
fn position(rows: &Rows, column: &str) -> usize {
    let found = rows.schema.columns.iter().position(|one| one.name == column);
    found.unwrap_or_else(|| panic!("`{}` has no column `{column}`", rows.schema.name))
}

/// A column of a table as numbers.
pub fn column(record: &RunRecord, name: &str, column: &str) -> Vec<f64> {
    let rows = table(record, name);
    let index = position(rows, column);
    rows.iter().map(|row| number(&row[index])).collect()
}

/// A column of the table `funnel`, summed over the days, of one channel.
pub fn through(record: &RunRecord, channel: &str, column: &str) -> f64 {
    let rows = table(record, "funnel");
    let (key, index) = (position(rows, "channel"), position(rows, column));
    let own = rows.iter().filter(|row| row[key] == Cell::text(channel));
    own.map(|row| number(&row[index])).sum()
}

/// A cell as a number; missing ones are not a number.
pub fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Integer(n) => *n as f64,
        Cell::Number(x) => *x,
        Cell::Missing | Cell::Text(_) => f64::NAN,
    }
}
