//! `guanxi bench`: speed and memory of this version on this machine, as a table and CSV.
//!
//! Every row is measured by a process of its own, which the program starts one after the
//! other: the peak of a process that has measured something larger before says nothing.

mod case;
mod row;
mod suite;
mod trip;

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::memory;
use crate::cli::screen::{Screen, columns, counted};
use crate::engine::experiment;
use case::Measured;
use clap::Args;
use clap::builder::PossibleValuesParser;
use row::{COLUMNS, Row, SHOWN};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use suite::{Case, Suite};

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What is measured: `smoke` in less than a minute, `scaling` up to ten million consumers.
    #[arg(long, value_name = "NAME", default_value = "smoke",
        value_parser = PossibleValuesParser::new(suite::names()))]
    pub suite: String,
    /// Folder of `bench.csv`, to which rows are added [default: outputs/bench].
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Numbers of threads, separated by commas [default: the suite's].
    #[arg(long, value_delimiter = ',', value_name = "LIST",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Vec<u16>,
    /// Numbers of ranks among which the world is split, separated by commas [default: 1].
    #[arg(long, value_delimiter = ',', value_name = "LIST",
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub ranks: Vec<u16>,
    /// Numbers of consumers, separated by commas, such as 1e5,1e6 [default: the suite's].
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = suite::agents)]
    pub agents: Vec<u32>,
    /// Only these cases, separated by commas [default: all of the suite].
    #[arg(long, value_delimiter = ',', value_name = "NAMES",
        value_parser = PossibleValuesParser::new(suite::cases()))]
    pub cases: Vec<String>,
    /// Days of every case [default: the suite's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: Option<u16>,
    /// Times that every world is measured, of which the best counts [default: the suite's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: Option<u32>,
    /// Memory that may be taken, such as 8GiB [default: what is free].
    #[arg(long, value_name = "SIZE", value_parser = memory::parse)]
    pub memory_limit: Option<u64>,
    /// Measure one case in this process and print it as JSON: what the program asks itself for.
    #[arg(long, hide = true, requires_all = ["cases", "agents", "threads", "days"])]
    pub alone: bool,
}

/// Measures a suite, or one case.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    if arguments.alone {
        return alone(arguments, screen);
    }
    let suite = suite::by_name(&arguments.suite);
    let file = arguments.output.as_deref().unwrap_or(Path::new("outputs/bench")).join("bench.csv");
    row::prepare(&file)?;
    let interrupt = Interrupt::listen(*screen).map_err(|error| Failure::Runtime(error.into()))?;
    let mut rows = rows(suite, arguments);
    let (n, mut done) = (rows.len(), 0);
    for world in rows.chunk_by_mut(|a, b| (a.case.name, a.agents) == (b.case.name, b.agents)) {
        let filled = fill(world, (done, n), arguments, (screen, &interrupt), &file);
        done += world.len();
        // Those that a signal or a fault kept from their last round, too.
        world.iter_mut().filter(|row| row.is_done()).try_for_each(|row| row::add(&file, row))?;
        filled?;
        if interrupt.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    rows.retain(Row::is_done);
    show(&rows, screen);
    if interrupt.stop.load(Ordering::Relaxed) {
        return Err(stopped(&interrupt, &file));
    }
    screen.tell(&format!("{} added to {}", counted(n as u64, "row"), file.display()));
    Ok(())
}

/// Every combination that is asked for, unmeasured, the small ones first.
fn rows(suite: &'static Suite, arguments: &Arguments) -> Vec<Row> {
    let threads = match arguments.threads.as_slice() {
        [] => suite.threads(),
        list => list.iter().map(|n| usize::from(*n)).collect(),
    };
    let ranks = if arguments.ranks.is_empty() { &[1][..] } else { &arguments.ranks };
    let crews: Vec<(usize, usize)> =
        threads.iter().flat_map(|n| ranks.iter().map(|ranks| (*n, usize::from(*ranks)))).collect();
    let agents = if arguments.agents.is_empty() { suite.agents } else { &arguments.agents };
    let wanted = |case: &&Case| {
        arguments.cases.is_empty() || arguments.cases.iter().any(|name| name == case.name)
    };
    let mut rows = Vec::new();
    for &agents in agents {
        for case in suite::CASES.iter().filter(wanted) {
            let days = arguments.days.unwrap_or_else(|| suite.days(case));
            rows.extend(crews.iter().map(|crew| Row::new(suite, case, agents, days, *crew)));
        }
    }
    rows
}

/// Measures the rows of a world as often as the suite says and keeps the best of each, or notes why
/// they were skipped. Every round measures all of them: a busy moment of the machine meets them alike,
/// so that their ratios mean something. A row is added to the file in its last round, which is
/// the first of what is skipped. A signal ends it after the rows that are measured so far.
fn fill(
    world: &mut [Row],
    (done, n): (usize, usize),
    arguments: &Arguments,
    (screen, interrupt): (&Screen, &Interrupt),
    file: &Path,
) -> Done {
    let rounds = arguments.repeats.or_else(|| world.first().map(Row::usual_repeats)).unwrap_or(0);
    for row in &mut *world {
        row.note = too_large(row, arguments)?.unwrap_or_default();
    }
    for round in 1..=rounds {
        let of_rounds = if rounds > 1 { format!(", {round} of {rounds}") } else { String::new() };
        for (k, row) in world.iter_mut().enumerate() {
            let is_skipped = !row.note.is_empty();
            if is_skipped && round > 1 {
                continue;
            }
            screen.tell(&format!("{}/{n} {}{of_rounds}", done + k + 1, row.title()));
            if !is_skipped {
                let Some(measured) = measured(row, interrupt)? else { return Ok(()) };
                row.take(measured);
            }
            screen.tell(&format!("    {}", row.outcome()));
            if is_skipped || round == rounds {
                row::add(file, row)?;
            }
        }
    }
    Ok(())
}

/// Why a row cannot be measured, if it needs more memory than there is.
fn too_large(row: &Row, arguments: &Arguments) -> Result<Option<String>, Failure> {
    let scenario = row.case.scenario(row.agents, row.days).map_err(Failure::Usage)?;
    let needed = experiment::estimate(&scenario)?.total_bytes();
    let free = arguments.memory_limit.or_else(memory::available);
    let amount = memory::amount;
    Ok(free.filter(|free| needed > *free).map(|free| {
        format!("skipped: needs {}, but only {} is available", amount(needed), amount(free))
    }))
}

/// What another process of this program measures; nothing where a signal came.
fn measured(row: &Row, interrupt: &Interrupt) -> Result<Option<Measured>, Failure> {
    let runtime = |error: std::io::Error| Failure::Runtime(error.into());
    let program = std::env::current_exe().map_err(runtime)?;
    let [agents, days, threads] =
        [u64::from(row.agents), u64::from(row.days), row.threads as u64].map(|n| n.to_string());
    let mut command = Command::new(program);
    command.args(["bench", "--alone", "--format", "json", "--cases", row.case.name]);
    command.args(["--agents", &agents, "--days", &days, "--threads", &threads]);
    command.args(["--ranks", &row.ranks.to_string()]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(runtime)?;
    let said = heard(&mut child, interrupt);
    let ended = child.wait().map_err(runtime)?;
    match said {
        _ if interrupt.stop.load(Ordering::Relaxed) => Ok(None),
        Some(said) if ended.success() => {
            serde_json::from_str(&said).map(Some).map_err(|error| Failure::Runtime(error.into()))
        }
        _ => Err(Failure::Runtime(anyhow::anyhow!("measuring {} failed: {ended}", row.title()))),
    }
}

/// All that a process writes to its stdout; it is ended where a signal comes meanwhile.
fn heard(child: &mut Child, interrupt: &Interrupt) -> Option<String> {
    let mut out = child.stdout.take()?;
    let (send, receive) = channel();
    let listener = std::thread::spawn(move || {
        let mut text = String::new();
        let read = out.read_to_string(&mut text).is_ok();
        let _ = send.send(read.then_some(text));
    });
    let said = loop {
        match receive.recv_timeout(Duration::from_millis(50)) {
            Ok(text) => break text,
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) if interrupt.stop.load(Ordering::Relaxed) => {
                // Where it has ended by itself, there is nothing to do.
                let _ = child.kill();
                break None;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    let _ = listener.join();
    said
}

fn stopped(interrupt: &Interrupt, file: &Path) -> Failure {
    let signal = interrupt.signal().unwrap_or(2);
    let message = format!("interrupted; what was measured is in {}", file.display());
    Failure::Interrupted { signal, message }
}

/// One case in this process.
fn alone(arguments: &Arguments, screen: &Screen) -> Done {
    let case = arguments.cases.first().and_then(|name| suite::case(name));
    let (Some(case), [agents], [threads], Some(days)) =
        (case, arguments.agents.as_slice(), arguments.threads.as_slice(), arguments.days)
    else {
        return Err(Failure::Usage("--alone measures one case".to_owned()));
    };
    let scenario = case.scenario(*agents, days).map_err(Failure::Usage)?;
    let ranks = arguments.ranks.first().map_or(1, |n| usize::from(*n));
    let measured = case::measure(&scenario, usize::from(*threads), ranks)?;
    let document = serde_json::to_value(&measured);
    screen.document(&document.map_err(|error| Failure::Runtime(error.into()))?);
    Ok(())
}

/// The table, or the same as JSON.
fn show(rows: &[Row], screen: &Screen) {
    if screen.json {
        return screen.document(&rows.iter().map(Row::document).collect());
    }
    let shown = COLUMNS.iter().filter(|column| SHOWN.contains(&column.name));
    let head = shown.clone().map(|column| column.short.to_owned()).collect();
    let body = rows.iter().map(|row| shown.clone().map(|column| row.shown(column)).collect());
    let table: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    screen.data(&columns(&table));
}
