//! `guanxi compare`: arms against the baseline, by paired differences, and which to choose.

use crate::cli::failure::Failure;
use crate::cli::plan::Plan;
use crate::cli::run::{How, Over, announce, in_the_way, run};
use crate::cli::screen::Screen;
use crate::cli::until::Until;
use crate::cli::{Done, named, sweep};
use crate::output::comparison::{Difference, Measured};
use crate::output::decision::{Choice, choices};
use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::output::{decision_text, read, text};
use crate::scenario::nearest::advice;
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenario files, which are run first unless their run folder is there, run folders, or
    /// points of sweeps, as in outputs/sizes@point=7.
    #[arg(required = true, value_name = "FILE|RUN|SWEEP@point=N")]
    pub sources: Vec<PathBuf>,
    /// Arm that the others are compared with [default: the first source's baseline].
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// Metrics to show, separated by commas [default: all].
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub metrics: Vec<String>,
    /// When replicates are enough.
    #[command(flatten)]
    pub until: Until,
    /// Values laid over scenario files.
    #[command(flatten)]
    pub over: Over,
    /// How scenario files are run.
    #[command(flatten)]
    pub how: How,
}

/// A source with the seed of its draws.
pub struct Measurement {
    /// What its arms are called by where others have the same.
    pub label: String,
    /// The seed.
    pub seed: u64,
    /// What was measured.
    pub measured: Measured,
}

/// Compares the arms of all sources.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    refuse_what_files_have(arguments)?;
    let mut all = Vec::new();
    for source in &arguments.sources {
        all.push(match sweep::point::measurement(source, screen)? {
            Some(of_point) => of_point,
            None => measurement(&folder(source, arguments, screen)?)?,
        });
    }
    let mut measured = pooled(all, screen)?;
    if let Some(baseline) = &arguments.baseline {
        measured.baseline.clone_from(baseline);
    }
    let arms: Vec<&str> = measured.platforms().iter().map(|place| place.0).collect();
    if !arms.contains(&measured.baseline.as_str()) {
        let near = advice(&measured.baseline, &arms);
        if arguments.baseline.is_none() {
            let message = format!(
                "no replicate of the baseline `{}` is complete; run it again, or choose another by \
                 --baseline ({near})",
                measured.baseline
            );
            return Err(Failure::Usage(message));
        }
        return Err(Failure::Usage(format!("no arm is called `{}`; {near}", measured.baseline)));
    }
    let names: Vec<&str> = measured.metrics.iter().map(|metric| metric.name.as_str()).collect();
    for wanted in &arguments.metrics {
        if !names.contains(&wanted.as_str()) {
            let near = advice(wanted, &names);
            return Err(Failure::Usage(format!("no metric is called `{wanted}`; {near}")));
        }
    }
    let mut differences = measured.differences();
    let mut choices = choices(&measured);
    let goals = arguments.until.verdicts(&differences)?;
    let wanted = |name: &String| arguments.metrics.is_empty() || arguments.metrics.contains(name);
    differences.retain(|one| wanted(&one.metric.name));
    choices.retain(|one| wanted(&one.metric.name));
    show(&measured.baseline, &differences, &choices, screen);
    goals.iter().for_each(|line| screen.tell(line));
    Ok(())
}

/// Refuses values laid over scenarios where none is given, instead of passing over them.
fn refuse_what_files_have(arguments: &Arguments) -> Done {
    let sets = arguments.over.all();
    let is_run = |source: &PathBuf| source.is_dir() || source.to_string_lossy().contains("@point=");
    match sets.first() {
        Some(set) if arguments.sources.iter().all(is_run) => Err(Failure::Usage(format!(
            "`{set}` is for scenario files; what is compared here was run already"
        ))),
        _ => Ok(()),
    }
}

/// The run folder of a source; a scenario is run unless its folder is complete.
fn folder(source: &Path, arguments: &Arguments, screen: &Screen) -> Result<PathBuf, Failure> {
    if source.is_dir() {
        return Ok(source.to_path_buf());
    }
    let plan = Plan::new(source, &arguments.over.all(), None, screen)?;
    if arguments.until.is_asked() {
        let baseline = arguments.baseline.as_deref();
        return arguments.until.folder(&plan, baseline, arguments.how, screen);
    }
    if is_known(&plan) {
        screen.tell(&format!("{}: reading {}", source.display(), plan.folder.display()));
        return Ok(plan.folder);
    }
    refuse_what_is_there(&plan)?;
    announce(&plan, arguments.how, screen)?;
    let ran = run(&plan, arguments.how, false, screen)?;
    ran.ending()?;
    Ok(ran.folder)
}

/// Refuses a folder that is there but not whole, or of another version: --output and --force
/// are not of `compare`.
pub fn refuse_what_is_there(plan: &Plan) -> Done {
    match plan.folder.exists() {
        false => Ok(()),
        true => {
            let error = OutputError::InTheWay { path: plan.folder.clone() };
            Err(in_the_way(&error, &plan.folder))
        }
    }
}

/// Whether what a plan would give is there, complete and by this version.
pub fn is_known(plan: &Plan) -> bool {
    read::manifest(&plan.folder).is_ok_and(|one| {
        one.status == Status::Complete
            && one.scenario_digest == plan.digest
            && one.engine_version == env!("CARGO_PKG_VERSION")
    })
}

fn measurement(folder: &Path) -> Result<Measurement, Failure> {
    let failed = |error: OutputError| Failure::Runtime(error.into());
    let manifest = named::run(folder)?;
    let measured = read::read_metrics(folder).map_err(failed)?;
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let label = name.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Measurement { label: label.unwrap_or_default(), seed: manifest.seed, measured })
}

/// The arms of all sources; an arm is called `source:arm` where several sources have its name.
fn pooled(mut all: Vec<Measurement>, screen: &Screen) -> Result<Measured, Failure> {
    let arms_of = |one: &Measurement| -> Vec<String> {
        let mut arms: Vec<_> =
            one.measured.platforms().iter().map(|place| place.0.to_owned()).collect();
        arms.dedup();
        arms
    };
    let arms: Vec<String> = all.iter().flat_map(arms_of).collect();
    for one in &mut all {
        let (label, measured) = (&one.label, &mut one.measured);
        let shared = |arm: &str| arms.iter().filter(|other| *other == arm).count() > 1;
        let full = |arm: &str| if shared(arm) { format!("{label}:{arm}") } else { arm.to_owned() };
        measured.baseline = full(&measured.baseline);
        for run in &mut measured.runs {
            let alone = run.key.arm == run.key.platform;
            run.key.arm = full(&run.key.arm);
            if alone {
                run.key.platform.clone_from(&run.key.arm);
            }
        }
    }
    let mut all = all.into_iter();
    let Some(mut first) = all.next() else {
        return Err(Failure::Usage("nothing to compare".to_owned()));
    };
    for other in all {
        if other.measured.metrics != first.measured.metrics {
            let (a, b) = (&first.label, &other.label);
            return Err(Failure::Usage(format!("`{a}` and `{b}` do not have the same metrics")));
        }
        if other.seed != first.seed {
            let (a, b) = (&first.label, &other.label);
            screen.tell(&format!(
                "warning: `{a}` and `{b}` have different seeds; their replicates are paired by \
                 number only, which makes intervals wider"
            ));
        }
        first.measured.runs.extend(other.measured.runs);
    }
    if !distinct(&first.measured) {
        return Err(Failure::Usage("two sources have the same name and arms".to_owned()));
    }
    first.measured.runs.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(first.measured)
}

/// Whether no run is there twice, as it is where a run folder is given twice.
fn distinct(measured: &Measured) -> bool {
    let keys: BTreeSet<_> = measured.runs.iter().map(|run| &run.key).collect();
    keys.len() == measured.runs.len()
}

fn show(baseline: &str, differences: &[Difference], choices: &[Choice], screen: &Screen) {
    if screen.json {
        let list: Vec<_> = differences.iter().map(json).collect();
        let decision: Vec<_> = choices.iter().map(choice_json).collect();
        let document = json!({ "baseline": baseline, "differences": list, "decision": decision });
        return screen.document(&document);
    }
    if differences.is_empty() {
        return screen.tell(&format!("there is no arm to compare with `{baseline}`"));
    }
    screen.data(&format!("baseline: {baseline}"));
    screen.data(&text::differences_table(differences));
    screen.data(text::DIFFERENCES_LEGEND);
    if choices.iter().any(|one| one.best_probability.is_some()) {
        screen.data(&format!("\n{}", decision_text::table(choices)));
        screen.data(decision_text::LEGEND);
    }
}

fn json(one: &Difference) -> serde_json::Value {
    let paired = &one.paired;
    json!({
        "arm": one.arm,
        "platform": one.platform,
        "metric": one.metric.name,
        "unit": one.metric.unit,
        "n": paired.difference.n,
        "baseline_mean": paired.baseline_mean,
        "arm_mean": paired.arm_mean,
        "difference": paired.difference.mean,
        "ci95_low": paired.ci95().map(|ends| ends.0),
        "ci95_high": paired.ci95().map(|ends| ends.1),
        "interval": paired.interval.word(),
        "relative_difference": paired.relative_difference,
        "pairs_higher_share": paired.pairs_higher_share,
        "replicates_needed": paired.replicates_needed,
        "verdict": text::verdict(one),
    })
}

fn choice_json(one: &Choice) -> serde_json::Value {
    json!({
        "arm": one.arm,
        "platform": one.platform,
        "metric": one.metric.name,
        "unit": one.metric.unit,
        "n": one.n,
        "mean": one.mean,
        "best_share": one.best_share,
        "best_probability": one.best_probability,
        "expected_regret": one.expected_regret,
        "greatest_regret": one.greatest_regret,
    })
}
