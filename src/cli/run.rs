//! `guanxi run`: announce, guard, run, write, summarise.

use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::plan::Plan;
use crate::cli::screen::Screen;
use crate::cli::watch::Watch;
use crate::cli::{Done, load, memory, progress};
use crate::engine::experiment::{self, Completion};
use crate::observer::RunRecord;
use crate::output::comparison::{Measured, Summary};
use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::output::run_folder::RunFolder;
use crate::output::{target, text};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario.
    pub file: PathBuf,
    /// Folder of the results [default: outputs/NAME-DIGEST].
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Values laid over the scenario.
    #[command(flatten)]
    pub over: Over,
    /// How it runs.
    #[command(flatten)]
    pub how: How,
    /// Replace a run folder that is there.
    #[arg(long)]
    pub force: bool,
    /// Say what would be done, and do nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Values laid over the scenario.
#[derive(Clone, Debug, Default, Args)]
pub struct Over {
    /// Any value.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Seed of all draws; the same as --set seed=N.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of replicates.
    #[arg(long, value_name = "N")]
    pub replicates: Option<u32>,
    /// Reported days.
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
}

/// How a scenario is run; nothing of it changes results.
#[derive(Clone, Copy, Debug, Args)]
pub struct How {
    /// Threads to use [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Ranks among which each arm is split, in this process; results are the same.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub ranks: u16,
    /// How progress is shown.
    #[arg(long, value_enum, default_value_t = progress::Kind::Auto)]
    pub progress: progress::Kind,
    /// Show members, orders and sales of each platform while they come about.
    #[arg(long, conflicts_with = "progress")]
    pub watch: bool,
    /// Memory that may be taken, such as 8GiB [default: what is free].
    #[arg(long, value_name = "SIZE", value_parser = memory::parse)]
    pub memory_limit: Option<u64>,
}

impl How {
    /// What is told while the plan is carried out.
    fn progress(self, plan: &Plan, screen: &Screen) -> Box<dyn experiment::Progress> {
        if !self.watch {
            return progress::progress(self.progress, screen, plan.consumer_days());
        }
        Box::new(Watch::new(*screen, plan.scenario.days + plan.scenario.start.burn_in_days))
    }
}

impl Over {
    /// Everything as arguments of `--set`.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let mut all = self.sets.sets.clone();
        all.extend(self.seed.map(|n| format!("seed={n}")));
        all.extend(self.replicates.map(|n| format!("replicates={n}")));
        all.extend(self.days.map(|n| format!("days={n}")));
        all
    }
}

/// Runs the scenario.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let sets = arguments.over.all();
    let plan = Plan::new(&arguments.file, &sets, arguments.output.as_deref(), screen)?;
    announce(&plan, arguments.how, screen)?;
    if arguments.dry_run {
        if screen.json {
            screen.document(&plan.document());
        }
        return Ok(());
    }
    let result = run(&plan, arguments.how, arguments.force, screen)?;
    show(&plan, &result, screen);
    result.ending()
}

/// Says what is about to be done, and refuses what does not fit in memory.
pub fn announce(plan: &Plan, how: How, screen: &Screen) -> Done {
    screen.tell(&plan.announcement());
    let free = how.memory_limit.or_else(memory::available);
    memory::refusal(&plan.scenario, &plan.estimate, free)
        .map_or(Ok(()), |message| Err(Failure::Memory(message)))
}

/// What a run left.
pub struct Ran {
    /// Metrics of every run.
    pub measured: Measured,
    /// The run folder.
    pub folder: PathBuf,
    /// The signal that ended it early.
    signal: Option<usize>,
}

impl Ran {
    /// An interrupted run is told by the exit code.
    pub fn ending(&self) -> Done {
        let Some(signal) = self.signal else { return Ok(()) };
        let folder = self.folder.display();
        let message = format!("interrupted; the finished days are in {folder}");
        Err(Failure::Interrupted { signal, message })
    }
}

/// Runs all arms and replicates and writes the run folder.
pub fn run(plan: &Plan, how: How, force: bool, screen: &Screen) -> Result<Ran, Failure> {
    // What cannot be written in the end is refused before hours of work.
    target::check(&plan.folder, force)?;
    let mut pool = rayon::ThreadPoolBuilder::new();
    pool = pool.num_threads(how.threads.map_or(0, usize::from));
    let pool = pool.build().map_err(|error| Failure::Runtime(error.into()))?;
    if let Some(parent) = plan.folder.parent() {
        std::fs::create_dir_all(parent).map_err(|error| OutputError::writing(parent, error))?;
    }
    let meta = plan.meta(pool.current_num_threads());
    let interrupt = Interrupt::listen(*screen).map_err(|error| Failure::Runtime(error.into()))?;
    let folder = RunFolder::create(&plan.folder, force, meta)?;
    interrupt.leaves(folder.partial());
    let (progress, ranks) = (how.progress(plan, screen), usize::from(how.ranks));
    pool.install(|| simulate(plan, ranks, folder, &interrupt, &*progress))
}

/// Hands every finished run to the folder; a folder that cannot be written ends the run.
#[expect(
    clippy::disallowed_methods,
    reason = "the manifest tells the time taken, which shapes no result"
)]
fn simulate(
    plan: &Plan,
    ranks: usize,
    mut folder: RunFolder,
    interrupt: &Interrupt,
    progress: &dyn experiment::Progress,
) -> Result<Ran, Failure> {
    let begun = Instant::now();
    let mut last = begun;
    let mut failure: Option<OutputError> = None;
    let mut sink = |record: RunRecord| {
        let seconds = last.elapsed().as_secs_f64();
        last = Instant::now();
        if failure.is_none()
            && let Err(error) = folder.add(&record, Some(seconds))
        {
            failure = Some(error);
            interrupt.stop.store(true, Ordering::SeqCst);
        }
    };
    let stop = &interrupt.stop;
    let done = experiment::run_among(ranks, &plan.scenario, stop, progress, &mut sink);
    if let Some(error) = failure {
        return Err(given_up(error, folder.leave()));
    }
    let status = match done {
        Ok(Completion::Complete) => Status::Complete,
        Ok(Completion::Interrupted) => Status::Interrupted,
        Err(error) => {
            folder.abandon();
            return Err(error.into());
        }
    };
    let measured = folder.measured();
    let partial = folder.partial().to_path_buf();
    let folder = folder
        .finish(status, Some(begun.elapsed().as_secs_f64()))
        .map_err(|error| given_up(error, Some(partial).filter(|path| path.exists())))?;
    let signal = interrupt.signal().filter(|_| status == Status::Interrupted);
    Ok(Ran { measured, folder, signal })
}

/// The failure of writing, with what is left of the finished runs.
fn given_up(error: OutputError, left: Option<PathBuf>) -> Failure {
    let left = left.map(|path| {
        format!(
            "\nthe finished runs are left in `{}`; remove it when you have seen it",
            path.display()
        )
    });
    Failure::Output(anyhow::anyhow!("{error}{}", left.unwrap_or_default()))
}

/// The summary on stdout, and where the results are.
fn show(plan: &Plan, ran: &Ran, screen: &Screen) {
    let summary = ran.measured.summary();
    if screen.json {
        let mut document = plan.document();
        document["folder"] = ran.folder.display().to_string().into();
        document["complete"] = ran.signal.is_none().into();
        document["summary"] = summary.iter().map(summary_json).collect();
        return screen.document(&document);
    }
    let table = text::summary_table(&summary);
    if table.lines().count() > 2 {
        screen.data(&table);
    }
    screen.data(&text::summary_legend(&summary));
    screen.data(&format!("results: {}", ran.folder.display()));
}

fn summary_json(one: &Summary) -> serde_json::Value {
    let moments = &one.sample.moments;
    json!({
        "arm": one.arm,
        "platform": one.platform,
        "metric": one.metric.name,
        "unit": one.metric.unit,
        "n": moments.n,
        "mean": moments.mean,
        "ci95_low": moments.ci95.map(|ends| ends.0),
        "ci95_high": moments.ci95.map(|ends| ends.1),
    })
}
