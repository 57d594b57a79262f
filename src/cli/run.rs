//! `guanxi run`: announce, guard, run, write, summarise.

use crate::cli::failure::Failure;
use crate::cli::forms::Wanted;
use crate::cli::interrupt::Interrupt;
use crate::cli::keeper::{self, Keeper};
use crate::cli::plan::Plan;
use crate::cli::screen::Screen;
use crate::cli::watch::Watch;
use crate::cli::{Done, load, memory, progress, report};
use crate::engine::experiment::{self, Completion, Conditions, ExperimentError};
use crate::model;
use crate::model::checkpoint::Checkpoint;
use crate::observer::RunRecord;
use crate::output::comparison::{Measured, Summary};
use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::output::run_folder::RunFolder;
use crate::output::{read, target, text};
use clap::Args;
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
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
    /// Write the report, too: report.html in the run folder.
    #[arg(long)]
    pub report: bool,
    /// How the report looks; --charts means --report.
    #[command(flatten)]
    pub look: report::Look,
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
    /// Keep the state of every run each so many days, such as 30d: what a killed run goes on
    /// from, and what `guanxi branch` begins with. Days are counted from the first simulated one.
    #[arg(long, value_name = "DAYS", value_parser = keeper::days)]
    pub checkpoint_every: Option<u16>,
    /// Which checkpoints stay.
    #[arg(long, value_enum, default_value_t = keeper::Which::All)]
    pub checkpoint_keep: keeper::Which,
    /// In which forms tables are written.
    #[command(flatten)]
    pub wanted: Wanted,
}

impl How {
    /// A pool of the threads that were asked for.
    pub fn pool(&self) -> Result<rayon::ThreadPool, Failure> {
        let mut pool = rayon::ThreadPoolBuilder::new();
        pool = pool.num_threads(self.threads.map_or(0, usize::from));
        pool.build().map_err(|error| Failure::Runtime(error.into()))
    }

    /// What is told while the plan is carried out, of which so many consumer-days are left.
    fn progress(self, plan: &Plan, left: u64, screen: &Screen) -> Box<dyn experiment::Progress> {
        if !self.watch {
            let share = left as f64 / plan.consumer_days().max(1) as f64;
            let worlds = (f64::from(plan.scenario.replicates) * share).ceil() as u64;
            return progress::progress(self.progress, screen, left, worlds);
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
    if arguments.report || arguments.look.charts.is_some() {
        let folders = std::slice::from_ref(&result.folder);
        let page = result.folder.join("report.html");
        let written = report::write(folders, &page, arguments.look, arguments.force)?;
        if !screen.json {
            report::tell(&written, screen);
        }
    }
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
    /// The name of the last checkpoint.
    checkpoint: Option<OsString>,
}

impl Ran {
    /// An interrupted run is told by the exit code.
    pub fn ending(&self) -> Done {
        let Some(signal) = self.signal else { return Ok(()) };
        let folder = self.folder.display();
        let checkpoint = self.checkpoint.as_ref().map_or(String::new(), |name| {
            let path = self.folder.join(keeper::FOLDER).join(name);
            format!("\ncheckpoint: {}", path.display())
        });
        let message = format!(
            "interrupted; the finished days are in {folder}{checkpoint}\ngo on with: guanxi \
             resume {folder}"
        );
        Err(Failure::Interrupted { signal, message })
    }
}

/// Runs all arms and replicates and writes the run folder.
pub fn run(plan: &Plan, how: How, force: bool, screen: &Screen) -> Result<Ran, Failure> {
    run_from(plan, how, force, &[], screen)
}

/// Says after every replicate whether it was the last that is needed.
pub type Enough<'a> = &'a mut (dyn FnMut(&Measured) -> bool + Send);

/// [`run`], replicate after replicate until they are enough; the run folder is as if no more
/// had been planned.
pub fn run_until(
    plan: &Plan,
    how: How,
    force: bool,
    screen: &Screen,
    enough: Enough<'_>,
) -> Result<Ran, Failure> {
    begin(plan, how, force, (&[], Some(enough)), screen)
}

/// [`run`], every run beginning with the state of one of some checkpoints.
pub fn run_from(
    plan: &Plan,
    how: How,
    force: bool,
    parents: &[Checkpoint],
    screen: &Screen,
) -> Result<Ran, Failure> {
    begin(plan, how, force, (parents, None), screen)
}

fn begin(
    plan: &Plan,
    how: How,
    force: bool,
    (parents, enough): (&[Checkpoint], Option<Enough<'_>>),
    screen: &Screen,
) -> Result<Ran, Failure> {
    let forms = how.wanted.forms()?;
    // What cannot be written in the end is refused before hours of work.
    target::check(&plan.folder, force).map_err(|error| in_the_way(&error, &plan.folder))?;
    let pool = how.pool()?;
    if let Some(parent) = plan.folder.parent() {
        std::fs::create_dir_all(parent).map_err(|error| OutputError::writing(parent, error))?;
    }
    let mut meta = plan.meta(pool.current_num_threads());
    if let Some(origin) = &mut meta.origin {
        origin.force = force;
        (origin.checkpoint_days, origin.only_last) =
            (how.checkpoint_every, how.checkpoint_keep == keeper::Which::Last);
        (origin.parquet, origin.excel) = (forms.parquet, forms.excel);
    }
    let interrupt = Interrupt::listen(*screen).map_err(|error| Failure::Runtime(error.into()))?;
    let folder = RunFolder::create(&plan.folder, force, meta)?;
    let mut keeper = Keeper::new(plan, how, folder.partial(), &interrupt);
    keeper.parents = parents;
    go_on((plan, &pool), how, folder, (keeper, enough), screen)
}

/// The failure of a folder that is there; one that was interrupted can be gone on with.
pub fn in_the_way(error: &OutputError, folder: &Path) -> Failure {
    let stopped = read::manifest(folder).is_ok_and(|one| one.status == Status::Interrupted);
    let advice = match stopped {
        true => format!("\nit was interrupted; go on with: guanxi resume {}", folder.display()),
        false => String::new(),
    };
    Failure::Output(anyhow::anyhow!("{error}{advice}"))
}

/// Runs what is missing of a run folder.
pub fn go_on(
    (plan, pool): (&Plan, &rayon::ThreadPool),
    how: How,
    folder: RunFolder,
    (mut keeper, enough): (Keeper<'_>, Option<Enough<'_>>),
    screen: &Screen,
) -> Result<Ran, Failure> {
    let folder = folder.with_forms(how.wanted.forms()?);
    keeper.interrupt.leaves(folder.partial());
    let left = plan.consumer_days().saturating_sub(keeper.consumer_days_done(plan));
    let progress = how.progress(plan, left, screen);
    let threads = pool.current_num_threads();
    let running = Running { plan, threads, ranks: usize::from(how.ranks), progress: &*progress };
    pool.install(|| simulate(&running, folder, &mut keeper, enough))
}

/// What replicates are run with.
struct Running<'a> {
    plan: &'a Plan,
    threads: usize,
    ranks: usize,
    progress: &'a dyn experiment::Progress,
}

/// Hands every finished run to the folder; a folder that cannot be written ends the run.
#[expect(
    clippy::disallowed_methods,
    reason = "the manifest tells the time taken, which shapes no result"
)]
fn simulate(
    running: &Running<'_>,
    mut folder: RunFolder,
    keeper: &mut Keeper<'_>,
    enough: Option<Enough<'_>>,
) -> Result<Ran, Failure> {
    let interrupt = keeper.interrupt.clone();
    let begun = Instant::now();
    let mut last = begun;
    let mut failure: Option<OutputError> = None;
    let mut sink = |folder: &mut RunFolder, record: RunRecord| {
        let seconds = last.elapsed().as_secs_f64();
        last = Instant::now();
        if failure.is_none()
            && let Err(error) = folder.add(&record, Some(seconds))
        {
            failure = Some(error);
            interrupt.stop.store(true, Ordering::SeqCst);
        }
    };
    let done = running.replicates(&mut folder, keeper, &mut sink, enough);
    if let Some(error) = failure.or_else(|| keeper.failure.take()) {
        return Err(given_up(error, folder.leave()));
    }
    let status = match done {
        Ok(Completion::Complete) => Status::Complete,
        Ok(Completion::Interrupted) => Status::Interrupted,
        Err(error) => {
            folder.leave_or_abandon();
            return Err(error.into());
        }
    };
    let partial = folder.partial().to_path_buf();
    let left = |error| given_up(error, Some(partial.clone()).filter(|path| path.exists()));
    let measured = folder.measured();
    if status == Status::Complete {
        running.shorten(&mut folder, &measured).map_err(left)?;
    }
    let folder = folder.finish(status, Some(begun.elapsed().as_secs_f64())).map_err(left)?;
    let signal = interrupt.signal().filter(|_| status == Status::Interrupted);
    Ok(Ran { measured, folder, signal, checkpoint: keeper.last.clone() })
}

impl Running<'_> {
    /// Runs all replicates, or one after the other until they are enough.
    fn replicates(
        &self,
        folder: &mut RunFolder,
        keeper: &mut Keeper<'_>,
        sink: &mut dyn FnMut(&mut RunFolder, RunRecord),
        mut enough: Option<Enough<'_>>,
    ) -> Result<Completion, ExperimentError> {
        let (scenario, interrupt) = (&self.plan.scenario, keeper.interrupt.clone());
        experiment::check(scenario)?;
        let imported = model::imported(scenario)?;
        for replicate in 0..scenario.replicates {
            let (ranks, stop, progress) = (self.ranks, &*interrupt.stop, self.progress);
            let conditions = Conditions { ranks, stop, progress };
            let mut sink = |one| sink(folder, one);
            let network = imported.as_ref();
            let done = experiment::kept_replicate(
                scenario,
                replicate,
                network,
                &conditions,
                keeper,
                &mut sink,
            )?;
            let last = enough.as_mut().is_some_and(|enough| enough(&folder.measured()));
            if done == Completion::Interrupted || last {
                return Ok(done);
            }
        }
        Ok(Completion::Complete)
    }

    /// Plans the folder anew where fewer replicates were enough: it takes the name and the
    /// content of a run of so many.
    fn shorten(&self, folder: &mut RunFolder, measured: &Measured) -> Result<(), OutputError> {
        let replicates = measured.runs.iter().map(|run| run.key.replicate + 1).max().unwrap_or(0);
        if replicates == self.plan.scenario.replicates {
            return Ok(());
        }
        let shorter = self.plan.with_replicates(replicates);
        let free = match shorter.folder.exists() {
            true => target::beside(&shorter.folder, "until")?,
            false => shorter.folder.clone(),
        };
        folder.replan(&free, shorter.meta(self.threads))
    }
}

/// The failure of writing, with what is left of the finished runs.
fn given_up(error: OutputError, left: Option<PathBuf>) -> Failure {
    let left = left.map(|path| {
        format!(
            "\nthe finished runs are left in `{0}`; go on with `guanxi resume {0}`, or remove it",
            path.display()
        )
    });
    Failure::Output(anyhow::anyhow!("{error}{}", left.unwrap_or_default()))
}

/// The summary on stdout, and where the results are.
pub fn show(plan: &Plan, ran: &Ran, screen: &Screen) {
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
