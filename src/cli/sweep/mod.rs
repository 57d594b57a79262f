//! `guanxi sweep`: many points of one scenario, of which no finished run is ever lost.

pub mod merge;
pub mod plan;
pub mod planning;
pub mod point;
pub mod script;
pub mod status;
pub mod verify;

use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::run::How;
use crate::cli::screen::{Screen, counted};
use crate::cli::sweep::planning::{Prepared, Space};
use crate::cli::{Done, memory, progress};
use crate::engine::ensemble::{self, Crew, Ended, LARGE, Outcome};
use crate::output::error::OutputError;
use crate::output::forms::Forms;
use crate::output::sweep::folder::{self, Asked, Opened, SweepFolder};
use crate::output::sweep::manifest::{Counts, Manifest, Meta};
use crate::output::sweep::plan::{Plan, Shard};
use crate::scenario::design::Piece;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What is swept.
    #[command(flatten)]
    pub space: Space,
    /// Folder of the results [default: outputs/NAME-sweep-DIGEST].
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Run only every N-th piece, beginning with the I-th, into a folder of its own, such as
    /// 2/7; `guanxi merge` puts the folders together.
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// Go on with the folder that is there (which is done anyway), and never begin a new one.
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Run again what has failed.
    #[arg(long)]
    pub retry: bool,
    /// Worlds that run at the same time [default: by their size].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub worlds: Option<u16>,
    /// How it runs.
    #[command(flatten)]
    pub how: How,
    /// Replace a sweep that is there; it stays beside the new one as DIR.replaced-1 until that
    /// is whole.
    #[arg(long)]
    pub force: bool,
    /// Say what would be done, and do nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Runs what is missing of a sweep.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    refuse_what_runs_have(&arguments.how)?;
    let forms = arguments.how.wanted.forms()?;
    let prepared = planning::prepare(&arguments.space, screen)?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let path = arguments.output.clone().unwrap_or_else(|| default_folder(&prepared.plan, shard));
    let crew = crew(&prepared, arguments, shard)?;
    let asked = Asked { forms, ..asked(&prepared, arguments, (shard, crew)) };
    let there = folder::check(&path, &asked)?;
    screen.tell(&announcement(&prepared, shard, crew, &path));
    if arguments.dry_run {
        if screen.json {
            screen.document(&document(&prepared, shard, &path));
        }
        return Ok(());
    }
    if arguments.resume && !there {
        let path = path.display();
        return Err(Failure::Usage(format!("there is no sweep in `{path}` to go on with")));
    }
    let pool = arguments.how.pool()?;
    let manifest = match pool.install(|| SweepFolder::open(&path, asked))? {
        Opened::Whole(manifest) => {
            screen.tell("every run is there already");
            *manifest
        }
        Opened::Open(folder) => work(*folder, &prepared, (crew, &pool), arguments, screen)?,
    };
    show(&manifest, &path, screen);
    ending(manifest.runs)
}

/// Refuses what a run has and a sweep has not, instead of passing over it.
fn refuse_what_runs_have(how: &How) -> Done {
    let why = match (how.checkpoint_every, how.watch) {
        (Some(_), _) => {
            "--checkpoint-every is for runs: a sweep keeps every finished replicate, and goes on \
             with the others by itself"
        }
        (None, true) => "--watch is for runs: of a sweep `guanxi status DIR` tells how far it is",
        (None, false) => return Ok(()),
    };
    Err(Failure::Usage(why.to_owned()))
}

/// The folder where none is named.
fn default_folder(plan: &Plan, shard: Shard) -> PathBuf {
    let part = match shard {
        Shard::WHOLE => String::new(),
        Shard { index, of } => format!("-shard-{index}of{of}"),
    };
    Path::new("outputs").join(format!("{}-sweep-{}{part}", plan.scenario, &plan.digest()[..8]))
}

/// What the folder is asked to hold.
fn asked(prepared: &Prepared, arguments: &Arguments, (shard, crew): (Shard, Crew)) -> Asked {
    Asked {
        plan: prepared.plan.clone(),
        shard,
        meta: Meta {
            scenario_bytes: prepared.bytes.clone(),
            resolved: prepared.resolved.clone(),
            scenario_file: std::path::absolute(&prepared.file)
                .ok()
                .map(|path| path.to_string_lossy().into_owned()),
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: Some(crate::cli::command_line()),
            threads: crew.worlds * crew.threads,
            worlds: crew.worlds,
            cores: cores(),
        },
        forms: Forms::default(),
        force: arguments.force,
        retry: arguments.retry,
    }
}

#[expect(clippy::disallowed_methods, reason = "how many worlds run at a time shapes no result")]
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How many worlds run at a time; refuses what does not fit in memory.
fn crew(prepared: &Prepared, arguments: &Arguments, shard: Shard) -> Result<Crew, Failure> {
    let (scenario, estimate) = &prepared.largest;
    let free = arguments.how.memory_limit.or_else(memory::available);
    if let Some(message) = memory::refusal(scenario, estimate, free) {
        return Err(Failure::Memory(message));
    }
    let room = free.map_or(usize::MAX, |free| (free / estimate.total_bytes().max(1)) as usize);
    let threads = arguments.how.threads.map_or_else(cores, usize::from);
    let pieces = prepared.plan.pieces_of(shard).len();
    let small = prepared.sizes.iter().map(|size| size.consumers).filter(|&n| n < LARGE).max();
    let by_size = Crew::new(threads, pieces, small.unwrap_or(LARGE), room);
    let wanted = arguments.worlds.map(|worlds| usize::from(worlds).min(room.max(1)));
    Ok(wanted.map_or(by_size, |worlds| Crew::of(threads, worlds)))
}

fn announcement(prepared: &Prepared, shard: Shard, crew: Crew, path: &Path) -> String {
    let plan = &prepared.plan;
    let keys: Vec<&str> = plan.varied.iter().map(|varied| varied.key.as_str()).collect();
    let pieces = plan.pieces_of(shard).len() as u64;
    let part = match shard {
        Shard::WHOLE => String::new(),
        other => format!(", shard {other}"),
    };
    format!(
        "{}: {} over {} ({})\n  {}{part}, {} at a time on {} each\n  memory {} a world at most\n  \
         results in {}",
        plan.scenario,
        counted(plan.points.len() as u64, "point"),
        counted(keys.len() as u64, "parameter"),
        keys.join(", "),
        counted(pieces, "replicate"),
        counted(crew.worlds as u64, "world"),
        counted(crew.threads as u64, "thread"),
        memory::amount(prepared.largest.1.total_bytes()),
        path.display(),
    )
}

fn document(prepared: &Prepared, shard: Shard, path: &Path) -> serde_json::Value {
    let plan = &prepared.plan;
    json!({
        "scenario": plan.scenario,
        "plan": plan.digest(),
        "shard": shard.to_string(),
        "folder": path.display().to_string(),
        "points": plan.points.len(),
        "pieces": plan.pieces_of(shard).len(),
        "memory_bytes_a_world": prepared.largest.1.total_bytes(),
    })
}

/// Runs what is missing, hands every finished piece to the folder, and writes the tables.
#[expect(
    clippy::disallowed_methods,
    reason = "the manifest tells the time taken, which shapes no result"
)]
fn work(
    mut folder: SweepFolder,
    prepared: &Prepared,
    (crew, pool): (Crew, &rayon::ThreadPool),
    arguments: &Arguments,
    screen: &Screen,
) -> Result<Manifest, Failure> {
    let begun = Instant::now();
    let missing = folder.missing();
    tell_beginning(&folder, missing.len(), screen);
    let interrupt = Interrupt::listen(*screen).map_err(|error| Failure::Runtime(error.into()))?;
    interrupt.leaves(folder.path());
    let size = |piece: &Piece| prepared.sizes[piece.point as usize];
    let total = missing.iter().map(|piece| size(piece).consumer_days).sum();
    let progress = progress::progress(arguments.how.progress, screen, total, missing.len() as u64);
    let (large, small): (Vec<Piece>, Vec<Piece>) =
        missing.into_iter().partition(|piece| size(piece).consumers >= LARGE);
    let alone = Crew::of(crew.worlds * crew.threads, 1);
    let alone = if arguments.worlds.is_some() { crew } else { alone };
    let mut failure: Option<OutputError> = None;
    let mut sink = |ended: Ended| {
        if failure.is_none()
            && let Err(error) = keep(&mut folder, ended, screen)
        {
            failure = Some(error);
            interrupt.stop.store(true, Ordering::SeqCst);
        }
    };
    for (pieces, crew) in [(large, alone), (small, crew)] {
        let told = (&*interrupt.stop, &*progress);
        ensemble::run(&pieces, crew, prepared, told, &mut sink);
    }
    drop(progress);
    if let Some(error) = failure {
        return Err(given_up(&error, folder.path(), arguments));
    }
    let path = folder.path().to_path_buf();
    if let (Some(signal), false) = (interrupt.signal(), folder.missing().is_empty()) {
        let Counts { planned, complete, failed, .. } = folder.interrupt()?.runs;
        let kept = complete + failed;
        let path = path.display();
        let again = again(arguments);
        let message = format!(
            "interrupted; {kept} of {planned} runs are kept in {path}, and {again} goes on with the \
             others"
        );
        return Err(Failure::Interrupted { signal, message });
    }
    let seconds = Some(begun.elapsed().as_secs_f64());
    let finished = pool.install(|| folder.finish(seconds));
    finished.map_err(|error| given_up(&error, &path, arguments))
}

/// What goes on with a sweep: `--force` would begin anew.
fn again(arguments: &Arguments) -> &'static str {
    if arguments.force { "the same command without --force" } else { "the same command" }
}

fn tell_beginning(folder: &SweepFolder, missing: usize, screen: &Screen) {
    let counts = folder.counts();
    if let Some(old) = folder.replaces() {
        let old = old.display();
        screen
            .tell(&format!("  the sweep that it replaces stays in {old} until this one is whole"));
    }
    if folder.damaged() > 0 {
        let n = counted(folder.damaged() as u64, "record");
        screen.complain(&format!("{n} of the journal damaged: what they held is done again"));
    }
    if counts.complete + counts.failed > 0 {
        screen.tell(&format!(
            "{} of {} runs are there already; {} to go",
            counts.complete + counts.failed,
            counts.planned,
            counted(missing as u64, "replicate"),
        ));
    }
}

/// Writes a piece that has ended.
fn keep(folder: &mut SweepFolder, ended: Ended, screen: &Screen) -> Result<(), OutputError> {
    let Ended { piece, outcome, seconds } = ended;
    match outcome {
        Outcome::Complete(runs) => folder.add(piece, &runs, seconds),
        Outcome::Failed(why) => {
            let Piece { point, replicate } = piece;
            screen.complain(&format!("p{point:04}, replicate {} failed: {why}", replicate + 1));
            folder.add_failed(piece, &why, seconds)
        }
        Outcome::Abandoned => Ok(()),
    }
}

/// The failure of writing, with what is kept.
fn given_up(error: &OutputError, path: &Path, arguments: &Arguments) -> Failure {
    let kept = match path.exists() {
        true => format!(
            "\nthe runs that were finished are kept in `{}`; {} goes on with the others",
            path.display(),
            again(arguments)
        ),
        false => String::new(),
    };
    Failure::Output(anyhow::anyhow!("{error}{kept}"))
}

/// What there is now, on stdout.
pub(super) fn show(manifest: &Manifest, path: &Path, screen: &Screen) {
    let Counts { planned, complete, failed, missing } = manifest.runs;
    if screen.json {
        return screen.document(&json!({
            "folder": path.display().to_string(),
            "scenario": manifest.scenario,
            "plan": manifest.plan,
            "shard": manifest.shard,
            "points": manifest.points,
            "runs": { "planned": planned, "complete": complete, "failed": failed, "missing": missing },
            "tables_digest": manifest.tables_digest,
        }));
    }
    let shard = match manifest.shard.as_str() {
        "1/1" => String::new(),
        shard => format!(" of shard {shard}"),
    };
    screen.data(&format!(
        "{} of {} points: {complete} complete, {failed} failed, {missing} missing{shard}",
        counted(planned as u64, "run"),
        manifest.points,
    ));
    screen.data(&format!("results: {}", path.display()));
}

/// Failed runs are told by the exit code.
pub(super) fn ending(runs: Counts) -> Done {
    match runs.failed {
        0 => Ok(()),
        n => Err(Failure::Ensemble(format!(
            "{} failed; plan.csv says why, and --retry runs them again",
            counted(n as u64, "run")
        ))),
    }
}
