//! A row of `bench.csv`: its columns are declared once, for the file and for the screen.

use super::case::Measured;
use super::suite::{Case, Suite};
use crate::cli::failure::Failure;
use crate::cli::memory;
use crate::cli::progress;
use crate::cli::screen::counted;
use crate::output::error::OutputError;
use serde_json::Value;
use std::fs::{File, OpenOptions, create_dir_all, read_to_string};
use std::path::Path;

/// A case at one size.
pub struct Row {
    suite: &'static Suite,
    /// What is measured.
    pub case: &'static Case,
    /// Consumers.
    pub agents: u32,
    /// Days.
    pub days: u16,
    /// Threads.
    pub threads: usize,
    /// Ranks.
    pub ranks: usize,
    /// How often it was measured.
    repeats: u32,
    best: Option<Measured>,
    /// Why it was not measured.
    pub note: String,
    /// Whether the file has it.
    is_added: bool,
}

/// A column.
pub struct Column {
    /// Name in the file.
    pub name: &'static str,
    /// Name on the screen.
    pub short: &'static str,
    /// Digits behind the point on the screen.
    digits: usize,
    /// What stands there.
    of: fn(&Row) -> Value,
}

macro_rules! columns {
    ($($name:ident $short:literal $digits:literal => $of:expr;)*) => {
        &[$(Column { name: stringify!($name), short: $short, digits: $digits, of: $of }),*]
    };
}

/// All columns.
pub const COLUMNS: &[Column] = columns! {
    suite "suite" 0 => |r| r.suite.name.into();
    case "case" 0 => |r| r.case.name.into();
    agents "agents" 0 => |r| r.agents.into();
    days "days" 0 => |r| r.days.into();
    threads "threads" 0 => |r| r.threads.into();
    ranks "ranks" 0 => |r| r.ranks.into();
    repeats "repeats" 0 => |r| r.repeats.into();
    build_seconds "build s" 2 => |r| r.of(|m| m.build_seconds);
    step_seconds "step s" 2 => |r| r.of(|m| m.step_seconds);
    consumer_days_per_second "M consumer-days/s" 1 => |r| r.a_second(|m| m.consumer_days);
    member_days_per_second "M member-days/s" 1 => |r| r.a_second(|m| m.member_days);
    orders_per_second "M orders/s" 2 => |r| r.a_second(|m| m.orders);
    orders_per_member_day "orders/member-day" 3 => |r| r.of(|m| m.orders as f64 / m.member_days as f64);
    bytes_per_consumer "bytes/consumer" 1 => |r| r.of(|m| peak(m) / f64::from(r.agents));
    peak_bytes "peak" 0 => |r| r.best.as_ref().and_then(|m| m.peak_bytes).into();
    estimate_bytes "estimate" 0 => |r| r.best.as_ref().map(|m| m.estimate_bytes).into();
    estimate_over_peak "estimate/peak" 3 => |r| r.of(|m| m.estimate_bytes as f64 / peak(m));
    round_trip_ns "trip ns" 0 => |r| r.best.as_ref().and_then(|m| m.round_trip_ns).into();
    version "version" 0 => |_| env!("CARGO_PKG_VERSION").into();
    machine "machine" 0 => |_| machine().into();
    note "note" 0 => |r| r.note.as_str().into();
};

/// The columns that the table on the screen has.
pub const SHOWN: &[&str] = &[
    "case",
    "agents",
    "days",
    "threads",
    "ranks",
    "build_seconds",
    "step_seconds",
    "consumer_days_per_second",
    "member_days_per_second",
    "orders_per_second",
    "orders_per_member_day",
    "bytes_per_consumer",
    "estimate_over_peak",
    "round_trip_ns",
    "note",
];

fn peak(measured: &Measured) -> f64 {
    measured.peak_bytes.map_or(f64::NAN, |bytes| bytes as f64)
}

impl Row {
    /// A row that is not measured yet.
    #[must_use]
    pub fn new(
        suite: &'static Suite,
        case: &'static Case,
        agents: u32,
        days: u16,
        (threads, ranks): (usize, usize),
    ) -> Self {
        let note = String::new();
        let (best, is_added) = (None, false);
        Self { suite, case, agents, days, threads, ranks, repeats: 0, best, note, is_added }
    }

    /// How often the suite measures it.
    #[must_use]
    pub fn usual_repeats(&self) -> u32 {
        self.suite.repeats(self.agents)
    }

    /// Whether it was measured, or is known to be skipped.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.best.is_some() || !self.note.is_empty()
    }

    /// What is measured, in a few words.
    #[must_use]
    pub fn title(&self) -> String {
        format!(
            "{}, {}, {}, {}",
            self.case.name,
            counted(u64::from(self.agents), "consumer"),
            counted(u64::from(self.days), "day"),
            self.crew(),
        )
    }

    fn crew(&self) -> String {
        let threads = counted(self.threads as u64, "thread");
        match self.ranks {
            1 => threads,
            ranks => format!("{threads}, {ranks} ranks"),
        }
    }

    /// What came out, in a few words.
    #[must_use]
    pub fn outcome(&self) -> String {
        let Some(best) = &self.best else { return self.note.clone() };
        let speed = progress::rate(best.consumer_days as f64 / best.step_seconds);
        let peak = best.peak_bytes.map_or("unknown".to_owned(), memory::amount);
        format!("{speed}, built in {:.2} s, peak {peak}", best.build_seconds)
    }

    /// Keeps the quicker of what is known and what was measured anew; the quickest
    /// building and the highest peak of all are kept.
    pub fn take(&mut self, new: Measured) {
        self.repeats += 1;
        let best = match self.best.take() {
            None => new,
            Some(old) => {
                let build_seconds = old.build_seconds.min(new.build_seconds);
                let peak_bytes = old.peak_bytes.max(new.peak_bytes);
                let quicker = if new.step_seconds < old.step_seconds { new } else { old };
                Measured { build_seconds, peak_bytes, ..quicker }
            }
        };
        self.best = Some(best);
    }

    /// A number, nothing where it was not measured or is not defined.
    fn of(&self, number: impl Fn(&Measured) -> f64) -> Value {
        self.best.as_ref().map(number).into()
    }

    fn a_second(&self, count: impl Fn(&Measured) -> u64) -> Value {
        self.of(|measured| count(measured) as f64 / measured.step_seconds)
    }

    /// A cell of the table on the screen.
    #[must_use]
    pub fn shown(&self, column: &Column) -> String {
        match (column.of)(self) {
            Value::Number(x) if column.digits > 0 => {
                let x = x.as_f64().unwrap_or(f64::NAN);
                let x = if column.short.starts_with("M ") { x / 1e6 } else { x };
                format!("{x:.*}", column.digits)
            }
            other => plain(&other),
        }
    }

    /// The row as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let cells = COLUMNS.iter().map(|column| (column.name.to_owned(), (column.of)(self)));
        Value::Object(cells.collect())
    }
}

/// A value as CSV has it; nothing for nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn names() -> Vec<&'static str> {
    COLUMNS.iter().map(|column| column.name).collect()
}

/// Makes the file with its header, or checks that rows can be added to the one that is there.
pub fn prepare(path: &Path) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        create_dir_all(folder).map_err(|error| OutputError::writing(folder, error))?;
    }
    let header = names().join(",");
    if !path.exists() {
        let file = File::create(path).map_err(|error| OutputError::writing(path, error))?;
        return write(file, path, &names());
    }
    let known = read_to_string(path).map_err(|error| OutputError::reading(path, error))?;
    match known.lines().next() == Some(&header) {
        true => Ok(()),
        false => Err(Failure::Output(anyhow::anyhow!(
            "`{}` has other columns; choose another folder with --output",
            path.display()
        ))),
    }
}

/// Adds a row to the file, where it has not been yet.
pub fn add(path: &Path, row: &mut Row) -> Result<(), Failure> {
    if std::mem::replace(&mut row.is_added, true) {
        return Ok(());
    }
    let file = OpenOptions::new().append(true).open(path);
    let file = file.map_err(|error| OutputError::writing(path, error))?;
    let cells: Vec<String> = COLUMNS.iter().map(|column| plain(&(column.of)(row))).collect();
    write(file, path, &cells)
}

fn write<T: AsRef<[u8]>>(file: File, path: &Path, cells: &[T]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(file);
    let written = writer.write_record(cells).map_err(std::io::Error::from);
    let written = written.and_then(|()| writer.flush());
    written.map_err(|error| OutputError::writing(path, error).into())
}

/// The processors of this machine, in a few words.
#[expect(clippy::disallowed_methods, reason = "the machine is told, and shapes no result")]
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{cores} x {}", name.unwrap_or(std::env::consts::ARCH))
}
