//! `guanxi merge`: the shards of a sweep into one folder, as if it had run in one go.

use crate::cli::failure::Failure;
use crate::cli::forms::Wanted;
use crate::cli::screen::{Screen, counted};
use crate::cli::sweep::{default_folder, ending, show};
use crate::cli::{Done, named};
use crate::output::error::{OutputError, reading};
use crate::output::sweep::folder::{Asked, Opened, SweepFolder};
use crate::output::sweep::manifest::Meta;
use crate::output::sweep::merge::{self, Found};
use crate::output::sweep::plan::Shard;
use crate::scenario::design::Piece;
use clap::Args;
use std::path::{Path, PathBuf};

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders of shards of one sweep.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Folder of the whole [default: outputs/NAME-sweep-DIGEST].
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Merge although runs are missing; `guanxi sweep` can go on with what results.
    #[arg(long)]
    pub partial: bool,
    /// In which forms tables are written.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Replace a sweep that is there.
    #[arg(long)]
    pub force: bool,
}

/// Merges shards.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let parts: Vec<Found> =
        arguments.folders.iter().map(|path| named::a_sweep(path)).collect::<Result<_, _>>()?;
    check(&parts)?;
    let missing = merge::missing(&parts[0].plan, &parts);
    if !missing.is_empty() {
        let message = what_is_missing(&parts, &missing);
        if !arguments.partial {
            let advice = "finish the shards with the commands that began them, or add --partial";
            return Err(Failure::Usage(format!("{message}\n{advice}")));
        }
        screen.complain(&format!("warning: {message}"));
    }
    let plan = &parts[0].plan;
    let path = arguments.output.clone();
    let path = path.unwrap_or_else(|| default_folder(plan, Shard::WHOLE));
    if let Some(own) = parts.iter().find(|part| is_same(&part.path, &path)) {
        let shown = own.path.display();
        return Err(Failure::Usage(format!(
            "`{shown}` is one of the shards; the whole needs a folder of its own"
        )));
    }
    let asked = Asked {
        plan: plan.clone(),
        shard: Shard::WHOLE,
        meta: meta(&parts[0])?,
        forms: arguments.wanted.forms()?,
        force: arguments.force,
        // A complete piece of a shard replaces one that failed before.
        retry: true,
    };
    let manifest = match SweepFolder::open(&path, asked)? {
        Opened::Whole(manifest) => {
            screen.tell("everything is merged already");
            *manifest
        }
        Opened::Open(mut folder) => {
            merge::take_over(&mut folder, &parts)?;
            folder.finish(None)?
        }
    };
    show(&manifest, &path, screen);
    ending(manifest.runs)
}

/// Whether two paths lead to the same folder.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().ok();
    place(one).is_some() && place(one) == place(other)
}

/// Refuses what does not belong together, all of it at once.
fn check(parts: &[Found]) -> Result<(), Failure> {
    let first = &parts[0];
    let mut mistakes = Vec::new();
    for part in parts {
        let path = part.path.display();
        if part.manifest.plan != first.manifest.plan {
            let (a, b) = (&part.manifest.plan[..8], &first.manifest.plan[..8]);
            let other = first.path.display();
            mistakes.push(format!("`{path}` is of another plan ({a}) than `{other}` ({b})"));
        } else if part.is_closed() {
            mistakes.push(format!("`{path}` is a whole sweep; there is nothing to be merged"));
        }
    }
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(Failure::Usage(mistakes.join("\nerror: "))),
    }
}

/// Which replicates of which points are missing, and which shards would have them.
fn what_is_missing(parts: &[Found], missing: &[Piece]) -> String {
    let of = parts[0].shard.of;
    let absent: Vec<String> = (1..=of)
        .filter(|index| !parts.iter().any(|part| part.shard == Shard { index: *index, of }))
        .map(|index| format!("{index}/{of}"))
        .collect();
    let named = |piece: &Piece| format!("p{:04} r{:03}", piece.point, piece.replicate);
    let mut list: Vec<String> = missing.iter().take(10).map(named).collect();
    if missing.len() > list.len() {
        list.push("…".to_owned());
    }
    let absent = match absent.is_empty() {
        true => String::new(),
        false => format!("\nno folder holds shard {}", absent.join(", ")),
    };
    let n = counted(missing.len() as u64, "replicate");
    format!("{n} missing: {}{absent}", list.join(", "))
}

/// What the shards say of themselves.
fn meta(part: &Found) -> Result<Meta, OutputError> {
    let file = |name: &str| {
        let path = part.path.join(name);
        std::fs::read(&path).map_err(reading(&path))
    };
    let machine = &part.manifest.machine;
    Ok(Meta {
        scenario_bytes: file("scenario.toml")?,
        resolved: String::from_utf8_lossy(&file("resolved.toml")?).into_owned(),
        scenario_file: part.manifest.scenario_file.clone(),
        engine_version: part.manifest.engine_version.clone(),
        command: Some(crate::cli::command_line()),
        threads: machine.threads,
        worlds: part.manifest.worlds,
        cores: machine.cores,
    })
}
