//! `guanxi run`: announce, guard, run, write, summarise.

use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::screen::Screen;
use crate::cli::{Done, diagnostics, load, memory, progress};
use crate::engine::experiment::{self, Completion};
use crate::model::estimate::{Estimate, estimate};
use crate::observer::RunRecord;
use crate::output::comparison::{Measured, Summary};
use crate::output::declared::RunKey;
use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::output::run_folder::{Meta, RunFolder};
use crate::output::{target, text};
use crate::scenario::Scenario;
use crate::scenario::digest::digest;
use crate::scenario::resolved::resolved_toml;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario.
    pub file: PathBuf,
    /// Folder of the results [default: outputs/<name>-<digest>].
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
    /// How progress is shown.
    #[arg(long, value_enum, default_value_t = progress::Kind::Auto)]
    pub progress: progress::Kind,
    /// Memory that may be taken, such as 8GiB [default: what is free].
    #[arg(long, value_name = "SIZE", value_parser = memory::parse)]
    pub memory_limit: Option<u64>,
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

/// A scenario that is about to run.
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// Number of consumers: the scenario's, or the nodes of its network's file.
    pub consumers: u32,
    /// The bytes it was read from.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: String,
    /// The folder of the results.
    pub folder: PathBuf,
    /// The memory it takes.
    pub estimate: Estimate,
}

impl Plan {
    /// Reads a scenario and plans its run.
    ///
    /// # Errors
    /// Where the file cannot be read or the scenario is wrong.
    pub fn new(
        file: &Path,
        sets: &[String],
        output: Option<&Path>,
        screen: &Screen,
    ) -> Result<Self, Failure> {
        let load::Loaded { checked, bytes } = load::load(file, sets)?;
        diagnostics::report(&checked.warnings, screen);
        let scenario = checked.scenario;
        let digest = digest(&scenario);
        let name = format!("{}-{}", scenario.name, &digest[..8]);
        let folder = output.map_or_else(|| Path::new("outputs").join(name), Path::to_path_buf);
        let consumers = experiment::consumers(&scenario)?;
        experiment::check(&scenario)?;
        let estimate = estimate(&scenario, consumers);
        Ok(Self { scenario, consumers, bytes, digest, folder, estimate })
    }

    /// Every run: arm × platform × replicate.
    fn runs(&self) -> Vec<RunKey> {
        let key = |arm: &str, platform: &str, replicate| RunKey {
            arm: arm.to_owned(),
            platform: platform.to_owned(),
            replicate,
        };
        let mut runs = Vec::new();
        for replicate in 0..self.scenario.replicates {
            for arm in &self.scenario.arms {
                runs.extend(arm.platforms.iter().map(|one| key(&arm.name, &one.name, replicate)));
            }
        }
        runs
    }

    /// Consumer-days of all arms, days and replicates, burn-in included.
    fn consumer_days(&self) -> u64 {
        let days = u64::from(self.scenario.days) + u64::from(self.scenario.start.burn_in_days);
        let worlds = self.scenario.arms.len() as u64 * u64::from(self.scenario.replicates);
        days * worlds * u64::from(self.consumers)
    }

    /// What is about to be done, in a few lines.
    fn announcement(&self) -> String {
        let Scenario { name, question, arms, days, replicates, seed, .. } = &self.scenario;
        let arms: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        let question = if question.is_empty() { String::new() } else { format!(": {question}") };
        let burn_in = match self.scenario.start.burn_in_days {
            0 => String::new(),
            days => format!(" after {days} of burn-in"),
        };
        format!(
            "{name}{question}\n  {} consumers, {} arms ({}), {days} days{burn_in}, {replicates} \
             replicates, seed {seed}\n  memory {}, results in {}",
            self.consumers,
            arms.len(),
            arms.join(", "),
            memory::amount(self.estimate.total_bytes()),
            self.folder.display(),
        )
    }

    fn document(&self) -> serde_json::Value {
        let parts = self.estimate.parts.iter();
        let memory: Vec<_> =
            parts.map(|(what, bytes)| json!({"what": what, "bytes": bytes})).collect();
        json!({
            "scenario": self.scenario.name,
            "digest": self.digest,
            "seed": self.scenario.seed,
            "folder": self.folder.display().to_string(),
            "consumers": self.consumers,
            "days": self.scenario.days,
            "replicates": self.scenario.replicates,
            "arms": self.scenario.arms.iter().map(|arm| arm.name.clone()).collect::<Vec<_>>(),
            "memory": memory,
            "memory_bytes": self.estimate.total_bytes(),
        })
    }

    fn meta(&self, threads: usize) -> Meta {
        Meta {
            scenario: self.scenario.name.clone(),
            scenario_bytes: self.bytes.clone(),
            resolved: resolved_toml(&self.scenario),
            digest: self.digest.clone(),
            seed: self.scenario.seed,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
            threads,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            baseline: self.scenario.baseline.clone(),
            runs: self.runs(),
            days: self.scenario.days,
        }
    }
}

/// Runs the scenario.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let sets = arguments.over.all();
    let plan = Plan::new(&arguments.file, &sets, arguments.output.as_deref(), screen)?;
    announce(&plan, arguments.how, arguments.dry_run || screen.verbose, screen)?;
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
pub fn announce(plan: &Plan, how: How, in_detail: bool, screen: &Screen) -> Done {
    screen.tell(&plan.announcement());
    if in_detail {
        screen.tell(&memory::breakdown(&plan.estimate));
    }
    let free = how.memory_limit.or_else(memory::available);
    memory::refusal(&plan.scenario, plan.consumers, &plan.estimate, free)
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
    let folder = RunFolder::create(&plan.folder, force, meta)?;
    let interrupt = Interrupt::listen().map_err(|error| Failure::Runtime(error.into()))?;
    let progress = progress::progress(how.progress, screen, plan.consumer_days());
    pool.install(|| simulate(plan, folder, &interrupt, &*progress))
}

/// Hands every finished run to the folder; a folder that cannot be written ends the run.
fn simulate(
    plan: &Plan,
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
    let done = experiment::run(&plan.scenario, &interrupt.stop, progress, &mut sink);
    if let Some(error) = failure {
        folder.abandon();
        return Err(error.into());
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
    let folder = folder.finish(status, Some(begun.elapsed().as_secs_f64()))?;
    let signal = interrupt.signal().filter(|_| status == Status::Interrupted);
    Ok(Ran { measured, folder, signal })
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
    screen.data(&text::summary_table(&summary));
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
