//! One case, measured in this process.

use super::trip;
use crate::cli::failure::Failure;
use crate::cli::memory;
use crate::engine::experiment::{self, Conditions, Progress};
use crate::observer::RunRecord;
use crate::scenario::Scenario;
use crate::table::Cell;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What a process measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Seconds until the first day begins.
    pub build_seconds: f64,
    /// Seconds of all days.
    pub step_seconds: f64,
    /// Consumers times days.
    pub consumer_days: u64,
    /// The sum of the members of all days.
    pub member_days: u64,
    /// Granted orders.
    pub orders: u64,
    /// Most memory that the process had at a time; none where the system does not say.
    pub peak_bytes: Option<u64>,
    /// What was said before.
    pub estimate_bytes: u64,
    /// Nanoseconds in which a line of memory goes from one processor to another and back, before or after,
    /// whichever was longer; none on one thread.
    pub round_trip_ns: Option<u64>,
}

/// The moments at which building and stepping began.
struct Stopwatch(Mutex<Vec<Instant>>);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "speed is measured by the clock")]
    fn mark(&self) {
        if let Ok(mut marks) = self.0.lock() {
            marks.push(Instant::now());
        }
    }
}

impl Progress for Stopwatch {
    fn building(&self, _replicate: u32) {
        self.mark();
    }

    fn arm_built(&self, _replicate: u32, _arm: &str) {
        self.mark();
    }

    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}

    fn arm_done(&self, _replicate: u32, _arm: &str, _beats: &crate::engine::beats::Beats) {
        self.mark();
    }
}

/// Runs a scenario of one arm and one replicate on so many threads, among so many ranks.
pub fn measure(scenario: &Scenario, threads: usize, ranks: usize) -> Result<Measured, Failure> {
    let estimate_bytes = experiment::estimate(scenario)?.total_bytes();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Failure::Runtime(error.into()))?;
    let watch = Stopwatch(Mutex::default());
    let (mut member_days, mut orders) = (0, 0);
    let mut sink = |record: RunRecord| {
        member_days += sum(&record, "members_count");
        orders += sum(&record, "orders_count");
    };
    let never = AtomicBool::new(false);
    let conditions = Conditions { ranks, stop: &never, progress: &watch };
    let trip_ns = || (threads > 1).then(trip::round_trip_ns);
    let before_ns = trip_ns();
    pool.install(|| experiment::run_under(scenario, &conditions, &mut sink))?;
    let round_trip_ns = before_ns.zip(trip_ns()).map(|(before, after)| before.max(after));
    let marks = watch.0.into_inner().unwrap_or_default();
    let seconds = |k: usize| match (marks.get(k), marks.get(k + 1)) {
        (Some(from), Some(to)) => to.duration_since(*from).as_secs_f64(),
        _ => f64::NAN,
    };
    Ok(Measured {
        build_seconds: seconds(0),
        step_seconds: seconds(1),
        consumer_days: u64::from(scenario.population.consumers) * u64::from(scenario.days),
        member_days,
        orders,
        peak_bytes: memory::peak(),
        estimate_bytes,
        round_trip_ns,
    })
}

/// The sum of a column of the table `daily`.
fn sum(record: &RunRecord, column: &str) -> u64 {
    let Some(rows) = record.tables.iter().find(|rows| rows.schema.name == "daily") else {
        return 0;
    };
    let index = rows.schema.columns.iter().position(|one| one.name == column);
    let cell = |row: &[Cell]| match index.map(|index| &row[index]) {
        Some(Cell::Integer(n)) => u64::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    rows.iter().map(cell).sum()
}
